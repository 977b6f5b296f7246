"""Requirements: the closed list of what can be asked of a case. What each of them means is `engine.sop.requirements`'."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from engine.forms.model import Bool, Definition, FieldName, Name, PartName
from engine.sop.model.terms import Age, Length, Names, Values


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


for _model in (AnyOfRequirement, NoneOfRequirement):
    _model.model_rebuild()
