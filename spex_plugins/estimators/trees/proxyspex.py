"""ProxySPEX: the exact spectrum of gradient-boosted trees, and a refit of its largest terms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.scaling import Scaling, standardised
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.designs.design import Design
from spex_plugins.core.regression.proxy_refit import proxy_refit
from spex_plugins.core.trees.tree_spectrum import tree_spectrum
from spex_plugins.estimators.common.boosting import boost, require_lightgbm
from spex_plugins.estimators.common.fit_result import FoldedFit
from spex_plugins.estimators.common.uniform_design import uniform_design
from spex_plugins.estimators.folded_estimator import FoldedEstimator
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["ProxySpex", "boosted_spectra", "joined"]

_DEFAULT_ORDER = 8  # larger sets have hardly any energy in trees fitted to few samples


class ProxySpex(FoldedEstimator):
    """ProxySPEX (Butler et al. 2025, arXiv 2505.17495) on uniform masks; requires the extra ``trees``.

    Depth, learning rate and number of trees are cross-validated, and so is the refit of the largest terms,
    which is used if it predicts left-out samples better. Interactions without any effect of their subsets
    are missed; the coded design of `Spex` finds them.
    """

    name = "proxyspex"
    about = (
        "boosted trees, and a refit of their largest Fourier terms, on uniform masks; "
        "R² is cross-validated on uniform masks"
    )

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw uniform masks."""
        require_lightgbm()
        return uniform_design(n, budget, max_order or _DEFAULT_ORDER, rng)

    def fit_folds(
        self,
        masks: BoolArray,
        values: FloatArray,
        folds: IntArray,
        *,
        found: Sequence[IntArray],
        max_order: int | None,
        rng: np.random.Generator,
    ) -> FoldedFit:
        """Fit with given folds, see `FoldedEstimator`; trees do not use ``found``."""
        scaled, mean, spread = standardised(values)
        targets = [scaled] * (int(folds.max()) + 2)
        proxies, setting = boosted_spectra(masks, targets, folds, max_order)
        result = proxy_refit(masks, scaled, proxies, folds)
        method = f"{setting}; {result.kind}, {counted(len(result.spectrum), 'term')} kept"
        spectrum = result.spectrum.rescaled(Scaling(mean, spread))
        return FoldedFit(spectrum, result.out_of_fold * spread + mean, method)


def boosted_spectra(
    masks: BoolArray, targets: Sequence[FloatArray], folds: IntArray, max_order: int | None
) -> tuple[list[Spectrum], str]:
    """Return F + 1 spectra with K outputs: of the ensembles without each fold, and of that of all samples.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    targets : sequence of F + 1 ndarray of float, each of shape (m, K)
        See `boost`; every output has its own ensemble.
    folds : ndarray of int, shape (m,)
    max_order : int, optional

    Returns
    -------
    spectra : list of Spectrum
        Without each fold, and, last, of all samples.
    setting : str
        Description of the settings of the first output.
    """
    n, order = masks.shape[1], max_order or _DEFAULT_ORDER
    outputs, settings = [], []
    for k in range(targets[0].shape[1]):
        boosted = boost(masks, [target[:, k] for target in targets], folds)
        outputs.append([tree_spectrum(trees, n, order).spectrum for trees in boosted.trees])
        settings.append(boosted.setting)
    return [joined(part) for part in zip(*outputs, strict=True)], settings[0]


def joined(spectra: Sequence[Spectrum]) -> Spectrum:
    """Return one spectrum with K outputs from K scalar ones."""
    n = spectra[0].n
    blocks = [
        np.multiply.outer(one.coefficients, unit)
        for one, unit in zip(spectra, np.eye(len(spectra)), strict=True)
    ]
    return Spectrum.from_terms(n, sets.combine([one.supports for one in spectra], n), np.concatenate(blocks))
