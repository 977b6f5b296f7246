"""Time: until when something is due, what comes round, what the system does by itself, how long work takes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue

from engine.forms.model import Bases, Definition, Name, PartName, Title
from engine.sop.model.requirements import FieldOfForm, Requirements
from engine.sop.model.terms import LENGTH, CutOff, Length, Names
from engine.values import Strength, SuspensionReason, Unit

DIRECTIONS = ("before", "after")


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
        words = {"type": "string", "pattern": LENGTH[:-1] + " (before|after)$", "examples": ["3 working days before"]}
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
