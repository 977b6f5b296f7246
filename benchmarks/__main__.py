"""`python -m benchmarks [--large]`: measures everything and prints the table of benchmarks/README.md; takes a few minutes.

`--large` goes up to a million open cases.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.action import durable
from benchmarks.courier import courier
from benchmarks.migration import CASES, MOVES, migrated
from benchmarks.postgres import postgresql
from benchmarks.proofs import adult, sequence, strands
from benchmarks.rehearsal import simulated
from benchmarks.thought import compiling, decisions


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield one line of the table after the other: what, figure, floor or parts, ratio and bound."""
    median, late = decisions()
    yield (
        "`decide`, adult procedure, every move of the story",
        f"{median:.0f} µs",
        f"90 % under {late:.0f} µs",
        "bound 60 µs",
    )
    took = compiling()
    parts = f"read and typed {took['read']:.0f}, compiled {took['compile']:.0f}"
    yield "adult procedure, from file to machine", f"{took['both']:.0f} ms", parts, "bound 60 ms"
    actions, moves = simulated()
    what = "`sop simulate`, adult procedure, 2,000 cases with staff and rates"
    yield what, f"{actions:,.0f} actions/s", f"{moves:,.0f} moves/s, records among them", "bound 20,000 actions/s"
    took_all, count, memory = adult()
    yield (
        f"all {count} safeguards of the adult procedure decided",
        f"{took_all:.0f} ms",
        f"{memory} MB",
        "bound 1 s, 300 MB",
    )
    yield "17 independent strands of two steps, one safeguard", f"{strands():.1f} ms", "", "bound 50 ms"
    yield "1,000 steps in sequence, one safeguard", f"{sequence():.0f} ms", "", "bound 2 s"
    planned, applied, undone = migrated()
    what = f"`sop migrate`, {CASES:,} cases of {MOVES} moves, dry run and applying it"
    yield (
        what,
        f"{planned + applied:.1f} s",
        f"dry run {planned:.1f}, applied {applied:.1f}, undone {undone:.1f}",
        "bound 15 s",
    )
    sizes = (1000, 30_000, 1_000_000) if "--large" in sys.argv else (1000, 30_000)
    yield from _actions("SQLite FULL, whole file encrypted", None, sizes)
    with postgresql() as url:
        if url is not None:
            yield from _actions("PostgreSQL", url, sizes)
    flow, loop = courier()
    yield (
        "200 messages, one SMTP connection, through Prefect",
        f"{flow:.2f} ms each",
        f"{loop:.2f} ms",
        f"{flow / loop:.2f} × (3)",
    )


def _actions(name: str, url: str | None, sizes: tuple[int, ...]) -> Iterator[tuple[str, str, str, str]]:
    first: tuple[float, float] | None = None
    for size, mine, floor in durable(url, sizes):
        yield (
            f"durable action, {name}, {size:,} open cases",
            f"{mine:.2f} ms",
            f"{floor:.2f} ms",
            f"{mine / floor:.2f} × (1.8)",
        )
        if first is None:
            first = (mine, floor)
        elif size == sizes[-1]:
            grown, base = mine / first[0], floor / first[1]
            what = f"growth from {sizes[0]:,} to {size:,} cases, {name}"
            yield what, f"{grown:.2f} ×", f"{base:.2f} ×", f"{grown / base:.2f} × (1.2)"


if __name__ == "__main__":
    print("| what | ours | floor, or parts | ratio (bound) |\n|---|---|---|---|")
    for row in rows():
        print(f"| {' | '.join(row)} |", flush=True)
