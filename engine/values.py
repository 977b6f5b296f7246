"""The words all rooms share: sides, kinds, languages, sensitivity, durations and references.

Nothing here knows a procedure, a case or a country's rules. Terms: docs/glossary.md.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeAlias

Text: TypeAlias = dict[str, str]
"""One text in several languages: language tag -> words, e.g. {"en": "Departure", "fr": "Départ"}."""

Value: TypeAlias = str | bool | int | float
"""What a field or a fact can say. Dates are ISO 8601 text, countries ISO 3166-1 alpha-2."""

LANGUAGES: Final = ("en", "fr")
"""Languages every shipped definition and message must have; a further language is one folder more."""


class Side(StrEnum):
    """Where a role stands. `destination` is where the person is now, `origin` where the person returns to."""

    DESTINATION = "destination"
    ORIGIN = "origin"
    TRANSIT = "transit"
    PERSON = "person"


class Kind(StrEnum):
    """What sort of body a role is; `share_when` may speak of it."""

    NGO = "ngo"
    AUTHORITY = "authority"
    CONSULATE = "consulate"
    POLICE = "police"
    HEALTH = "health"
    IOM = "iom"
    GUARDIAN = "guardian"


OFFICIAL_KINDS: Final = frozenset({Kind.AUTHORITY, Kind.CONSULATE, Kind.POLICE, Kind.GUARDIAN})
"""Kinds that hear nothing unless `share_when` allows it, on either side of the border. A guardian is one: the office ends."""


class Strength(StrEnum):
    """How firmly a rule stands: in law, in soft law, in practice, or as an assumption of ours."""

    LAW = "law"
    SOFT_LAW = "soft_law"
    PRACTICE = "practice"
    ASSUMPTION = "assumption"


class Evidence(StrEnum):
    """How a statement about a right came to be known to us, whatever its strength."""

    FOUND = "found"
    """Read in a copy of the source."""
    KNOWN = "known"
    """Well-known legal or handbook text that was not read again; to be verified by a lawyer."""
    COMMON_PRACTICE = "common_practice"
    """What is done in the field; no source was found."""
    ASSUMPTION = "assumption"
    """Ours, to be tested."""


class MessageKind(StrEnum):
    YOUR_TURN = "your_turn"
    FOR_INFORMATION = "for_information"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    DIGEST = "digest"


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WITHHELD = "withheld"


class Level(StrEnum):
    """How much a message to a desk may say (contract: "What a message says")."""

    SILENT = "silent"
    DISCREET = "discreet"
    FULL = "full"


class SuspensionReason(StrEnum):
    """Why the clock of a deadline stands still: the closed list."""

    OTHER_COUNTRY = "other_country"
    HOSPITAL = "hospital"
    AUTHORITY = "authority"
    DOCUMENT = "document"
    TRAVEL = "travel"
    PERSON = "person"

    @property
    def words(self) -> str:
        """Return what it says to people."""
        return _REASONS[self]


_REASONS: Final = {
    SuspensionReason.OTHER_COUNTRY: "waiting for the other country",
    SuspensionReason.HOSPITAL: "the person is in hospital",
    SuspensionReason.AUTHORITY: "waiting for a decision of an authority or a court",
    SuspensionReason.DOCUMENT: "waiting for a document",
    SuspensionReason.TRAVEL: "travel is not possible",
    SuspensionReason.PERSON: "the person has asked for time",
}


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WORKING_DAY = "working day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as a designer writes it: a whole number and a unit.

    Hours are elapsed time; days, weeks and months are calendar time in the rule's time zone; working days are counted
    in the rule's calendar.

    >>> Duration.parse("3 working days")
    Duration(count=3, unit=<Unit.WORKING_DAY: 'working day'>)
    >>> str(Duration.parse("1 month"))
    '1 month'
    """

    count: int
    unit: Unit

    _FORM = re.compile(r"(\d{1,4}) (hour|day|working day|week|month)s?")

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `text`; raises ValueError, naming the accepted forms, when it is none of them."""
        found = cls._FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError("a duration is a whole number and hours, days, working days, weeks or months")
        return cls(int(found[1]), Unit(found[2]))

    @property
    def count_in_days(self) -> float:
        """How many days it is for a rough comparison: an hour is 1/24, a month 30; working days count as such."""
        return self.count * _DAYS[self.unit]

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


_DAYS: Final = {Unit.HOUR: 1 / 24, Unit.DAY: 1, Unit.WORKING_DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30}


_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_AS_TYPED: Final = str.maketrans("OIL", "011", "-")
_REFERENCE: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{8}[0-9A-HJKMNP-TV-Z]")


def new_reference() -> str:
    """Make a case reference: eight random characters and a check symbol, e.g. `7K3Q-9FX4-T`.

    It says nothing about the person, the country or the order of cases.
    """
    body = "".join(secrets.choice(_CROCKFORD) for _ in range(8))
    return f"{body[:4]}-{body[4:]}-{_check_symbol(body)}"


def read_reference(text: str) -> str:
    """Return the canonical form of a reference as typed by a person; raises ValueError if its check symbol is wrong.

    Small letters, missing dashes and the look-alikes O, I and L are understood.
    """
    plain = "".join(text.upper().split()).translate(_AS_TYPED)
    if not _REFERENCE.fullmatch(plain) or _check_symbol(plain[:8]) != plain[8]:
        raise ValueError(f'"{text}" is not a case reference: one looks like 7K3Q-9FX4-T and carries a check symbol')
    return f"{plain[:4]}-{plain[4:8]}-{plain[8]}"


def _times_x(value: int) -> int:
    shifted = value << 1
    return shifted ^ 0b100101 if shifted & 32 else shifted


def _weighted(value: int, position: int) -> int:
    """Multiply in GF(32) by the (position + 1)-th power of the primitive element x."""
    for _ in range(position + 1):
        value = _times_x(value)
    return value


_WEIGHTED: Final = tuple({c: _weighted(n, position) for n, c in enumerate(_CROCKFORD)} for position in range(8))


def _check_symbol(body: str) -> str:
    """Check symbol over GF(32): finds every single wrong character and every swap of two different neighbours.

    The weights are the successive powers of a primitive element, so that any two differ.
    """
    total = 0
    for weighted, character in zip(_WEIGHTED, body, strict=True):
        total ^= weighted[character]
    return _CROCKFORD[total]


def rfc3339(instant: datetime) -> str:
    """Write an aware instant as RFC 3339 in UTC with microseconds only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant.tzinfo else _naive(instant)


def _naive(instant: datetime) -> str:
    raise ValueError(f"an instant without time zone: {instant!r}")
