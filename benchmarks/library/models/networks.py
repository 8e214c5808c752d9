"""A small network of scikit-learn as plain arrays, for its logits: probabilities round them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Network", "trained_network"]


class Network(NamedTuple):
    """Weights and biases of all layers; ReLU between them."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]

    def __call__(self, inputs: Any) -> np.ndarray:
        """Return logits (m, K) of inputs (m, d), dense or sparse; of two classes, the log-odds of each."""
        return self.from_first(inputs @ self.weights[0])

    def from_first(self, activations: np.ndarray) -> np.ndarray:
        """Go on from inputs @ weights[0]."""
        for bias, weights in zip(self.biases, self.weights[1:], strict=False):
            activations = np.maximum(activations + bias, 0) @ weights
        logits = activations + self.biases[-1]
        return np.hstack([-logits, logits]) if logits.shape[1] == 1 else logits

    def save(self, path: Path, **more: Any) -> None:
        arrays = {f"weights{i}": each for i, each in enumerate(self.weights)}
        arrays |= {f"biases{i}": each for i, each in enumerate(self.biases)}
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays, **more)

    @classmethod
    def load(cls, stored: Any) -> Network:
        count = sum(name.startswith("weights") for name in stored)
        return cls(
            [stored[f"weights{i}"] for i in range(count)], [stored[f"biases{i}"] for i in range(count)]
        )


def trained_network(features: Any, labels: Any, hidden: tuple[int, ...], epochs: int) -> Network:
    """Train scikit-learn's classifier with a fixed seed for a number of epochs."""
    from sklearn.neural_network import MLPClassifier

    classifier = MLPClassifier(hidden, random_state=0)
    for _ in range(epochs):
        classifier.partial_fit(features, labels, classes=np.unique(labels))
    return Network(classifier.coefs_, classifier.intercepts_)
