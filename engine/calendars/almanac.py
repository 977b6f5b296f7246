"""The calendars of a folder: one file for each country, read when it is first needed and again when it has changed.

A country without a file has no calendar, and asking for it is an error that says so: a guessed weekend would move deadlines.
A file that has become faulty while the product runs does not take back what was read of it before.

Terms: docs/glossary.md, "calendar".
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from engine.calendars.business import BusinessCalendar, Calendars, CountryNotConfirmed
from engine.calendars.load import load_calendar
from engine.calendars.model import CountryCalendar
from engine.diagnostics import Diagnostic, did_you_mean
from engine.errors import WrongUse
from engine.settings import DEFINITIONS
from engine.source import split_lines

_Stamp = tuple[int, int]
"""When a file was last written, and its size: enough to see that it has changed."""


class Almanac:
    """The calendars of all countries we know of; each is made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._calendars: dict[str, BusinessCalendar] = {}
        self._pairs: dict[tuple[str, str], Calendars] = {}
        self._stamps: dict[str, _Stamp] = {}
        self._texts: dict[str, tuple[_Stamp, str, str]] = {}

    @classmethod
    def read(cls, folder: Path) -> Almanac:
        """Return the almanac of `folder`; raises WrongUse if it is no folder."""
        if not folder.is_dir():
            raise WrongUse(f"there is no folder of calendars: {folder}")
        return cls(folder)

    def countries(self) -> tuple[str, ...]:
        """Return the countries that have a file, sorted."""
        return tuple(sorted(path.stem.upper() for path in self._folder.glob("*.yaml")))

    def path_of(self, country: str) -> Path:
        """Return the file of a country, whether or not it is there."""
        return self._folder / f"{country.lower()}.yaml"

    def zone_name(self, country: str) -> str:
        """Return the IANA zone of the country's capital; errors as for `calendar_of`."""
        return self.calendar_of(country).known.zone_name

    def calendar_of(self, country: str) -> BusinessCalendar:
        """Return the calendar of `country` (ISO 3166-1 alpha-2).

        Raises:
            CountryNotConfirmed: there is no file for it; names the country.
            WrongUse: its file has faults; `details` draws each at its place.
        """
        made = self._calendars.get(country)
        return made if made is not None else self._made(country)

    def between(self, destination: str, origin: str) -> Calendars:
        """Return the calendars of a case: where the person is now, and where the person returns to.

        Errors as for `calendar_of`.
        """
        made = self._pairs.get((destination, origin))
        if made is None:
            made = Calendars(self.calendar_of(destination), self.calendar_of(origin))
            self._pairs[destination, origin] = made
        return made

    def texts(self) -> dict[str, tuple[str, str]]:
        """Return the text of every country's file, with its SHA-256 in hexadecimal; a file is read again once it has changed."""
        for country in self.countries():
            stamp = _stamp(self.path_of(country))
            if stamp is not None and (country not in self._texts or self._texts[country][0] != stamp):
                data = self.path_of(country).read_bytes()
                self._texts[country] = (stamp, hashlib.sha256(data).hexdigest(), data.decode("utf-8", "replace"))
        return {country: (hashed, text) for country, (_, hashed, text) in self._texts.items()}

    def refresh(self) -> dict[str, list[Diagnostic]]:
        """Read again what has changed since it was read; answers, by country, the faults of files that can't be taken."""
        wrong: dict[str, list[Diagnostic]] = {}
        for country in list(self._calendars):
            path = self.path_of(country)
            stamp = _stamp(path)
            if stamp == self._stamps.get(country):
                continue
            known, found = load_calendar(path)
            if known is None:
                wrong[country] = found
            else:
                self._keep(known, stamp)
        return wrong

    def _made(self, country: str) -> BusinessCalendar:
        path = self.path_of(country)
        stamp = _stamp(path)
        if stamp is None:
            hint = did_you_mean(country, list(self.countries()), "countries")
            raise CountryNotConfirmed(f'there is no calendar of the country "{country}"', [hint])
        known, found = load_calendar(path)
        if known is None:
            raise WrongUse(f"the calendar of {country} can't be used", _drawn(path, found), code="wrong_calendar")
        return self._keep(known, stamp)

    def _keep(self, known: CountryCalendar, stamp: _Stamp | None) -> BusinessCalendar:
        made = self._calendars[known.calendar] = BusinessCalendar(known)
        self._pairs = {pair: both for pair, both in self._pairs.items() if known.calendar not in pair}
        if stamp is not None:
            self._stamps[known.calendar] = stamp
        return made


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _drawn(path: Path, found: list[Diagnostic]) -> list[str]:
    lines = split_lines(path.read_text(encoding="utf-8-sig", errors="replace"))
    return [one.draw("".join(lines[one.place.line - 1 : one.place.line])) for one in found]


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
