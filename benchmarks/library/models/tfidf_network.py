"""TF-IDF of words and pairs of words with a small network, as a fast exact function of masks.

The masks act on counts: a pair counts when both its words stay and none between them does. That is what the
vectoriser makes of the text of the words that stay, without writing and splitting ten thousands of texts; the
first masks of every input are compared with it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from library.data.reviews import Review
from library.models.networks import Network, trained_network

__all__ = ["TfidfModel"]

_WORDS = 256  # of every review are trained on, as many as are ever explained
_EPOCHS = 6  # it overfits soon after
_AT_ONCE = 4096


def _vectorizer(**more: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, **more)


class TfidfModel:
    """The trained model.

    Parameters
    ----------
    terms : sequence of str
        The vocabulary.
    idf : ndarray of float64, shape (V,)
    network : Network
        On V features.
    """

    def __init__(self, terms: Any, idf: np.ndarray, network: Network) -> None:
        self._column = {term: i for i, term in enumerate(terms)}
        self._idf = idf
        self._network = network
        self._reference = _vectorizer(vocabulary=self._column)
        self._reference.idf_ = idf
        self._tokens = self._reference.build_tokenizer()

    @classmethod
    def trained(cls, train: Callable[[], list[Review]], path: Path) -> TfidfModel:
        """Train, or read what was trained before."""
        if not path.exists():
            words = _vectorizer(min_df=3, max_features=20_000)
            some = train()
            features = words.fit_transform(" ".join(review.words[:_WORDS]) for review in some)
            labels = [review.positive for review in some]
            network = trained_network(features, labels, hidden=(32,), epochs=_EPOCHS)
            network.save(path, terms=words.get_feature_names_out().astype(str), idf=words.idf_)
        with np.load(path) as stored:
            return cls(stored["terms"].tolist(), stored["idf"], Network.load(stored))

    def logits(self, texts: list[str]) -> np.ndarray:
        """Return the log-odds that texts are positive, by the vectoriser."""
        return self._network(self._reference.transform(texts))[:, 1]

    def value_function(self, words: list[str]) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function of masks over words (those that are hidden are left out)."""
        tokens, owner = [], []
        for i, word in enumerate(words):
            found = self._tokens(word.lower())
            tokens += found
            owner += [i] * len(found)
        # Columns of the few terms that can occur; the last one collects what is not in the vocabulary.
        single = np.array([self._column.get(token, -1) for token in tokens])
        pair = np.array([[self._column.get(f"{a} {b}", -1) for b in tokens] for a in tokens])
        columns = np.unique(np.concatenate([single, pair.ravel()]))
        columns = columns[columns >= 0]
        place = {int(column): i for i, column in enumerate(columns)} | {-1: len(columns)}
        single, pair = (np.vectorize(place.__getitem__)(array) for array in (single, pair))
        idf, first = self._idf[columns], self._network.weights[0][columns]

        def some(masks: np.ndarray) -> np.ndarray:
            row, token = np.nonzero(masks[:, owner])
            follows = row[1:] == row[:-1]
            rows = np.concatenate([row, row[1:][follows]])
            places = np.concatenate([single[token], pair[token[:-1], token[1:]][follows]])
            known = places < len(columns)
            shape = (len(masks), len(columns))
            counts = sparse.coo_array((np.ones(known.sum()), (rows[known], places[known])), shape).tocsr()
            counts.data = (1 + np.log(counts.data)) * idf[counts.indices]
            norms = np.sqrt(counts.multiply(counts).sum(axis=1))
            return self._network.from_first((counts @ first) / np.where(norms > 0, norms, 1)[:, None])[:, 1]

        def value(masks: np.ndarray) -> np.ndarray:
            masks = np.asarray(masks, dtype=bool)
            parts = [some(masks[i : i + _AT_ONCE]) for i in range(0, len(masks), _AT_ONCE)]
            return np.concatenate(parts) if parts else np.empty(0)

        probes = np.random.default_rng(0).random((8, len(words))) < 0.5
        texts = [" ".join(w for w, kept in zip(words, mask, strict=True) if kept) for mask in probes]
        if not np.allclose(value(probes), self.logits(texts), rtol=0, atol=1e-8):
            raise AssertionError("The fast form of the model does not give the answers of the model.")
        return value
