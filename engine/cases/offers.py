"""What is offered in a configuration, to whom, and from when on: the actions that are open, and what can be reopened.

Terms: docs/glossary.md, "configuration", "action". Pure, like `engine.cases.decide`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from engine.cases.case import Case, Facts
from engine.cases.deadlines import instant_after
from engine.cases.draft import active_steps
from engine.cases.refusal import Refusal, Unmet, refused, unmet_of
from engine.cases.view import CaseView
from engine.sop import model as m
from engine.sop.compile import CompiledAction, CompiledSop


@dataclass(frozen=True, slots=True)
class Option:
    """An action offered in a configuration, open or closed, with every reason against it."""

    action: CompiledAction
    step: str
    unmet: tuple[Unmet, ...]


def options(sop: CompiledSop, case: Case, facts: Facts, now: datetime) -> tuple[Option, ...]:
    """List every action offered in the configuration, each with what stands against it."""
    view = CaseView(case, facts, now)
    return tuple(
        Option(action, step, unmet_of(sop, case, action.guards, view)) for action, step in offered(sop, case, view)
    )


def offered(
    sop: CompiledSop, case: Case, view: CaseView, named: str | None = None
) -> Iterator[tuple[CompiledAction, str]]:
    """Yield the actions of the steps that are active, then those open everywhere; with the step each is taken at.

    `named`: only those of this name.
    """
    for name in active_steps(sop, case):
        for action in sop.steps[name].actions.values():
            if named is None or action.name == named:
                yield action, name
    if case.outcome is None and case.main:
        for action in sop.everywhere.values():
            if named is not None and action.name != named:
                continue
            if action.covers is not None and action.covers(view) and not _pauses_twice(sop, case, action):
                yield action, case.main


def _pauses_twice(sop: CompiledSop, case: Case, action: CompiledAction) -> bool:
    target = sop.steps.get(action.model.to)
    return case.paused is not None and target is not None and target.model.pause


def reopenable(sop: CompiledSop, case: Case) -> tuple[str, ...]:
    """Return the end steps that can be reopened: a closed case's own, else those of its strands and of what runs alongside."""
    ends = (case.main,) if case.outcome is not None else case.steps()[1:]
    return tuple(name for name in ends if sop.steps[name].model.reopens is not None)


def reopenings(sop: CompiledSop, case: Case, facts: Facts, now: datetime) -> tuple[tuple[str, tuple[Unmet, ...]], ...]:
    """List what can be reopened, each with what stands against it."""
    view = CaseView(case, facts, now)
    return tuple((name, unmet_of(sop, case, sop.steps[name].reopens or (), view)) for name in reopenable(sop, case))


def roles_of(sop: CompiledSop, case: Case, actor: str) -> frozenset[str]:
    """Return the roles in which an actor may move: its own, and the person's where it may speak for the person."""
    own = case.roles_of(actor)
    spoken = [name for name, speakers in sop.acts_for.items() if not own.isdisjoint(speakers)]
    return own.union(spoken) if spoken else own


def in_role(case: Case, actor: str, entitled: Iterable[str]) -> str:
    """Say in which of these roles an actor moves: one of its own before one for which it only speaks."""
    own = case.roles_of(actor)
    return min(entitled, key=lambda role: (role not in own, role), default="")


def entitled_to(action: CompiledAction, roles: frozenset[str]) -> frozenset[str]:
    """Return those of these roles that may take an action."""
    if m.ANY in action.by:
        return roles
    if action.is_environment:
        return roles & frozenset(action.model.noted_by)
    return roles & action.by


def fires_at(action: CompiledAction, step: str, view: CaseView) -> datetime | None:
    """Return the instant of a timed action: the one its row has, also after a pause. None while its date is not known."""
    automatic = action.model.automatic
    if automatic is None:
        return None
    origin: datetime | date | None = view.entered_at(step)
    if automatic.from_ is not None:
        record = view.record(automatic.from_.form)
        given = record.fields.get(automatic.from_.field) if record is not None else None
        origin = date.fromisoformat(given) if isinstance(given, str) else None
    if origin is None:
        return None
    return instant_after(
        automatic.after, origin, view.facts.calendars, automatic.calendar, view.pauses(step, automatic.from_)
    )


def no_such_action(sop: CompiledSop, case: Case, action: str, view: CaseView) -> Refusal:
    """Refuse an action that is not offered, and name those that are."""
    if case.outcome is not None:
        return refused("closed", "The case is closed; it can only be reopened.")
    here = ", ".join(sorted({one.name for one, _ in offered(sop, case, view)}))
    return refused("not_offered", f'"{action}" is not open here. Open here: {here}.')
