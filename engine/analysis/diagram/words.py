"""What every format says of a procedure: titles in one language, whose step it is, where an action leads.

What a picture says itself ("both countries", "open everywhere") is in
`SAID`, in each language of the house.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from engine.sop import model as m
from engine.sop.outline import MAIN, Kind, Line, Outline, Spot
from engine.sop.requirements import words
from engine.values import Side, Text

SAID: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "destination": "Country of destination", "shared": "Both countries, and the way", "origin": "Country of origin",
        "alongside": "Alongside, for the whole case", "everywhere": "Open everywhere", "ends": "Ends", "other": "Other steps",
        "reopen": "Reopen", "resume": "back to where the case stood", "stay": "changes no step",
        "start": "begins here", "timed": "taken by the system when its time has come", "end": "end of the case or the line",
        "later": "goes on", "back": "goes back", "reopens": "reopens", "any": "in every open step",
        "pause": "pause: entered only from everywhere", "path": "the path, in its order",
        "harm": "here this right is broken: {}", "cases": "open cases that stand here",
        "by": "By", "while": "while: {}", "which": "Next?", "closed": "Case closed", "begin": "Begins",
        "what": "Steps of the procedure in the columns of their phases, in the lane of the country that must act.",
    },
    "fr": {
        "destination": "Pays de destination", "shared": "Les deux pays, et le trajet", "origin": "Pays d’origine",
        "alongside": "En parallèle, pour tout le dossier", "everywhere": "Possible partout", "ends": "Issues",
        "other": "Autres étapes", "reopen": "Rouvrir", "resume": "retour là où en était le dossier",
        "stay": "ne change pas d’étape", "start": "commence ici", "timed": "faite par le système à l’échéance",
        "end": "fin du dossier ou de la ligne", "later": "avance", "back": "revient en arrière", "reopens": "rouvre",
        "any": "à toute étape ouverte", "pause": "pause : on n’y entre que par « Possible partout »",
        "path": "le parcours, dans son ordre", "harm": "ici ce droit est violé : {}",
        "cases": "dossiers ouverts à cette étape", "by": "Par",
        "while": "pendant : {}", "which": "Suite ?", "closed": "Dossier clos", "begin": "Début",
        "what": "Les étapes de la procédure, en colonnes par phase, dans le couloir du pays qui doit agir.",
    },
}  # fmt: skip

REOPEN: Final = "reopen"
"""The name under which a path or a trace takes up a step's `reopens`."""


class Lane(StrEnum):
    """Where a step is drawn: with one country, or between them (both act, or a transit office does)."""

    DESTINATION = "destination"
    SHARED = "shared"
    ORIGIN = "origin"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn over a procedure: a path through it, and how many open cases stand at each step.

    Attributes:
        path: (step, action) in the order taken; for an action open everywhere the step at which the case stood.
        counts: step -> number of cases; never which.
        harm: the safeguard that is broken at the end of the path; empty where the path is no harm.
    """

    path: tuple[tuple[str, str], ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    harm: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One action (or `reopens`) as it is drawn: from a step to a step of its line; no target: `resume`."""

    source: str
    action: str
    said: str
    target: str | None
    timed: bool = False
    reopens: bool = False


class Words:
    """The words of one procedure in one language; `listed`: what a card lists below its title, where it stands for several."""

    def __init__(self, outline: Outline, language: str, listed: Mapping[str, tuple[Text, ...]] | None = None) -> None:
        self.outline, self.sop, self.language = outline, outline.sop, language
        self._listed = listed or {}
        self._said = SAID.get(language, SAID["en"])
        self._lanes = {spot.name: self._lane(spot) for spot in outline.spots}

    def own(self, key: str) -> str:
        """Return one of the picture's own words."""
        return self._said[key]

    def text(self, text: Text) -> str:
        """Return words in the language, on one line."""
        return " ".join(words(text, self.language).split("\n"))

    def step(self, name: str) -> str:
        return self.text(self.outline.by_name[name].step.title)

    @property
    def lists(self) -> bool:
        """Whether cards stand for several steps and list them."""
        return bool(self._listed)

    def rows(self, name: str) -> list[str]:
        """Return what a card lists below its title."""
        return [self.text(one) for one in self._listed.get(name, ())]

    def line(self, line: Line) -> str:
        strands = self.sop.alongside if line.kind is Kind.ALONGSIDE else self._strands(line)
        title = strands[line.name].title
        return self.text(title) if title else spaced(line.name)

    def _strands(self, line: Line) -> Mapping[str, m.Strand]:
        return {} if line.parent is None else self.outline.by_name[line.parent].step.strands

    def action(self, name: str, action: m.Action) -> str:
        return self.text(action.title) if action.title else spaced(name)

    def phase(self, name: str) -> str:
        """Return a phase's title, or its name as a heading: "on_hold" as "On hold"."""
        if name in self.sop.phases:
            return self.text(self.sop.phases[name])
        said = spaced(name)
        return said[:1].upper() + said[1:]

    def roles(self, names: Iterable[str]) -> str:
        known = self.sop.roles
        return ", ".join(self.text(known[name].title) if name in known else name for name in names)

    def lane(self, step: str) -> Lane:
        return self._lanes[step]

    def arrows(self, step: str) -> Iterator[Arrow]:
        """Yield the arrows that leave a step by its own actions, in the order written."""
        spot = self.outline.by_name[step]
        members = self.outline.lines[spot.line].steps
        for offer in spot.offers:
            to = offer.action.to
            target = step if to == m.STAY else to
            said = self.action(offer.name, offer.action)
            if to == m.RESUME:
                said = f"{said} ({self.own('resume')})"
            timed = offer.action.automatic is not None
            yield Arrow(step, offer.name, said, target if target in members else None, timed)
        if spot.step.reopens is not None and spot.step.reopens.to in members:
            yield Arrow(step, REOPEN, self.own("reopen"), spot.step.reopens.to, reopens=True)

    def everywhere(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield (name, what it is called, where it leads, when it is open) of each action open everywhere."""
        for name, action in self.sop.everywhere.items():
            leads = self.step(action.to) if action.to in self.outline.by_name else self.own("stay")
            yield name, self.action(name, action), leads, "" if self.lists else self._while(action.while_)

    def _while(self, scope: str | m.While) -> str:
        if isinstance(scope, str):
            return self.own("any")
        said = [", ".join(self.phase(phase) for phase in scope.phases)]
        said += [", ".join(self.step(name) if name in self.outline.by_name else name for name in names)
                 for names in (scope.steps, scope.at)]  # fmt: skip
        said += [f"{self._fact(name)}: {', '.join(values)}" for name, values in scope.fact.items()]
        return self.own("while").format("; ".join(one for one in said if one))

    def _fact(self, name: str) -> str:
        return self.text(self.sop.facts[name].title) if name in self.sop.facts else spaced(name)

    def _lane(self, spot: Spot) -> Lane:
        roles = set(spot.step.responsible)
        if spot.step.end is not None and not roles:
            roles = self.who_brings_about(spot)
        for key in self.outline.strands_of.get(spot.name, ()):
            for inner in self.outline.lines[key].steps:
                roles |= set(self.outline.by_name[inner].step.responsible)
        return self._lane_of(roles)

    def who_brings_about(self, end: Spot) -> set[str]:
        """An end has nobody responsible: it stands with those who can bring it about."""
        leading = [offer for name in self.outline.lines[end.line].steps for offer in self.outline.by_name[name].offers]
        if end.line == MAIN:
            leading += self.outline.everywhere
        return {role for offer in leading if offer.action.to == end.name for role in offer.action.by}

    def _lane_of(self, roles: Iterable[str]) -> Lane:
        declared = [self.sop.roles[name] for name in roles if name in self.sop.roles]
        sides: set[Side] = {role.side for role in declared if role.side is not Side.PERSON}
        if not sides:  # the person acts alone: where those stand who enter it
            helpers = {name for role in declared for name in role.acts_for}
            sides = {self.sop.roles[name].side for name in helpers if name in self.sop.roles}
        if sides == {Side.DESTINATION}:
            return Lane.DESTINATION
        return Lane.ORIGIN if sides == {Side.ORIGIN} else Lane.SHARED


def spaced(name: str) -> str:
    return name.replace("_", " ")
