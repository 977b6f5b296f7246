"""What it takes to decide safeguards: all of a shipped procedure, many independent strands, many steps in a row.

Times are medians of processor time: one thread does nothing but think, and other work on the machine should not count.
"""

from __future__ import annotations

import resource
import statistics
import time
from typing import Any

from engine.analysis.model_check import Verdict, prove
from engine.settings import DEFINITIONS
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.load import Shelf, load_sop
from engine.sop.model import Sop

TITLE = {"en": "Title"}


def shipped(id: str) -> tuple[float, int, int]:
    """Return what deciding every safeguard of a shipped procedure takes (ms), their number, and the memory held (MB)."""
    shelf, _ = Shelf.of(DEFINITIONS)
    loaded, _ = load_sop(DEFINITIONS / "sops" / f"{id}.yaml", shelf)
    assert loaded is not None
    took, count = _median(compile_sop(loaded.sop, shelf.forms, "v"))
    return took, count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def strands(number: int = 17) -> float:
    """Return what it takes (ms) to decide one safeguard over so many independent strands of two steps."""
    lines = {
        f"line{n}": {
            "start": f"open{n}",
            "steps": {f"open{n}": _step(f"go{n}", f"done{n}"), f"done{n}": {"end": "done", "title": TITLE}},
        }
        for n in range(number)
    }
    depart = {"to": "over", "by": ["worker"], "requires": [{"strands": "done"}]}
    steps = {"all": {"title": TITLE, "strands": lines, "actions": {"depart": depart}}, "over": _over()}
    return _median(_made("all", steps, {"id": "way-out", "from": "any", "reachable": ["over"]}))[0]


def sequence() -> float:
    """Return what it takes (ms) to decide one safeguard over a thousand steps in sequence."""
    steps: dict[str, Any] = {f"s{n}": _step(f"a{n}", f"s{n + 1}") for n in range(1000)}
    steps["s1000"] = _over()
    return _median(_made("s0", steps, {"id": "way-out", "from": "any", "reachable": ["s1000"]}))[0]


def _step(action: str, to: str) -> dict[str, Any]:
    return {"title": TITLE, "responsible": ["worker"], "actions": {action: {"to": to, "by": ["worker"]}}}


def _over() -> dict[str, Any]:
    return {"title": TITLE, "end": "over"}


def _made(start: str, steps: dict[str, Any], safeguard: dict[str, Any]) -> CompiledSop:
    roles = {"worker": {"side": "destination", "title": TITLE}}
    raw = {
        "sop": "made", "title": TITLE, "destination": ["FR"], "origin": ["AL"], "roles": roles, "share_when": [],
        "start": start, "steps": steps, "safeguards": [safeguard],
    }  # fmt: skip
    return compile_sop(Sop.model_validate(raw), {}, "v")


def _median(sop: CompiledSop) -> tuple[float, int]:
    times = []
    for _ in range(5):
        started = time.process_time()
        proofs = prove(sop)
        times.append((time.process_time() - started) * 1000)
        assert all(one.verdict is Verdict.HOLDS for one in proofs)
    return statistics.median(times), len(sop.sop.safeguards)
