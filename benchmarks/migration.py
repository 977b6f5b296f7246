"""What it costs to bring a change to running cases: every case is played again on the new version, then written."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.action import PING, furnished

CASES, MOVES = 1_000, 10


def migrated() -> tuple[float, float, float]:
    """Return how long (s) a dry run, applying it and taking it back last, for a thousand cases of ten moves on SQLite."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        house = furnished(folder / "data", None)
        for _ in range(CASES):
            ref = house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref
            for number in range(MOVES):
                house.casework.take(ref, ("go", "back")[number % 2], "one")
        changed = folder / "ping.yaml"
        changed.write_text(
            PING.read_text(encoding="utf-8").replace("3 working days", "5 working days"), encoding="utf-8"
        )
        house.procedures.publish(changed)
        took = []
        started = time.perf_counter()
        plan = house.migrations.plan("ping", 2)
        took.append(time.perf_counter() - started)
        started = time.perf_counter()
        run, done = house.migrations.apply(plan)
        took.append(time.perf_counter() - started)
        started = time.perf_counter()
        house.migrations.undo("ping", run)
        took.append(time.perf_counter() - started)
        house.close()
    if not all(one.fate.moves for one in done):
        raise RuntimeError("a case of the measurement did not move")
    return took[0], took[1], took[2]
