"""Counting a length of time in days: forwards, backwards, from a cut-off hour on, and with a clock that stands still.

    days, weeks             calendar days; free days are counted too
    months                  the same day of a later month, or the last one of a shorter month (31 January + 1: 28 February)
    working days            working days of the given calendar

The day from which one counts is not counted itself (Regulation (EEC, Euratom) No 1182/71, art. 3(1)). Hours are no
matter of days: they are elapsed time, and counted where instants are. Pure.

Terms: docs/glossary.md, "cut-off", "suspension".
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta

from engine.calendars.business import CalendarTooShort, WorkingDays
from engine.values import Duration, Unit

CLOSING = "closing"
"""The cut-off that is no hour of its own but the end of each day's office hours."""


def forwards(length: Duration, start: date, days: WorkingDays) -> date:
    """Return the day that lies `length` after `start`; raises CalendarTooShort."""
    if length.unit is Unit.WORKING_DAY:
        return days.add(start, length.count)
    return _shift(start, length, 1)


def backwards(length: Duration, start: date, days: WorkingDays) -> date:
    """Return the day that lies `length` before `start`; raises CalendarTooShort."""
    if length.unit is Unit.WORKING_DAY:
        return days.subtract(start, length.count)
    return _shift(start, length, -1)


def day_of_receipt(local: datetime | date, cut_off: str | None, days: WorkingDays) -> date:
    """Return the day as of which something counts that began at a local time (naive).

    With a cut-off it is the first working day whose cut-off has not passed: what comes on Friday evening or on Saturday
    counts as of Monday morning. Exactly at the cut-off is in time. A date without a time has no hour that could be late.

    Args:
        cut_off: a local time of day such as 16:00, `closing` for the end of the day's office hours, or None for none.
    Raises:
        CountryNotConfirmed: `closing`, and the office hours are not confirmed.
    """
    day = local.date() if isinstance(local, datetime) else local
    if cut_off is None:
        return day
    if not days.is_working_day(day):
        return days.add(day, 1)
    if not isinstance(local, datetime):
        return day
    last = days.closing(day) if cut_off == CLOSING else time.fromisoformat(cut_off)
    return day if local.time() <= last else days.add(day, 1)


def moved_by_stop(unit: Unit, due: date, counts_after: date, stopped: date, resumed: date, days: WorkingDays) -> date:
    """Return when something is due whose clock stood still from `stopped` to `resumed`: what was left of it is kept.

    The day on which the clock stops has run; counting goes on with the day after the one on which it resumes. A clock that has
    run out before it is stopped has nothing left to keep, and stays as it was.

    Args:
        due: when it was due without this stop.
        counts_after: the day as of which it counts; what lies before it was not counted anyway.
    """
    if stopped > due:
        return due
    ran_until, goes_on = max(stopped, counts_after), max(resumed, counts_after)
    if unit is Unit.WORKING_DAY:
        return days.add(goes_on, days.count(ran_until, due))
    return goes_on + (due - ran_until)


def _shift(start: date, length: Duration, direction: int) -> date:
    """Move by calendar days, weeks or months; a month that is too short gives its last day."""
    try:
        match length.unit:
            case Unit.MONTH:
                year, month = divmod(start.year * 12 + start.month - 1 + direction * length.count, 12)
                return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
            case Unit.WEEK:
                return start + timedelta(weeks=direction * length.count)
            case _:
                return start + timedelta(days=direction * length.count)
    except (OverflowError, ValueError):
        raise CalendarTooShort(f"{length} from {start} lies beyond the years 1 to 9999") from None
