"""What a procedure needs of the calendars: a country that can't be counted in, or not for long, is told when it is checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from engine.calendars.almanac import Almanac
from engine.calendars.counting import CLOSING
from engine.calendars.load import ends_soon
from engine.calendars.model import CountryCalendar
from engine.diagnostics import Diagnostic, Place
from engine.errors import WrongUse
from engine.settings import DEFINITIONS
from engine.sop import model as m
from engine.sop.checks.countries import COUNTRIES
from engine.sop.load import SopFile, find_root
from engine.values import Duration, Unit

Timed = m.DeadlineRule | m.Series | m.Automatic | m.Safeguard
"""What counts time in a definition."""


def calendars_beside(path: Path) -> Almanac:
    """Return the calendars in the folder of definitions that a file belongs to; the shipped ones where it has none."""
    beside = find_root(path) / "calendars"
    return Almanac(beside if beside.is_dir() else DEFINITIONS / "calendars")


def calendar_findings(file: SopFile, almanac: Almanac, today: date | None = None) -> Iterator[Diagnostic]:
    """Tell what of a procedure can't be counted, or not for long, in the countries that it goes through.

    Args:
        today: None leaves out what depends on the day.
    """
    rules = list(_timed(file.sop))
    counted = list(_counted(rules))
    known = set(almanac.countries())
    for side, countries in (("destination", file.sop.destination), ("origin", file.sop.origin)):
        modes = {side, "both", "either"}
        in_working_days = any(calendar in modes for calendar, length in counted if length.unit is Unit.WORKING_DAY)
        closes = any(
            rule.cut_off == CLOSING and rule.calendar in ({side} if side == "origin" else modes)
            for rule in rules
            if isinstance(rule, m.DeadlineRule)
        )
        for number, country in enumerate(countries):
            place = file.marks.value((side, number))
            if country not in COUNTRIES:
                continue  # told as what it is: no country
            if country not in known:
                hint = f"passerelle calendar propose {country} --years FIRST-LAST --write"
                yield Diagnostic("CAL202", f"there is no calendar of {country}", place, hint)
                continue
            try:
                calendar = almanac.calendar_of(country).known
            except WrongUse as why:
                yield Diagnostic("CAL202", why.message, place, f"passerelle calendar check {almanac.path_of(country)}")
                continue
            yield from _of_country(calendar, place, in_working_days, closes, today)


def _of_country(
    known: CountryCalendar, place: Place, in_working_days: bool, closes: bool, today: date | None
) -> Iterator[Diagnostic]:
    country = known.calendar
    if in_working_days and known.weekend is None:
        message = f"working days are counted in {country}, and its weekend is not confirmed"
        yield Diagnostic("CAL202", message, place, known.note or "")
    if closes and known.office_hours is None:
        message = f"a cut-off is the end of office hours in {country}, and they are not confirmed"
        yield Diagnostic("CAL202", message, place, "name them in its calendar, or write the cut-off as a time")
    ending = ends_soon(known, today, place) if today is not None and in_working_days else None
    if ending is not None:
        yield ending


def _counted(rules: Iterable[Timed]) -> Iterator[tuple[str, Duration]]:
    """Give every length of time that is counted in a calendar, with whose that is."""
    for rule in rules:
        match rule:
            case m.DeadlineRule():
                rungs = [one.length for one in rule.remind] + [one.after for one in rule.escalate]
                lengths = (length for length in (rule.within, rule.before, *rungs) if length is not None)
                yield from ((rule.calendar, length) for length in lengths)
            case m.Series():
                yield from ((rule.calendar, length) for length in (*rule.at, *(one.length for one in rule.remind)))
            case m.Automatic():
                yield rule.calendar, rule.after
            case m.Safeguard(within=Duration() as within):
                yield m.Calendar.DESTINATION, within


def _timed(sop: m.Sop) -> Iterator[Timed]:
    """Give every rule of a definition that counts time, wherever it stands."""
    waiting: list[Any] = [sop]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseModel):
            if isinstance(one, Timed):
                yield one
            waiting.extend(vars(one).values())
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, tuple):
            waiting.extend(one)
