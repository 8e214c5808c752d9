"""The benchmarks hide words as SHAP does."""

from __future__ import annotations

import numpy as np

WORDS = ["Not", '"good"', "...", "at", "all,", "but", "(quite)", "long!", "a'b", "I-II", "10/10", "?"]


def test_masked_texts_equal_those_of_shaps_masker():
    from library.games.shap_texts import FreeText, masked_texts, word_masker

    masks = np.random.default_rng(0).random((200, len(WORDS))) < 0.5
    masks = np.vstack([masks, np.zeros(len(WORDS), bool), np.ones(len(WORDS), bool)])
    for masker in (word_masker(), FreeText(r"\s")):
        theirs = [str(masker(mask, " ".join(WORDS))[0][0]) for mask in masks]
        assert theirs == masked_texts(WORDS, masks)
