"""SPEX as an attribution method of inseq: ``inseq.load_model(name, "spex")`` once this is imported."""

from __future__ import annotations

from typing import Any

import torch

from spex_plugins.errors import MissingExtraError

try:
    from inseq.attr.feat.attribution_utils import get_source_target_attributions
    from inseq.attr.feat.perturbation_attribution import PerturbationAttributionRegistry
    from inseq.data import CoarseFeatureAttributionStepOutput
except ImportError as error:
    raise MissingExtraError("spex_plugins.clients.inseq needs inseq: pip install inseq.") from error

from spex_plugins.captum import Spex

__all__ = ["SpexAttribution"]


class SpexAttribution(PerturbationAttributionRegistry):  # type: ignore[misc]
    """Values of the tokens of a text for every generated token; a masked token has inseq's baseline.

    The arguments of `spex_plugins.captum.Spex.attribute`, such as ``n_samples``, ``index`` and ``seed``, are
    those of ``model.attribute``. Values are signed.

    Parameters
    ----------
    attribution_model : inseq.models.AttributionModel
        Given by inseq.
    **kwargs
        Passed on to inseq's base class.

    Attributes
    ----------
    interactions : list of Interactions
        One for each explained token, in the order of generation, since the method was loaded.
    """  # numpydoc ignore=RS01

    method_name = "spex"

    def __init__(self, attribution_model: Any, **kwargs: Any) -> None:
        super().__init__(attribution_model, **kwargs)
        self.use_baselines = True
        self.method = Spex(attribution_model)
        self.interactions: list[Any] = []

    def attribute_step(
        self, attribute_fn_main_args: dict[str, Any], attribution_args: dict[str, Any] | None = None
    ) -> Any:
        """Explain one generated token.

        Parameters
        ----------
        attribute_fn_main_args : dict
            Embeddings, baselines and the arguments of the forward function, from inseq.
        attribution_args : dict, optional
            Arguments of `spex_plugins.captum.Spex.attribute`.

        Returns
        -------
        CoarseFeatureAttributionStepOutput
            One value for each token.

        Raises
        ------
        InputError
            If an argument cannot be used.
        """
        inputs = attribute_fn_main_args["inputs"]
        masks = _one_feature_per_token(inputs if isinstance(inputs, tuple) else (inputs,))
        values, found = self.method.attribute(
            **attribute_fn_main_args,
            **(attribution_args or {}),
            feature_mask=masks if isinstance(inputs, tuple) else masks[0],
            return_interactions=True,
        )
        self.interactions.extend(found)
        encoder_decoder = self.attribution_model.is_encoder_decoder
        source, target = get_source_target_attributions(values, encoder_decoder)
        return CoarseFeatureAttributionStepOutput(
            source_attributions=None if source is None else source[..., 0].cpu(),
            target_attributions=None if target is None else target[..., 0].cpu(),
        )


def _one_feature_per_token(inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Return ids (1, length, width) that count the tokens of all inputs (B, length, width)."""
    masks, first = [], 0
    for one in inputs:
        ids = torch.arange(first, first + one.shape[1], device=one.device)
        masks.append(ids[None, :, None].expand(1, *one.shape[1:]))
        first += one.shape[1]
    return tuple(masks)
