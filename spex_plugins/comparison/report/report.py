"""`Report`: what was measured, as tables, charts and pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spex_plugins.comparison.run import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Report"]


@dataclass(frozen=True, eq=False)
class Report:
    runs: list[Run]
    n_calls: int

    @property
    def table(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(
            [
                {name: getattr(run, name) for name in ("input", "method", "kind", "budget", "seed", "calls", "seconds", "memory", "cost", "index", "problem")} | run.scores
                for run in self.runs
            ]
        )
