"""`SpexExplainer`: a SHAP explainer whose values come with the interactions behind them."""

from __future__ import annotations

import inspect
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import shap
from shap.utils import show_progress

from spex_plugins import adapter_tools as hosts
from spex_plugins.core.basis.indices import INDICES
from spex_plugins.errors import InputError
from spex_plugins.estimators import about
from spex_plugins.result.few_samples import FewSamples
from spex_plugins.shap.arguments import (
    rows_to_explain,
    split_targets,
    usable_model,
    with_target,
)
from spex_plugins.shap.explanation.display import described
from spex_plugins.shap.explanation.join_rows import joined
from spex_plugins.shap.explanation.pair_matrix import check_dense, dense_explanation
from spex_plugins.shap.explanation.spex_explanation import SpexExplanation
from spex_plugins.shap.images.drawn_image import drawn_image
from spex_plugins.shap.images.grouped_image import spread
from spex_plugins.shap.keywords import budget_from, check_algorithm, checked_names
from spex_plugins.shap.masker_groups import default_group, grouped
from spex_plugins.shap.models.log_odds import language_model
from spex_plugins.shap.models.masked_value_function import MaskedValueFunction
from spex_plugins.shap.models.pipelines import check_pipeline, with_all_classes
from spex_plugins.shap.older_interface import OlderInterface
from spex_plugins.shap.row_explanation import (
    check_row,
    clustering_of_row,
    feature_names_of_row,
    find_interactions,
    output_labels,
    what_is_asked,
)
from spex_plugins.shap.serialization import SavedExplainer, loadable, save_settings
from spex_plugins.shap.tables.columns import label_columns
from spex_plugins.shap.tables.table_masker import table_masker
from spex_plugins.shap.texts.text_masker import text_masker, wrapped_tokenizer
from spex_plugins.shap.texts.text_pairs import for_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spex_plugins.estimators.base import Estimator
    from spex_plugins.queries import Queries
    from spex_plugins.result.interactions import Interactions

__all__ = ["SpexExplainer"]


@dataclass
class _Call:
    """What SHAP's loop over rows loses: the interactions, and what is wanted besides the values.

    (In place of the flag ``main_effects`` the loop hands its own list of results to every row.)
    """

    main_effects: bool
    error_bounds: bool
    progress: bool
    masker: Any
    targets: list[Any] | None
    output_names: list[str] | None
    few: FewSamples
    rows: list[Interactions] = field(default_factory=list)


class SpexExplainer(OlderInterface, shap.Explainer):  # type: ignore[misc]
    """Shapley values and interactions of any model, from few masked inputs.

    By default (``estimator="shapley"``) a Gaussian process is fitted to the model's outputs at complementary
    masks of all sizes, and R² is that of these masks, each predicted without it and its complement; where
    ``max_evals`` allows all 2^n masks the values are exact. `Interactions`, printed, tell what ran for a row.

    Parameters
    ----------
    model : callable
        As in `shap.Explainer`: a function of the masked inputs, or a transformers pipeline.
    masker : object
        As in `shap.Explainer`: a SHAP masker, background data or a tokenizer. The clustering of a Partition
        masker groups the bars of SHAP's plots; it does not constrain the coalitions.
    link, linearize_link
        As in `shap.Explainer`.
    output_names : sequence of str or str, optional
        Names of the outputs; of a model with one output, its name.
    feature_names : sequence of str, optional
        As in `shap.Explainer`; also as the fourth argument, where `shap.PermutationExplainer` has them.
    features : str or callable, optional
        Explain words instead of tokens, regions instead of pixels: "word", "sentence", "paragraph" or a
        function for texts (`GroupedText`), "grid", "superpixel" or a function for images (`GroupedImage`).
        By default "superpixel", with a warning, for images of more than 4,096 numbers.
    algorithm : {"spex", "auto"}
        There is one; ``estimator`` says what is fitted. SHAP's own algorithms are in `shap.Explainer`.
    seed : int
        Same seed, same masks, same result.
    estimator : str or Estimator
        As in `spex_plugins.explain`; "shapley" serves Shapley values best.
    max_order : int, optional
        Largest number of features in an interaction; by default as many as the budget allows.
    index : str
        The values are the single features of this index at order 1: "SV" (Shapley, the default), "BV"
        (Banzhaf) or another key of `spex_plugins.INDICES`. Interactions can be read in every index later.
    max_evals, batch_size, main_effects, error_bounds, outputs, interactions, silent
        Defaults of the same arguments of a call.
    queries : Queries, optional
        How the model is asked, `spex_plugins.Queries`: a store of the answers, retries, limits of time and
        cost of every row. The fingerprint for a store names the model, as masker, link, row and outputs are
        part of it by themselves; games name themselves.

    **keywords
        As those of a call.

    Attributes
    ----------
    expected_value : float or ndarray of float64, shape (K,)
        Link of the model's mean over the background, f(∅).

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
        features: str | Callable[[Any], Any] | None = None,
        queries: Queries | None = None,
        main_effects: bool = False,
        error_bounds: bool = False,
        outputs: Any = None,
        interactions: bool = False,
        silent: bool = False,
        **keywords: Any,
    ) -> None:
        """Set up an explainer; see the class for the arguments."""
        if index not in INDICES:
            raise InputError(f"index: {index!r} is unknown; choose one of {list(INDICES)}.")
        feature_names = check_algorithm(algorithm, feature_names)
        # For a transformers pipeline this calls our own __init__ again, with the wrapped model and without
        # our settings: they are set below, when that is over.
        check_pipeline(model)
        names = {"output_names": checked_names(output_names), "feature_names": feature_names}
        masker = wrapped_tokenizer(table_masker(masker), model)
        super().__init__(model, masker, link=link, linearize_link=linearize_link, **names)
        self.masker = drawn_image(text_masker(self.masker))
        self.model = with_all_classes(language_model(usable_model(self.model, self.masker)))
        features = default_group(self.masker) if features is None else features
        if features is not None:
            self.masker = grouped(self.masker, features)
        self.features = features
        self.seed = seed
        self.estimator = estimator
        self.max_order = max_order
        self.index = index
        evals = budget_from(keywords, self.masker)
        self.max_evals = max_evals if evals is None else evals
        self.batch_size = batch_size
        self.queries = queries
        self.main_effects = main_effects
        self.error_bounds = error_bounds
        self.outputs = outputs
        self.interactions = interactions
        self.silent = silent
        hosts.query_options(queries, self.model.inner_model)  # a store without fingerprint is refused here

    @overload
    def __call__(self, first: Any, second: Any, /, *others: Any, **keywords: Any) -> Any: ...

    @overload
    def __call__(
        self,
        *rows: Any,
        max_evals: int | Literal["auto"] | None = None,
        main_effects: bool | None = None,
        error_bounds: bool | None = None,
        batch_size: int | Literal["auto"] | None = None,
        outputs: Any = None,
        interactions: bool | None = None,
        silent: bool | None = None,
        **keywords: Any,
    ) -> SpexExplanation: ...

    def __call__(
        self,
        *args: Any,
        max_evals: int | Literal["auto"] | None = None,
        main_effects: bool | None = None,
        error_bounds: bool | None = None,
        batch_size: int | Literal["auto"] | None = None,
        outputs: Any = None,
        interactions: bool | None = None,
        silent: bool | None = None,
        **keywords: Any,
    ) -> Any:
        """Explain every row.

        What is not given is as the explainer was made.

        Parameters
        ----------
        *args
            The inputs of the model: rows of features, texts, or pairs of texts (dicts with "text" and
            "text_pair", as pipelines take them, or tuples of two); after texts for a language model, if
            wanted, the texts it shall be scored on, one for every row.
        max_evals : int or "auto"
            Largest number of masks per row; never exceeded. A mask costs one model call per background
            sample. "auto" is 2^n, all of them, for up to 12 features that vary (10 of a language model), else
            max(500, 16 n).
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
        **keywords
            ``nsamples`` of `shap.KernelExplainer` is a budget like ``max_evals``, ``npermutations`` of
            `shap.PermutationExplainer` one of 2 n + 1 masks each. What steers another algorithm of SHAP
            (``check_additivity``, ``fixed_context``, ``l1_reg`` …) has no effect.

        Returns
        -------
        SpexExplanation
            A list, one for every model input, when there are several.

        Warns
        -----
        FewSamplesWarning
            If max_evals is less than two for each feature or too small to measure R², or if R² is below 0.2.
        """
        pairs = for_pairs(self, args)
        if pairs is not None:
            explainer, rows = pairs
            return explainer(
                rows,
                max_evals=max_evals,
                main_effects=main_effects,
                error_bounds=error_bounds,
                batch_size=batch_size,
                outputs=outputs,
                interactions=interactions,
                silent=silent,
                **keywords,
            )
        evals = _first(max_evals, budget_from(keywords, self.masker), self.max_evals)
        if evals != "auto" and not (isinstance(evals, int | np.integer) and evals >= 2):
            raise InputError(f'max_evals: must be "auto" or an integer ≥ 2, got {evals!r}.')
        size = _first(batch_size, self.batch_size)
        outputs, silent = _first(outputs, self.outputs), _first(silent, self.silent)
        interactions = _first(interactions, self.interactions)
        args, targets = split_targets(self.masker, args)
        given = args
        masker, args = rows_to_explain(self.masker, given)
        if interactions is not False:
            check_dense(interactions, self.index, self.masker, args)
        # One row shows its model calls; of several, SHAP's own bar counts the rows.
        single = (args[0].shape[0] if hasattr(args[0], "shape") else len(args[0])) == 1
        few = FewSamples(f"max_evals={evals!r}", "raise max_evals")
        call = _Call(
            _first(main_effects, self.main_effects),
            _first(error_bounds, self.error_bounds),
            progress=single and not silent,
            masker=masker,
            targets=targets,
            output_names=self.output_names,
            few=few,
        )
        unnamed = copy(self)  # SHAP takes names of outputs for an axis, which a single output has not
        unnamed.output_names = None
        explain_rows = partial(
            super(SpexExplainer, unnamed).__call__,
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
        few.warn(stacklevel=2)
        inputs = answer if isinstance(answer, list) else [answer]
        label_columns(inputs, given, self.masker, self.feature_names)
        rows = []
        for i, found in enumerate(call.rows):
            names = feature_names_of_row(self.masker, inputs, i)
            rows.append(found.renamed(names) if len(names) == found.n else found)
        if outputs is None:
            self._base_value_is_known(rows[0].empty_value[()])
        if interactions:
            inputs = [dense_explanation(one, rows) for one in inputs]
        explanations = [SpexExplanation.of(one, rows) for one in inputs]
        for one in explanations:
            if self.output_names and not rows[0].output_shape:
                one.output_names = self.output_names[0]
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
        """Explain one row for SHAP's loop over rows, which makes an explanation of all."""
        masker = call.masker
        if call.targets is not None:
            masker = with_target(masker, call.targets[len(call.rows)])
        options = hosts.query_options(self.queries, self.model.inner_model)
        if "store" in options:
            target = None if call.targets is None else call.targets[len(call.rows)]
            about = what_is_asked(masker, row_args, self.link, self.linearize_link, target)
            options = hosts.about(options, *about)
        check = partial(check_row, self.estimator, max_evals)
        f = MaskedValueFunction(
            self.model, masker, self.link, self.linearize_link, row_args, outputs, options, check
        )
        labels = output_labels(f.output_indices, call.output_names, self.model)
        chosen = [] if f.output_indices is None else f.output_indices.tolist()
        found = find_interactions(
            f,
            max_evals,
            call.few,
            estimator=self.estimator,
            max_order=self.max_order,
            seed=np.random.default_rng(self.seed),
            progress=call.progress,
            batch_size=batch_size,
            **hosts.about(options, str(chosen)),
        )
        call.rows.append(found)
        one_of_many = f.empty.shape == (1,)  # SHAP would drop the axis from the values and keep it elsewhere
        values = hosts.single_values(found, self.index, f.full - f.empty, f.varying)
        values, shapes = spread(self.masker, row_args, values, f.mask_shapes)
        return {
            "values": values,
            "expected_values": f.empty if f.empty.ndim else float(f.empty),
            "mask_shapes": [(*shape, 1) if one_of_many else shape for shape in shapes],
            "error_std": self._deviations(found, row_args, f.mask_shapes) if call.error_bounds else None,
            "main_effects": found.index("Moebius", 1).first_order() if call.main_effects else None,
            "clustering": clustering_of_row(masker, row_args),
            **labels,
        }

    def _deviations(self, found: Interactions, row: tuple[Any, ...], shapes: list[tuple[int, ...]]) -> Any:
        deviations, shapes = spread(self.masker, row, found.single_values(self.index).deviations, shapes)
        return deviations.reshape(*shapes[0], *deviations.shape[1:]) if len(shapes) == 1 else None

    @staticmethod
    def supports_model_with_masker(model: Any, masker: Any) -> bool:
        """Tell whether an explainer can be made of a model and a masker."""
        try:
            SpexExplainer(model, masker)
        except (InputError, TypeError):
            return False
        return True

    def __repr__(self) -> str:
        name, estimator = type(self).__name__, self.estimator
        if not isinstance(estimator, str):
            estimator = type(estimator).__name__
        fits = about(self.estimator)
        return (
            f"{name}({described(self.model)}, {described(self.masker)}, estimator={estimator!r}, "
            f"index={self.index!r}, max_evals={self.max_evals!r})" + (fits and f"\n  fits {fits}")
        )

    __str__ = __repr__

    def save(self, out_file: Any, model_saver: Any = ".save", masker_saver: Any = ".save") -> None:
        """Write the explainer with all its settings to an open binary file, as `shap.Explainer.save` does."""
        loadable(self).save(out_file, model_saver, masker_saver)
        save_settings(self, out_file)

    @classmethod
    def load(
        cls, in_file: Any, model_loader: Any = None, masker_loader: Any = None, instantiate: bool = True
    ) -> Any:
        """Read what `save` wrote, as `shap.Explainer.load` does, which reads it too.

        The constructor of a subclass is not called; its attributes come back as they were.
        """
        explainer = SavedExplainer.load(in_file, model_loader, masker_loader, instantiate)
        if not instantiate:
            return explainer["arguments"]
        if not isinstance(explainer, cls):
            raise InputError(f"in_file: holds {explainer!r:.80}, which is no {cls.__name__}.")
        return explainer

    @classmethod
    def _restored(cls, attributes: dict[str, Any]) -> Any:
        explainer = cls.__new__(cls)  # its constructor may have any arguments
        own = set(inspect.signature(SpexExplainer.__init__).parameters) & set(attributes)
        SpexExplainer.__init__(explainer, **{name: attributes[name] for name in own})
        explainer.__dict__.update({name: attributes[name] for name in set(attributes) - own})
        return explainer


def _first(*values: Any) -> Any:
    """Return the first value that is given, or None."""
    return next((value for value in values if value is not None), None)
