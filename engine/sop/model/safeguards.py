"""Safeguards: rights that must hold on every path, and the shared ones that a procedure takes up."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from engine.forms.model import Bases, Bool, Definition, Name, OrOne, PartName, Title
from engine.sop.model.requirements import FactRequirement, Requirements
from engine.sop.model.steps import While
from engine.sop.model.terms import Length, Names, Values
from engine.sop.model.timing import Escalation, Origin


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
