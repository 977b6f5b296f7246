"""Working days of one country, or of two countries together.

A year's working days are laid out once as ascending day numbers, so that counting is a search in a short tuple and not
a walk from day to day. The day from which one counts is not counted itself (Regulation (EEC, Euratom) No 1182/71,
art. 3(1)).

Limits: national holidays only, no regional ones. The dates of Islamic feasts are estimates until they are announced;
such a day is marked, and counts as a holiday all the same. Terms: docs/glossary.md, "working day".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Final
from zoneinfo import ZoneInfo

from engine.calendars.model import CountryCalendar, Holiday, Weekday
from engine.clock import zone
from engine.errors import WrongUse


class CalendarTooShort(WrongUse):
    """A date lies outside the years that a country's calendar knows; names the country and its last known year."""

    code = "calendar_too_short"


class CountryNotConfirmed(WrongUse):
    """Something of this country's calendar is not confirmed, and what was asked can't be counted without it."""

    code = "country_not_confirmed"


@dataclass(frozen=True, slots=True)
class Free:
    """Why a day is no working day in one country: `holiday` is its name, None on a day of the weekend."""

    country: str
    holiday: Holiday | None = None

    def __str__(self) -> str:
        if self.holiday is None:
            return f"weekend in {self.country}"
        return f"holiday in {self.country}: {self.holiday.name}" + (" (estimated)" if self.holiday.estimated else "")


class WorkingDays(ABC):
    """A way of counting working days, with the time zone in which its days begin and end."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._years: dict[int, tuple[int, ...]] = {}

    @abstractmethod
    def countries(self) -> tuple[BusinessCalendar, ...]:
        """Return the calendar of each country whose days are counted."""

    @abstractmethod
    def closing(self, day: date) -> time:
        """Return when offices close on `day`; raises CountryNotConfirmed where that is not known."""

    @abstractmethod
    def _lay_out(self, year: int) -> Collection[int]:
        """Return the day numbers (`date.toordinal`) of the working days of `year`; raises CalendarTooShort."""

    def days_of(self, year: int) -> tuple[int, ...]:
        """Return the working days of `year` as ascending day numbers; laid out at first need.

        Raises:
            CalendarTooShort: the year is not known; names the country and its last known year.
            CountryNotConfirmed: the weekend of a country is not confirmed.
        """
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = tuple(sorted(self._lay_out(year)))
        return known

    def is_working_day(self, day: date) -> bool:
        """Say whether people work on `day`; raises as `days_of` does."""
        days, number = self.days_of(day.year), day.toordinal()
        index = bisect_left(days, number)
        return index < len(days) and days[index] == number

    def why_free(self, day: date) -> tuple[Free, ...]:
        """Return why people of each country do not work on `day`; empty for a country in which they do."""
        return tuple(free for one in self.countries() if (free := one.free_on(day)) is not None)

    def add(self, start: date, count: int) -> date:
        """Return the date that lies `count` working days after `start`; the day of `start` is not counted.

        Args:
            count: whole working days, 0 or more; 0 gives `start` itself, whether or not people work on it.
        Raises:
            CalendarTooShort: the calendar ends before the answer; names the country and its last known year.
            CountryNotConfirmed: the weekend of a country is not confirmed.
        Source: Regulation (EEC, Euratom) No 1182/71, art. 2(2) and 3(1).
        """
        if count == 0:
            return start
        year = start.year
        days = self.days_of(year)
        index = bisect_right(days, start.toordinal()) + _positive(count) - 1
        while index >= len(days):
            index -= len(days)
            year += 1
            days = self.days_of(year)
        return date.fromordinal(days[index])

    def subtract(self, start: date, count: int) -> date:
        """Return the date that lies `count` working days before `start`; the day of `start` is not counted.

        Args and errors as for `add`.
        """
        if count == 0:
            return start
        year = start.year
        days = self.days_of(year)
        index = bisect_left(days, start.toordinal()) - _positive(count)
        while index < 0:
            year -= 1
            days = self.days_of(year)
            index += len(days)
        return date.fromordinal(days[index])

    def count(self, after: date, until: date) -> int:
        """Return how many working days lie after `after`, up to and with `until`; 0 where `until` is not later."""
        if until <= after:
            return 0
        before = bisect_right(self.days_of(after.year), after.toordinal())
        whole = sum(len(self.days_of(year)) for year in range(after.year, until.year))
        return whole + bisect_right(self.days_of(until.year), until.toordinal()) - before


def _positive(count: int) -> int:
    if count < 0:
        raise ValueError(f"working days are counted forwards or backwards, never by {count}")
    return count


class BusinessCalendar(WorkingDays):
    """The working days of one country, from its calendar; its deadlines are read in the capital's zone."""

    def __init__(self, known: CountryCalendar) -> None:
        super().__init__(zone(known.zone_name))
        self.known = known
        self.country: Final = known.calendar
        self._weekend = None if known.weekend is None else frozenset(day.number for day in known.weekend)
        self._worked = frozenset(day.toordinal() for day in known.worked_days)
        self._holidays = frozenset(day.toordinal() for day in known.holidays)

    def __repr__(self) -> str:
        return f"BusinessCalendar({self.country}, {self.zone.key})"

    def countries(self) -> tuple[BusinessCalendar, ...]:
        return (self,)

    def holidays(self, year: int) -> Mapping[date, Holiday]:
        """Return the public holidays of `year`, by date; raises CalendarTooShort if the year is not known."""
        self._known_year(year)
        return {day: holiday for day, holiday in self.known.holidays.items() if day.year == year}

    def free_on(self, day: date) -> Free | None:
        """Return why people do not work on `day`, or None if they do; a holiday is named before the weekend."""
        if self.is_working_day(day):
            return None
        return Free(self.country, self.known.holidays.get(day))

    def closing(self, day: date) -> time:
        half, hours = self.known.half_days.get(day), self.known.office_hours
        if half is not None and half.closes is not None:
            return half.closes
        if hours is None:
            raise CountryNotConfirmed(
                f"the office hours of {self.country} are not confirmed, so no cut-off can be read"
            )
        return hours.closes

    def _known_year(self, year: int) -> None:
        years = self.known.years
        if years is not None and not years.first <= year <= years.last:
            raise CalendarTooShort(
                f"the calendar of {self.country} knows the years {years.first} to {years.last}, and {year} is needed"
            )
        if not 1 <= year <= 9999:
            raise CalendarTooShort(f"no calendar has a year {year}")

    def _lay_out(self, year: int) -> Collection[int]:
        self._known_year(year)
        weekend = self._weekend
        if weekend is None:
            raise CountryNotConfirmed(
                f"the weekend of {self.country} is not confirmed, so its working days can't be counted",
                [self.known.note] if self.known.note else [],
            )
        # Day number 1 is a Monday, so (number - 1) % 7 is the day of the week.
        span = range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
        return {
            number
            for number in span
            if number not in self._holidays and ((number - 1) % 7 not in weekend or number in self._worked)
        }


class JointDays(WorkingDays):
    """Two countries' working days counted together: days that are working days in both, or in either of them.

    They are read in the first country's zone and by its office hours.
    """

    def __init__(self, first: WorkingDays, second: WorkingDays, *, both: bool) -> None:
        super().__init__(first.zone)
        self._first, self._second, self._both = first, second, both

    def countries(self) -> tuple[BusinessCalendar, ...]:
        return (*self._first.countries(), *self._second.countries())

    def closing(self, day: date) -> time:
        return self._first.closing(day)

    def _lay_out(self, year: int) -> Collection[int]:
        first, second = frozenset(self._first.days_of(year)), frozenset(self._second.days_of(year))
        return first & second if self._both else first | second


@dataclass(frozen=True)
class Calendars:
    """The calendars of the two countries of a case. Days of both or either are read in the destination's zone."""

    destination: WorkingDays
    origin: WorkingDays
    both: WorkingDays = field(init=False)
    either: WorkingDays = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "both", JointDays(self.destination, self.origin, both=True))
        object.__setattr__(self, "either", JointDays(self.destination, self.origin, both=False))

    def counted_in(self, whose: str) -> WorkingDays:
        """Return the days that a rule's `calendar` names: destination, origin, both or either."""
        match whose:
            case "destination":
                return self.destination
            case "origin":
                return self.origin
            case "both":
                return self.both
            case "either":
                return self.either
            case _:
                raise WrongUse(f'"{whose}" is not a calendar: one is destination, origin, both or either')


def doubts(days: WorkingDays, first: date, last: date) -> tuple[str, ...]:
    """Say what is not certain of a date that was counted on `days` from `first` to `last`; nothing if all is."""
    return tuple(_doubts(days, first, last))


def _doubts(days: WorkingDays, first: date, last: date) -> Iterator[str]:
    for one in days.countries():
        known = one.known
        if not known.is_confirmed:
            lacking = "no holidays are known" if known.years is None else known.note or "see its file"
            yield f"the calendar of {one.country} is not confirmed: {lacking}"
        for day, holiday in known.holidays.items():
            if holiday.estimated and first < day <= last and _would_count(known, day):
                yield f"{holiday.name} in {one.country} on {day} is an estimate until it is announced"


def _would_count(known: CountryCalendar, day: date) -> bool:
    """Whether a day would be a working day if it were no holiday: only then does its date matter."""
    return known.weekend is None or tuple(Weekday)[day.weekday()] not in known.weekend or day in known.worked_days
