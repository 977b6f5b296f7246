"""A calendar proposed from what machines know: the library `holidays`, the IANA table of zones, the weekends of CLDR.

A proposal is frozen in a file, with its years and its source, and from then on the file counts and not the library. What a
person has written into a file stays as it is: only years that it does not know yet are added. Nothing is filled in from
memory: a weekend on which the sources disagree is left out, and the calendar says that it is not confirmed.

For designers: docs/howto/keep-the-calendars.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from holidays import country_holidays

from engine.calendars.model import CountryCalendar, HalfDay, Holiday, Sources, Status, Weekday, Years
from engine.errors import UnknownName, WrongUse

ESTIMATED: Final = re.compile(r"[, ]*\(?\bestimated\b\)?")
"""The word with which the library marks a date that is calculated and not announced, in its English names."""

_HALF_DAY: Final = "half_day"
_PLAIN: Final = re.compile(r"[A-Za-zÀ-ÿ][\wÀ-ÿ '’().;/-]*")
_DAYS: Final = tuple(Weekday)
_DOUBTS: Final = {
    "UA": "under martial law there are no public holidays (Law 2136-20, in force since 15 March 2022); "
    "the library reads it so for every year from 2023: look again when martial law ends",
}
"""What the library says of a country in its own text, and makes its future dates uncertain."""


def proposed(country: str, first: int, last: int, known: CountryCalendar | None, today: date) -> CountryCalendar:
    """Propose the calendar of a country for the years `first` to `last`.

    Args:
        known: what its file says already; its own years and everything else in it are kept.
        today: goes into the sources.
    Raises:
        UnknownName: it is no country, or the library does not know it.
        WrongUse: the years are reversed, leave a gap after those that are known, or the library does not know them.
    """
    if last < first:
        raise WrongUse(f"the years {first}-{last} end before they begin")
    base = known or _first_of(country)
    years = base.years
    wanted = [year for year in range(first, last + 1) if years is None or not years.first <= year <= years.last]
    if years is not None and (first > years.last + 1 or last < years.first - 1):
        raise WrongUse(f"the years {first}-{last} would leave a gap: {country} is known for {years.first}-{years.last}")
    holidays, half_days, worked = _found(country, wanted)
    source = f"library holidays {version('holidays')}, proposed on {today.isoformat()}"
    return base.model_copy(
        update={
            "years": Years(
                first=min(first, years.first if years else first), last=max(last, years.last if years else last)
            ),
            "holidays": _in_order(base.holidays, holidays),
            "half_days": _in_order(base.half_days, half_days),
            "worked_days": _in_order(base.worked_days, worked),
            "sources": base.sources.model_copy(update={"holidays": source}) if wanted else base.sources,
            "status": base.status if known is not None and known.years is not None else _status(base),
            "note": base.note or _DOUBTS.get(country),
        }
    )


def _status(base: CountryCalendar) -> Status:
    is_known = base.weekend is not None and base.sources.weekend is not None
    return Status.CONFIRMED if is_known and base.calendar not in _DOUBTS else Status.NOT_CONFIRMED


def _in_order(*parts: Mapping[date, Any]) -> dict[date, Any]:
    merged = {day: value for part in parts for day, value in part.items()}
    return dict(sorted(merged.items()))


# ── What machines know ───────────────────────────────────────────────────────────────────────────────────────────


def _first_of(country: str) -> CountryCalendar:
    """Return what is known of a country without a file: its zones, and its weekend where the two sources agree."""
    zones = _zones(country)
    if not zones:
        raise UnknownName(f'there is no country "{country}" with a time zone', ["a country is two letters: FR, AL"])
    weekend, doubt = _weekend(country)
    both = f"CLDR as packaged in Babel {version('babel')}, and the library holidays {version('holidays')}"
    return CountryCalendar(
        calendar=country,
        status=Status.NOT_CONFIRMED,
        time_zones=zones,
        weekend=weekend,
        sources=Sources(
            time_zones=f"IANA time zone database as packaged in tzdata {version('tzdata')}",
            weekend=both if weekend else None,
        ),
        note=None if weekend else f"the weekend is not confirmed: {doubt}",
    )


def _zones(country: str) -> tuple[str, ...]:
    lines = files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return tuple(row[2] for row in rows if row[0] == country)


def _weekend(country: str) -> tuple[tuple[Weekday, ...] | None, str]:
    """Return the weekend on which both sources agree; else None, and why it is not confirmed."""
    try:
        locale = Locale.parse(f"und_{country}")
        of_library = set(country_holidays(country).weekend)
    except (UnknownLocaleError, NotImplementedError):
        return None, "CLDR or the library holidays does not know the country"
    first, last = locale.weekend_start, locale.weekend_end
    of_cldr = {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    if of_cldr != of_library:
        return None, "CLDR and the library holidays do not agree on it"
    return tuple(_DAYS[number] for number in sorted(of_cldr)), ""


def _found(country: str, years: Iterable[int]) -> tuple[dict[date, Holiday], dict[date, HalfDay], dict[date, str]]:
    """Ask the library for the holidays, half days and worked days of the weekend of these years."""
    wanted = list(years)
    try:
        known = country_holidays(country)
    except NotImplementedError:
        raise UnknownName(f"the library holidays does not know {country}", ["write its holidays by hand"]) from None
    for year in wanted:
        if not known.start_year <= year <= known.end_year:
            raise WrongUse(f"the library knows {country} from {known.start_year} to {known.end_year}, not {year}")
    english = "en_US" if "en_US" in known.supported_languages else None
    public = country_holidays(country, years=wanted, language=english) if wanted else {}
    named = {
        day: Holiday(name=_name(name), estimated=ESTIMATED.search(name) is not None) for day, name in public.items()
    }
    free = set(known.weekend)
    worked = {
        day: "a working day in place of another"
        for day in getattr(public, "weekend_workdays", ())
        if day.year in wanted and day.weekday() in free and day not in named
    }
    half: dict[date, HalfDay] = {}
    if wanted and _HALF_DAY in known.supported_categories:
        for day, name in country_holidays(country, years=wanted, language=english, categories=(_HALF_DAY,)).items():
            if day not in named and day not in worked and day.weekday() not in free:
                half[day] = HalfDay(name=_name(name))
    return named, half, worked


def _name(name: str) -> str:
    return ESTIMATED.sub("", name).strip()


# ── As a file ────────────────────────────────────────────────────────────────────────────────────────────────────


def written(known: CountryCalendar) -> str:
    """Return the text of a calendar's file, laid out as `passerelle sop format` does."""
    name = Locale("en").territories.get(known.calendar, known.calendar)
    return "\n".join(
        [
            f"# {name}: what is free, and when a day begins and ends.",
            "# A holiday that is announced late, or moved, is an edit here: docs/howto/keep-the-calendars.md.",
            *_lines(known),
            "",
        ]
    )


def _lines(known: CountryCalendar) -> Iterator[str]:
    yield f"calendar: {known.calendar}"
    yield f"status: {known.status}"
    yield f"time_zones: [{', '.join(known.time_zones)}]"
    if known.weekend is not None:
        yield f"weekend: [{', '.join(known.weekend)}]"
    if known.office_hours is not None:
        hours = known.office_hours
        yield f"office_hours: {{opens: {_clock(hours.opens)}, closes: {_clock(hours.closes)}}}"
    if known.note is not None:
        yield f"note: {_text(known.note)}"
    sources = {part: text for part, text in known.sources if text is not None}
    if sources:
        yield "sources:"
        yield from (f"  {part}: {_text(text)}" for part, text in sources.items())
    if known.years is not None:
        yield f"years: {{first: {known.years.first}, last: {known.years.last}}}"
    yield from _section("holidays", {day: _holiday(one) for day, one in known.holidays.items()})
    yield from _section("half_days", {day: _half_day(one) for day, one in known.half_days.items()})
    yield from _section("worked_days", {day: _text(words) for day, words in known.worked_days.items()})


def _section(name: str, days: Mapping[date, str]) -> Iterator[str]:
    if days:
        yield f"{name}:"
    yield from (f"  {day.isoformat()}: {said}" for day, said in days.items())


def _holiday(one: Holiday) -> str:
    if not one.estimated and one.note is None:
        return _text(one.name)
    return _flow({"name": one.name, "estimated": "true" if one.estimated else None, "note": one.note})


def _half_day(one: HalfDay) -> str:
    if one.closes is None and one.note is None:
        return _text(one.name)
    return _flow({"name": one.name, "closes": None if one.closes is None else _clock(one.closes), "note": one.note})


def _flow(said: Mapping[str, str | None]) -> str:
    return "{" + ", ".join(f"{key}: {_text(value)}" for key, value in said.items() if value is not None) + "}"


def _clock(value: time) -> str:
    return value.strftime("%H:%M")


def _text(value: str) -> str:
    """Write a text, quoted where YAML could read it otherwise."""
    if (_PLAIN.fullmatch(value) and value == value.strip()) or re.fullmatch(r"\d\d:\d\d", value):
        return value
    return json.dumps(value, ensure_ascii=False)
