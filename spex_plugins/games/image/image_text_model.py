"""What all scores by transformers models of images and texts need: packages, loading, pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_packages", "check_pixels", "loaded"]

_OF_PROCESSOR = ("revision", "token", "local_files_only")


def check_packages(user: str) -> None:
    """Raise a `MissingExtraError` that names the user if torch or transformers is not installed."""
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f'{user} needs torch and transformers: pip install "spex-plugins[llm]" pillow.'
        ) from error


def check_pixels(images: NDArray[Any]) -> None:
    """Raise an `InputError` if images are not uint8 (b, H, W, 3): floats would be divided by 255 again."""
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise InputError(f"image: must be uint8 (H, W, 3) here, got {images.dtype} {images.shape[1:]}.")


def loaded(auto: str, name: str, device: Any, settings: dict[str, Any]) -> tuple[Any, Any]:
    """Return a model in evaluation mode and its processor.

    Parameters
    ----------
    auto : str
        The class of transformers that loads the model.
    name : str
        A folder or a name on the Hugging Face hub.
    device : str, torch.device or None
        None for where the model is loaded.
    settings : dict
        Keyword arguments of the model's loader; revision, token and local_files_only also of the processor's.
    """
    import transformers

    model = getattr(transformers, auto).from_pretrained(name, **settings).eval()
    shared = {key: settings[key] for key in _OF_PROCESSOR if key in settings}
    processor = transformers.AutoProcessor.from_pretrained(name, **shared)
    return (model if device is None else model.to(device)), processor
