"""`SpexExplainer`: a SHAP explainer that reads its values from a sparse Fourier spectrum."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shap

from spex_plugins.core.indices import INDICES
from spex_plugins.errors import InputError
from spex_plugins.shap.dense import check_dense, dense_explanation
from spex_plugins.shap.explanation import SpexExplanation
from spex_plugins.shap.masked_value_function import MaskedValueFunction
from spex_plugins.shap.row import feature_names_of_row, find_interactions, output_labels, single_values
from spex_plugins.shap.serialization import load_settings, loadable, save_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.estimators.base import Estimator
    from spex_plugins.interactions import Interactions

__all__ = ["SpexExplainer"]


@dataclass
class _Call:
    """What SHAP's loop over rows loses: the interactions, and whether main effects are wanted.

    (In place of the flag ``main_effects`` the loop hands its own list of results to every row.)
    """

    main_effects: bool
    progress: bool
    rows: list[Interactions] = field(default_factory=list)


class SpexExplainer(shap.Explainer):  # type: ignore[misc]
    """Shapley values and interactions of any model, from a sparse Fourier spectrum.

    Parameters
    ----------
    model : callable
        As in `shap.Explainer`: a function of the masked inputs, or a transformers pipeline.
    masker : object
        As in `shap.Explainer`: a SHAP masker, background data or a tokenizer. The clustering of a Partition
        masker groups the bars of SHAP's plots; it does not constrain the coalitions.
    link, output_names, feature_names, linearize_link
        As in `shap.Explainer`.
    algorithm : str
        Ignored; SHAP passes it when it unwraps a transformers pipeline.
    seed : int
        Same seed, same masks, same result.
    estimator : str or Estimator
        As in `spex_plugins.explain`.
    max_order : int, optional
        Largest number of features in an interaction; by default as many as the budget allows.
    index : str
        The values are the single features of this index at order 1: "SV" (Shapley, the default), "BV"
        (Banzhaf) or another key of `spex_plugins.INDICES`. Interactions can be read in every index later.
    max_evals, batch_size
        Defaults of the same arguments of a call.

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
        estimator: str | Estimator = "spex",
        max_order: int | None = None,
        index: str = "SV",
        max_evals: int | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
    ) -> None:
        if index not in INDICES:
            raise InputError(f"index: {index!r} is unknown; choose one of {list(INDICES)}.")
        # For a transformers pipeline this calls our own __init__ again, with the wrapped model and without
        # our settings: they are set below, when that is over.
        names = {"output_names": output_names, "feature_names": feature_names}
        super().__init__(model, masker, link=link, linearize_link=linearize_link, **names)
        if self.masker is None:
            raise InputError("masker: give background data, a tokenizer or one of shap.maskers.")
        if not callable(self.model):
            kind = type(self.model).__name__
            raise InputError(f"model: {kind} cannot be called; pass a function such as model.predict.")
        if not isinstance(self.model, shap.models.Model):
            self.model = shap.models.Model(self.model)
        self.seed = seed
        self.estimator = estimator
        self.max_order = max_order
        self.index = index
        self.max_evals = max_evals
        self.batch_size = batch_size

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
            The inputs of the model: rows of features, or texts.
        max_evals : int or "auto"
            Largest number of masks per row; never exceeded. A mask costs one model call per background
            sample. "auto" is max(500, 16 n), or 2^n when that is less, for n features that vary.
        main_effects, error_bounds : bool
            Also return f({i}) − f(∅) of every feature, as fitted; error bounds are not available.
        batch_size : int or "auto"
            Masks per model call. "auto" starts at 16 and grows while a call takes less than half a second.
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
        if error_bounds:
            raise InputError("error_bounds: not available; r2 of every row's interactions tells the fit.")
        evals = self.max_evals if max_evals is None else max_evals
        if evals != "auto" and not (isinstance(evals, int | np.integer) and evals >= 2):
            raise InputError(f'max_evals: must be "auto" or an integer ≥ 2, got {evals!r}.')
        if interactions is not False:
            check_dense(interactions, self.index, self.masker, args)
        size = self.batch_size if batch_size is None else batch_size
        # One row shows its model calls; of several, SHAP's own bar counts the rows.
        single = (args[0].shape[0] if hasattr(args[0], "shape") else len(args[0])) == 1
        call = _Call(main_effects, progress=single and not silent)
        answer = super().__call__(
            *args,
            max_evals=None if evals == "auto" else evals,
            batch_size=None if size == "auto" else size,  # SHAP would turn "auto" into 5 or 10
            outputs=outputs,
            silent=silent or single,
            call=call,
        )
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
        f = MaskedValueFunction(self.model, self.masker, self.link, self.linearize_link, row_args, outputs)
        if f.output_indices is None and self.output_names is not None:
            raise InputError("output_names: the model has a single output; leave output_names out.")
        found = find_interactions(
            f,
            max_evals,
            estimator=self.estimator,
            max_order=self.max_order,
            seed=np.random.default_rng(self.seed),
            progress=call.progress,
            batch_size=batch_size,
        )
        call.rows.append(found)
        one_of_many = f.empty.shape == (1,)  # SHAP would drop the axis from the values and keep it elsewhere
        clustering = getattr(self.masker, "clustering", None)
        return {
            "values": single_values(found, self.index, f),
            "expected_values": f.empty if f.empty.ndim else float(f.empty),
            "mask_shapes": [(*shape, 1) if one_of_many else shape for shape in f.mask_shapes],
            "main_effects": found.index("Moebius", 1).first_order() if call.main_effects else None,
            "clustering": clustering if isinstance(clustering, np.ndarray) else None,
            **output_labels(f.output_indices, self.output_names, self.model),
        }

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
