"""A case: where it stands, what it remembers, who its parties are; and what is known about it.

Everything is frozen; `engine.cases.decide` answers with a new case. What is remembered is bounded by the procedure, never
by the length of the history: the last entry of each step, the last so many takings of an action that a requirement counts,
when the clocks of a step stood still while the case stands there.
The structs are msgspec's, because a case is read and written with every action and must cost microseconds (docs/decisions).

Terms: docs/glossary.md, "configuration", "record", "fact", "party".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from engine.values import Value

if TYPE_CHECKING:
    from engine.calendars.business import Calendars


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """When something happened: the number of the history entry, and the instant (UTC)."""

    seq: int
    at: datetime


class Paused(msgspec.Struct, frozen=True):
    """The configuration a paused case left, and since when."""

    main: str
    strands: dict[str, str]
    since: datetime


class Occurrence(msgspec.Struct, frozen=True):
    """One round of a series: `state` is open, recorded or lapsed."""

    due_at: datetime
    state: str = "open"


PAUSE: Final = "pause"
"""Why the clocks of a step stood still when the whole case was paused; any other reason is a `SuspensionReason`."""


class Halt(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of time in which clocks of a step stood still; `until` None: they still do.

    A pause of the case holds all clocks of the steps it left, a suspension the deadline of one step. `seq` is the number of
    the history entry with which it began.
    """

    seq: int
    since: datetime
    until: datetime | None
    reason: str


def suspension(halts: Iterable[Halt]) -> Halt | None:
    """Return the suspension that has not ended, if the clock stands still."""
    return next((one for one in halts if one.until is None), None)


class Case(msgspec.Struct, frozen=True):
    """One referral.

    `strands` and `alongside` name the step each strand stands at; `offered` the actions whose people know they are allowed
    ("step.action"); `withheld` what could not be told yet (role -> step whose turn it is); `due` when steps are due, `wake` when
    time alone may next open something; `armed` the safeguards whose deadline runs, `armed_at` since when; `halts` when the clocks
    of a step stood still since it was entered; `muted` roles whom nobody contacts (empty: nobody of the case).
    """

    ref: str
    sop: str
    version: str
    destination: str
    origin: str
    launched_at: datetime
    main: str
    seq: int = 0
    strands: dict[str, str] = {}
    alongside: dict[str, str] = {}
    paused: Paused | None = None
    parties: dict[str, str] = {}
    entered: dict[str, Moment] = {}
    done: dict[str, Moment] = {}
    taken: dict[str, tuple[int, ...]] = {}
    acknowledged: dict[str, str] = {}
    series: dict[str, tuple[Occurrence, ...]] = {}
    told: frozenset[str] = frozenset()
    offered: frozenset[str] = frozenset()
    withheld: dict[str, str] = {}
    outcome: str | None = None
    closed_at: datetime | None = None
    due: dict[str, datetime] = {}
    wake: datetime | None = None
    armed: frozenset[str] = frozenset()
    halts: dict[str, tuple[Halt, ...]] = {}
    armed_at: dict[str, datetime] = {}
    muted: frozenset[str] = frozenset()

    def steps(self) -> tuple[str, ...]:
        """Every step of the configuration: the main one, then the strands', then those alongside."""
        return (self.main, *self.strands.values(), *self.alongside.values())

    def is_acknowledged(self, step: str) -> bool:
        """Whether anybody responsible for a step has said that they have it."""
        return any(slot.startswith(f"{step} ") for slot in self.acknowledged)

    def roles_of(self, actor: str) -> frozenset[str]:
        """Return the roles this actor has in the case; empty for somebody who is no party."""
        return frozenset(role for role, party in self.parties.items() if party == actor)


class RecordView(msgspec.Struct, frozen=True):
    """The newest record of a form part, cut down to the fields the procedure reads.

    `signed_on` is an ISO 8601 date; `actor` is whom a keyed part names (its receiver at the time).
    """

    seq: int
    signed_on: str
    signed_by: tuple[str, ...] = ()
    fields: dict[str, Value] = {}
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known: the records in force, the case's facts, and both countries' calendars.

    Attributes:
        records: "form.part", or "form.part>role:purpose" for a keyed part -> the record that counts.
        voided: form part -> ISO date of its last voiding; a record signed before it doesn't count.
        attributes: fact -> value.
    """

    calendars: Calendars
    records: dict[str, RecordView] = field(default_factory=dict)
    voided: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)


def record_key(part: str, role: str | None = None, purpose: str | None = None) -> str:
    """Name the slot in which a record counts: the part, with receiver and purpose where it is keyed."""
    return part if role is None else f"{part}>{role}:{purpose}"


# ── Moves (shared/sop-language.md, "Exact meaning", 2) ────────────────────────────────────────────────────────────


class Launch(msgspec.Struct, frozen=True, tag="launch"):
    """A case begins: `parties` role -> actor, `facts` as said at launch."""

    actor: str
    parties: dict[str, str]
    facts: dict[str, Value] = {}


class Take(msgspec.Struct, frozen=True, tag="take"):
    """An actor takes an action (`reopen` too); `step` tells apart two open steps that have one of that name."""

    action: str
    actor: str
    step: str | None = None
    assign: str | None = None


class Fire(msgspec.Struct, frozen=True, tag="fire"):
    """The system takes a timed action whose instant has come."""

    action: str
    step: str


class Enter(msgspec.Struct, frozen=True, tag="record"):
    """A form part is recorded. `fields` holds only what the procedure reads; the whole record is stored beside."""

    part: str
    actor: str
    signed_on: date
    signed_by: tuple[str, ...] = ()
    fields: dict[str, Value] = {}
    role: str | None = None
    purpose: str | None = None
    draft: bool = False


class Acknowledge(msgspec.Struct, frozen=True, tag="acknowledge"):
    """ "We have it": an actor takes up a step."""

    actor: str
    step: str | None = None


class Assign(msgspec.Struct, frozen=True, tag="assign"):
    """Another actor stands for a role; `actor` is empty where a coordinator does it who is no party."""

    role: str
    to: str
    actor: str


class Mute(msgspec.Struct, frozen=True, tag="mute"):
    """Nobody contacts this role any more, or nobody at all (`role` empty), until it is said otherwise (`off`).

    `actor` is empty where a coordinator does it who is no party.
    """

    role: str
    actor: str
    off: bool = False


class Suspend(msgspec.Struct, frozen=True, tag="suspend"):
    """The clock of a step's deadline is stopped, for a reason of the closed list (`SuspensionReason`)."""

    step: str
    reason: str
    actor: str


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """The clock of a step's deadline goes on; what was left of it is left still."""

    step: str
    actor: str


class Recount(msgspec.Struct, frozen=True, tag="recount"):
    """A calendar has changed: every running clock is counted anew."""

    countries: tuple[str, ...]


class Wake(msgspec.Struct, frozen=True, tag="wake"):
    """Time has passed: what a date made allowed is told, what is due in a series comes round.

    `told` names roles that an escalation or a reminder told of the case for the first time; `withheld` those from whom a reminder
    was withheld, and of which step.
    """

    told: tuple[str, ...] = ()
    withheld: dict[str, str] = {}


Move = Launch | Take | Fire | Enter | Acknowledge | Assign | Mute | Suspend | Resume | Recount | Wake
