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
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from engine.errors import WrongUse


class CalendarTooShort(WrongUse):
    """A date lies outside the years that a country's calendar knows; names the country and its last known year."""

    code = "calendar_too_short"


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday; `estimated` where its date is calculated and not yet announced."""

    name: str
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """One country's year: its public holidays, and weekend days that the State has made working days."""

    holidays: Mapping[date, Holiday]
    worked: frozenset[date] = frozenset()


class WorkingDays(ABC):
    """A way of counting working days, with the time zone in which its days begin and end."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._years: dict[int, tuple[int, ...]] = {}

    @abstractmethod
    def _lay_out(self, year: int) -> Collection[int]:
        """Return the day numbers (`date.toordinal`) of the working days of `year`; raises CalendarTooShort."""

    def days_of(self, year: int) -> tuple[int, ...]:
        """Return the working days of `year` as ascending day numbers; laid out at first need.

        Raises:
            CalendarTooShort: the year is not known; names the country and its last known year.
        """
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = tuple(sorted(self._lay_out(year)))
        return known

    def is_working_day(self, day: date) -> bool:
        """Say whether people work on `day`; raises CalendarTooShort for a year that is not known."""
        days, number = self.days_of(day.year), day.toordinal()
        index = bisect_left(days, number)
        return index < len(days) and days[index] == number

    def add(self, start: date, count: int) -> date:
        """Return the date that lies `count` working days after `start`; the day of `start` is not counted.

        Args:
            count: whole working days, 0 or more; 0 gives `start` itself, whether or not people work on it.
        Raises:
            CalendarTooShort: the calendar ends before the answer; names the country and its last known year.
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


def _positive(count: int) -> int:
    if count < 0:
        raise ValueError(f"working days are counted forwards or backwards, never by {count}")
    return count


class BusinessCalendar(WorkingDays):
    """The working days of one country.

    Args:
        country: ISO 3166-1 alpha-2.
        zone: where its deadlines are read.
        weekend: days of the week that are free, 0 for Monday to 6 for Sunday.
        first_year, last_year: the years for which `year_of` can answer, both included.
        year_of: the holidays of one year; asked once per year, at first need.
    """

    def __init__(
        self,
        country: str,
        zone: ZoneInfo,
        weekend: frozenset[int],
        first_year: int,
        last_year: int,
        year_of: Callable[[int], HolidayYear],
    ) -> None:
        super().__init__(zone)
        self.country = country
        self.weekend = weekend
        self.first_year = first_year
        self.last_year = last_year
        self._year_of = year_of

    def __repr__(self) -> str:
        return f"BusinessCalendar({self.country}, {self.zone.key}, {self.first_year}-{self.last_year})"

    def holidays(self, year: int) -> Mapping[date, Holiday]:
        """Return the public holidays of `year`, by date; raises CalendarTooShort if the year is not known."""
        return self._known(year).holidays

    def _known(self, year: int) -> HolidayYear:
        if not self.first_year <= year <= self.last_year:
            raise CalendarTooShort(
                f"the calendar of {self.country} knows the years {self.first_year} to {self.last_year}, "
                f"and {year} is needed"
            )
        return self._year_of(year)

    def _lay_out(self, year: int) -> Collection[int]:
        known = self._known(year)
        # Day number 1 is a Monday, so (number - 1) % 7 is the day of the week.
        span = range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
        working = {number for number in span if (number - 1) % 7 not in self.weekend}
        working |= {day.toordinal() for day in known.worked if day.year == year}
        return working - {day.toordinal() for day in known.holidays}


class JointDays(WorkingDays):
    """Two countries' working days counted together: days that are working days in both, or in either of them."""

    def __init__(self, first: WorkingDays, second: WorkingDays, *, both: bool) -> None:
        super().__init__(first.zone)
        self._first, self._second, self._both = first, second, both

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
