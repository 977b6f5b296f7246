"""Why a move may not be: every requirement that does not hold, in a sentence, and who can meet it.

Terms: docs/glossary.md, "refusal", "requirement". Pure, like `engine.cases.decide`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.cases.case import Case
from engine.cases.view import CaseView
from engine.sop import model as m
from engine.sop.compile import CompiledAction, CompiledSop
from engine.sop.requirements import Guard, Sentences, flattened


@dataclass(frozen=True, slots=True)
class Unmet:
    """One requirement that does not hold: in one sentence, and the roles who can meet it (none: only time can)."""

    requirement: m.Requirement | None
    text: str
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer is no. `code` is stable; `unmet` names every reason."""

    code: str
    unmet: tuple[Unmet, ...]


def unmet_of(sop: CompiledSop, case: Case, ready: Iterable[Guard], view: CaseView) -> tuple[Unmet, ...]:
    """Return what of these requirements does not hold."""
    failing = [guard.requirement for guard in ready if not guard.holds(view)]
    if not failing:
        return ()
    sentences = Sentences(sop.scope, "en")
    return tuple(Unmet(one, sentences.of(one), who_can_meet(sop, case, one)) for one in failing)


def who_can_meet(sop: CompiledSop, case: Case, requirement: m.Requirement) -> tuple[str, ...]:
    """Return the roles who can bring a requirement about, now or at a later step; empty where only time can."""
    roles: set[str] = set()
    for one in flattened([requirement]):
        match one:
            case m.FormRequirement():
                here = [entry for step in case.steps() if step for entry in sop.entries_of(step, one.form)]
                anywhere = here or [entry for step in sop.steps for entry in sop.entries_of(step, one.form)]
                roles.update(role for entry in anywhere for role in entry.by)
            case m.AcknowledgedRequirement(acknowledged=asked):
                roles.add(asked.by)
            case m.StrandsRequirement(strands=named):
                for strand, name in case.strands.items():
                    if not sop.steps[name].is_end and (named == "done" or strand in named):
                        roles.update(sop.steps[name].model.responsible)
            case m.StepDoneRequirement(step_done=step):
                roles.update(sop.steps[step].model.responsible)
            case m.AtRequirement(at=steps):
                roles.update(role for step in steps for role in sop.steps[step].model.responsible)
            case m.FactRequirement(fact=wanted):
                for action in sop.every_action():
                    if not wanted.keys().isdisjoint(name for name, _ in action.sets):
                        roles.update(action.by)
            case m.TakenRequirement(taken=taken) if taken.at_least is not None:
                for action in sop.every_action():
                    if action.name == taken.action:
                        roles.update(action.by)
            case m.SeriesRequirement():
                roles.update(role for name in case.steps() if name for role in sop.steps[name].model.responsible)
    return tuple(sorted(roles - {m.SYSTEM, m.ENVIRONMENT}))


def wrong_role(sop: CompiledSop, action: CompiledAction) -> Unmet:
    """Say who may take an action instead."""
    by = action.model.noted_by if action.is_environment else action.model.by
    sentences = Sentences(sop.scope, "en")
    named = ", ".join(sentences.role(role) for role in by)
    return Unmet(None, f"Only this role may take it: {named}.", tuple(by))


def refused(code: str, text: str) -> Refusal:
    """Refuse for a reason that no requirement states."""
    return Refusal(code, (Unmet(None, text),))


def not_a_party(actor: str) -> Refusal:
    """Refuse whoever stands for no role of the case."""
    return refused("not_a_party", f'"{actor}" is no party of this case.')
