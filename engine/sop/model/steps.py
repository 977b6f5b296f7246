"""Steps, their actions, and the strands that run side by side."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue

from engine.forms.model import Bases, Bool, Definition, Name, OrOne, PartName, Title
from engine.sop.model.requirements import Requirements
from engine.sop.model.terms import Names, Values
from engine.sop.model.timing import Automatic, DeadlineRule, Foresight, Series, Takes


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


for _model in (Step, Strand):
    _model.model_rebuild()
