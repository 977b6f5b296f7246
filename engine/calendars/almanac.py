"""Calendars made from what is known of each country: our file of zones and weekends, and the library `holidays`.

Zones and weekends stand with their sources in sop_definitions/calendars/countries.json. A country whose weekend is not
confirmed there, or whose holidays the library does not know, has no calendar, and asking for it is an error that says
so: a guessed weekend would move deadlines. Each year of a calendar is laid out when it is first counted in.

Terms: docs/glossary.md, "calendar".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from engine.calendars.business import BusinessCalendar, Calendars, Holiday, HolidayYear
from engine.clock import zone
from engine.diagnostics import did_you_mean
from engine.errors import WrongUse
from engine.settings import DEFINITIONS

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

ESTIMATED: Final = "estimated"
"""The word with which the library marks a date that is calculated and not announced, in its English names."""


class CountryNotConfirmed(WrongUse):
    """No working days can be counted for this country: its weekend or its holidays are not confirmed."""

    code = "country_not_confirmed"


@dataclass(frozen=True, slots=True)
class CountryTime:
    """What our file says of one country: its zone, and its free days of the week (None: not confirmed)."""

    zone: str
    weekend: frozenset[int] | None
    note: str = ""


class Almanac:
    """The calendars of all countries we know of; each is made once."""

    def __init__(self, countries: Mapping[str, CountryTime]) -> None:
        self._countries = dict(countries)
        self._calendars: dict[str, BusinessCalendar] = {}
        self._pairs: dict[tuple[str, str], Calendars] = {}

    @classmethod
    def read(cls, folder: Path) -> Almanac:
        """Read `countries.json` in `folder`; raises WrongUse, naming file and country, if it can't be used."""
        file = folder / "countries.json"
        try:
            entries: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["countries"]
        except (OSError, ValueError, KeyError, TypeError) as why:
            raise WrongUse(f"the countries' zones and weekends can't be read from {file}: {why}") from None
        return cls({code: _country_time(file, code, entry) for code, entry in entries.items()})

    def zone_name(self, country: str) -> str:
        """Return the IANA zone of the country's capital; known for every country in the file."""
        return self._known(country).zone

    def calendar_of(self, country: str) -> BusinessCalendar:
        """Return the calendar of `country` (ISO 3166-1 alpha-2).

        Raises:
            CountryNotConfirmed: its weekend or its holidays are not known for certain; names the country.
        """
        made = self._calendars.get(country)
        if made is None:
            made = self._calendars.setdefault(country, self._make(country))
        return made

    def between(self, destination: str, origin: str) -> Calendars:
        """Return the calendars of a case: where the person is now, and where the person returns to.

        Raises:
            CountryNotConfirmed: as for `calendar_of`.
        """
        made = self._pairs.get((destination, origin))
        if made is None:
            pair = Calendars(self.calendar_of(destination), self.calendar_of(origin))
            made = self._pairs.setdefault((destination, origin), pair)
        return made

    def _known(self, country: str) -> CountryTime:
        entry = self._countries.get(country)
        if entry is None:
            hint = did_you_mean(country, list(self._countries), "countries")
            raise CountryNotConfirmed(f'no time zone or weekend is known for the country "{country}"', [hint])
        return entry

    def _make(self, country: str) -> BusinessCalendar:
        # Imported here: it costs a twentieth of a second, and most commands count no working day.
        import holidays

        entry = self._known(country)
        if entry.weekend is None:
            raise CountryNotConfirmed(
                f"the weekend of {country} is not confirmed, so its working days can't be counted",
                [entry.note] if entry.note else [],
            )
        try:
            known = holidays.country_holidays(country, language=_english(country))
        except NotImplementedError:
            raise CountryNotConfirmed(
                f"the public holidays of {country} are not known, so its working days can't be counted"
            ) from None
        year_of = cache(partial(_year_of, country))
        return BusinessCalendar(country, zone(entry.zone), entry.weekend, known.start_year, known.end_year, year_of)


def _english(country: str) -> str | None:
    """Return the library's code for English names, or None where it has only one language for a country."""
    import holidays

    return "en_US" if "en_US" in holidays.country_holidays(country).supported_languages else None


def _year_of(country: str, year: int) -> HolidayYear:
    import holidays

    found = holidays.country_holidays(country, years=year, language=_english(country))
    named = {day: Holiday(_without_mark(name), ESTIMATED in name) for day, name in sorted(found.items())}
    return HolidayYear(named, frozenset(found.weekend_workdays))


def _without_mark(name: str) -> str:
    return name.replace(f", {ESTIMATED}", "").replace(f" ({ESTIMATED})", "")


def _country_time(file: Path, code: str, entry: object) -> CountryTime:
    if isinstance(entry, dict) and isinstance(entry.get("zone"), str):
        days = entry.get("weekend")
        if days is None or (isinstance(days, list) and days and set(days) <= set(WEEK)):
            weekend = None if days is None else frozenset(WEEK.index(day) for day in days)
            return CountryTime(entry["zone"], weekend, str(entry.get("note") or ""))
    raise WrongUse(f"{file}: {code} needs a zone, and as weekend a list of {', '.join(WEEK)}, or null if not confirmed")


@cache
def shipped() -> Almanac:
    """Return the almanac of the countries that are shipped with the product."""
    return Almanac.read(DEFINITIONS / "calendars")


def calendar_of(country: str) -> BusinessCalendar:
    """Return the shipped calendar of `country`; raises CountryNotConfirmed.

    >>> from datetime import date
    >>> calendar_of("PT").add(date(2025, 12, 24), 1)
    datetime.date(2025, 12, 26)
    """
    return shipped().calendar_of(country)
