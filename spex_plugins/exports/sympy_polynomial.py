"""A spectrum as a polynomial of SymPy, and as LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.core.basis.spectrum import Spectrum

__all__ = ["latex", "polynomial"]

_BASES = ("fourier", "moebius")
_TEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {subscript: f"$_{digit}$" for digit, subscript in enumerate("₀₁₂₃₄₅₆₇₈₉")}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)


def polynomial(spectrum: Spectrum, basis: str) -> Any:
    """Return the function as an expression in x0, x1, …, which are 1 for features that are kept, else 0.

    Parameters
    ----------
    spectrum : Spectrum
        Of one output.
    basis : {"fourier", "moebius"}
        Σ_S F(S) Π_{i∈S} (1 − 2 x_i), or Σ_R a(R) Π_{i∈R} x_i.
    """
    sympy = _sympy()
    if basis not in _BASES:
        raise InputError(f"basis: must be one of {list(_BASES)}, got {basis!r}.")
    x = sympy.symbols(f"x0:{spectrum.n}", integer=True)
    if basis == "fourier":
        factors, (supports, values) = [1 - 2 * one for one in x], (spectrum.supports, spectrum.coefficients)
    else:
        factors, (supports, values) = list(x), spectrum.convert("Moebius")
    terms = zip(sets.to_sets(supports, spectrum.n), values.tolist(), strict=True)
    return sympy.Add(
        *(sympy.Mul(sympy.Float(value, 17), *(factors[i] for i in term)) for term, value in terms)
    )


def latex(spectrum: Spectrum, basis: str, names: Sequence[str], digits: int) -> str:
    """Return the same as LaTeX, with names for x0, x1, … and coefficients of so many significant digits."""
    sympy = _sympy()
    expression = polynomial(spectrum, basis)
    rounded = expression.xreplace({one: sympy.Float(one, digits) for one in expression.atoms(sympy.Float)})
    symbols = sympy.symbols(f"x0:{spectrum.n}", integer=True)
    written = [rf"\text{{{name.translate(_TEX)}}}" for name in names]
    return str(sympy.latex(rounded, symbol_names=dict(zip(symbols, written, strict=True)), mul_symbol="dot"))


def _sympy() -> Any:
    try:
        import sympy
    except ImportError as error:
        raise MissingExtraError("to_sympy and to_latex need SymPy: pip install sympy.") from error
    return sympy
