"""The masks of a run whose value function has answers in a store.

A design that continues from stored answers depends on these. It is kept in the store itself, so that the same
call has the same masks, and the same result, whatever was asked in between.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from spex_plugins.core.basis.masks import is_among
from spex_plugins.core.designs.continued import Known
from spex_plugins.core.designs.design import Design
from spex_plugins.core.designs.design_record import design_from, design_key, design_record
from spex_plugins.estimators.base import Estimator
from spex_plugins.queries import Session

__all__ = ["continued_in", "kept_in"]

_MOST_KNOWN = 4  # for every mask of the design; more would not be used


def kept_in(
    session: Session, method: Estimator, fresh: Design, max_order: int | None, rng: np.random.Generator
) -> Design:
    """Return the design of a run as `continued_in` does, and keep it in the store."""
    if fresh.plan.kind == "full" or not session.has_store:
        return fresh
    design = continued_in(session, method, fresh, max_order, rng)
    kept = session.keep_design(fresh.plan.n, design_key(fresh), design_record(design))
    return design_from(kept) or design


def continued_in(
    session: Session, method: Estimator, fresh: Design, max_order: int | None, rng: np.random.Generator
) -> Design:
    """Return the design of a run: the one that was kept, or one that continues from the answers in the store.

    Parameters
    ----------
    session : Session
    method : Estimator
    fresh : Design
        What the estimator chose without a store.
    max_order : int or None
    rng : numpy Generator
        Is not advanced.
    """
    key, records = design_key(fresh), session.designs(fresh.plan.n)
    kept = design_from(records[key]) if key in records else None
    if kept is not None:
        return kept
    known = _known(session, fresh, [design_from(record) for record in records.values()])
    return method.continued(fresh, known, max_order, deepcopy(rng))


def _known(session: Session, fresh: Design, designs: list[Design | None]) -> Known:
    """Return what is known of the value function, from its stored answers and the designs that asked them."""
    masks = session.stored_masks(fresh.plan.n)
    most = _MOST_KNOWN * len(fresh.masks)
    if len(masks) > most:
        masks = masks[np.sort(np.random.default_rng(0).permutation(len(masks))[:most])]
    read = [design for design in designs if design is not None]
    drawn = [np.zeros((0, masks.shape[1]), dtype=bool)]
    drawn += [one.masks[one.n_structured :] for one in read if one.plan.kind != "repulsive"]
    independent = is_among(masks, np.concatenate(drawn))
    asked = drawn[:1] + [one.masks for one in read if _law(one) == _law(fresh)]
    coded = tuple(design.coded for design in read if design.coded is not None)
    return Known(masks, independent, is_among(masks, np.concatenate(asked)), coded)


def _law(design: Design) -> tuple[bool, str]:
    """Return what decides the sizes of the masks of a design, apart from their number."""
    return design.plan.kind == "repulsive", design.plan.index
