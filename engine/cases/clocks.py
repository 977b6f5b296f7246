"""The clocks of a case: what each counts, from when on, in which calendar, and when it stood still.

From this the date of a deadline can be explained day by day (`engine.cases.explanation`); nothing here decides anything.
Terms: docs/glossary.md, "deadline", "suspension".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from engine.calendars.business import WorkingDays, doubts
from engine.cases.case import PAUSE, Case, Facts, Halt
from engine.cases.draft import active_steps
from engine.cases.view import CaseView
from engine.sop import model as m
from engine.sop.compile import CompiledSop, Watch
from engine.values import Duration, Unit

Slot = tuple[str, str]
"""A step (empty for a deadline of the case) and the name of one of its clocks."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock that runs, is suspended, or waits for its date.

    Attributes:
        length: how much it counts; backwards from its origin where `is_backwards`.
        origin: an instant, a date from a form, or None while it is not known; `origin_words` says what it is.
        days: the calendar it counts in; `calendar` whose that is.
        halts: when it stood still.
    """

    step: str
    name: str
    length: Duration
    is_backwards: bool
    calendar: m.Calendar
    cut_off: str | None
    origin: datetime | date | None
    origin_words: str
    days: WorkingDays
    halts: tuple[Halt, ...]

    def doubts(self, due_at: datetime) -> tuple[str, ...]:
        """Say what is not certain of the date on which it is due; only working days rest on holidays."""
        if self.length.unit is not Unit.WORKING_DAY or self.origin is None:
            return ()
        begins = local_day(self.origin, self.days)
        ends = local_day(due_at, self.days)
        return doubts(self.days, min(begins, ends), max(begins, ends))


def local_day(moment: datetime | date, days: WorkingDays) -> date:
    """Return the day of a calendar on which a moment lies."""
    return moment.astimezone(days.zone).date() if isinstance(moment, datetime) else moment


def clocks(sop: CompiledSop, case: Case, facts: Facts, now: datetime) -> dict[Slot, Clock]:
    """Return the clocks of the steps at which a case stands or to which it will come back, and of its safeguards."""
    view = CaseView(case, facts, now)
    left = (case.paused.main, *case.paused.strands.values()) if case.paused is not None else ()
    watches = {trigger.watch.id: trigger.watch for found in sop.watched.values() for trigger in found}
    found = [clock for step in (*active_steps(sop, case), *left) for clock in _of_step(sop, step, view)]
    found += [_of_watch(watches[name], view) for name in sorted(case.armed & watches.keys())]
    return {(one.step, one.name): one for one in found}


def _of_step(sop: CompiledSop, step: str, view: CaseView) -> Iterator[Clock]:
    model = sop.steps[step].model
    if model.due is not None:
        rule = model.due
        length = rule.within or rule.before
        is_met = rule.until is not None and view.case.is_acknowledged(step)
        if length is not None and not is_met:
            suspensions = tuple(one for one in view.case.halts.get(step, ()) if one.reason != PAUSE)
            halts = (*view.pauses(step, rule.from_), *suspensions)
            yield _clock(view, step, "due", length, rule, halts, rule.cut_off, is_backwards=rule.before is not None)
    for name, action in model.actions.items():
        automatic = action.automatic
        if automatic is not None:
            yield _clock(view, step, name, automatic.after, automatic, view.pauses(step, automatic.from_))
    for name, series in model.series.items():
        for number, length in enumerate(series.at):
            yield _clock(view, step, f"{name}:{number}", length, series, view.pauses(step, series.from_))


def _clock(
    view: CaseView, step: str, name: str, length: Duration, rule: m.DeadlineRule | m.Automatic | m.Series,
    halts: tuple[Halt, ...], cut_off: str | None = None, *, is_backwards: bool = False,
) -> Clock:  # fmt: skip
    origin, said = _origin(rule.from_, view, view.entered_at(step), "entering the step")
    days = view.facts.calendars.counted_in(rule.calendar)
    in_order = tuple(sorted(halts, key=lambda one: one.since))
    return Clock(step, name, length, is_backwards, rule.calendar, cut_off, origin, said, days, in_order)


def _of_watch(watch: Watch, view: CaseView) -> Clock:
    rule = watch.rule
    origin, said = _origin(rule.from_, view, view.case.armed_at.get(watch.id), "what the safeguard waits after")
    days = view.facts.calendars.counted_in(rule.calendar)
    return Clock("", watch.id, rule.within or Duration(0, Unit.DAY), False, rule.calendar, None, origin, said, days, ())


def _origin(
    start: m.Origin | m.FieldOfForm | None, view: CaseView, entered: datetime | None, otherwise: str
) -> tuple[datetime | date | None, str]:
    if start is None:
        return entered, otherwise
    if isinstance(start, m.Origin) and start.enter is not None:
        return view.entered_at(start.enter), f'entering "{start.enter}"'
    record = view.record(start.form or "")
    given = record.fields.get(start.field or "") if record is not None else None
    said = f'"{start.field}" on the form "{start.form}"'
    return (date.fromisoformat(given) if isinstance(given, str) else None), said
