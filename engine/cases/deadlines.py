"""When a deadline reminds, falls due and escalates; when a timed action fires; when a wait is over.

Days are counted on the local calendar that the rule names and turned into UTC last, so that the sweep is a single
comparison and summer time cannot move a deadline. Pure: the rule, the calendars and the origin come in.

What is counted how:

    hours                   elapsed time from the origin, to the second
    days and longer         as engine.calendars.counting says

    due, timed action       at the end of the day reached: 23:59 local time (art. 3(2))
    reminder, escalation    at 09:00 local time of the day reached, counted from the day on which the deadline is due
    a wait                  over at 00:00 local time of the day reached, in the destination's zone

The day of the origin is not counted (art. 3(1)). Local time is that of the rule's calendar; the destination's for
`both` and `either`. An origin that is a date and not an instant is that local day, from its first instant on. A local
time that the clocks skip is the first valid instant after it; one that comes twice is its first occurrence.

A clock that stood still: while a deadline was suspended its days were not used up, and what was left is counted on from
the day on which it resumed; a pause of the whole case moves what is due by the length of the pause.

Articles are those of Regulation (EEC, Euratom) No 1182/71. Its art. 3(4), which moves a period's end from a free day to
the next working day, is not applied: a rule that should end on a working day is written in working days.

Terms: docs/glossary.md, "deadline", "reminder", "escalation".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from engine.calendars.business import Calendars, WorkingDays
from engine.calendars.counting import backwards, day_of_receipt, forwards, moved_by_stop
from engine.cases.case import PAUSE, Halt
from engine.clock import instant_of
from engine.sop.model import Calendar, DeadlineRule, Escalation, Rung, Series
from engine.values import Duration, Unit

START_OF_DAY: Final = time(0, 0)
MORNING: Final = time(9, 0)
END_OF_DAY: Final = time(23, 59)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something the sweep does at an instant: remind, note that it is due, escalate, or announce what will be too old.

    Attributes:
        at: in UTC.
        roles: whom an escalation tells; empty for the others, which go to those responsible.
        rung: which of the rule's reminders or escalations this is, from 0, as written; 0 for the others.
    """

    at: datetime
    kind: Literal["remind", "due", "escalate", "foresee"]
    roles: tuple[str, ...] = ()
    rung: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """One deadline: when it is due (UTC), and its alarms in the order in which they come."""

    due_at: datetime
    alarms: tuple[Alarm, ...]


def schedule(rule: DeadlineRule, origin: datetime | date, calendars: Calendars, halts: Iterable[Halt] = ()) -> Schedule:
    """Return when `rule` is due and what happens around it.

    Args:
        origin: an aware instant, or a date from a form. Reminders that would lie before it, or before the clock last
            resumed, are left out, and so are those whose moment had come when it stopped; all are kept for a rule with
            `before`, whose origin lies after its deadline.
        halts: when its clock stood still, in their order; one that has not ended is left out.
    Raises:
        CalendarTooShort: a working day lies beyond the years that a country's calendar knows.
        CountryNotConfirmed: a country's weekend, or the office hours of a cut-off, are not confirmed.
    """
    days = calendars.counted_in(rule.calendar)
    if rule.within is not None:
        over = tuple(_over(halts))
        found = _counted(rule, rule.within, origin, days, over)
        come = {
            alarm.rung
            for number, (since, _, reason) in enumerate(over)
            if reason != PAUSE
            for alarm in _counted(rule, rule.within, origin, days, over[:number]).alarms
            if alarm.kind == "remind" and alarm.at <= since
        }
        return Schedule(
            found.due_at, tuple(one for one in found.alarms if one.kind != "remind" or one.rung not in come)
        )
    if rule.before is None:
        raise ValueError("a deadline has `within` or `before`")
    return _around(_before(rule.before, origin, days), None, rule.remind, rule.escalate, days)


def due_at(rule: DeadlineRule, origin: datetime | date, calendars: Calendars) -> datetime:
    """Return when `rule` is due, without what happens around it; arguments and errors as for `schedule`."""
    days = calendars.counted_in(rule.calendar)
    if rule.within is not None:
        return _after(rule.within, origin, days, rule.cut_off)
    if rule.before is None:
        raise ValueError("a deadline has `within` or `before`")
    return _before(rule.before, origin, days)


def occurrences(
    series: Series, origin: datetime | date, calendars: Calendars, halts: Iterable[Halt] = ()
) -> tuple[Schedule, ...]:
    """Return a schedule for each occurrence of `series`, in the order of its `at`; arguments as for `schedule`."""
    days, over = calendars.counted_in(series.calendar), tuple(_over(halts))
    start = _instant(origin, days.zone)
    return tuple(
        _around(_after(length, origin, days, None, over), start, series.remind, (), days) for length in series.at
    )


def instant_after(
    length: Duration, origin: datetime | date, calendars: Calendars, calendar: Calendar, halts: Iterable[Halt] = ()
) -> datetime:
    """Return the instant (UTC) that lies `length` after `origin`: the end of a day, or to the second for hours.

    `halts`: as for `schedule`.
    """
    return _after(length, origin, calendars.counted_in(calendar), None, tuple(_over(halts)))


def instant_before(length: Duration, origin: datetime | date, calendars: Calendars, calendar: Calendar) -> datetime:
    """Return the instant (UTC) that lies `length` before `origin`: the end of a day, or to the second for hours.

    An origin that is a date counts as a whole day, so that 0 days before it is the end of that day.
    """
    return _before(length, origin, calendars.counted_in(calendar))


def wait_until(length: Duration, since: datetime | date, calendars: Calendars) -> datetime:
    """Return from when on (UTC) a wait of `length` since an entry or a date is over; it is so from that instant on.

    Days are calendar days: the wait is over when the day reached begins in the destination's time zone.
    """
    days = calendars.destination
    if length.unit is Unit.HOUR:
        return _instant(since, days.zone) + timedelta(hours=length.count)
    reached = forwards(length, _local_day(since, days.zone), days)
    return max(_instant(since, days.zone), _at(reached, START_OF_DAY, days.zone))


def age_in_days(signed_on: date, now: datetime, zone: ZoneInfo) -> int:
    """Return how many days ago a form was signed, by the calendar of `zone` (the destination's): 0 on the day itself.

    `not_older_than: 30 days` holds while this is at most 30.
    """
    return (now.astimezone(zone).date() - signed_on).days


def _counted(
    rule: DeadlineRule, within: Duration, origin: datetime | date, days: WorkingDays, over: tuple[_Over, ...]
) -> Schedule:
    begins = max((_instant(origin, days.zone), *(until for _, until, reason in over if reason != PAUSE)))
    return _around(_after(within, origin, days, rule.cut_off, over), begins, rule.remind, rule.escalate, days)


def _around(
    due_at: datetime,
    not_before: datetime | None,
    remind: Iterable[Rung],
    escalate: Iterable[Escalation],
    days: WorkingDays,
) -> Schedule:
    alarms = [Alarm(due_at, "due")]
    for number, rung in enumerate(remind):
        at = _rung(rung.length, rung.direction == "before", due_at, days)
        if not_before is None or at >= not_before:
            alarms.append(Alarm(at, "remind", (), number))
    for number, late in enumerate(escalate):
        alarms.append(Alarm(_rung(late.after, False, due_at, days), "escalate", late.to, number))
    alarms.sort(key=_order)
    return Schedule(due_at, tuple(alarms))


_RANK: Final = {"remind": 0, "due": 1, "escalate": 2}


def _order(alarm: Alarm) -> tuple[datetime, int, int]:
    return alarm.at, _RANK[alarm.kind], alarm.rung


def _rung(length: Duration, before: bool, due_at: datetime, days: WorkingDays) -> datetime:
    """Return when a reminder or an escalation comes: 09:00 of its day, on the right side of the deadline."""
    if length.unit is Unit.HOUR:
        hours = timedelta(hours=length.count)
        return due_at - hours if before else due_at + hours
    due_on = due_at.astimezone(days.zone).date()
    if before:
        return min(due_at, _at(backwards(length, due_on, days), MORNING, days.zone))
    return max(due_at, _at(forwards(length, due_on, days), MORNING, days.zone))


_Over = tuple[datetime, datetime, str]
"""A stretch in which the clock stood still: from, until, and why."""


def _over(halts: Iterable[Halt]) -> Iterator[_Over]:
    """Give the halts that have ended; one that began while the clock stood still already adds nothing to it."""
    last: datetime | None = None
    for one in halts:
        if one.until is not None and (last is None or one.since >= last):
            last = one.until
            yield one.since, one.until, one.reason


def _after(
    length: Duration,
    origin: datetime | date,
    days: WorkingDays,
    cut_off: str | None = None,
    over: tuple[_Over, ...] = (),
) -> datetime:
    if length.unit is Unit.HOUR:
        due = _instant(origin, days.zone) + timedelta(hours=length.count)
        for since, until, reason in over:
            if reason == PAUSE or since < due:
                due += until - since
        return due
    receipt = _local_day(origin, days.zone)
    if cut_off is not None:
        local = origin.astimezone(days.zone).replace(tzinfo=None) if isinstance(origin, datetime) else origin
        receipt = day_of_receipt(local, cut_off, days)
    due = _at(forwards(length, receipt, days), END_OF_DAY, days.zone)
    if isinstance(origin, datetime):
        due = max(due, origin.astimezone(UTC))
    for since, until, reason in over:
        if reason == PAUSE:
            due += until - since
        elif since < due:
            was, stopped, resumed = (_local_day(one, days.zone) for one in (due, since, until))
            moved = moved_by_stop(length.unit, was, receipt, stopped, resumed, days)
            due = max(_at(moved, END_OF_DAY, days.zone), until)
    return due


def _before(length: Duration, origin: datetime | date, days: WorkingDays) -> datetime:
    if length.unit is Unit.HOUR:
        return _instant(origin, days.zone) - timedelta(hours=length.count)
    reached = _at(backwards(length, _local_day(origin, days.zone), days), END_OF_DAY, days.zone)
    return min(reached, origin.astimezone(UTC)) if isinstance(origin, datetime) else reached


def _local_day(origin: datetime | date, zone: ZoneInfo) -> date:
    return _aware(origin).astimezone(zone).date() if isinstance(origin, datetime) else origin


def _instant(origin: datetime | date, zone: ZoneInfo) -> datetime:
    return _aware(origin).astimezone(UTC) if isinstance(origin, datetime) else _at(origin, START_OF_DAY, zone)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"an instant without time zone: {instant!r}")
    return instant


@lru_cache(maxsize=4096)
def _at(day: date, clock_time: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time; remembered, because the deadlines of many cases fall on the same mornings."""
    return instant_of(datetime.combine(day, clock_time), zone)
