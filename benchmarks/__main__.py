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
from benchmarks.proofs import sequence, shipped, strands
from benchmarks.rehearsal import simulated
from benchmarks.sweeping import DUE, claims, counted, reminders, workers
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
    for who, bound in (("adult", 1), ("child", 2)):
        took_all, count, memory = shipped(f"{who}-return")
        what = f"all {count} safeguards of the {who} procedure decided"
        yield what, f"{took_all:.0f} ms", f"{memory} MB", f"bound {bound} s, 300 MB"
    yield "17 independent strands of two steps, one safeguard", f"{strands():.1f} ms", "", "bound 50 ms"
    few, many = strands(20), strands(160)
    what = "160 independent strands in place of 20: eight times the steps, and eight times what can be told apart"
    yield what, f"{many:.1f} ms", f"{few:.1f} ms", f"{many / few:.0f} × (64)"
    yield "1,000 steps in sequence, one safeguard", f"{sequence():.0f} ms", "", "bound 2 s"
    planned, applied, undone = migrated()
    what = f"`sop migrate`, {CASES:,} cases of {MOVES} moves, dry run and applying it"
    yield (
        what,
        f"{planned + applied:.1f} s",
        f"dry run {planned:.1f}, applied {applied:.1f}, undone {undone:.1f}",
        "bound 15 s",
    )
    plain, whole = counted()
    what = "a deadline of 30 working days over two calendars"
    yield what, f"{plain:.1f} µs", f"with a reminder and an escalation {whole:.1f}", "bound 20 µs"
    sizes = (1000, 30_000, 1_000_000) if "--large" in sys.argv else (1000, 30_000)
    yield from _actions("SQLite FULL, whole file encrypted", None, sizes)
    with postgresql() as url:
        if url is not None:
            yield from _actions("PostgreSQL", url, sizes)
    yield from _clocks("SQLite FULL, whole file encrypted", None, sizes, 1.5)
    with postgresql() as url:
        if url is not None:
            yield from _clocks("PostgreSQL", url, sizes, 3)
            yield from _workers(url)
    flow, loop = courier()
    yield (
        "200 messages, one SMTP connection, through Prefect",
        f"{flow:.2f} ms each",
        f"{loop:.2f} ms",
        f"{flow / loop:.2f} × (3)",
    )


def _clocks(name: str, url: str | None, sizes: tuple[int, ...], bound: float) -> Iterator[tuple[str, str, str, str]]:
    rate = reminders(url)
    yield f"reminders composed, queued and committed, {name}", f"{rate:,.0f} a second", "", "bound 1,000 a second"
    took = dict(claims(url, sizes))
    first, last = took[sizes[0]], took[sizes[-1]]
    parts = ", ".join(f"{one:.1f} ms of {size:,}" for size, one in took.items())
    yield f"{DUE} due rows found and claimed, {name}", f"{last:.1f} ms", parts, f"growth {last / first:.2f} × ({bound})"


def _workers(url: str) -> Iterator[tuple[str, str, str, str]]:
    one, two = workers(url)
    what = "sweep and courier, 1,500 cases, two processes beside one, PostgreSQL"
    yield what, f"{two:.1f} s", f"{one:.1f} s", f"{one / two:.2f} × (at least 1.6)"


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
