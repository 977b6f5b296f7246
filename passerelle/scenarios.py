"""Try scenario files from a program, as `passerelle sop test` does.

    from pathlib import Path
    from passerelle.scenarios import tried

    report = tried([Path("sop_definitions/scenarios")])
    assert report.passed, [one.message for result in report.results for one in result.found]

Each story is played on the real engine, in an encrypted store of its own in a temporary folder; no settings are read, nothing is
sent, and nothing stays. How stories are written: docs/howto/write-stories.md.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from engine.application.scenarios.coverage import KINDS, Covered, Uncovered
from engine.application.scenarios.load import Story, read_story
from engine.application.scenarios.rehearsal import Rehearsal, Stage
from engine.application.scenarios.trial import InForce, Report, Result, Trial, in_force, stories_in
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.errors import WrongUse
from engine.settings import DEFINITIONS, Settings
from engine.sop.load import find_root

MEMORY: Final = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A folder that is never written to a disk, where the system has one: a story's house is gone when it ends."""

__all__ = [
    "KINDS", "Covered", "Rehearsal", "Report", "Result", "Stage", "Story", "Trial", "Uncovered", "house_for", "in_force",
    "read_story", "stage_of", "tried",
]  # fmt: skip


def tried(
    paths: Sequence[Path], procedures: Sequence[Path] = (), after: Callable[[Result], None] = lambda result: None
) -> Report:
    """Play the stories of files and folders and return what came of them.

    Args:
        procedures: files of procedures to play on, before those that the stories name or stand among.
        after: called with each result as soon as it is known.
    Raises:
        UnknownName: there is no such file, or no story in a folder.
        WrongUse: one of `procedures` has faults.
    """
    trial = Trial(house_for, DEFINITIONS, procedures)
    results = []
    for result in trial.run(stories_in(paths)):
        after(result)
        results.append(result)
    return Report(tuple(results), tuple(trial.covered()))


def stage_of(house: Application) -> Stage:
    """Return the parts of an application that a story is played on; raises WrongUse where its clock can't be moved."""
    if not isinstance(house.clock, FixedClock):
        raise WrongUse("a rehearsal needs a clock that can be moved")
    return Stage(
        house.clock,
        house.store,
        house.people,
        house.casework,
        house.corrections,
        house.sweep,
        house.settings.definitions,
    )


@contextmanager
def house_for(procedure: InForce, at: datetime) -> Iterator[Stage]:
    """Open a house on a temporary folder in which one procedure is in force, proved or not: a rehearsal may fail."""
    root = find_root(Path(procedure.file.file))
    definitions = root if (root / "calendars").is_dir() and (root / "messages").is_dir() else DEFINITIONS
    with tempfile.TemporaryDirectory(prefix="passerelle-story-", dir=MEMORY) as folder:
        house = build(Settings(data_dir=Path(folder), definitions=definitions), FixedClock(at))
        try:
            house.procedures.rehearse(procedure.sop, procedure.content)
            yield stage_of(house)
        finally:
            house.close()
