"""`SpexExplainer`: a SHAP explainer whose values come with the interactions behind them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal, overload

import shap

from spex_plugins import adapter_tools
from spex_plugins.errors import InputError
from spex_plugins.estimators import about
from spex_plugins.queries.calls.torch_modes import check_modes
from spex_plugins.shap.arguments.call_settings import call_settings
from spex_plugins.shap.arguments.checks import check_fit, usable_model
from spex_plugins.shap.arguments.keywords import budget_from, check_algorithm, checked_names
from spex_plugins.shap.explanation.display import described
from spex_plugins.shap.images.image_masker import replacing_image_masker
from spex_plugins.shap.masker_features import default_features, masker_of_features
from spex_plugins.shap.models.log_odds import language_model
from spex_plugins.shap.models.pipelines import check_pipeline, with_all_classes
from spex_plugins.shap.older_interface import OlderInterface
from spex_plugins.shap.rows.row_explanation import explain_one_row
from spex_plugins.shap.rows.row_loop import RowLoop, explain_rows
from spex_plugins.shap.serialization import SavedWithSettings
from spex_plugins.shap.tables.table_masker import table_masker
from spex_plugins.shap.texts.text_masker import text_masker, wrapped_tokenizer
from spex_plugins.shap.texts.text_pairs import for_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spex_plugins.estimators.base import Estimator
    from spex_plugins.queries import Queries
    from spex_plugins.shap.explanation.spex_explanation import SpexExplanation

__all__ = ["SpexExplainer"]


class SpexExplainer(SavedWithSettings, OlderInterface, shap.Explainer):  # type: ignore[misc]
    """Shapley values and interactions of any model, from few masked inputs.

    By default (``estimator="auto"``) Gaussian processes of the odd and the even part of the outputs, stacked
    with a logistic curve and, where LightGBM is installed, boosted trees, are fitted at complementary masks
    of all sizes that repel each other (with 24 features and more, one Gaussian process). R² is that of these
    masks, each predicted without it and its complement. Where ``max_evals`` allows all 2^n masks the values
    are exact.
    `Interactions`, printed, tell what ran for a row.

    Parameters
    ----------
    model : callable
        As in `shap.Explainer`: a function from b masked inputs to values (b,) or (b, K), a fitted estimator
        of scikit-learn's interface, or a transformers pipeline that classifies texts or writes them (its
        class may have a ``__call__`` of its own that returns the scores of all labels).
    masker : object
        As in `shap.Explainer`: a SHAP masker, background data (S, n) or a tokenizer. The clustering of a
        Partition masker groups the bars of SHAP's plots; it does not constrain the coalitions.
    link : callable
        As in `shap.Explainer`, by default the identity: the values add up to the link of the output.
    algorithm : {"spex", "auto"}
        There is only one; `estimator` selects what is fitted. SHAP's algorithms are in `shap.Explainer`. A
        sequence of str is taken for `feature_names`, which `shap.PermutationExplainer` has in this place.
    output_names : sequence of str or str, optional
        Names of the K outputs; for a model with one output, its name. By default ``model.output_names``, if
        the model has that: names, or a function from the inputs of a row to names.
    feature_names : sequence of str, optional
        As in `shap.Explainer`.
    linearize_link : bool
        As in `shap.Explainer`: average the link over the background rows, weighted so that the mean for the
        empty coalition is the link of the mean output.
    seed : int, optional
        Seed of the masks and of the fit: equal seeds give equal values.
    estimator : str or Estimator
        As in `spex_plugins.explain`; the default, "auto", chooses its masks for `index`.
    max_order : int, optional
        Largest number of features in an interaction; by default as many as the budget allows.
    index : str
        The values are the single features of this index at order 1: "SV" (Shapley, the default), "BV"
        (Banzhaf) or another key of `spex_plugins.INDICES`. The interactions can be read in every index.
    max_evals : int or "auto"
        Default of the argument of a call: largest number of masks for a row.
    batch_size : int or "auto"
        Default of the argument of a call: number of masks for a model call.
    features : str or callable, optional
        The features of texts and images, instead of tokens and pixels: "word", "sentence", "paragraph" or a
        function for texts (`GroupedText`), "grid", "superpixel" or a function for images (`GroupedImage`).
        By default "superpixel", with a warning, for images of more than 4,096 numbers.
    queries : Queries, optional
        How the model is called, `spex_plugins.Queries`: a store of the answers, retries, and limits on the
        time and the cost of every row. The fingerprint for a store names the model alone: masker, link, row
        and outputs are added to it. Games have a fingerprint of their own.
    main_effects, error_bounds : bool
        Defaults of the arguments of a call: further results.
    outputs : sequence of int or OpChain, optional
        Default of the argument of a call: the outputs to explain.
    interactions : bool
        Default of the argument of a call: matrices of pairs as values.
    silent : bool
        Default of the argument of a call: show no progress.
    prior : SpexExplanation, Interactions or sequence of Interactions, optional
        Earlier explanations of the same model, see `spex_plugins.explain`: the first rows of a table begin
        with their kernels too.
    **keywords
        ``nsamples`` and ``npermutations``, and keywords without effect, as in a call.

    Attributes
    ----------
    expected_value : float or ndarray of float64, shape (K,)
        f(∅): the link of the mean output over the background.

    Raises
    ------
    InputError
        If an argument is unusable or a keyword is unknown. The model is not called.

    See Also
    --------
    spex_plugins.explain : The same for any value function of masks.

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
        estimator: str | Estimator = "auto",
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
        prior: Any = None,
        **keywords: Any,
    ) -> None:
        """Set up an explainer; see the class for the arguments."""
        check_fit(index, estimator, max_order, seed)
        feature_names = check_algorithm(algorithm, feature_names)
        # For a transformers pipeline this calls our own __init__ again, with the wrapped model and without
        # our settings: they are set below, when that is over.
        check_pipeline(model)
        names = {"output_names": checked_names(output_names), "feature_names": feature_names}
        masker = wrapped_tokenizer(table_masker(masker), model)
        super().__init__(model, masker, link=link, linearize_link=linearize_link, **names)
        self.masker = replacing_image_masker(text_masker(self.masker))
        self.model = with_all_classes(language_model(usable_model(self.model, self.masker)))
        features = default_features(self.masker) if features is None else features
        if features is not None:
            self.masker = masker_of_features(self.masker, features)
        self.features = features
        self.seed = seed
        self.estimator = estimator
        self.max_order = max_order
        self.index = index
        evals = budget_from(keywords, self.masker)
        self.max_evals = max_evals if evals is None else evals
        self.batch_size = batch_size
        self.queries = queries
        self.prior = prior
        self.main_effects = main_effects
        self.error_bounds = error_bounds
        self.outputs = outputs
        self.interactions = interactions
        self.silent = silent
        call_settings(self, {}, {})
        adapter_tools.query_options(
            queries, self.model.inner_model
        )  # a store without fingerprint is refused here

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

        Arguments that are None have the value that the explainer was made with.

        Parameters
        ----------
        *args
            The inputs of the model, one or several: rows of features (rows, M), a list of texts, or a list of
            pairs of texts (dicts with "text" and "text_pair", as pipelines take them, or tuples of two). For
            a language model, a second list may follow: the texts that are scored, one for each row.
        max_evals : int or "auto", optional
            Largest number of masks per row, ≥ 2; never exceeded. A mask costs one model call per background
            row. "auto" is 2^n, all of them, for up to 12 features that vary (10 for a language model), else
            max(500, 16 n).
        main_effects : bool, optional
            Also return f({i}) − f(∅) of every feature, as fitted.
        error_bounds : bool, optional
            Also return the standard deviations of the values, ``explanation.error_std``, in units of the
            values: 0 if all masks were evaluated, NaN with the estimator "spex", which has none. For models
            with one input.
        batch_size : int or "auto", optional
            Masks per model call. "auto" starts at 16 and grows with the number of masks; it does not depend
            on the speed of the model, so that equal calls give equal values.
        outputs : sequence of int or OpChain, optional
            The outputs to explain, for example ``shap.Explanation.argsort.flip[:2]``; by default all.
        interactions : bool, optional
            Return matrices of pairs as `shap.ExactExplainer` does: values of shape (rows, M, M), or (rows, M,
            M, K) for K outputs, with half the Shapley–Taylor index of order 2 at (i, j) and half at (j, i),
            and the rest of each Shapley value on the diagonal, so that rows add up to the Shapley values.
        silent : bool, optional
            Show no progress.
        **keywords
            ``nsamples`` of `shap.KernelExplainer` is a budget like ``max_evals``, ``npermutations`` of
            `shap.PermutationExplainer` one of 2 M + 1 masks each. Keywords of other algorithms of SHAP
            (``check_additivity``, ``fixed_context``, ``l1_reg`` …) have no effect.

        Returns
        -------
        SpexExplanation
            With values (rows, M) or (rows, M, K); a list, one for each model input, if there are several.

        Raises
        ------
        InputError
            If an argument or a row is unusable, or a keyword is unknown.
        ValueFunctionError
            If the model fails; it carries the answers obtained so far (``masks``, ``values``) and the
            `Interactions` of the rows before (``explained``).

        Warns
        -----
        FewSamplesWarning
            If max_evals is less than two for each feature or too small to measure R², or if R² is below 0.2.
        """
        check_modes(self.model.inner_model, "model")
        explainer, args = for_pairs(self, args)
        given = {
            "max_evals": max_evals,
            "main_effects": main_effects,
            "error_bounds": error_bounds,
            "batch_size": batch_size,
            "outputs": outputs,
            "interactions": interactions,
            "silent": silent,
        }
        return explain_rows(explainer, args, call_settings(explainer, given, keywords))

    def explain_row(
        self,
        *row_args: Any,
        max_evals: int | None,
        batch_size: int | None,
        outputs: Any,
        loop: RowLoop,
        **_: Any,
    ) -> dict[str, Any]:
        """Explain one row for SHAP's loop over rows, which joins the rows to an explanation.

        Parameters
        ----------
        *row_args
            The inputs of the model, one sample each.
        max_evals, batch_size : int, optional
            None for "auto".
        outputs : sequence of int or OpChain, optional
            The outputs to explain, by default all.
        loop : RowLoop
            Settings of the call; gets the interactions of the row.
        **_
            Further arguments of SHAP's loop, without effect.

        Returns
        -------
        dict
            With the keys of `shap.Explainer.explain_row`.

        Raises
        ------
        InputError
            If the row is unusable.
        ValueFunctionError
            If the model fails.
        """
        return explain_one_row(self, row_args, loop, max_evals, batch_size, outputs)

    @staticmethod
    def supports_model_with_masker(model: Any, masker: Any) -> bool:
        """Return whether an explainer can be made of a model and a masker.

        Parameters
        ----------
        model, masker : object
            As in the constructor.

        Returns
        -------
        bool
            False where the constructor raises an exception.
        """  # numpydoc ignore=RS01
        try:
            SpexExplainer(model, masker)
        except (InputError, TypeError):
            return False
        return True

    def __repr__(self) -> str:
        name, estimator = type(self).__name__, self.estimator
        if not isinstance(estimator, str):
            estimator = type(estimator).__name__
        fits = about(self.estimator, self.index)
        return (
            f"{name}({described(self.model)}, {described(self.masker)}, estimator={estimator!r}, "
            f"index={self.index!r}, max_evals={self.max_evals!r})" + (fits and f"\n  fits {fits}")
        )

    __str__ = __repr__

    @classmethod
    def _restored(cls, attributes: dict[str, Any]) -> Any:
        explainer = cls.__new__(cls)  # its constructor may have any arguments
        own = set(inspect.signature(SpexExplainer.__init__).parameters) & set(attributes)
        SpexExplainer.__init__(explainer, **{name: attributes[name] for name in own})
        explainer.__dict__.update({name: attributes[name] for name in set(attributes) - own})
        return explainer
