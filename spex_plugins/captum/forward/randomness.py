"""The states of random number generators, which tell whether a forward function draws from them."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
import torch

__all__ = ["generator_states"]


def generator_states() -> tuple[Any, ...]:
    """Return the states of the global random number generators, for comparison."""
    devices = torch.cuda.device_count() if torch.cuda.is_initialized() else 0
    torch_states = [torch.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in range(devices))]
    numpy_state = pickle.dumps(np.random.get_state(legacy=False))  # noqa: NPY002
    return (*(state.numpy().tobytes() for state in torch_states), numpy_state, random.getstate())
