"""Record answers of real models, for benchmarks and examples that anybody repeats without the models.

    python benchmarks record [--only smollm2 trees …] [--out benchmarks/recordings] [--list]

It can be stopped at any time: answers are kept in a store, and the same command goes on where it was. What is
recorded completely is skipped; what failed is tried again. See README.md beside this file.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from time import process_time
from traceback import print_exc

from library.recorded.inputs import GROUPS, Step, steps
from library.recorded.masks import masks_of
from spex_plugins import Recording


def recorded(step: Step, folder: Path) -> bool:
    """Say whether a file has what a step would record."""
    path = step.input.path(folder)
    if not path.exists():
        return False
    known = Recording.load(path)
    return known.complete or 0 < step.count <= known.kinds.get("uniform", 0)


def record(step: Step, folder: Path, cache: Path) -> Recording:
    """Ask what a step asks, and write its file."""
    asked = step.input.make(cache)
    found = Recording.record(
        asked.game,
        masks_of(step.input.name, asked.game.n, step.count),
        feature_names=asked.names,
        single_precision=asked.single_precision,
        about={**asked.about, "role": step.input.role},
        store=cache / "answers.sqlite",
        description=f"{step.input.group} {step.input.name}",
        batch_size=asked.batch_size,
        progress=False,
    )
    found.save(step.input.path(folder))
    return found


def attempt(step: Step, folder: Path, cache: Path) -> None:
    """Record a step; an error is printed, as the others may succeed."""
    start = process_time()
    try:
        found = record(step, folder, cache)
    except Exception:
        print_exc()
        return
    size = step.input.path(folder).stat().st_size
    print(f"  {len(found)} masks, {process_time() - start:.0f} s, {size / 1e3:.0f} kB", flush=True)


def main() -> None:
    parser = ArgumentParser(description=__doc__, usage="%(prog)s [options]")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, help="models")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "recordings", help="of the files"
    )
    parser.add_argument("--cache", type=Path, default=Path("out/recordings"), help="of models and answers")
    parser.add_argument("--list", action="store_true", help="what is left, without recording it")
    arguments = parser.parse_args()
    for folder in (arguments.out, arguments.cache):
        folder.mkdir(parents=True, exist_ok=True)
    todo = [step for step in steps(tuple(arguments.only)) if not recorded(step, arguments.out)]
    for number, step in enumerate(todo, 1):
        masks = f"{step.count} uniform masks" if step.count else "all masks"
        print(f"{number} of {len(todo)}: {step.input.path(Path()).stem}, {masks}", flush=True)
        if not arguments.list:
            attempt(step, arguments.out, arguments.cache)


if __name__ == "__main__":
    main()
