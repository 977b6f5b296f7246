"""A scenario file as frozen pydantic models: how a case begins, dated events, what is expected on the way.

A model says only what can be seen in one mapping; what a story says of its procedure is checked in
`engine.application.scenarios.names`. What each key means: docs/reference/scenarios.md.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from engine.forms.model import Bool, Definition, Name, PartName, Title
from engine.sop.model import Country, Names, SafeguardId
from engine.values import MessageKind

StoryName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,159}$")]


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        read = None
    if read is None or read.utcoffset() is None:
        raise ValueError("an instant has a date, a time and an offset: 2026-03-02T09:00:00+01:00")
    return read


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-02T09:00:00+01:00"]}),
]

ActorOrRole = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""A desk's id, or a role: whoever stands for it in the case."""

Said = str | tuple[str, ...] | dict[str, str] | None
"""What a record says in one field: a value, roles who signed, or the receiver of a keyed part."""


class Refused(StrEnum):
    """Why a move is refused; `true` stands for any of them."""

    REQUIREMENTS = "requirements"
    ROLE = "role"
    NOT_OFFERED = "not_offered"
    NOT_HERE = "not_here"
    NOT_A_PARTY = "not_a_party"
    CLOSED = "closed"
    AMBIGUOUS = "ambiguous"
    KEY = "key"
    TOO_EARLY = "too_early"
    CORRECTION = "correction"
    FORM_REFUSED = "form_refused"
    ANY = "true"


class FallsDue(StrEnum):
    """Who makes come round what falls due: the system at its instant, or only the story."""

    BY_ITSELF = "by_itself"
    AS_TOLD = "as_told"


class Lies(StrEnum):
    """Where the harm of a path lies: in its last event, or in how the case then stands."""

    IN_THE_LAST_EVENT = "in_the_last_event"
    WHERE_IT_ENDS = "where_it_ends"


class Launch(Definition):
    """How the case begins."""

    at: Instant | None = Field(None, description="When it begins; the events follow")
    as_: ActorOrRole | None = Field(None, alias="as", description="Who begins it: a desk, or a role")
    facts: dict[Name, str] = Field(default_factory=dict, description="What is known at launch: fact -> value")
    actors: dict[Name, ActorOrRole] = Field(
        default_factory=dict, description="Role -> desk, where more than one desk could stand for it"
    )


class ToldTo(Definition):
    """A message that somebody has been sent at some time in the case."""

    kind: MessageKind = Field(description="your_turn, for_information, reminder, escalation or digest")
    role: Name = Field(description="The role it was for")


class Expectation(Definition):
    """How the case stands, and who has heard what. `heard` and `withheld` speak of what came since the last `expect`."""

    steps: Names = Field((), description="Steps at which the case stands now; others are not denied")
    outcome: Name | None = Field(None, description="The outcome with which it is closed")
    told: tuple[ToldTo, ...] = Field((), description="Messages sent at some time in the case")
    silent: tuple[Country, ...] = Field((), description="Countries where nobody has been told anything yet")
    heard: dict[ActorOrRole, Names] | None = Field(
        None, description="Desk (or role) -> every message it got since the last `expect`; desks left out got none"
    )
    withheld: Names | None = Field(
        None, description="Every role from whom something was withheld since the last `expect`"
    )


class Event(Definition):
    """One dated event, or an `expect`."""

    at: Instant | None = Field(None, description="When it happens")
    as_: ActorOrRole | None = Field(None, alias="as", description="Who does it: a desk's id, or a role of the case")
    record: PartName | None = Field(None, description="A form part that is recorded; `with` holds what it says")
    act: Name | None = Field(None, description="An action that is taken")
    ack: Name | None = Field(None, description='A step that is acknowledged: "we have it"')
    assign: ActorOrRole | dict[Name, ActorOrRole] | None = Field(
        None, description="Role -> desk that stands for it from now on; beside `act`, the desk that the action names"
    )
    correct: Annotated[int, Field(ge=1)] | None = Field(None, description="The number of a history entry to set right")
    sweep: Bool | None = Field(None, description="true: what is due comes round now")
    fire: Name | None = Field(None, description="A timed action that the system takes")
    expect: Expectation | None = Field(None, description="How the case stands now, and who has heard what")
    with_: dict[Name, Said] | None = Field(
        None, alias="with", description="Of a record: its fields, and signed_on, signed_by, for, draft"
    )
    step: Name | None = Field(None, description="Of `act` and `fire`: at which step, where two open ones have the same")
    note: str = Field("", description="Of `act`: a note for the history")
    why: str | None = Field(None, description="Of `correct`: the reason")
    refused: Annotated[Refused, WithJsonSchema({"enum": [*Refused, True]})] | None = Field(
        None, description="The answer is no: for this reason, or `true` for any"
    )
    because: tuple[str, ...] = Field((), description="Words that must stand in the reasons of the refusal")

    KINDS: ClassVar = ("record", "act", "ack", "assign", "correct", "sweep", "fire", "expect")
    PARTNERS: ClassVar[dict[str, frozenset[str]]] = {
        "record": frozenset({"with_"}), "act": frozenset({"assign", "step", "note"}), "correct": frozenset({"why"}),
        "fire": frozenset({"step"}),
    }  # fmt: skip

    @property
    def kind(self) -> str:
        """Which kind of event this is; empty if it says none, or two."""
        given = [name for name in self.KINDS if getattr(self, name) is not None]
        if "act" in given and isinstance(self.assign, str):
            given.remove("assign")
        return given[0] if len(given) == 1 else ""

    @model_validator(mode="after")
    def _one_kind(self) -> Event:
        kind = self.kind
        if kind == "":
            raise ValueError("an event is one of: " + ", ".join(self.KINDS))
        own = {kind} if kind == "expect" else {kind, "at", "refused", "because", *self.PARTNERS.get(kind, ())}
        own |= set() if kind in ("expect", "sweep", "fire") else {"as_"}
        surplus = [f"`{type(self).model_fields[one].alias or one}`" for one in self.model_fields_set - own]
        if surplus:
            raise ValueError(f"an event of the kind `{kind}` has no {', '.join(sorted(surplus))}")
        needed = {
            "record": ("at", "as_", "with_"), "act": ("at", "as_"), "ack": ("at", "as_"), "assign": ("at",),
            "correct": ("at", "as_", "why"), "sweep": ("at",), "fire": ("at", "step"), "expect": (),
        }[kind]  # fmt: skip
        missing = [f"`{type(self).model_fields[one].alias or one}`" for one in needed if getattr(self, one) is None]
        if missing:
            raise ValueError(f"an event of the kind `{kind}` needs {', '.join(missing)}")
        if kind == "assign" and not isinstance(self.assign, dict):
            raise ValueError("`assign` names a role and its new desk: {case_manager: another-desk}")
        if self.because and self.refused is None:
            raise ValueError("`because` belongs to `refused`")
        return self


class Harm(Definition):
    """What makes a story one of a harm: it passes only where the harm cannot happen."""

    safeguard: SafeguardId = Field(description="The safeguard that the path broke")
    lies: Lies = Field(
        Lies.IN_THE_LAST_EVENT, description="in_the_last_event, or where_it_ends: then the checker is asked as well"
    )


class Scenario(Definition):
    """One story. It names its procedure and countries, or goes like another one up to an instant."""

    scenario: StoryName = Field(description="Its name: small letters, digits and dashes")
    title: Title = Field(description="What happens, per language")
    sop: str | None = Field(None, description="The id of the procedure it is played on")
    procedure: str | None = Field(
        None,
        description="Where that procedure's file is, seen from this one; else it is looked for among the definitions",
    )
    from_: Country | None = Field(None, alias="from", description="Where the person is now")
    to: Country | None = Field(None, description="Where the person returns to")
    actors: tuple[str, ...] = Field(
        (), description="Files of desks in the folder actors; without them each role has a desk, made up for the story"
    )
    launch: Launch | None = Field(None, description="How the case begins; a story that goes like another has none")
    like: StoryName | None = Field(None, description="Another story: this one goes like it, up to `until`")
    until: Instant | None = Field(
        None, description="Up to when it goes like the other one; from then on as its own events say"
    )
    falls_due: FallsDue = Field(
        FallsDue.BY_ITSELF,
        description="by_itself: reminders and timed actions come round; as_told: only by `sweep` and `fire`",
    )
    harm: Harm | None = Field(
        None, description="Set where the story is a path to harm: it passes if the path is barred"
    )
    events: tuple[Event, ...] = Field((), description="What happens, in order of time, and what is expected")

    @model_validator(mode="after")
    def _begins_somewhere(self) -> Scenario:
        if self.like is None:
            missing = [
                name
                for name, value in (("sop", self.sop), ("from", self.from_), ("to", self.to), ("launch", self.launch))
                if value is None
            ]
            if missing:
                raise ValueError("a story that is not `like` another one needs " + ", ".join(missing))
            if self.launch is not None and (self.launch.at is None or self.launch.as_ is None):
                raise ValueError("`launch` says when (`at`) and by whom (`as`)")
            if self.until is not None:
                raise ValueError("`until` belongs to `like`")
        else:
            if self.until is None:
                raise ValueError("`like` says up to when: `until`")
            surplus = [one for one in ("sop", "procedure", "from_", "to", "falls_due") if one in self.model_fields_set]
            if surplus:
                raise ValueError(
                    f"a story `like` another one has its {', '.join(one.strip('_') for one in surplus)} from it"
                )
        return self
