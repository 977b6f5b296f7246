"""What has changed between two states of one country's calendar, in sentences: the cause for which a date moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.calendars.model import CountryCalendar, HalfDay, Holiday

_MOST: Final = 6
"""Days that are named one by one; of more only how many."""


def changes(old: CountryCalendar | None, new: CountryCalendar) -> tuple[str, ...]:
    """Return what is different in `new`, each as a sentence without a full stop; `old` None: all of it is new."""
    if old is None:
        return (f"the calendar of {new.calendar} is taken up",)
    return tuple(f"{new.calendar}: {said}" for said in _changes(old, new))


def _changes(old: CountryCalendar, new: CountryCalendar) -> Iterator[str]:
    if old.zone_name != new.zone_name:
        yield f"the time zone is {new.zone_name} and no longer {old.zone_name}"
    if old.weekend != new.weekend:
        yield f"the weekend is {', '.join(new.weekend or ()) or 'not confirmed'}"
    if old.office_hours != new.office_hours:
        yield "the office hours are others"
    if old.years != new.years and new.years is not None:
        yield f"the years {new.years.first} to {new.years.last} are known"
    for what, before, now in (
        ("a holiday", old.holidays, new.holidays),
        ("a half day", old.half_days, new.half_days),
        ("a worked day of the weekend", old.worked_days, new.worked_days),
    ):
        yield from _named([f"{day} is now {what} ({_name(now[day])})" for day in now if day not in before], what)
        yield from _named(
            [f"{day} is no longer {what} ({_name(before[day])})" for day in before if day not in now], what
        )


def _named(said: list[str], what: str) -> Iterator[str]:
    yield from said[:_MOST]
    if len(said) > _MOST:
        yield f"{what}: {len(said) - _MOST} more days have changed"


def _name(day: Holiday | HalfDay | str) -> str:
    return day if isinstance(day, str) else day.name
