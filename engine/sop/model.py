"""The SOP language as frozen pydantic models: Sop, Step, Strand, Action, Requirement, DeadlineRule, Safeguard.

What each key means is the contract in docs/reference/sop-language.md; here stands its shape. A model says only what can be
seen in one mapping; what spans a file (unknown targets, unreachable steps) is in `engine.sop.checks`.

Every scalar reaches the models as text, so that `NO` stays Norway and `010` stays what was written; the model of each
key gives it its type, and values compared with a field or a fact take that field's type when the SOP is compiled.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from engine.forms.model import Bases, Bool, Definition, FieldName, FieldType, Name, OrOne, PartName, Title
from engine.values import Duration, Kind, Side, Strength, SuspensionReason, Unit

DIRECTIONS = ("before", "after")


_LENGTH = r"^\d{1,4} (hour|day|working day|week|month)s?$"


class _DurationText:
    """Reads "3 working days" into a Duration and writes it back."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, Duration) else Duration.parse(str(value)),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": _LENGTH,
            "examples": ["3 working days", "24 hours", "1 month"],
        }


Length = Annotated[Duration, _DurationText]


def _age_in_days(value: Duration) -> Duration:
    if value.unit not in (Unit.DAY, Unit.WEEK):
        raise ValueError("an age is counted in days or weeks")
    return value


Age = Annotated[Length, BeforeValidator(lambda value: _age_in_days(Duration.parse(str(value))))]

_CUT_OFF = r"^(([01]\d|2[0-3]):[0-5]\d|closing)$"


def _cut_off(value: Any) -> Any:
    if not isinstance(value, str) or not re.match(_CUT_OFF, value):
        raise ValueError('a cut-off is a local time such as 16:00, or "closing"')
    return value


CutOff = Annotated[
    str,
    BeforeValidator(_cut_off),
    WithJsonSchema({"type": "string", "pattern": _CUT_OFF, "examples": ["16:00", "closing"]}),
]

Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]


Values = Annotated[tuple[str, ...], Field(min_length=1), OrOne()]
"""One value or a list of values, as written."""

Names = Annotated[tuple[Name, ...], OrOne()]


# ── Requirements ─────────────────────────────────────────────────────────────────────────────────────────────────


class ForReceiver(Definition):
    """The key of a keyed part: who receives, and for what."""

    role: Name = Field(description="The receiving role")
    purpose: Name = Field(description="One of the part's purposes")


class FormRequirement(Definition):
    """The newest record of a form part counts, and says this."""

    form: PartName = Field(description="A form, or a part of it")
    where: dict[Name, Values] = Field(
        default_factory=dict, description="Field: the value, or the list of values, it must have"
    )
    for_: ForReceiver | None = Field(None, alias="for", description="For a keyed part: receiving role and purpose")
    not_older_than: Age | None = Field(
        None, description="Most days since the signing date; exactly so many still count"
    )
    signed_by: Names = Field((), description="Roles who must all have signed")
    same_as: FieldName | dict[Name, FieldName] | None = Field(
        None, description="Another form's field of the same name that says the same (or: field -> other form's field)"
    )
    not_in_list: dict[Name, Name] = Field(default_factory=dict, description="Field: name of a list it must not be in")
    in_list: dict[Name, Name] = Field(default_factory=dict, description="Field: name of a list it must be in")
    or_absent: Bool = Field(False, description="Under none_of: also holds when there is no record at all")


class FactRequirement(Definition):
    """Facts of the case have one of these values."""

    fact: dict[Name, Values] = Field(min_length=1, description="Fact: the value, or the list of values, it must have")


class StrandsRequirement(Definition):
    """Every strand of this step has ended, or the named ones with the named outcomes."""

    strands: Literal["done"] | dict[Name, Names] = Field(description="done, or strand: list of end outcomes")


class AtRequirement(Definition):
    """The case stands at one of these steps (of the main line, a strand, or alongside)."""

    at: Names = Field(min_length=1, description="Steps, of the main line, a strand or alongside")


class StepDoneRequirement(Definition):
    """A step has been left by one of its own actions (after the last `since`)."""

    step_done: Name = Field(description="A step")
    since: Name | None = Field(None, description="A step or an action")


class FieldOfForm(Definition):
    """A date field of a form from which time is counted."""

    form: PartName = Field(description="A form, or a part of it")
    field: Name = Field(description="A field of type date")


class Waited(Definition):
    """How long since a step was last entered, or since a date on a form."""

    since: Name | None = Field(None, description="A step")
    at_least: Length = Field(description="How long at least")
    from_: FieldOfForm | None = Field(
        None, alias="from", description="A date on a form; while it is not known, the wait is not over"
    )

    @model_validator(mode="after")
    def _one_origin(self) -> Waited:
        if (self.since is None) == (self.from_ is None):
            raise ValueError("a wait counts from `since` (a step) or `from` (a date on a form), one of them")
        return self


class WaitedRequirement(Definition):
    """So much time has passed."""

    waited: Waited = Field(description="How long must have passed since a step was entered, or since a date on a form")


class Taken(Definition):
    """How often an action was taken (after the last `since`)."""

    action: Name = Field(description="An action")
    at_most: int | None = Field(None, ge=0, le=100, description="So often, or less")
    at_least: int | None = Field(None, ge=1, le=100, description="So often, or more")
    since: Name | None = Field(None, description="A step or an action")

    @model_validator(mode="after")
    def _one_bound(self) -> Taken:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("name at_most or at_least, one of them")
        return self


class TakenRequirement(Definition):
    """An action was taken so often."""

    taken: Taken = Field(description="How often an action must, or may, have been taken")


class Acknowledged(Definition):
    """Who has said of which step that they have it."""

    by: Name = Field(description="The role that says: we have it")
    of: Name = Field(description="The step it has taken up")


class AcknowledgedRequirement(Definition):
    """A step has been acknowledged by the role that takes it up."""

    acknowledged: Acknowledged = Field(description="Somebody has said: we have it")


class SeriesRequirement(Definition):
    """Each occurrence of the series of the action's step is recorded or has lapsed."""

    series: Literal["done"] = Field(description="done")


class AnyOfRequirement(Definition):
    """At least one of several requirements holds."""

    any_of: tuple[Requirement, ...] = Field(min_length=1, description="At least one of these holds")


class NoneOfRequirement(Definition):
    """None of several requirements holds."""

    none_of: tuple[Requirement, ...] = Field(min_length=1, description="None of these holds")


REQUIREMENT_KINDS = (
    "form", "fact", "strands", "at", "step_done", "waited", "taken", "acknowledged", "series", "any_of", "none_of",
)  # fmt: skip


def _kind_of_requirement(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", {})
    return next((kind for kind in REQUIREMENT_KINDS if kind in keys), None)


Requirement = Annotated[
    Annotated[FormRequirement, Tag("form")]
    | Annotated[FactRequirement, Tag("fact")]
    | Annotated[StrandsRequirement, Tag("strands")]
    | Annotated[AtRequirement, Tag("at")]
    | Annotated[StepDoneRequirement, Tag("step_done")]
    | Annotated[WaitedRequirement, Tag("waited")]
    | Annotated[TakenRequirement, Tag("taken")]
    | Annotated[AcknowledgedRequirement, Tag("acknowledged")]
    | Annotated[SeriesRequirement, Tag("series")]
    | Annotated[AnyOfRequirement, Tag("any_of")]
    | Annotated[NoneOfRequirement, Tag("none_of")],
    Discriminator(
        _kind_of_requirement,
        custom_error_type="requirement_kind",
        custom_error_message="a requirement is one of: " + ", ".join(REQUIREMENT_KINDS),
    ),
]

Requirements = tuple[Requirement, ...]


# ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Calendar(StrEnum):
    """Whose working days count: one country's, days that are working days in both, or in either."""

    DESTINATION = "destination"
    ORIGIN = "origin"
    BOTH = "both"
    EITHER = "either"


class Late(StrEnum):
    """What becomes of a rung whose moment was missed, because no sweep ran."""

    SEND = "send"
    SKIP = "skip"
    MERGE = "merge"


_LATE = (
    "If its moment was missed: send it all the same, skip it, or merge it with what comes after it on the same ladder"
)


class Rung(Definition):
    """A reminder: so long before or after a deadline (or at it)."""

    length: Length = Field(description="How long")
    direction: Literal["before", "after"] = Field("before", description="before or after the deadline")
    late: Late = Field(Late.MERGE, description=_LATE)

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        """Read "3 working days before"."""
        if not isinstance(value, str):
            return value
        length, _, direction = value.strip().rpartition(" ")
        if direction not in DIRECTIONS:
            raise ValueError('a reminder is a duration and "before" or "after", e.g. "3 working days before"')
        return {"length": length, "direction": direction}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        words = {"type": "string", "pattern": _LENGTH[:-1] + " (before|after)$", "examples": ["3 working days before"]}
        return {"anyOf": [words, handler.resolve_ref_schema(handler(core))]}


class Escalation(Definition):
    """Who hears of it when a deadline has passed by so much."""

    after: Length = Field(description="How long after the deadline")
    to: Names = Field(min_length=1, description="Roles")
    late: Late = Field(Late.MERGE, description=_LATE)


class Origin(Definition):
    """From when time is counted, if not from entering the step: a date on a form, or the entry of another step."""

    form: PartName | None = Field(None, description="A form, or a part of it, that holds the date")
    field: Name | None = Field(None, description="Its field of type date")
    enter: Name | None = Field(None, description="A step: time counts from when it was last entered")

    @model_validator(mode="after")
    def _one_origin(self) -> Origin:
        if (self.enter is not None) == (self.form is not None) or (self.form is None) != (self.field is None):
            raise ValueError("name `form` and `field`, or `enter`")
        return self


class DeadlineRule(Definition):
    """When a step is due, when to remind, and who hears of it when it is late."""

    within: Length | None = Field(None, description="So long after its origin")
    before: Length | None = Field(None, description="So long before a date that `from` names")
    calendar: Calendar = Field(Calendar.DESTINATION, description="destination, origin, both or either")
    from_: Origin | None = Field(None, alias="from", description="From when; entering the step unless named")
    until: Literal["acknowledged"] | None = Field(
        None,
        description="acknowledged: it is met once a responsible role has said: we have it; leaving the step, unless named",
    )
    cut_off: CutOff | None = Field(
        None, description="What begins after this local time counts as of the next working day: 16:00, or closing"
    )
    remind: tuple[Rung, ...] = Field((), description="Reminders, each so long before or after")
    escalate: tuple[Escalation, ...] = Field((), description="Who hears of it when it is late, and how late")
    suspend_for: tuple[SuspensionReason, ...] | None = Field(
        None, description="The reasons for which its clock may stand still; any, unless it rests on law: then none"
    )
    basis: Bases = Field((), description="What the time limit rests on")

    @model_validator(mode="after")
    def _one_length(self) -> DeadlineRule:
        if (self.within is None) == (self.before is None):
            raise ValueError("a deadline has `within` or `before`, one of them")
        if self.before is not None and (self.from_ is None or self.from_.form is None):
            raise ValueError("`before` counts backwards from a date on a form: name it in `from`")
        if self.cut_off is not None and (self.within is None or self.within.unit is not Unit.WORKING_DAY):
            raise ValueError("`cut_off` belongs to a deadline `within` so many working days")
        if self.suspend_for and self.within is None:
            raise ValueError(
                "`suspend_for` belongs to a deadline with `within`: one that counts backwards has no clock"
            )
        return self

    def may_be_suspended_for(self, reason: SuspensionReason) -> bool:
        """Whether the clock may stand still for this reason; one that rests on law only where the rule names the reason."""
        if self.within is None:
            return False
        if self.suspend_for is not None:
            return reason in self.suspend_for
        return all(one.strength is not Strength.LAW for one in self.basis)


class Foresight(Definition):
    """What is needed on a planned day and will be too old by then is announced in time."""

    on: FieldOfForm = Field(description="The planned day: a date on a form")
    for_: Name = Field(alias="for", description="The action meant for that day: what it asks for is looked at")
    before: Length = Field(description="So long before that day it is announced, if it is known by then")


class Series(Definition):
    """What comes round while a step lasts: visits, offers."""

    at: tuple[Length, ...] = Field(min_length=1, description="When each occurrence is due, counted from `from`")
    from_: Origin | None = Field(
        None, alias="from", description="From when they are counted; entering the step unless named"
    )
    calendar: Calendar = Field(
        Calendar.ORIGIN, description="Whose working days count: destination, origin, both or either"
    )
    forms: tuple[PartName, ...] = Field((), description="What is recorded at each occurrence")
    requires: Requirements = Field((), description="An occurrence due while these fail lapses")
    remind: tuple[Rung, ...] = Field((), description="When to remind of each occurrence")
    title: Title | None = Field(None, description="Its name, per language")
    basis: Bases = Field((), description="What it rests on")


class Automatic(Definition):
    """Makes an action a timed one: the system takes it so long after its step was entered, or after a date on a form."""

    after: Length = Field(description="How long after")
    from_: FieldOfForm | None = Field(
        None, alias="from", description="A date on a form from which it is counted; entering the step unless named"
    )
    calendar: Calendar = Field(
        Calendar.DESTINATION, description="Whose working days count: destination, origin, both or either"
    )


class Takes(Definition):
    """How long the work of a step takes, as a rehearsal draws it: at the least, mostly, at the most."""

    low: Length = Field(description="The least")
    typical: Length = Field(description="What it mostly is")
    high: Length = Field(description="The most")
    basis: Bases = Field((), description="What these lengths rest on")

    @model_validator(mode="after")
    def _in_order(self) -> Takes:
        lengths = (self.low, self.typical, self.high)
        if len({one.unit is Unit.WORKING_DAY for one in lengths}) > 1:
            raise ValueError("low, typical and high are all counted in working days, or none of them is")
        if not self.low.count_in_days <= self.typical.count_in_days <= self.high.count_in_days:
            raise ValueError("low is at most typical, and typical at most high")
        return self


class Worded(Definition):
    """A mapping that may be written as one word, which then is its key `WORD`."""

    WORD: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        return {cls.WORD: value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        mapping = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [mapping["properties"][cls.WORD], mapping]}


# ── Steps, actions, strands ──────────────────────────────────────────────────────────────────────────────────────


class WithoutConsent(Definition):
    """Why a role of side destination may be told without consent: danger, or the protection of a child."""

    basis: Bases = Field(min_length=1, description="The rule that allows it")


class Tell(Worded):
    """A role told for information; `as: stop` sends one fixed sentence without reasons."""

    WORD: ClassVar = "role"

    role: Name = Field(description="The role that is told")
    as_: Literal["stop"] | None = Field(
        None,
        alias="as",
        description="stop: one fixed sentence without reasons, to those only who were told of the case",
    )
    without_consent: WithoutConsent | None = Field(
        None,
        description="Allows it without consent: danger, or the protection of a child; roles of side destination only",
    )


By = Annotated[tuple[Name, ...], Field(min_length=1), OrOne()]
"""Roles; `any` is any party of the case, `system` takes timed actions, `environment` is what the world does."""

ANY, SYSTEM, ENVIRONMENT = "any", "system", "environment"
STAY, RESUME = "stay", "resume"


class Action(Definition):
    """A transition: where it leads, who may take it, what must hold, who is told."""

    to: Name = Field(description="A step; in `everywhere` also `stay`, from a pause step also `resume`")
    by: By = Field(description="Roles who may take it; any, system or environment")
    title: Title | None = Field(None, description="What a person reads on the button, per language")
    note: Title | None = Field(
        None, description="What the person at the desk should know before taking it, per language"
    )
    requires: Requirements = Field((), description="All must hold")
    tell: tuple[Tell, ...] = Field((), description="Roles told for information")
    sets: dict[Name, str | None] = Field(default_factory=dict, description="Fact: its new value")
    voids: tuple[PartName, ...] = Field((), description="Forms whose records so far count no more")
    reassign: Name | None = Field(None, description="Role for which a new actor must be named")
    automatic: Automatic | None = Field(None, description="Taken by the system after so long")
    chance: int | None = Field(
        None, ge=0, le=100, description="In a rehearsal, in how many of a hundred cases its step is left by it"
    )
    noted_by: Names = Field((), description="For environment actions: who enters what really happened")
    irreversible: Bool = Field(False, description="A departure, say: no correction can undo it")
    basis: Bases = Field((), description="What it rests on")

    @model_validator(mode="after")
    def _time_takes_no_chance(self) -> Action:
        if self.automatic is not None and self.chance is not None:
            raise ValueError("a timed action has no `chance`: it is taken when its time has come")
        return self


class While(Definition):
    """Which configurations are covered: all keys must hold, a list means any of it."""

    phases: Names = Field((), description="Phases; any of them")
    steps: Names = Field((), description="Steps of the main line or of strands; any of them")
    at: Names = Field((), description="Steps, of the main line, a strand or alongside; any of them")
    fact: dict[Name, Values] = Field(
        default_factory=dict, description="Fact: the value, or the list of values, it must have"
    )

    @model_validator(mode="after")
    def _says_something(self) -> While:
        if not (self.phases or self.steps or self.at or self.fact):
            raise ValueError("name phases, steps, at or fact")
        return self


class EverywhereAction(Action):
    """An action open from every configuration that `while` covers."""

    while_: Literal["any"] | While = Field(
        "any", alias="while", description="From where it is open: any, or phases, steps, facts"
    )
    code: str | None = Field(None, description="Its number in the procedure it is modelled on")

    @model_validator(mode="after")
    def _has_no_chance(self) -> EverywhereAction:
        if self.chance is not None:
            raise ValueError("`chance` is for the actions of a step; how often this one happens, a rehearsal is told")
        return self


class FormEntry(Worded):
    """A form that can be recorded in a step; `by` narrows who may, `requires` what must hold first."""

    WORD: ClassVar = "form"

    form: PartName = Field(description="A form, or a part of it")
    by: Names = Field((), description="Roles who may record it; those responsible for the step unless named")
    requires: Requirements = Field((), description="What must hold before it can be recorded")


class Reopens(Definition):
    """How a closed case comes back."""

    to: Name = Field(description="The step at which the case goes on")
    by: By = Field(description="Roles who may reopen it")
    requires: Requirements = Field((), description="All must hold")


class Step(Definition):
    """A state of the procedure."""

    title: Title = Field(description="The step's name, per language")
    note: Title | None = Field(None, description="What the person at the desk should know, per language")
    code: str | None = Field(None, description="The step's number in the procedure it is modelled on")
    phase: Name | None = Field(None, description="Groups steps; strand steps inherit it")
    responsible: Names = Field((), description="Roles who must act here")
    guidance: tuple[str, ...] = Field((), description="Ids of the document library")
    basis: Bases = Field((), description="What it rests on")
    forms: tuple[FormEntry, ...] = Field((), description="What can be recorded here")
    due: DeadlineRule | None = Field(
        None, description="Until when its work is to be done, and who hears of it if it is not"
    )
    foresee: Foresight | None = Field(
        None, description="While the case stands here, what will be too old on a planned day is announced in time"
    )
    takes: Takes | None = Field(None, description="How long its work takes in a rehearsal: low, typical, high")
    series: dict[Name, Series] = Field(
        default_factory=dict, description="What comes round while the step lasts: visits, offers, by name"
    )
    actions: dict[Name, Action] = Field(default_factory=dict, description="The ways on from here, by name")
    strands: dict[Name, Strand] = Field(default_factory=dict, description="Lines that run side by side in this step")
    end: Name | None = Field(None, description="The outcome, for a step that ends its line")
    reopens: Reopens | None = Field(None, description="For an end: how a closed case comes back")
    pause: Bool = Field(False, description="A step for paused cases; entered only by an everywhere action")

    @model_validator(mode="after")
    def _an_end_is_an_end(self) -> Step:
        if self.end is not None and (
            self.actions or self.strands or self.series or self.due or self.takes or self.foresee
        ):
            raise ValueError("a step with `end` has no actions, strands, series, due, takes or foresee")
        if self.end is None and self.reopens is not None:
            raise ValueError("`reopens` belongs to a step with `end`")
        return self

    @model_validator(mode="after")
    def _chances_fit(self) -> Step:
        if sum(action.chance or 0 for action in self.actions.values()) > 100:
            raise ValueError("the chances of a step's actions add up to at most 100")
        return self


class Strand(Definition):
    """A parallel line of steps, inside one step or alongside the whole case."""

    start: Name = Field(description="The step at which the line begins")
    title: Title | None = Field(None, description="The line's name, per language")
    code: str | None = Field(None, description="Its number in the procedure it is modelled on")
    after_end: Bool = Field(False, description="Alongside only: goes on after the case is closed")
    steps: dict[Name, Step] = Field(min_length=1, description="Its steps; one of them has an `end`")


class Role(Definition):
    """Who acts: on which side of the border, and what kind of body."""

    side: Side = Field(description="destination, origin, transit or person")
    title: Title = Field(description="The role's name, per language")
    kind: Kind | None = Field(None, description="What sort of body it is; `share_when` may speak of it")
    from_step: Name | None = Field(None, description="The step from which an actor must be known")
    acts_for: Names = Field((), description="For a role of side person: the roles who enter its acts")
    note: Title | None = Field(None, description="Which bodies do this in a country, per language")
    basis: Bases = Field((), description="Where this was found")

    @model_validator(mode="after")
    def _a_person_is_spoken_for(self) -> Role:
        if (self.side is Side.PERSON) != bool(self.acts_for):
            raise ValueError("a role of side person, and no other, names in `acts_for` who enters its acts")
        return self


class Fact(Definition):
    """An attribute of a case, set at launch or by an action's `sets`."""

    type: FieldType = Field(description="boolean, choice, date, number or country")
    title: Title = Field(description="The fact in words, per language")
    choices: dict[Name, Title] | None = Field(None, description="For a choice: id and words of each value")
    implied_by: dict[Name, str] = Field(
        default_factory=dict, description="Fact: value from which this one follows (true)"
    )
    default: str | None = Field(None, description="Its value when nothing was said at launch")

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Fact:
        if self.type in (FieldType.TEXT, FieldType.PERSON):
            raise ValueError("a fact is a boolean, choice, date, number or country")
        if (self.type is FieldType.CHOICE) != (self.choices is not None):
            raise ValueError("`choices` belongs to type choice, and a choice needs it")
        if self.implied_by and self.type is not FieldType.BOOLEAN:
            raise ValueError("`implied_by` belongs to a boolean: what follows is that it is true")
        return self


class NotConfirmed(Definition):
    """What nobody could confirm so far: said where people decide on it, so that it is asked and not guessed."""

    note: Title = Field(description="What is not confirmed, and what to do meanwhile, per language")
    at: Names = Field((), description="The steps at which it matters; everywhere unless named")
    country: Country | None = Field(None, description="Of which country; a layer's own unless named")


# ── Safeguards ───────────────────────────────────────────────────────────────────────────────────────────────────


class EventPattern(Definition):
    """What a safeguard speaks of, when it is more than an action's name."""

    enter: Name | None = Field(None, description="A step is entered")
    leave: Name | None = Field(None, description="A step is left")
    record: PartName | None = Field(None, description="A form, or a part of it, is recorded")
    where: dict[Name, Values] = Field(
        default_factory=dict, description="With `record`: field, and the value or values it says"
    )
    acknowledge: Name | None = Field(None, description="A step is acknowledged")
    tell: Name | None = Field(None, description="A role, side or kind")
    show: PartName | None = Field(None, description="A form, or a part of it, is shown")
    to: Name | None = Field(None, description="With `show`: the role or kind that would see it")
    KEYS: ClassVar = ("enter", "leave", "record", "acknowledge", "tell", "show")

    @model_validator(mode="after")
    def _one_event(self) -> EventPattern:
        if sum(getattr(self, key) is not None for key in self.KEYS) != 1:
            raise ValueError("an event is one of: " + ", ".join(self.KEYS))
        if self.where and self.record is None:
            raise ValueError("`where` belongs to `record`")
        if (self.show is None) != (self.to is None):
            raise ValueError("`show` names in `to` who would see it")
        return self


Event = EventPattern | Name


Events = Annotated[tuple[Event, ...], Field(min_length=1), OrOne((str, dict, EventPattern))]


class Ignores(Definition):
    """Actions that none of these forms and facts may decide."""

    actions: Names = Field(min_length=1, description="Actions that must not look at them")
    forms: tuple[PartName, ...] = Field((), description="Forms they must not look at")
    facts: Names = Field((), description="Facts they must not look at")


SafeguardId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,79}$")]


class Safeguard(Definition):
    """A right that must hold on every path. Kinds: before, after, in, never, from, always, ignores."""

    id: SafeguardId = Field(description="Its name in reports; a variant overrides it by this")
    title: Title | None = Field(None, description="The right in words, per language")
    basis: Bases = Field((), description="What it rests on: a procedure that breaks law or soft law is not published")
    if_: FactRequirement | None = Field(None, alias="if", description="Narrows it to cases with these facts")
    before: Events | None = Field(None, description="What may not happen unless …: an action, or an event")
    require: Requirements = Field((), description="With `before`: what must hold at that moment")
    happened: Events | None = Field(None, description="With `before`: what must have happened earlier")
    since: Events | None = Field(None, description="With `happened`: after the last of these")
    after: Events | None = Field(None, description="After what something must stay possible")
    eventually: Events | None = Field(
        None, description="With `after`: one of these must stay within reach until it happens"
    )
    bounded: Bool = Field(False, description="With `after`: no going round in circles without it, either")
    within: Length | None = Field(None, description="With `after`: arms a deadline of the case, so long from then")
    from_: Literal["any"] | Origin | None = Field(
        None, alias="from", description="any, with `reachable`; with `within`, from when the time counts"
    )
    escalate: tuple[Escalation, ...] = Field((), description="With `within`: who hears of it when it is late")
    in_: Literal["any"] | While | None = Field(
        None, alias="in", description="Where something must be open: any, or phases, steps, facts"
    )
    available: Name | None = Field(
        None, description="With `in`: the action that must be open there, with nothing in its way"
    )
    never: Events | None = Field(None, description="What must not happen: an action, or an event")
    while_: Literal["any"] | While | None = Field(
        None, alias="while", description="With `never`: where it must not; any unless named"
    )
    reachable: Names = Field((), description="With `from: any`: from everywhere one of these steps can be reached")
    always: Requirements = Field((), description="What must hold in every configuration")
    ignores: Ignores | None = Field(None, description="What these actions must not depend on")

    PARTNERS: ClassVar[dict[str, tuple[str, ...]]] = {
        "before": ("require", "happened", "since"),
        "after": ("eventually", "bounded", "within", "from_", "escalate"),
        "in": ("available",),
        "never": ("while_",),
        "from": ("reachable",),
        "always": (),
        "ignores": (),
    }
    """The keys that belong to each kind, beside those of all. The first must be there (of `before` one of two)."""

    @model_validator(mode="after")
    def _one_kind(self) -> Safeguard:
        if self.kind == "":
            raise ValueError("a safeguard is one of: " + ", ".join(self.PARTNERS))
        partners = self.PARTNERS[self.kind]
        needed = partners[: 2 if self.kind == "before" else 1]
        if needed and not any(getattr(self, name) for name in needed):
            raise ValueError(f"`{self.kind}` needs " + " or ".join(f"`{self._written(name)}`" for name in needed))
        own = {"id", "title", "basis", "if_", self.kind, f"{self.kind}_", *partners}
        surplus = [
            f"`{self._written(name)}`" for name in type(self).model_fields if name in self.model_fields_set - own
        ]
        if surplus:
            raise ValueError(f"a safeguard of the kind `{self.kind}` has no {', '.join(surplus)}")
        if self.since and not self.happened:
            raise ValueError("`since` belongs to `happened`")
        if self.within is None and self.kind == "after" and (self.escalate or self.from_ is not None):
            raise ValueError("`from` and `escalate` belong to `within`")
        if self.from_ == "any" and self.kind != "from":
            raise ValueError("`from: any` belongs to `reachable`; a deadline counts from a date on a form or an entry")
        return self

    @classmethod
    def _written(cls, name: str) -> str:
        return cls.model_fields[name].alias or name

    @property
    def kind(self) -> str:
        """Which of the seven kinds this is; empty if none or two of them are given."""
        given = [
            name
            for name, value in (
                ("before", self.before), ("after", self.after), ("in", self.in_), ("never", self.never),
                ("always", self.always), ("ignores", self.ignores),
            )
            if value
        ]  # fmt: skip
        if not given and self.from_ == "any":
            return "from"
        return given[0] if len(given) == 1 else ""


class SafeguardUse(Definition):
    """Takes up a shared safeguard and binds its placeholders."""

    use: SafeguardId = Field(description="The file in safeguards/, without .yaml")
    where: dict[Name, Any] = Field(
        default_factory=dict, description="Placeholder: what it stands for here; a name, a list or a mapping"
    )
    only: tuple[SafeguardId, ...] = Field(
        (), min_length=1, description="Which of its safeguards are meant; all of them unless named"
    )
    as_: SafeguardId | None = Field(
        None, alias="as", description="Added to their ids with a dash, where a procedure takes them up more than once"
    )


def _kind_of_safeguard(value: Any) -> str:
    return (
        "SafeguardUse"
        if isinstance(value, SafeguardUse) or (isinstance(value, dict) and "use" in value)
        else "Safeguard"
    )


AnySafeguard = Annotated[
    Annotated[Safeguard, Tag("Safeguard")] | Annotated[SafeguardUse, Tag("SafeguardUse")],
    Discriminator(_kind_of_safeguard),
]


# ── The whole ────────────────────────────────────────────────────────────────────────────────────────────────────

ShareWhen = Requirements | dict[Name, Requirements]


class Sop(Definition):
    """One standard operating procedure."""

    sop: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")] = Field(description="The procedure's id")
    version: int = Field(1, ge=1, description="The author's own number; publishing counts by itself")
    title: Title = Field(description="The procedure's name, per language")
    note: Title | None = Field(None, description="What should be known before it is used, per language")
    basis: Bases = Field((), description="What it rests on")
    destination: tuple[Country, ...] = Field(min_length=1, description="Where the person is now")
    origin: tuple[Country, ...] = Field(min_length=1, description="Where the person returns to")
    roles: dict[Name, Role] = Field(min_length=1, description="Who acts, on which side of the border")
    phases: dict[Name, Title] = Field(
        default_factory=dict, description="Phase: its name in words, per language; a picture's heading"
    )
    facts: dict[Name, Fact] = Field(default_factory=dict, description="What is known of a case besides its forms")
    lists: dict[Name, tuple[str, ...]] = Field(
        default_factory=dict, description="Values that requirements compare with"
    )
    not_confirmed: dict[Name, NotConfirmed] = Field(
        default_factory=dict, description="What could not be confirmed of a country's rules, shown to those who act"
    )
    share_when: ShareWhen = Field(description="What must hold before anything is told across the border")
    start: Name = Field(description="The step at which a case begins")
    steps: dict[Name, Step] = Field(min_length=1, description="The main line, from the start to the ends")
    alongside: dict[Name, Strand] = Field(default_factory=dict, description="Lines that run beside the whole case")
    everywhere: dict[Name, EverywhereAction] = Field(
        default_factory=dict, description="Actions open wherever `while` covers"
    )
    bindings: dict[Name, Any] = Field(
        default_factory=dict, description="Placeholder: what it stands for in every shared safeguard taken up here"
    )
    not_applicable: dict[SafeguardId, str] = Field(
        default_factory=dict, description="Shared safeguard, or one of those in it, not taken up here: the reason"
    )
    safeguards: tuple[AnySafeguard, ...] = Field((), description="Rights that must hold on every path")

    def goes(self, destination: str, origin: str) -> bool:
        """Tell whether a return from one country to the other can run on it."""
        return destination in self.destination and origin in self.origin

    def asked_before_telling(self, role: str) -> Requirements | None:
        """Return what `share_when` asks for a role: by its name, else its kind, else its side; None: nothing allows it."""
        if not isinstance(self.share_when, dict):
            return self.share_when
        known = self.roles[role]
        for name in (role, known.kind, known.side):
            if name is not None and name in self.share_when:
                return self.share_when[name]
        return () if known.side is Side.PERSON else None


for _model in (AnyOfRequirement, NoneOfRequirement, Step, Strand):
    _model.model_rebuild()
