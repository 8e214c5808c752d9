"""Values of an interaction index as a graph of NetworkX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spex_plugins.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["interaction_graph"]


def interaction_graph(table: Mapping[tuple[int, ...], float], labels: Sequence[str]) -> Any:
    """Return a graph of the features: pairs are edges, larger sets are nodes joined to their members.

    Parameters
    ----------
    table : mapping from tuple of int to float
        The value of every set of features.
    labels : sequence of str
        Names of the n features.
    """
    try:
        import networkx
    except ImportError as error:
        raise MissingExtraError("to_networkx needs NetworkX: pip install networkx.") from error
    graph = networkx.Graph()
    for i, label in enumerate(labels):
        graph.add_node(i, kind="feature", label=label, value=table.get((i,), 0.0))
    for term, value in table.items():
        if len(term) == 2:
            graph.add_edge(*term, kind="pair", value=value, weight=abs(value))
        elif len(term) > 2:
            graph.add_node(term, kind="set", label=" × ".join(labels[i] for i in term), value=value)
            graph.add_edges_from(((i, term) for i in term), kind="member", value=value, weight=abs(value))
    return graph
