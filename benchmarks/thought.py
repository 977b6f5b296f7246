"""What is done in memory: a decision on the adult procedure, and the way from its file to the machine that runs."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from engine.application import casework
from engine.bootstrap import build
from engine.cases.decide import decide
from engine.clock import FixedClock
from engine.settings import DEFINITIONS, Settings
from engine.sop.compile import compile_sop
from engine.sop.load import Shelf, load_sop
from passerelle.scenarios import Rehearsal, read_story, stage_of

ADULT = DEFINITIONS / "sops" / "adult-return.yaml"
STORY = DEFINITIONS / "scenarios" / "adult-return-fr-al.yaml"


def decisions() -> tuple[float, float]:
    """Return median and 90th percentile (µs) of every decision of the shipped story, each the best of five."""
    taken: list[tuple[object, ...]] = []
    genuine = casework.decide

    def noted(*given: object) -> object:
        taken.append(given)
        return genuine(*given)  # type: ignore[arg-type]

    casework.decide = noted  # type: ignore[assignment]
    try:
        _play()
    finally:
        casework.decide = genuine
    times = sorted(min(_once(given) for _ in range(5)) for given in taken)
    return statistics.median(times), times[int(len(times) * 0.9)]


def _once(given: tuple[object, ...]) -> float:
    started = time.perf_counter()
    decide(*given)  # type: ignore[arg-type]
    return (time.perf_counter() - started) * 1e6


def _play() -> None:
    story = read_story(STORY)
    with tempfile.TemporaryDirectory() as folder:
        house = build(Settings(data_dir=Path(folder)), FixedClock(story.begins_at))
        house.procedures.publish(ADULT)
        rehearsal = Rehearsal(stage_of(house), story, lambda what, moved: None)
        rehearsal.launch()
        for _ in rehearsal.play():
            pass
        house.close()


def compiling() -> dict[str, float]:
    """Return the medians (ms) of reading and typing the adult procedure's file, of compiling it, and of both."""
    shelf, _ = Shelf.of(DEFINITIONS)
    reads, compiles = [], []
    for _ in range(11):
        started = time.perf_counter()
        loaded, _ = load_sop(ADULT, shelf)
        between = time.perf_counter()
        assert loaded is not None
        compile_sop(loaded.sop, shelf.forms, "v")
        reads.append((between - started) * 1000)
        compiles.append((time.perf_counter() - between) * 1000)
    read, compiled = statistics.median(reads), statistics.median(compiles)
    return {"read": read, "compile": compiled, "both": read + compiled}
