"""SOP305: an action asks for a record that fails or expires where nobody can renew it, or every way on can be shut for good.

What was set at launch, or counted, may shut one action for good: so a procedure branches. It may not shut all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop import model as m
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.outline import Kind, Outline, Spot, closure, turned
from engine.sop.requirements import flattened


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for spot in drawn.spots:
        if spot.step.end is not None or spot.line in drawn.broken or not drawn.stands(spot.name):
            continue
        ways = [offer for offer in spot.offers if offer.leaves]
        if spot.kind is not Kind.ALONGSIDE:
            main = spot.parent or spot.name
            ways += [offer for offer in drawn.everywhere if offer.leaves and main in drawn.covers[offer.name]]
        region = _within_reach(drawn, spot)
        blocked = [
            (offer, n)
            for offer in ways
            for n, one in enumerate(offer.action.requires)
            if not _curable(drawn, region, one)
        ]
        if ways and {id(offer) for offer, _ in blocked} == {id(offer) for offer in ways}:
            offer, number = blocked[0]
            message = f'"{offer.name}" can be blocked for good at step "{spot.name}", and so can every other way on'
            hint = "let what it asks for be recorded or set here, or give the step a way on that asks for less"
            yield Diagnostic("SOP305", message, file.marks.value((*offer.path, "requires", number)), hint)
            continue
        for offer in spot.offers:
            for number, one in enumerate(offer.action.requires):
                if _reads_records(one) and not _curable(drawn, region, one):
                    message = f'"{offer.name}" asks for a record that can fail or expire, and nobody can renew it there'
                    hint = "let it be recorded here too, or let a way lead back to where it is"
                    yield Diagnostic("SOP305", message, file.marks.value((*offer.path, "requires", number)), hint)


def _reads_records(requirement: m.Requirement) -> bool:
    return any(
        isinstance(one, m.FormRequirement) or (isinstance(one, m.WaitedRequirement) and one.waited.from_ is not None)
        for one in flattened([requirement])
    )


def _within_reach(drawn: Outline, spot: Spot) -> frozenset[str]:
    """Return the steps where something may be mended: those beside this one, and those one can go to and come back from."""
    region = set(drawn.beside(spot.name))
    for name in (spot.name, spot.parent):
        if name is None:
            continue
        line = drawn.by_name[name].line
        back = closure([name], turned({one: drawn.next_steps[one] for one in drawn.lines[line].steps}))
        for other in closure([name], drawn.next_steps) & back:
            region.add(other)
            region |= {step for key in drawn.strands_of.get(other, ()) for step in drawn.lines[key].steps}
    return frozenset(region)


def _curable(drawn: Outline, region: frozenset[str], requirement: m.Requirement) -> bool:
    """Whether a requirement that fails can come to hold by what can be done within reach."""
    match requirement:
        case m.FormRequirement():
            parts = {requirement.form, *(other for other in _others(requirement))}
            return all(_recordable(drawn, region, part) for part in parts)
        case m.FactRequirement(fact=wanted):
            return all(_settable(drawn, region, name) for name in wanted)
        case m.AnyOfRequirement(any_of=some):
            return any(_curable(drawn, region, one) for one in some)
        case m.NoneOfRequirement(none_of=none):
            return all(_curable(drawn, region, one) for one in none)
        case m.TakenRequirement(taken=taken):
            return taken.since is not None or (taken.at_most is None and _taken(drawn, region, taken.action))
        case m.AtRequirement(at=steps):
            return not region.isdisjoint(steps) or drawn.by_name.keys().isdisjoint(steps)
        case m.WaitedRequirement(waited=waited) if waited.from_ is not None:
            return _recordable(drawn, region, waited.from_.form)
    return True


def _others(requirement: m.FormRequirement) -> Iterator[str]:
    same = requirement.same_as
    for field in same.values() if isinstance(same, dict) else [same] if same is not None else []:
        yield field.rpartition(".")[0]


def _recordable(drawn: Outline, region: frozenset[str], part: str) -> bool:
    wanted = frozenset(drawn.whole(part))
    return not wanted or any(one.part in wanted for name in region for one in drawn.by_name[name].records)


def _settable(drawn: Outline, region: frozenset[str], fact: str) -> bool:
    own = (offer for name in region for offer in drawn.by_name[name].offers)
    return fact not in drawn.sop.facts or any(fact in offer.action.sets for offer in (*own, *drawn.everywhere))


def _taken(drawn: Outline, region: frozenset[str], action: str) -> bool:
    offered = [offer.at for offer in (*drawn.offers, *drawn.everywhere) if offer.name == action]
    return not offered or any(at is None or at in region for at in offered)


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
