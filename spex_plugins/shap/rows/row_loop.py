"""SHAP's loop over rows, and what it does not return: the interactions of every row."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import shap
from shap.utils import show_progress

from spex_plugins import adapter_tools
from spex_plugins.estimators import resolve
from spex_plugins.result.assembly.earlier_kernels import kernel_prior
from spex_plugins.result.assembly.few_samples import FewSamples
from spex_plugins.shap.arguments.checks import rows_to_explain, split_targets
from spex_plugins.shap.explanation.join_rows import joined
from spex_plugins.shap.explanation.pair_matrix import check_pair_matrix, pair_matrix_explanation
from spex_plugins.shap.explanation.spex_explanation import SpexExplanation
from spex_plugins.shap.tables.column_labels import column_names, label_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.estimators.base import Estimator
    from spex_plugins.result.interactions import Interactions
    from spex_plugins.shap.arguments.call_settings import CallSettings
    from spex_plugins.types import IntArray

__all__ = ["RowLoop", "explain_rows"]

_SHAPS_LOOP = shap.Explainer.__call__  # bound here, as some put `SpexExplainer` in place of shap.Explainer


@dataclass
class RowLoop:
    """What every row of a call needs, and the interactions that were found so far.

    Attributes
    ----------
    settings : CallSettings
        SHAP's loop hands them over as well, but in place of ``main_effects`` its own list of results.
    masker : object
        In types that suit the rows.
    targets : list of str, optional
        The texts that a language model is scored on, one for every row.
    output_names : list of str, optional
    columns : list of list of str or None
        The names of the columns of every model input; None where they have none, or depend on the row.
    progress : bool
        Show the model calls of a row.
    few : FewSamples
    estimator : Estimator
    prior : object
        Earlier explanations, or None.
    shares : bool
        Whether rows share what is learned of the kernel: those of tables, if single values will be read.
    found : list of Interactions
        One for every row that was explained.
    single_names : set of str or None
        The names that a single output has in these rows.
    """

    settings: CallSettings
    masker: Any
    targets: list[Any] | None
    output_names: list[str] | None
    columns: list[list[str] | None]
    progress: bool
    few: FewSamples
    estimator: Estimator
    prior: Any
    shares: bool
    found: list[Interactions] = field(default_factory=list)
    single_names: set[str | None] = field(default_factory=set)
    _estimators: dict[bytes, Estimator] = field(default_factory=dict)

    def estimator_of(self, varying: IntArray, names: Sequence[str]) -> Estimator:
        """Return the estimator of rows whose features vary: fits of the same columns begin with earlier ones.

        Parameters
        ----------
        varying : ndarray of int, shape (n,)
        names : sequence of str
            Of the n features.
        """
        same = self._estimators.get(varying.tobytes())
        if same is not None:
            return same
        estimator = self.estimator
        if self.prior is not None:
            estimator = estimator.with_prior(kernel_prior(self.prior, names))
        if self.shares:
            estimator = self._estimators[varying.tobytes()] = estimator.sharing()
        return estimator


def explain_rows(explainer: Any, args: tuple[Any, ...], settings: CallSettings) -> Any:
    """Explain every row of the inputs of a call.

    Parameters
    ----------
    explainer : SpexExplainer
    args : tuple
        The inputs, and perhaps texts for a language model to be scored on.
    settings : CallSettings

    Returns
    -------
    SpexExplanation or list of SpexExplanation
        A list, one for every model input, when there are several.
    """
    tables, targets = split_targets(explainer.masker, args)
    masker, inputs = rows_to_explain(explainer.masker, tables)
    if settings.interactions is not False:
        check_pair_matrix(settings.interactions, explainer.index, explainer.masker, inputs)
    # One row shows its model calls; of several, SHAP's own bar counts the rows.
    single = (inputs[0].shape[0] if hasattr(inputs[0], "shape") else len(inputs[0])) == 1
    progress = single and not settings.silent
    few = FewSamples(f"max_evals={settings.max_evals!r}", "raise max_evals")
    per_row = callable(getattr(explainer.masker, "feature_names", None))
    columns = column_names(tables, explainer.masker, None if per_row else explainer.feature_names)
    loop = RowLoop(
        settings,
        masker,
        targets,
        explainer.output_names,
        columns,
        progress,
        few,
        resolve(explainer.estimator, explainer.index),
        explainer.prior,
        bool(getattr(masker, "supports_delta_masking", False)) and not settings.interactions,
    )
    try:
        answer = _looped(explainer, inputs, loop, settings.silent or single)
    except BaseException as error:  # also when the user interrupts the run
        if not single:
            adapter_tools.name_rows(error, "row", [len(loop.found)], dict(enumerate(loop.found)))
        raise
    few.warn(stacklevel=3)  # at the caller of the explainer
    explanations = answer if isinstance(answer, list) else [answer]
    label_columns(explanations, columns, tables, explainer.masker)
    spex_explanations = _with_interactions(explainer, explanations, loop)
    return spex_explanations if isinstance(answer, list) else spex_explanations[0]


def _looped(explainer: Any, inputs: tuple[Any, ...], loop: RowLoop, silent: bool) -> Any:
    """Run SHAP's loop, which calls `SpexExplainer.explain_row` and makes an explanation of every input."""
    unnamed = copy(explainer)  # SHAP takes names of outputs for an axis, which a single output has not
    unnamed.output_names = None
    run = partial(
        _SHAPS_LOOP,
        unnamed,
        max_evals=loop.settings.limit,
        batch_size=loop.settings.masks_per_call,
        outputs=loop.settings.outputs,
        loop=loop,
    )
    if not isinstance(explainer.masker, shap.maskers.OutputComposite):
        return run(*inputs, silent=silent)
    numbers = range(len(inputs[0]))  # generated texts differ in length, on which SHAP's loop fails
    numbers = show_progress(numbers, len(numbers), "SpexExplainer explainer", silent)
    return joined([run(inputs[0][i : i + 1], silent=True) for i in numbers])


def _with_interactions(explainer: Any, explanations: Sequence[Any], loop: RowLoop) -> list[SpexExplanation]:
    """Return SHAP's explanations with the interactions of their rows."""
    rows = loop.found
    if loop.settings.outputs is None:
        explainer._keep_base_value(rows[0].empty_value[()])
    if loop.settings.interactions:
        explanations = [pair_matrix_explanation(one, rows) for one in explanations]
    new = [SpexExplanation.of(one, rows) for one in explanations]
    for one in new:
        if len(loop.single_names) == 1:
            (one.output_names,) = loop.single_names
    return new
