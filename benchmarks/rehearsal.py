"""How many actions of simulated cases are played in a second: the adult procedure with staff, rates and the shipped calendars.

Seconds are the processor's, for a rehearsal is one thread and waits for nothing.
"""

from __future__ import annotations

import time

from benchmarks.thought import ADULT
from engine.analysis.simulation.run import simulate
from engine.analysis.simulation.setting import Setting
from engine.analysis.simulation.years import without_end
from engine.calendars.almanac import shipped
from engine.settings import DEFINITIONS
from engine.sop.compile import compile_sop
from engine.sop.load import Shelf, load_sop

SETTING = Setting(
    "FR",
    "AL",
    cases=2000,
    staff={"case_manager": 200, "doctor": 8},
    rates={"withdraw_return_consent": 0.2, "new_fact": 0.2},
)


def simulated() -> tuple[float, float]:
    """Return actions and moves (records and acknowledgements too) per second, the best of three rehearsals of 2,000 cases."""
    shelf, _ = Shelf.of(DEFINITIONS)
    loaded, _ = load_sop(ADULT, shelf)
    assert loaded is not None
    sop, calendars = compile_sop(loaded.sop, shelf.forms, "v"), without_end(shipped().between("FR", "AL"))
    best = (0.0, 0.0)
    for _ in range(3):
        started = time.process_time()
        report = simulate(sop, SETTING, calendars)
        took = time.process_time() - started
        best = max(best, (report.actions / took, report.moves / took))
    return best
