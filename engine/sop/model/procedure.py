"""A whole procedure: its countries, roles and facts, its steps, and the rights it promises."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from engine.forms.model import Bases, Definition, FieldType, Name, Title
from engine.sop.model.requirements import Requirements
from engine.sop.model.safeguards import AnySafeguard, SafeguardId
from engine.sop.model.steps import EverywhereAction, Step, Strand
from engine.sop.model.terms import Country, Names
from engine.values import Kind, Side

ShareWhen = Requirements | dict[Name, Requirements]


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
