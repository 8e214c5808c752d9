"""Image classifiers of every kind as functions from images to one number per class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.games.common.fingerprints import combined_fingerprint, fingerprint_of_part, is_torch_module
from spex_plugins.games.text.prompt_arguments import check_eval_mode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.types import FloatArray

__all__ = ["ImageModel", "as_array"]


class ImageModel:
    """A classifier as a function from images to logits.

    Parameters
    ----------
    model : callable or torch.nn.Module
        A callable receives the images unchanged, (b, H, W, C) or (b, H, W), and returns (b, K) or (b,). A
        torch module, which must be in evaluation mode, receives floats (b, C, H, W) of its device and dtype,
        uint8 and uint16 divided by the largest of their type; an output with ``logits`` is accepted.
    preprocess : callable, optional
        From images (b, H, W, C) to the input of the model: an array, a tensor, or a mapping of keyword
        arguments, such as the processors of transformers return.
    """

    def __init__(self, model: Any, preprocess: Callable[[NDArray[Any]], Any] | None = None) -> None:
        if not callable(model):
            raise InputError(
                f"model: must be a callable or a torch module, got {type(model).__name__}; of a scikit-learn "
                "model give predict_proba."
            )
        if preprocess is not None and not callable(preprocess):
            raise InputError(f"preprocess: must be callable, got {type(preprocess).__name__}.")
        self._model = model
        self._preprocess = preprocess

    def fingerprint(self, given: str | None) -> str | None:
        """Return a digest of model and preprocess; None if one is a plain function and nothing is given."""
        parts = [fingerprint_of_part(self._model), fingerprint_of_part(self._preprocess)]
        return combined_fingerprint(parts, given)

    def __str__(self) -> str:
        return str(getattr(self._model, "__qualname__", type(self._model).__name__))

    def __call__(self, images: NDArray[Any]) -> FloatArray:
        """Return float64 of shape (b, K) or (b,)."""
        if is_torch_module(self._model):
            return self._from_module(images)
        return as_array(self._model(self._preprocess(images) if self._preprocess else images))

    def _from_module(self, images: NDArray[Any]) -> FloatArray:
        import torch

        check_eval_mode(self._model)
        prepared = (self._preprocess or _channels_first)(images)
        parameter = next(self._model.parameters(), torch.zeros(0))
        where = {"device": parameter.device, "dtype": parameter.dtype}
        with torch.inference_mode():
            if isinstance(prepared, Mapping):
                answer = self._model(**{name: _tensor(each, **where) for name, each in prepared.items()})
            else:
                answer = self._model(_tensor(prepared, **where))
        return as_array(getattr(answer, "logits", answer))


def as_array(values: Any) -> FloatArray:
    """Return the numbers of an array, a list or a tensor on any device as float64."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=np.float64)


def _white(dtype: np.dtype[Any]) -> float:
    """Return the number of a white pixel, which wide integers do not tell: most are from 0 to 255."""
    if dtype.kind == "f":
        return 1.0
    if dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"image: pixels of type {dtype} have no known unit; convert them, such as by "
            "image.astype(np.uint8), or give preprocess."
        )
    return float(np.iinfo(dtype).max)


def _channels_first(images: NDArray[Any]) -> NDArray[Any]:
    floats = images.astype(np.float32) / _white(images.dtype)
    return np.moveaxis(floats, 3, 1) if images.ndim == 4 else floats[:, None]


def _tensor(values: Any, device: Any, dtype: Any) -> Any:
    """Return a tensor on the model's device; floats get its dtype."""
    import torch

    tensor = torch.as_tensor(np.ascontiguousarray(values) if isinstance(values, np.ndarray) else values)
    return tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)
