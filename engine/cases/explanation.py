"""Why this date: each day from the origin of a clock to its end, with what it counts as and why.

The days are walked one by one here, on purpose: what is shown is not what the arithmetic says of itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.calendars.counting import day_of_receipt
from engine.cases.case import PAUSE, Halt
from engine.cases.clocks import Clock, local_day
from engine.values import SuspensionReason, Unit

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day: how many days are counted with it (None: it is not counted), and why."""

    day: date
    counted: int | None
    why: str


def day_by_day(clock: Clock, due_at: datetime) -> tuple[DayLine, ...]:
    """Explain the date of a clock; empty while its origin is not known.

    Args:
        due_at: when it is due (or was, where it is suspended), as its row says.
    """
    if clock.origin is None:
        return ()
    begins, ends = local_day(clock.origin, clock.days), local_day(due_at, clock.days)
    if clock.length.unit is Unit.HOUR:
        return tuple(_in_hours(clock, due_at))
    return tuple(_backwards(clock, begins, ends) if clock.is_backwards else _forwards(clock, begins, ends))


def _in_hours(clock: Clock, due_at: datetime) -> Iterator[DayLine]:
    """Hours are elapsed time: the day they begin, each change of the clocks, each stillness, and the day they end."""
    assert clock.origin is not None
    zone, begins = clock.days.zone, local_day(clock.origin, clock.days)
    ends = local_day(due_at, clock.days)
    yield DayLine(begins, None, f"begins with {clock.origin_words}: {clock.length} of elapsed time from here")
    day = begins
    while day < ends:
        before = datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset()
        day += _DAY
        if datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset() != before:
            yield DayLine(day, None, f"the clocks of {zone.key} change; elapsed time does not")
    for halt in clock.halts:
        yield DayLine(local_day(halt.since, clock.days), None, f"{_still(halt)} until {_until(clock, halt)}")
    yield DayLine(ends, None, f"ends at {due_at.astimezone(zone):%H:%M}")


def _forwards(clock: Clock, begins: date, ends: date) -> Iterator[DayLine]:
    assert clock.origin is not None
    local = (
        clock.origin.astimezone(clock.days.zone).replace(tzinfo=None) if isinstance(clock.origin, datetime) else begins
    )
    receipt = day_of_receipt(local, clock.cut_off, clock.days)
    if receipt != begins:
        yield DayLine(begins, None, f"{clock.origin_words}, after the cut-off or on a free day")
        for day in _days(begins + _DAY, receipt - _DAY):
            yield DayLine(day, None, _free(clock, day))
    yield DayLine(receipt, None, f"counts as of this day ({clock.origin_words}); the day itself is not counted")
    counted = 0
    for day in _days(receipt + _DAY, ends):
        halt = _halted_on(clock, day)
        if halt is not None:
            yield DayLine(day, None, _still(halt))
        elif _counts(clock, day):
            counted += 1
            yield DayLine(day, counted, _over(clock, counted, day, ends))
        else:
            yield DayLine(day, None, _free(clock, day))


def _over(clock: Clock, counted: int, day: date, ends: date) -> str:
    if clock.length.unit in (Unit.DAY, Unit.WORKING_DAY) and counted > clock.length.count:
        return "added, for the case was paused"
    return "the last day" if day == ends else ""


def _backwards(clock: Clock, begins: date, ends: date) -> Iterator[DayLine]:
    yield DayLine(begins, None, f"counts back from this day ({clock.origin_words}); the day itself is not counted")
    counted, day = 0, begins
    while day > ends:
        day -= _DAY
        if _counts(clock, day):
            counted += 1
            yield DayLine(day, counted, "the last day" if day == ends else "")
        else:
            yield DayLine(day, None, _free(clock, day))


def _counts(clock: Clock, day: date) -> bool:
    return clock.length.unit is not Unit.WORKING_DAY or clock.days.is_working_day(day)


def _free(clock: Clock, day: date) -> str:
    return "; ".join(map(str, clock.days.why_free(day)))


def _halted_on(clock: Clock, day: date) -> Halt | None:
    """Return the suspension in which a day lies: after the day on which the clock stopped, until that on which it goes on."""
    for halt in clock.halts:
        begins = local_day(halt.since, clock.days)
        ends = day if halt.until is None else local_day(halt.until, clock.days)
        if halt.reason != PAUSE and begins < day <= ends:
            return halt
    return None


def _still(halt: Halt) -> str:
    if halt.reason == PAUSE:
        return "the case was paused"
    return f"the clock stands still: {SuspensionReason(halt.reason).words}"


def _until(clock: Clock, halt: Halt) -> str:
    return "now" if halt.until is None else f"{halt.until.astimezone(clock.days.zone):%Y-%m-%d %H:%M}"


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + number * _DAY
