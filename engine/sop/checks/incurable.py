"""SOP305: an action asks for a record that fails or expires where nobody can renew it, or every way on can be shut for good.

What was set at launch, or counted, may shut one action for good: so a procedure branches. It may not shut all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.diagnostics import Diagnostic, Severity
from engine.sop import model as m
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.outline import Kind, Outline, Spot
from engine.sop.requirements import flattened


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    cures = _Cures(drawn)
    for spot in drawn.spots:
        if spot.step.end is not None or spot.line in drawn.broken or not drawn.stands(spot.name):
            continue
        ways = [offer for offer in spot.offers if offer.leaves]
        if spot.kind is not Kind.ALONGSIDE:
            main = spot.parent or spot.name
            ways += [offer for offer in drawn.everywhere if offer.leaves and main in drawn.covers[offer.name]]
        blocked = [
            (offer, n) for offer in ways for n, one in enumerate(offer.action.requires) if not cures.curable(spot, one)
        ]
        if ways and {id(offer) for offer, _ in blocked} == {id(offer) for offer in ways}:
            offer, number = blocked[0]
            message = f'"{offer.name}" can be blocked for good at step "{spot.name}", and so can every other way on'
            hint = "let what it asks for be recorded or set here, or give the step a way on that asks for less"
            yield Diagnostic("SOP305", message, file.marks.value((*offer.path, "requires", number)), hint)
            continue
        for offer in spot.offers:
            for number, one in enumerate(offer.action.requires):
                if _reads_records(one) and not cures.curable(spot, one):
                    message = f'"{offer.name}" asks for a record that can fail or expire, and nobody can renew it there'
                    hint = "let it be recorded here too, or let a way lead back to where it is"
                    yield Diagnostic("SOP305", message, file.marks.value((*offer.path, "requires", number)), hint)


def _reads_records(requirement: m.Requirement) -> bool:
    return any(
        isinstance(one, m.FormRequirement) or (isinstance(one, m.WaitedRequirement) and one.waited.from_ is not None)
        for one in flattened([requirement])
    )


@dataclass(slots=True)
class _Places:
    """Where something can be done, kept so that "within reach of this step?" costs the same in a procedure of any length."""

    circles: set[str] = field(default_factory=set)
    """Of the main line and of lines alongside; a strand counts as its step."""
    lines: set[str] = field(default_factory=set)
    """Lines alongside that can come to it."""
    before_the_end: bool = False
    """Whether a case that is not closed can stand there on the main line or in a strand."""

    def add(self, drawn: Outline, name: str) -> None:
        spot = drawn.by_name[name]
        self.circles.add(drawn.circle(spot.parent or name))
        if spot.kind is not Kind.ALONGSIDE:
            self.before_the_end |= spot.step.end is None
        elif name in drawn.reach(spot.line):
            self.lines.add(spot.line)

    def within_reach(self, drawn: Outline, spot: Spot) -> bool:
        """Whether one of them may stand beside this step, or can be gone to and come back from."""
        return (
            drawn.circle(spot.parent or spot.name) in self.circles
            or not self.lines <= {spot.line}
            or (spot.kind is Kind.ALONGSIDE and self.before_the_end)
        )


class _Cures:
    """What can be done about a requirement that fails, and where."""

    def __init__(self, drawn: Outline) -> None:
        self._drawn = drawn
        self._recorded: defaultdict[str, _Places] = defaultdict(_Places)
        self._set: defaultdict[str, _Places] = defaultdict(_Places)
        self._taken: defaultdict[str, _Places] = defaultdict(_Places)
        for name, spot in drawn.by_name.items():
            for record in spot.records:
                self._recorded[record.part].add(drawn, name)
            for offer in spot.offers:
                self._taken[offer.name].add(drawn, name)
                for fact in offer.action.sets:
                    self._set[fact].add(drawn, name)
        self._open_everywhere = frozenset(offer.name for offer in drawn.everywhere)
        self._set_everywhere = frozenset(fact for offer in drawn.everywhere for fact in offer.action.sets)

    def curable(self, spot: Spot, requirement: m.Requirement) -> bool:
        """Whether a requirement that fails at a step can come to hold by what can be done within reach."""
        match requirement:
            case m.FormRequirement():
                return all(self._recordable(spot, part) for part in (requirement.form, *_others(requirement)))
            case m.FactRequirement(fact=wanted):
                return all(self._settable(spot, name) for name in wanted)
            case m.AnyOfRequirement(any_of=some):
                return any(self.curable(spot, one) for one in some)
            case m.NoneOfRequirement(none_of=none):
                return all(self.curable(spot, one) for one in none)
            case m.TakenRequirement(taken=taken):
                return taken.since is not None or (taken.at_most is None and self._takeable(spot, taken.action))
            case m.AtRequirement(at=steps):
                return self._enterable(spot, steps)
            case m.WaitedRequirement(waited=waited) if waited.from_ is not None:
                return self._recordable(spot, waited.from_.form)
        return True

    def _recordable(self, spot: Spot, part: str) -> bool:
        wanted = self._drawn.whole(part)
        return not wanted or any(self._within_reach(self._recorded, one, spot) for one in wanted)

    def _settable(self, spot: Spot, fact: str) -> bool:
        known = fact in self._drawn.sop.facts and fact not in self._set_everywhere
        return not known or self._within_reach(self._set, fact, spot)

    def _takeable(self, spot: Spot, action: str) -> bool:
        known = action in self._taken and action not in self._open_everywhere
        return not known or self._within_reach(self._taken, action, spot)

    def _enterable(self, spot: Spot, steps: Iterable[str]) -> bool:
        places = _Places()
        known = [name for name in steps if name in self._drawn.by_name]
        for name in known:
            places.add(self._drawn, name)
        return not known or places.within_reach(self._drawn, spot)

    def _within_reach(self, index: dict[str, _Places], name: str, spot: Spot) -> bool:
        return name in index and index[name].within_reach(self._drawn, spot)


def _others(requirement: m.FormRequirement) -> Iterator[str]:
    same = requirement.same_as
    for field_name in same.values() if isinstance(same, dict) else [same] if same is not None else []:
        yield field_name.rpartition(".")[0]


CHECK = Check(
    code="SOP305",
    title="A requirement that can fail for good",
    reason="The person would be stuck: nobody could do anything any more.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: deciding, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
  deciding:
    title: {en: Decision, fr: Décision}
    responsible: [case_manager]
    actions:
      go: {to: closed, by: [case_manager], requires: [{form: consent.return, where: {decision: given}}]}
      stop: {to: closed, by: [case_manager]}
""",
    good="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: deciding, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
  deciding:
    title: {en: Decision, fr: Décision}
    responsible: [case_manager]
    forms: [consent]
    actions:
      go: {to: closed, by: [case_manager], requires: [{form: consent.return, where: {decision: given}}]}
""",
    run=_run,
)
