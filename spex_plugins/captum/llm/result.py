"""The result of `SpexLLMAttribution`: Captum's, with the interactions of the sequence and of every token."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from captum.attr import LLMAttributionResult

from spex_plugins.errors import InputError
from spex_plugins.result.feature_labels import displayable

if TYPE_CHECKING:
    from spex_plugins.result.interactions import Interactions

__all__ = ["SpexLLMAttributionResult"]

_SHOWN = 30  # inputs of a printed result


class SpexLLMAttributionResult(LLMAttributionResult):  # type: ignore[misc]
    """Captum's result of a language model's attribution, with the interactions.

    Parameters
    ----------
    interactions : Interactions
        With 1 + T outputs: the sequence, then its T tokens. Values that are masked together are one feature,
        whose name joins theirs.
    **captum_fields
        Those of `captum.attr.LLMAttributionResult`.

    Examples
    --------
    >>> result.seq_interactions.top(3)
    >>> result.token_interactions(0).index("FSII", order=2)
    >>> from spex_plugins.plots import save_html, text_arcs
    >>> text_arcs(result, output=0)
    >>> save_html(result, "second_token.html", output=2)
    """

    interactions: Interactions

    def __init__(self, *, interactions: Interactions, **captum_fields: Any) -> None:
        super().__init__(**captum_fields)
        self.interactions = interactions

    @property
    def seq_interactions(self) -> Interactions:
        """Interactions of the whole output sequence."""
        return self.interactions.output(0)

    def token_interactions(self, k: int) -> Interactions:
        """Return the interactions of one output token.

        Parameters
        ----------
        k : int
            Number of the token, from 0 as in ``output_tokens``.

        Returns
        -------
        Interactions
            With one output, in the unit of the attribution target.

        Raises
        ------
        InputError
            If there is no such token.
        """
        if k not in range(len(self.output_tokens)):
            raise InputError(f"k: must be 0 to {len(self.output_tokens) - 1}, an output token, got {k!r}.")
        return self.interactions.output(1 + k)

    def __repr__(self) -> str:
        rows = [
            f"  {v:>+12.4g}  {name}"
            for v, name in zip(self.seq_attr.tolist(), self.input_tokens, strict=True)
        ]
        if len(rows) > _SHOWN:
            rows = [*rows[:_SHOWN], f"  and {len(rows) - _SHOWN} more"]
        output = f"  output      {' '.join(self.output_tokens)}"
        return "\n".join(["SpexLLMAttributionResult", output, *rows, repr(self.seq_interactions)])

    def _repr_html_(self) -> str:
        output = escape(displayable(" ".join(self.output_tokens)))
        return f"<p>Output: <b>{output}</b></p>{self.seq_interactions._repr_html_()}"
