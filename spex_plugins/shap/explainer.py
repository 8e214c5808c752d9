"""`SpexExplainer`: a SHAP explainer whose values come with the interactions behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shap
from shap.utils import show_progress

from spex_plugins import hosts
from spex_plugins.core.indices import INDICES
from spex_plugins.errors import InputError
from spex_plugins.shap.arguments import rows_to_explain, split_targets, usable_model, with_target
from spex_plugins.shap.dense import check_dense, dense_explanation
from spex_plugins.shap.explanation import SpexExplanation
from spex_plugins.shap.grouped_image import spread
from spex_plugins.shap.groups import grouped
from spex_plugins.shap.log_odds import with_finite_log_odds
from spex_plugins.shap.masked_value_function import MaskedValueFunction
from spex_plugins.shap.ragged import joined
from spex_plugins.shap.row import feature_names_of_row, find_interactions, output_labels, what_is_asked
from spex_plugins.shap.serialization import load_settings, loadable, save_settings
from spex_plugins.shap.table_masker import table_masker
from spex_plugins.shap.text_masker import text_masker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spex_plugins.estimators.base import Estimator
    from spex_plugins.interactions import Interactions
    from spex_plugins.queries import Queries

__all__ = ["SpexExplainer"]


@dataclass
class _Call:
    """What SHAP's loop over rows loses: the interactions, and what is wanted besides the values.

    (In place of the flag ``main_effects`` the loop hands its own list of results to every row.)
    """

    main_effects: bool
    error_bounds: bool
    progress: bool
    targets: list[Any] | None
    rows: list[Interactions] = field(default_factory=list)


class SpexExplainer(shap.Explainer):  # type: ignore[misc]
    """Shapley values and interactions of any model, from few masked inputs.

    Parameters
    ----------
    model : callable
        As in `shap.Explainer`: a function of the masked inputs, or a transformers pipeline.
    masker : object
        As in `shap.Explainer`: a SHAP masker, background data or a tokenizer. The clustering of a Partition
        masker groups the bars of SHAP's plots; it does not constrain the coalitions.
    link, output_names, feature_names, linearize_link
        As in `shap.Explainer`.
    group : str or callable, optional
        Explain words instead of tokens, regions instead of pixels: "word", "sentence", "paragraph" or a
        function for texts (`GroupedText`), "grid", "superpixel" or a function for images (`GroupedImage`).
    algorithm : str
        Ignored; SHAP passes it when it unwraps a transformers pipeline.
    seed : int
        Same seed, same masks, same result.
    estimator : str or Estimator
        As in `spex_plugins.explain`; "shapley" serves Shapley values best.
    max_order : int, optional
        Largest number of features in an interaction; by default as many as the budget allows.
    index : str
        The values are the single features of this index at order 1: "SV" (Shapley, the default), "BV"
        (Banzhaf) or another key of `spex_plugins.INDICES`. Interactions can be read in every index later.
    max_evals, batch_size
        Defaults of the same arguments of a call.
    queries : Queries, optional
        How the model is asked, `spex_plugins.Queries`: a store of the answers, retries, limits of time and
        cost of every row. The fingerprint for a store names the model, as masker, link, row and outputs are
        part of it by themselves; games name themselves.

    Examples
    --------
    >>> explainer = SpexExplainer(model.predict_proba, X_background)
    >>> explanation = explainer(X[:10], max_evals=2000)
    >>> shap.plots.waterfall(explanation[0, :, 1])
    >>> shap.plots.waterfall(explanation[0, :, 1].interaction_explanation())
    """

    model: Any
    masker: Any

    def __init__(
        self,
        model: Any,
        masker: Any = None,
        link: Any = shap.links.identity,
        algorithm: str = "spex",
        output_names: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
        linearize_link: bool = True,
        seed: int | None = 0,
        estimator: str | Estimator = "shapley",
        max_order: int | None = None,
        index: str = "SV",
        max_evals: int | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        group: str | Callable[[Any], Any] | None = None,
        queries: Queries | None = None,
    ) -> None:
        if index not in INDICES:
            raise InputError(f"index: {index!r} is unknown; choose one of {list(INDICES)}.")
        # For a transformers pipeline this calls our own __init__ again, with the wrapped model and without
        # our settings: they are set below, when that is over.
        names = {"output_names": output_names, "feature_names": feature_names}
        super().__init__(model, table_masker(masker), link=link, linearize_link=linearize_link, **names)
        self.masker = text_masker(self.masker)
        self.model = with_finite_log_odds(usable_model(self.model, self.masker))
        if group is not None:
            self.masker = grouped(self.masker, group)
        self.group = group
        self.seed = seed
        self.estimator = estimator
        self.max_order = max_order
        self.index = index
        self.max_evals = max_evals
        self.batch_size = batch_size
        self.queries = queries
        hosts.query_options(queries, self.model.inner_model)  # a store without fingerprint is refused here

    def __call__(
        self,
        *args: Any,
        max_evals: int | Literal["auto"] | None = None,
        main_effects: bool = False,
        error_bounds: bool = False,
        batch_size: int | Literal["auto"] | None = None,
        outputs: Any = None,
        interactions: bool = False,
        silent: bool = False,
    ) -> SpexExplanation | list[SpexExplanation]:
        """Explain every row.

        Parameters
        ----------
        *args
            The inputs of the model: rows of features, or texts; after texts for a language model, if wanted,
            the texts it shall be scored on, one for every row.
        max_evals : int or "auto"
            Largest number of masks per row; never exceeded. A mask costs one model call per background
            sample. "auto" is max(500, 16 n), or 2^n when that is less, for n features that vary.
        main_effects : bool
            Also return f({i}) − f(∅) of every feature, as fitted.
        error_bounds : bool
            Also return the standard deviations of the values, ``explanation.error_std``: 0 where all masks
            were asked, NaN from the estimator "spex", which knows none. For models of one input.
        batch_size : int or "auto"
            Masks per model call. "auto" starts at 16 and grows with the number of masks; it never depends on
            the speed of the model, so that equal calls give equal values.
        outputs : sequence of int or OpChain, optional
            Which outputs to explain, for example ``shap.Explanation.argsort.flip[:2]``.
        interactions : bool
            Give values in SHAP's dense format of pairs, as `shap.ExactExplainer` does (Shapley–Taylor index
            of order 2, a half at (i, j) and a half at (j, i), features alone on the diagonal): (rows, M, M),
            or (rows, M, M, K) for K outputs. The rows of a matrix add up to the Shapley values.
        silent : bool
            Show no progress.

        Returns
        -------
        SpexExplanation
            One for every model input when there are several.
        """
        evals = self.max_evals if max_evals is None else max_evals
        if evals != "auto" and not (isinstance(evals, int | np.integer) and evals >= 2):
            raise InputError(f'max_evals: must be "auto" or an integer ≥ 2, got {evals!r}.')
        size = self.batch_size if batch_size is None else batch_size
        args, targets = split_targets(self.masker, args)
        args = rows_to_explain(self.masker, args)
        if interactions is not False:
            check_dense(interactions, self.index, self.masker, args)
        # One row shows its model calls; of several, SHAP's own bar counts the rows.
        single = (args[0].shape[0] if hasattr(args[0], "shape") else len(args[0])) == 1
        call = _Call(main_effects, error_bounds, progress=single and not silent, targets=targets)
        explain_rows = partial(
            super().__call__,
            max_evals=None if evals == "auto" else evals,
            batch_size=None if size == "auto" else size,  # SHAP would turn "auto" into 5 or 10
            outputs=outputs,
            call=call,
        )
        try:
            if isinstance(self.masker, shap.maskers.OutputComposite):
                numbers = range(len(args[0]))
                numbers = show_progress(numbers, len(numbers), "SpexExplainer explainer", silent or single)
                answer = joined([explain_rows(args[0][i : i + 1], silent=True) for i in numbers])
            else:
                answer = explain_rows(*args, silent=silent or single)
        except BaseException as error:  # also when the user loses patience
            if not single:
                hosts.name_rows(error, "row", [len(call.rows)], dict(enumerate(call.rows)))
            raise
        inputs = answer if isinstance(answer, list) else [answer]
        rows = []
        for i, found in enumerate(call.rows):
            names = feature_names_of_row(self.masker, inputs, i)
            rows.append(found.renamed(names) if len(names) == found.n else found)
        if interactions:
            inputs = [dense_explanation(one, rows) for one in inputs]
        explanations = [SpexExplanation.of(one, rows) for one in inputs]
        return explanations if isinstance(answer, list) else explanations[0]

    def explain_row(
        self,
        *row_args: Any,
        max_evals: int | None,
        batch_size: int | None,
        outputs: Any,
        call: _Call,
        **_: Any,
    ) -> dict[str, Any]:
        masker = self.masker
        if call.targets is not None:
            masker = with_target(masker, call.targets[len(call.rows)])
        options = hosts.query_options(self.queries, self.model.inner_model)
        if "store" in options:
            target = None if call.targets is None else call.targets[len(call.rows)]
            about = what_is_asked(masker, row_args, self.link, self.linearize_link, target)
            options = hosts.about(options, *about)
        f = MaskedValueFunction(
            self.model, masker, self.link, self.linearize_link, row_args, outputs, options
        )
        if f.output_indices is None and self.output_names is not None:
            raise InputError("output_names: the model has a single output; leave output_names out.")
        chosen = [] if f.output_indices is None else f.output_indices.tolist()
        found = find_interactions(
            f,
            max_evals,
            estimator=self.estimator,
            max_order=self.max_order,
            seed=np.random.default_rng(self.seed),
            progress=call.progress,
            batch_size=batch_size,
            **hosts.about(options, str(chosen)),
        )
        call.rows.append(found)
        one_of_many = f.empty.shape == (1,)  # SHAP would drop the axis from the values and keep it elsewhere
        clustering = getattr(self.masker, "clustering", None)
        values = hosts.single_values(found, self.index, f.full - f.empty, f.varying)
        values, shapes = spread(self.masker, row_args, values, f.mask_shapes)
        return {
            "values": values,
            "expected_values": f.empty if f.empty.ndim else float(f.empty),
            "mask_shapes": [(*shape, 1) if one_of_many else shape for shape in shapes],
            "error_std": self._deviations(found, row_args, f.mask_shapes) if call.error_bounds else None,
            "main_effects": found.index("Moebius", 1).first_order() if call.main_effects else None,
            "clustering": clustering if isinstance(clustering, np.ndarray) else None,
            **output_labels(f.output_indices, self.output_names, self.model),
        }

    def _deviations(self, found: Interactions, row: tuple[Any, ...], shapes: list[tuple[int, ...]]) -> Any:
        deviations, shapes = spread(self.masker, row, found.single_values(self.index).deviations, shapes)
        return deviations.reshape(*shapes[0], *deviations.shape[1:]) if len(shapes) == 1 else None

    def save(self, out_file: Any, model_saver: Any = ".save", masker_saver: Any = ".save") -> None:
        """Write the explainer with all its settings to an open binary file, as `shap.Explainer.save` does."""
        shap.Explainer.save(loadable(self), out_file, model_saver, masker_saver)
        save_settings(self, out_file)

    @classmethod
    def load(
        cls, in_file: Any, model_loader: Any = None, masker_loader: Any = None, instantiate: bool = True
    ) -> Any:
        """Read what `save` wrote; `shap.Explainer.load` reads it too."""
        loaded = super().load(in_file, model_loader, masker_loader, instantiate)
        return loaded if instantiate else loaded | load_settings(in_file)
