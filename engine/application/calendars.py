"""The calendars' own use cases: checked, found by country, proposed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from engine.application.editing import replace_file
from engine.calendars.almanac import Almanac
from engine.calendars.load import ends_soon, load_calendar, place_of_end
from engine.calendars.model import CountryCalendar
from engine.calendars.proposal import proposed, written
from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.errors import NotAllowed, UnknownName, WrongUse

_COMMENT: Final = re.compile(r"(?:^|\s)#", re.MULTILINE)
_COUNTRY: Final = re.compile("[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class CheckedCalendar:
    """One file, checked: the calendar if it can be used, and all that was found."""

    path: Path
    known: CountryCalendar | None
    found: Sequence[Diagnostic]

    @property
    def is_sound(self) -> bool:
        return not any(one.severity is Severity.ERROR for one in self.found)


def check_calendars(path: Path, today: date) -> list[CheckedCalendar]:
    """Check one calendar, or all of a folder (those in its `calendars` too); raises UnknownName where there is none."""
    if not path.exists():
        raise UnknownName(f'There is no file or folder "{path}".')
    folder = path / "calendars" if (path / "calendars").is_dir() else path
    files = sorted(folder.glob("*.y*ml")) if path.is_dir() else [path]
    if not files:
        raise UnknownName(f'There is no calendar in "{path}".')
    return [_checked(file, today) for file in files]


def _checked(file: Path, today: date) -> CheckedCalendar:
    known, found = load_calendar(file)
    ending = None if known is None else ends_soon(known, today, place_of_end(file))
    return CheckedCalendar(file, known, [*found, *([ending] if ending is not None else [])])


def calendar_named(almanac: Almanac, country: str) -> CountryCalendar:
    """Return a country's calendar; raises UnknownName, or WrongUse where its file has faults."""
    if not _COUNTRY.fullmatch(country) or country not in almanac.countries():
        hint = did_you_mean(country, list(almanac.countries()), "countries")
        raise UnknownName(f'There is no calendar of "{country}".', [hint])
    return almanac.calendar_of(country).known


def propose_calendar(folder: Path, country: str, first: int, last: int, today: date, *, write: bool) -> str:
    """Return the text of a proposed calendar, and write it into `folder` if `write`.

    What the country's file says already is kept; only years that it does not know are added.

    Raises:
        UnknownName, WrongUse: as `engine.calendars.proposal.proposed`; or the file there can't be read or written.
        NotAllowed: it holds comments, which would be lost.
    """
    if not _COUNTRY.fullmatch(country):
        raise WrongUse(f'"{country}" is no country: one is two capital letters, such as FR')
    path = folder / f"{country.lower()}.yaml"
    known: CountryCalendar | None = None
    if path.exists():
        known, found = load_calendar(path)
        if known is None:
            raise WrongUse(f"{path} has faults ({len(found)}); mend them first: passerelle calendar check {path}")
    text = written(proposed(country, first, last, known, today))
    if not write:
        return text
    if path.exists() and known is not None and _comments(path.read_text(encoding="utf-8")) > _comments(written(known)):
        raise NotAllowed(
            f"{path} holds comments, which would be lost.", ["write them as `note: …`, or copy the years in"]
        )
    if path.exists():
        replace_file(path, text.encode())
        return text
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as why:
        raise WrongUse(f"{path} can't be written: {why.strerror}") from None
    return text


def _comments(text: str) -> int:
    return len(_COMMENT.findall(text))
