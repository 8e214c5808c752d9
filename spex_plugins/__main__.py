"""``python -m spex_plugins``: the commands ``store`` and ``compare``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from spex_plugins.comparison.cli import add_compare_command
from spex_plugins.errors import SpexError
from spex_plugins.queries.store.cli import add_store_command

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m spex_plugins``.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        Exit status: 0, 1 after an error, or 130 after Ctrl-C; the standard error stream tells why.
    """
    parser = ArgumentParser(prog="python -m spex_plugins", description="Sparse spectral explanations.")
    commands = parser.add_subparsers(required=True)
    add_store_command(commands)
    add_compare_command(commands)
    try:
        chosen = parser.parse_args(arguments)
        return int(chosen.run(chosen))
    except (SpexError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt as error:
        print(" ".join(["Stopped.", *map(str, error.args)]), file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
