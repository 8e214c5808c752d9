"""`Spex`: a Captum perturbation method whose attributions come with interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from captum.attr import ShapleyValueSampling
from captum.log import log_usage

from spex_plugins import checks as check
from spex_plugins.adapter_tools import default_budget, query_options
from spex_plugins.captum.attribution_shape import expand_to_inputs
from spex_plugins.captum.batch import make_batch
from spex_plugins.captum.explain_batch import explain_batch, feature_values
from spex_plugins.captum.features import make_features
from spex_plugins.captum.forward.additional_arguments import any_tensor, resolve_additional
from spex_plugins.captum.forward.end_points import evaluate_end_points
from spex_plugins.captum.llm.cache import warn_of_cache
from spex_plugins.captum.llm.random_baselines import check_fixed
from spex_plugins.errors import InputError
from spex_plugins.estimators import about, resolve
from spex_plugins.estimators.common.size_limits import check_size
from spex_plugins.queries.calls.torch_modes import check_modes
from spex_plugins.result.assembly.few_samples import FewSamples

if TYPE_CHECKING:
    import numpy as np

    from spex_plugins.captum.batch import Batch
    from spex_plugins.captum.features import Features
    from spex_plugins.captum.forward.end_points import EndPoints
    from spex_plugins.estimators.base import Estimator
    from spex_plugins.queries import Queries
    from spex_plugins.result.interactions import Interactions

__all__ = ["Spex"]

_ESTIMATOR = "auto"
_MORE = "raise n_samples, the number of masks (of ShapleyValueSampling it is that of permutations)"


class Spex(ShapleyValueSampling):  # type: ignore[misc]
    """Shapley values and interactions of any forward function, from a fit to its masked outputs.

    By default (``estimator="auto"``) Gaussian processes of the odd and the even part of the outputs, stacked
    with a logistic curve and, where LightGBM is installed, boosted trees, are fitted at complementary masks
    of all sizes that repel each other (with 24 features and more, one Gaussian process). R² is that of these
    masks, each predicted without it and its complement. Where ``n_samples`` allows all 2^n masks the values
    are exact.
    `Interactions`, printed, tell what ran for an example. By inheritance this is a
    `captum.attr.ShapleyValueSampling`, so that everything that takes one takes this; nothing is sampled by
    permutations.

    Parameters
    ----------
    forward_func : callable
        As in Captum: a model or function of the inputs (and additional arguments) that returns one row for
        each example, or one or more values for the whole batch. It must be deterministic.

    Notes
    -----
    In `captum.attr.LLMAttribution`, set ``use_cached_outputs=False, forward_in_tokens=False``: one model
    call for each mask explains the sequence and all its tokens. (Captum's default, the cache, computes wrong
    log-probabilities from transformers 5.3 on, with every method: `CacheWarning`.) `SpexLLMAttribution`
    needs neither, evaluates many prompts per call and returns the interactions.

    Examples
    --------
    >>> spex = Spex(model)
    >>> attributions = spex.attribute(inputs, baselines=0, target=1, n_samples=2000)
    >>> attributions, (found,) = spex.attribute(inputs[:1], target=1, return_interactions=True)
    >>> found.top(3)
    """

    def __repr__(self) -> str:
        forward = getattr(self.forward_func, "__qualname__", type(self.forward_func).__name__)
        return f"{type(self).__name__}({forward})\n  fits by default {about(_ESTIMATOR, 'SV')}"

    @log_usage(part_of_slo=True)  # type: ignore[untyped-decorator]
    @torch.no_grad()  # type: ignore[untyped-decorator]
    def attribute(
        self,
        inputs: Any,
        baselines: Any = None,
        target: Any = None,
        additional_forward_args: Any = None,
        feature_mask: Any = None,
        n_samples: int | None = None,
        perturbations_per_eval: int = 1,
        return_input_shape: bool = True,
        show_progress: bool = False,
        *,
        return_interactions: bool = False,
        index: str = "SV",
        max_order: int | None = None,
        estimator: str | Estimator = _ESTIMATOR,
        seed: int | np.random.Generator = 0,
        queries: Queries | None = None,
    ) -> Any:
        """Explain every example of a batch.

        Parameters
        ----------
        inputs : Tensor or tuple of Tensor
            Any dtype and device, with B examples along the first axis of the first tensor. Another tensor
            with a different number of rows belongs to all examples.
        baselines : number, Tensor, or tuple of them, optional
            The values that replace masked inputs, by default 0; tensors have a first axis of 1 or B.
        target : int, tuple, Tensor or list, optional
            The output to explain, as in Captum; True and False are the outputs 1 and 0. By default every
            output is explained.
        additional_forward_args : Any, optional
            As in Captum; tensors of B rows, also in lists, tuples and dicts, have a row for each example.
            If a check shows that the rows are not those of examples, such as the weights of B classes, the
            tensors are passed unchanged. Lists and arrays that are no tensors always are.
        feature_mask : Tensor or tuple of Tensor, optional
            Any integers; elements with the same id, in any of the tensors, are masked together. With a first
            axis of B every example has its own mask. By default every element is a feature.
        n_samples : int, optional
            Largest number of masks per example, the inputs and the baselines included. It is never exceeded,
            and no mask is evaluated twice. (In `captum.attr.ShapleyValueSampling` it is the number of
            permutations, each of n masks.) By default all 2^n for up to 12 features that differ from their
            baseline, else max(500, 16 n); the other features have no effect and the value 0.
        perturbations_per_eval : int
            Masks per call of the forward function, which receives up to that many times B examples, one mask
            of the batch after the other. Fewer where a function depends on its batch; see Notes.
        return_input_shape : bool
            If False, return one value for each feature, ids ascending; 0 for features that an example does
            not have.
        show_progress : bool
            Show a progress bar, "Spex attribution", for all examples with equally many features that vary.
        return_interactions : bool
            Also return the interactions.
        index : str
            The attributions are the single features of this index at order 1: "SV" (Shapley, the default),
            "BV" (Banzhaf) or another key of `spex_plugins.INDICES`.
        max_order : int, optional
            As in `spex_plugins.explain`.
        estimator : str or Estimator
            "auto" (the default), told the ``index``: the exact transform where n_samples allows all masks,
            else Gaussian processes, which know how sure their values are, up to 8,000 masks. "spex": the
            coded design, which also finds sets none of whose parts matters by itself. Others as in
            `spex_plugins.explain`.
        seed : int or numpy Generator
            A Generator is copied and not advanced. Examples with equally many features that differ from
            their baseline are evaluated at the same masks, in the same forward calls; see Notes.
        queries : Queries, optional
            How the forward function is evaluated: a store of its outputs, retries, limits of time and cost.
            The fingerprint for a store identifies the forward function; the other arguments are added to it.
            Games have their own. The inputs and the baselines are evaluated every time.

        Returns
        -------
        attributions : Tensor or tuple of Tensor
            float64 where the outputs are, else float32. For inputs (B, …) and outputs

            - (B,) or (B, 1), or with a target: (B, …), the shape of the inputs;
            - (B, K): (B, K, …), and so on for outputs with more axes;
            - one value or K for the whole batch: (1, …) for a number, (R, …) or (R, K, …) for R ≠ B rows, as
              in Captum.

            With ``return_input_shape=False`` one tensor, with F features in place of the axes of the inputs.
            All elements of a feature have its value: for "SV" the values of the *features* add up to
            f(inputs) − f(baselines).
        interactions : list of Interactions
            Only with ``return_interactions``: one for each of the B examples (or for the batch). Outputs
            without target are its K outputs, in row-major order. Features are named by their ids,
            "feature 7"; `spex_plugins.captum.feature_ids` gives the ids back. ``single_values("SV")`` has
            the attributions before they are adjusted to add up, and their standard deviations.

        Raises
        ------
        InputError
            If an argument cannot be used, the outputs do not fit it, or the outputs are random: a module is
            in training mode, or random numbers change them.
        ValueFunctionError
            If the forward function fails at a mask; the error holds every output obtained until then.

        Warns
        -----
        CacheWarning
            If Captum's LLM attribution uses its cache, with a version of transformers where it is wrong.
        FewSamplesWarning
            If n_samples is less than two for each feature or too small to measure R², or if R² is below 0.2.

        Notes
        -----
        Where the same features of all examples differ from their baseline, the whole batch is masked at
        these, as in Captum. Else every example is masked at its own, and evaluated with others that have as
        many, if that gives the same values: every example is evaluated at its inputs away from the batch
        (alone, in batches of up to 32 examples), and with half of its features masked both in it and away
        from it. These are 3 of its n_samples, or 5 with tensors among the additional arguments, and are
        stated by its `Interactions`: "3 evaluations more to check f". Several masks per call with such
        tensors are checked likewise; several without them are evaluated as Captum does it.

        If one example has another value away from its batch, all are masked at the features that differ from
        the baseline in any of them, one mask per call: these are the values of Captum for any function of
        the batch. That is done without a check where it gives exact values with at most twice the masks,
        where n_samples leaves none for a check, and where an additional argument is a list or an array with
        an entry for each example. A function that depends on its batch at other masks only, as it is
        saturated at these, is not recognised; give baselines from which the same features of all examples
        differ then.
        """
        check.index(index)
        masks_per_call = check.count("perturbations_per_eval", perturbations_per_eval, 1, "masks per call")
        if n_samples is not None:
            n_samples = check.count("n_samples", n_samples, 2, "the inputs and the baselines are two")
        few = FewSamples(f"n_samples={n_samples}", _MORE)
        settings: dict[str, Any] = {
            "options": query_options(queries, self.forward_func),
            "estimator": resolve(estimator, index),
            "max_order": check.interaction_order(max_order),
            "seed": check.generator(seed),
            "few": few,
            "progress": show_progress,
            "title": f"{self.get_name()} attribution",
        }
        check_modes(self.forward_func, "forward_func")
        batch = make_batch(inputs, baselines, target, additional_forward_args)
        _check_repeatable(batch, masks_per_call)
        warn_of_cache(self.forward_func, batch.extra)
        check_fixed(self.forward_func, batch.extra)
        features = make_features(batch, feature_mask)
        most = int(features.varying.sum(axis=1).max(initial=0))
        check_size(estimator, most, n_samples or default_budget(most), "n_samples")
        end_points = evaluate_end_points(
            self.forward_func,
            batch,
            bool(features.varying.any()),
            together=masks_per_call > 1 and features.same_varying and not any_tensor(batch.extra),
            perturbations_per_eval=masks_per_call,
        )
        if end_points.for_batch:
            features = features.of_batch()
        found = self._explained(batch, features, end_points, masks_per_call, n_samples, settings)
        few.warn(stacklevel=4)  # beneath are the decorators of Captum and torch
        values = feature_values(found, index, features, end_points)
        attributions = _shaped(values, end_points, features, batch, return_input_shape)
        if return_input_shape and not isinstance(inputs, tuple):
            (attributions,) = attributions
        return (attributions, found) if return_interactions else attributions

    def _explained(
        self,
        batch: Batch,
        features: Features,
        end_points: EndPoints,
        masks_per_call: int,
        n_samples: int | None,
        settings: dict[str, Any],
    ) -> list[Interactions]:
        """Explain every example, or the batch, with as many masks per call as its arguments allow."""
        resolved = resolve_additional(
            self.forward_func, batch, end_points, features, masks_per_call, n_samples
        )
        return explain_batch(
            self.forward_func,
            resolved.batch,
            features.together() if resolved.together else features,
            end_points,
            n_samples,
            batch_size=resolved.masks_per_call,
            repeated=resolved.repeated + end_points.repeated,
            **settings,
        )

    def attribute_future(self, *args: Any, **kwargs: Any) -> Any:
        """Raise NotImplementedError: forward functions that return futures are not supported."""
        raise NotImplementedError("attribute_future is not implemented for Spex.")


def _shaped(
    values: np.ndarray, end_points: EndPoints, features: Features, batch: Batch, as_inputs: bool
) -> Any:
    """Return values of features as one tensor, or as tensors of the shapes of the inputs."""
    values = values.reshape(*end_points.axes, len(features.ids))
    dtype = torch.promote_types(end_points.dtype, torch.float32)
    if as_inputs:
        return expand_to_inputs(values, features, batch.inputs, dtype)
    return torch.from_numpy(values).to(batch.inputs[0].device, dtype)


def _check_repeatable(batch: Batch, masks_per_call: int) -> None:
    """Refuse several masks per call of inputs that have not all a row for each example."""
    if masks_per_call > 1 and not batch.aligned:
        shapes = [tuple(x.shape) for x in batch.inputs]
        raise InputError(
            f"inputs: first axes differ, got shapes {shapes}; set perturbations_per_eval=1, as only "
            "inputs with a row for each example can be repeated."
        )
