"""Looking ahead: what a case needs on a planned day, and will be too old by then.

A step may name a planned day and the action meant for it (`foresee`). What the action asks for that grows old with time
(`not_older_than`) is asked as of that day: a requirement that fails then, and fails by age alone, is foreseen. So a renewal or
another day ends what was announced. Pure: it changes nothing of what a case may do.

Terms: docs/glossary.md, "foresight".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from engine.calendars.counting import backwards
from engine.cases.deadlines import MORNING, Alarm, instant_before
from engine.cases.effects import SetDeadline
from engine.cases.view import CaseView
from engine.clock import instant_of
from engine.sop.compile import CompiledForesight
from engine.sop.model import Calendar
from engine.sop.requirements import Guard
from engine.values import Duration, Unit

FORESEEN: Final = "foresee"
"""The kind, and the name, of the row that announces it."""

_NOTHING_IS_OLD: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_BEFORE: Final = Duration(1, Unit.DAY)
_NOON: Final = time(12)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What will be too old on a planned day.

    Attributes:
        action: the name of the action meant for that day.
        guards: what it asks for that will not hold, in the order written; never empty.
    """

    action: str
    day: date
    guards: tuple[Guard, ...]

    def adds_to(self, known: Foreseen | None) -> bool:
        """Whether there is something in it that was not foreseen before."""
        if known is None or known.day != self.day:
            return True
        return any(all(one is not other for other in known.guards) for one in self.guards)


def foreseen(foresight: CompiledForesight, view: CaseView) -> Foreseen | None:
    """Return what will be too old on the planned day, as far as is known now; None where there is no such day, or nothing."""
    origin = foresight.model.on
    record = view.record(origin.form)
    given = record.fields.get(origin.field) if record is not None else None
    if not isinstance(given, str):
        return None
    day, zone = date.fromisoformat(given), view.facts.calendars.destination.zone
    if day < view.now.astimezone(zone).date():
        return None
    then = CaseView(view.case, view.facts, instant_of(datetime.combine(day, _NOON), zone))
    young = CaseView(view.case, view.facts, _NOTHING_IS_OLD)
    failing = tuple(one for one in foresight.ageing if not one.holds(then) and one.holds(young))
    return Foreseen(foresight.model.for_, day, failing) if failing else None


def announcement(foresight: CompiledForesight, ahead: Foreseen, step: str, view: CaseView) -> SetDeadline:
    """Return the row that announces it: at nine in the morning of its day, or at once; to be renewed by the day before."""
    days = view.facts.calendars.destination
    morning = datetime.combine(backwards(foresight.model.before, ahead.day, days), MORNING)
    at = max(instant_of(morning, days.zone), view.now)
    due_at = instant_before(_DAY_BEFORE, ahead.day, view.facts.calendars, Calendar.DESTINATION)
    return SetDeadline(FORESEEN, step, FORESEEN, due_at, (Alarm(at, "foresee"),))
