"""One example of a forward function as a game: a value function of masks with names and a fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins import adapter_tools
from spex_plugins.captum.batch import make_batch
from spex_plugins.captum.features import make_features
from spex_plugins.captum.forward.additional_arguments import agreeing_reading
from spex_plugins.captum.forward.away_from_batch import BatchCheck
from spex_plugins.captum.forward.end_points import evaluate_end_points
from spex_plugins.captum.forward.value_function import MaskedForward
from spex_plugins.errors import InputError
from spex_plugins.queries.calls.torch_modes import check_modes
from spex_plugins.queries.store.fingerprint import fingerprint_of

if TYPE_CHECKING:
    from spex_plugins.queries import Queries
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["ExampleGame"]


class ExampleGame:
    """The outputs of a forward function for one example when some of its features are masked.

    Features that equal their baseline are left out. Three evaluations, or up to five with tensors among the
    additional arguments, check whether several masks can share a call.

    Parameters
    ----------
    forward : callable
        As in Captum.
    inputs : Tensor or tuple of Tensor
        One example.
    queries : Queries, optional
        Its fingerprint identifies the forward function.
    baselines, target, additional_forward_args, feature_mask : optional
        As in Captum.

    Attributes
    ----------
    n, feature_names
        Of the features that vary.
    varying : ndarray of int, shape (n,)
        Their numbers among all features.
    fingerprint : str or None

    Raises
    ------
    InputError
        If there are several examples, or nothing varies.
    """

    argument_name = "forward_func"

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def __init__(
        self,
        forward: Any,
        inputs: Any,
        queries: Queries | None = None,
        *,
        baselines: Any = None,
        target: Any = None,
        additional_forward_args: Any = None,
        feature_mask: Any = None,
    ) -> None:
        check_modes(forward, "forward_func")
        batch = make_batch(inputs, baselines, target, additional_forward_args)
        features = make_features(batch, feature_mask)
        if batch.size != 1:
            raise InputError(
                f"inputs: must be one example, got {batch.size}; give a list of (forward, inputs)."
            )
        self.varying = features.varying_positions(0)
        self.n = len(self.varying)
        if not self.n:
            raise InputError("inputs: equal their baselines, so that no mask changes anything.")
        ends = evaluate_end_points(forward, batch, True, together=False, perturbations_per_eval=1)
        # Repeated additional arguments, or other masks in the call, may change the values.
        shared = None
        if not ends.for_batch:
            shared = agreeing_reading(batch, BatchCheck(forward, batch, ends, features, 2))
        rows = np.arange(1)
        self._forward = MaskedForward(
            forward,
            batch if shared is None else shared,
            features.columns_of(rows),
            self.varying[None],
            len(features.ids),
            ends,
            "model calls",
        )
        self._alone = shared is None
        names = features.names(0)
        self.feature_names = tuple(names[i] for i in self.varying)
        self.fingerprint: str | None = None
        if queries is not None and queries.store is not None:
            whole = fingerprint_of(forward, queries.fingerprint)
            about = adapter_tools.about({"store": "", "fingerprint": whole}, *self._forward.digest_parts())
            self.fingerprint = about["fingerprint"]

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the outputs (m,) or (m, K) at masks (m, n)."""
        parts = np.array_split(masks, len(masks)) if self._alone else [masks]
        values = np.concatenate([self._forward(part) for part in parts])
        return values[:, 0] if values.shape[1] == 1 else values
