"""Names of columns, and data, in explanations of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from slicer import Alias

from spex_plugins.shap.tables.column_types import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["label_columns"]


def label_columns(explanations: Sequence[Any], tables: Sequence[Any], masker: Any, given: Any) -> None:
    """Put the names of columns into explanations, and numbers in place of objects where all are numbers.

    SHAP's plots and slices need strings; integers and tuples they take for positions.

    Parameters
    ----------
    explanations : sequence of shap.Explanation
        One for every model input; changed in place.
    tables : sequence
        The inputs that were explained. Their names are used, or else those of the user, or of the background.
    masker : object
    given : sequence of str, optional
    """
    maskers = getattr(masker, "maskers", (masker,) * len(tables))
    for one, table, part in zip(explanations, tables, maskers, strict=False):
        names = names_of(table)
        if names is None and given is None:
            names = getattr(part, "column_names", None)
        if names is not None:
            one._s.feature_names = Alias([str(name) for name in names], 1)
        if hasattr(part, "masked_rows") and one.data.dtype == object:
            columns = pd.DataFrame(one.data).infer_objects()
            if all(kind.kind in "biuf" for kind in columns.dtypes):
                one.data = columns.to_numpy(np.float64)
