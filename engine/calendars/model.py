"""The calendar of one country as a designer edits it: sop_definitions/calendars/fr.yaml.

Frozen pydantic models; every scalar of a file is text, so dates, times and the word `null` are read here. What a file says
that can't be is found in `engine.calendars.load`. Terms: docs/glossary.md, "calendar", "holiday", "half day".
"""

from __future__ import annotations

import re
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from engine.clock import zone
from engine.errors import WrongUse

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Status(StrEnum):
    """How far a calendar can be relied upon.

    `confirmed`: the weekend and the holidays each rest on a source that the file names. It does not say that an office of
    the country has read them. `not confirmed`: something of it has no source, and every date counted on it says so.
    """

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"

    @property
    def number(self) -> int:
        """Return 0 for Monday to 6 for Sunday, as `date.weekday` does."""
        return tuple(Weekday).index(self)


def _day(value: object) -> object:
    """Take a day as ISO 8601 writes it, and nothing that only looks like one."""
    if isinstance(value, str):
        if not _DAY.fullmatch(value):
            raise ValueError("a day is written 2026-12-24: year, month, day")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"there is no day {value}") from None
    return value


def _clock_time(value: object) -> object:
    if isinstance(value, str):
        if not _TIME.fullmatch(value):
            raise ValueError("a time of day is written 09:00, from 00:00 to 23:59")
        return time.fromisoformat(value)
    return value


def _yes_or_no(value: object) -> object:
    """Accept YAML 1.2's two words only."""
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("must be true or false")
        return value == "true"
    return value


def _known_zone(name: str) -> str:
    try:
        zone(name)
    except WrongUse as why:
        raise ValueError(why.message) from None
    return name


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"})]
ClockTime = Annotated[
    time, BeforeValidator(_clock_time), WithJsonSchema({"type": "string", "pattern": f"^{_TIME.pattern}$"})
]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Year = Annotated[int, Field(ge=1900, le=2999)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Holiday(_Part):
    """A public holiday; `estimated` where its date is calculated (from the moon) and not yet announced."""

    name: Words = Field(description="what the day is called")
    estimated: YesNo = Field(False, description="true while the date is calculated and not announced")
    note: Words | None = Field(None, description="what should be known about it, such as where it was announced")

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        """Read `2026-07-14: National Day`."""
        return {"name": value} if isinstance(value, str) else value


class HalfDay(_Part):
    """A working day on which offices close early: it counts as a whole one, and ends the day's office hours."""

    name: Words = Field(description="what the day is called")
    closes: ClockTime | None = Field(None, description="when offices close that day; left out while not confirmed")
    note: Words | None = Field(None, description="what should be known about it")

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class OfficeHours(_Part):
    """When offices are open on a working day, in local time."""

    opens: ClockTime = Field(description="from when on, such as 09:00")
    closes: ClockTime = Field(description="until when, such as 17:00")


class Years(_Part):
    """The years whose holidays are known, both included."""

    first: Year = Field(description="the first year whose holidays are known")
    last: Year = Field(description="the last year whose holidays are known; nothing is counted beyond it")


class Sources(_Part):
    """Where each part was read. A part without a source is not confirmed."""

    time_zones: Words | None = Field(None, description="where the time zones were read")
    weekend: Words | None = Field(None, description="where the weekend was read")
    holidays: Words | None = Field(None, description="where the holidays were read, and at which version")
    office_hours: Words | None = Field(None, description="where the office hours were read")


class CountryCalendar(_Part):
    """The calendar of one country."""

    calendar: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] = Field(
        description="the country, in two capital letters of ISO 3166-1: FR, AL"
    )
    status: Status = Field(description="confirmed or not confirmed")
    time_zones: tuple[ZoneName, ...] = Field(
        min_length=1, description="IANA names; deadlines are read in the first, that of the capital"
    )
    weekend: tuple[Weekday, ...] | None = Field(
        None, description="the free days of the week: [sat, sun]; left out while not confirmed"
    )
    office_hours: OfficeHours | None = Field(None, description="left out while not confirmed")
    note: Words | None = Field(None, description="what should be known about this calendar")
    sources: Sources = Field(Sources(), description="where each part was read")
    years: Years | None = Field(None, description="the years whose holidays are known; left out if none are known")
    holidays: dict[Day, Holiday] = Field({}, description="public holidays: a day and its name")
    half_days: dict[Day, HalfDay] = Field({}, description="working days on which offices close early")
    worked_days: dict[Day, Words] = Field({}, description="days of the weekend that were made working days")

    @property
    def zone_name(self) -> str:
        """Return the zone in which the country's deadlines are read: its capital's."""
        return self.time_zones[0]

    @property
    def is_confirmed(self) -> bool:
        return self.status is Status.CONFIRMED
