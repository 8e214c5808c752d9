"""Which tools and rules an agent needs, and which only together: a toy agent, no model, no network.

Values, costs and traces of all calls are in one file: run it again, and nothing is called again::

    python examples/language_models/agent.py [--store agent.sqlite]
"""

from __future__ import annotations

import argparse
import asyncio

import spex_plugins as spex
from spex_plugins.games import CallOutcome, PartsGame

TASK = "How much do 3 tickets for the museum cost, if one is reduced by half?"
PARTS = {
    "search": lambda query: "A ticket costs nine crowns.",
    "calculator": lambda prices: sum(prices),
    "calendar": lambda: "Monday",
    "rule: read all of the task": "rule",
    "rule: be polite": "rule",
}


async def agent(parts: dict[str, object]) -> tuple[float | None, list[str]]:
    """Solve the task with what is there; return the answer and the steps."""
    await asyncio.sleep(0.001)  # where a real one waits for its model
    steps, price = [], None
    if "search" in parts:
        steps.append(PARTS["search"]("price of a ticket"))
        price = 9.0
    careful = "rule: read all of the task" in parts
    prices = [price, price, price / 2 if careful else price] if price else []
    if "calculator" in parts and prices:
        steps.append(f"add {prices}")
        return PARTS["calculator"](prices), steps
    return price, steps


async def call(parts: dict[str, object]) -> CallOutcome:
    """Grade the agent: 1 for the right answer, 0.2 for the price of a ticket."""
    answer, steps = await agent(parts)
    grade = 1.0 if answer == 22.5 else 0.2 if answer else 0.0
    return CallOutcome(grade, cost=0.01 * (1 + len(steps)), trace=steps)


def main() -> None:
    """Explain the grade of the agent by its parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="agent.sqlite", help="file of values, costs and traces")
    arguments = parser.parse_args()
    game = PartsGame(call, PARTS, concurrency=8, traces=arguments.store, fingerprint="toy agent 1")
    found = spex.explain(game, store=arguments.store)
    print(f"{TASK}\n\n{found}\n\nParts, and sets of them (Möbius):")
    top = found.index("Moebius", order=3).top(5)
    for name, value in zip(top.names, top.values, strict=True):
        print(f"  {value:+.2f}  {name}")
    costs = sum(record.cost for record in game.records())
    print(f"\ncosts of all calls {costs:.2f}, of this run {game.cost:.2f}")


if __name__ == "__main__":
    main()
