"""The heart: what a move does to a case, or why it may not be.

    decide(sop, case, move, facts, now) -> Decision(case, facts, effects, …) | Refusal(every unmet requirement)

Pure: no clock, no database, no network. The model checker calls the same function, so that what is proved is what runs; a
rehearsal (`engine.analysis.simulation`) keeps the same rules on a lighter case, and the tests play it through here. A refusal
is an answer; an exception is a fault. Order within one move and who is told: "Exact meaning" 4 to 8 of
docs/reference/sop-language.md; the work itself is `engine.cases.draft`'s. What is offered in a configuration, and to whom, stands
in `engine.cases.offers`; the sentences of a refusal in `engine.cases.refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.cases.case import (
    Acknowledge,
    Assign,
    Case,
    Enter,
    Facts,
    Fire,
    Launch,
    Move,
    Mute,
    RecordView,
    Recount,
    Resume,
    Suspend,
    Take,
    Wake,
    record_key,
)
from engine.cases.draft import Draft, active_steps
from engine.cases.effects import Effect
from engine.cases.offers import (
    Option,
    entitled_to,
    fires_at,
    in_role,
    no_such_action,
    offered,
    options,
    reopenable,
    reopenings,
    roles_of,
)
from engine.cases.refusal import Refusal, Unmet, not_a_party, refused, unmet_of, wrong_role
from engine.cases.sharing import EVERYBODY, hold
from engine.cases.suspension import WhyNot, who_may_suspend, why_not_resumed, why_not_suspended
from engine.cases.view import CaseView
from engine.forms.model import FieldType
from engine.sop import model as m
from engine.sop.compile import REOPEN, CompiledAction, CompiledSop
from engine.values import Value

__all__ = [
    "Decision", "Option", "Refusal", "Unmet", "begun", "decide", "initial_facts", "offered", "options", "reopenable",
    "reopenings", "roles_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer is yes: the new case, what is known after it, and what follows.

    Attributes:
        name: of the action, the form part, or the kind of move; as it stands in the history.
        role: in which role the actor moved; empty for the system.
        breach: an environment event that happened although its requirements do not hold.
        counts: for a record, whether it is now the one that counts.
    """

    case: Case
    facts: Facts
    effects: tuple[Effect, ...]
    name: str
    role: str
    from_steps: tuple[str, ...]
    to_steps: tuple[str, ...]
    breach: bool = False
    counts: bool = False


def decide(sop: CompiledSop, case: Case, move: Move, facts: Facts, now: datetime) -> Decision | Refusal:
    """Answer a move.

    Args:
        case: as it stands; for a `Launch` one made by `begun`.
        facts: records in force, the case's facts, both calendars.
        now: an aware instant.
    """
    match move:
        case Take():
            return _take(sop, case, move, facts, now)
        case Enter():
            return _enter(sop, case, move, facts, now)
        case Launch():
            return _launch(sop, case, move, facts, now)
        case Acknowledge():
            return _acknowledge(sop, case, move, facts, now)
        case Assign():
            return _assign(sop, case, move, facts, now)
        case Fire():
            return _fire(sop, case, move, facts, now)
        case Mute():
            return _mute(sop, case, move, facts, now)
        case Suspend():
            return _suspend(sop, case, move, facts, now)
        case Resume():
            return _resume(sop, case, move, facts, now)
        case Recount():
            draft = Draft(sop, case, facts, now)
            draft.recount()
            return _settled(draft, "recount", "", case.steps())
        case Wake():
            draft = Draft(sop, case, facts, now)
            draft.heard(move.told, move.withheld.items())
            return _settled(draft, "wake", "", case.steps())
    raise TypeError(f"not a move: {move!r}")


def begun(sop: CompiledSop, ref: str, destination: str, origin: str, now: datetime) -> Case:
    """Return the case before its launch: at no step yet, history number 0."""
    return Case(ref, sop.sop.sop, sop.version, destination, origin, now, main="")


# ── Moves ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _launch(sop: CompiledSop, case: Case, move: Launch, facts: Facts, now: datetime) -> Decision | Refusal:
    draft = Draft(sop, case, facts, now)
    draft.parties.update(move.parties)
    roles = sorted(role for role, actor in move.parties.items() if actor == move.actor)
    draft.acting(roles[0] if roles else "", move.actor)
    draft.set_facts(initial_facts(sop, move))
    draft.enter(sop.sop.start)
    for line in sop.sop.alongside:
        draft.enter(sop.starts[line])
    return _settled(draft, "launch", roles[0] if roles else "", ())


def initial_facts(sop: CompiledSop, move: Launch) -> list[tuple[str, Value | None]]:
    """Return the facts that hold from the launch on: said then, else the default; a boolean of which nothing is said is false."""
    known: list[tuple[str, Value | None]] = []
    for name, fact in sop.sop.facts.items():
        if name in move.facts:
            known.append((name, move.facts[name]))
        elif fact.default is not None:
            known.append((name, sop.default_facts[name]))
        elif fact.type is FieldType.BOOLEAN:
            known.append((name, False))
    return known


def _take(sop: CompiledSop, case: Case, move: Take, facts: Facts, now: datetime) -> Decision | Refusal:
    roles = roles_of(sop, case, move.actor)
    if not roles:
        return not_a_party(move.actor)
    view = CaseView(case, facts, now)
    found = list(offered(sop, case, view, move.action))
    if move.action == REOPEN and not found:
        return _reopen(sop, case, move, facts, now, roles)
    if move.step is not None:
        found = [(a, step) for a, step in found if step == move.step]
    if not found:
        return no_such_action(sop, case, move.action, view)
    if len(found) > 1:
        steps = ", ".join(step for _, step in found)
        return refused("ambiguous", f'"{move.action}" is open at several steps: say which one ({steps}).')
    action, step = found[0]
    entitled = entitled_to(action, roles)
    unmet = [] if action.is_environment else list(unmet_of(sop, case, action.guards, view))
    if not entitled:
        unmet.insert(0, wrong_role(sop, action))
    role = action.model.reassign
    if role is not None and move.assign in (None, case.parties.get(role)):
        unmet.append(Unmet(None, f'A new actor must be named for "{role}".', tuple(sorted(entitled))))
    if unmet:
        return Refusal("requirements" if entitled else "role", tuple(unmet))
    breach = action.is_environment and not hold(action.guards, view)
    return _do(sop, case, action, step, facts, now, in_role(case, move.actor, entitled), move, breach)


def _fire(sop: CompiledSop, case: Case, move: Fire, facts: Facts, now: datetime) -> Decision | Refusal:
    view = CaseView(case, facts, now)
    timed = [(a, s) for a, s in offered(sop, case, view, move.action) if s == move.step and a.is_timed]
    if not timed:
        return refused("not_offered", f'The timed action "{move.action}" is not open at "{move.step}".')
    action, step = timed[0]
    due = fires_at(action, step, view)
    if due is None or now < due:
        return refused("too_early", f'"{move.action}" is not due yet.')
    unmet = unmet_of(sop, case, action.guards, view)
    if unmet:
        return Refusal("requirements", unmet)
    return _do(sop, case, action, step, facts, now, "", move, False)


def _do(
    sop: CompiledSop,
    case: Case,
    action: CompiledAction,
    step: str,
    facts: Facts,
    now: datetime,
    role: str,
    move: Take | Fire,
    breach: bool,
) -> Decision:
    """Carry out an action that is allowed: sets and voids, leave, enter, tell."""
    draft = Draft(sop, case, facts, now)
    assign = move.assign if isinstance(move, Take) else None
    draft.acting(role, move.actor if isinstance(move, Take) else "")
    draft.note_taken(action.name)
    draft.set_facts(action.sets)
    draft.void(action.model.voids)
    if action.model.reassign is not None and assign is not None:
        draft.assign(action.model.reassign, assign)
    if action.model.to == m.RESUME:
        draft.resume(step)
    elif action.model.to != m.STAY:
        draft.move(action, step, sop.target(action, step))
    if action.model.reassign is not None:
        draft.turn_over(action.model.reassign)
    draft.inform(action.model.tell, step)
    return _settled(draft, action.name, role, case.steps(), breach)


def _reopen(
    sop: CompiledSop, case: Case, move: Take, facts: Facts, now: datetime, roles: frozenset[str]
) -> Decision | Refusal:
    found = [name for name in reopenable(sop, case) if move.step in (None, name)]
    if not found:
        return refused("not_offered", "Nothing here can be reopened.")
    if len(found) > 1:
        return refused("ambiguous", f"Several strands can be reopened: say which one ({', '.join(found)}).")
    step = sop.steps[found[0]]
    reopens, ready = step.model.reopens, step.reopens or ()
    if reopens is None:
        return refused("not_offered", "Nothing here can be reopened.")
    entitled = roles if m.ANY in reopens.by else roles & frozenset(reopens.by)
    unmet = list(unmet_of(sop, case, ready, CaseView(case, facts, now)))
    if not entitled:
        unmet.insert(0, Unmet(None, f"Only {', '.join(reopens.by)} may reopen this.", tuple(reopens.by)))
    if unmet:
        return Refusal("requirements" if entitled else "role", tuple(unmet))
    role = in_role(case, move.actor, entitled)
    draft = Draft(sop, case, facts, now)
    draft.acting(role, move.actor)
    draft.note_taken(REOPEN)
    draft.reopen(step.name, reopens.to)
    return _settled(draft, REOPEN, role, case.steps())


def _enter(sop: CompiledSop, case: Case, move: Enter, facts: Facts, now: datetime) -> Decision | Refusal:
    roles = roles_of(sop, case, move.actor)
    if not roles:
        return not_a_party(move.actor)
    if move.part not in sop.parts:
        return refused("unknown_form", f'There is no form "{move.part}" in this procedure.')
    keyed = sop.parts[move.part].keyed
    if (keyed is not None) != (move.role is not None and move.purpose is not None):
        said = "needs the receiving role and the purpose (for:)" if keyed else "has no receiving role or purpose"
        return refused("key", f'The form "{move.part}" {said}.')
    active = active_steps(sop, case)
    entries = [entry for step in active for entry in sop.entries_of(step, move.part)]
    if not entries:
        steps = sorted({entry.step for step in sop.steps for entry in sop.entries_of(step, move.part)})
        where = ", ".join(steps) or "no step"
        return refused("not_here", f'"{move.part}" can\'t be recorded now; it belongs to: {where}.')
    view = CaseView(case, facts, now)
    mine = [entry for entry in entries if not entry.by.isdisjoint(roles)]
    if not mine:
        who = tuple(sorted({role for entry in entries for role in entry.by}))
        return Refusal("role", (Unmet(None, f'"{move.part}" is recorded by: {", ".join(who)}.', who),))
    open_ones = [entry for entry in mine if hold(entry.guards, view)]
    if not open_ones:
        return Refusal("requirements", unmet_of(sop, case, mine[0].guards, view))
    entry = open_ones[0]
    role = in_role(case, move.actor, entry.by & roles)
    draft = Draft(sop, case, facts, now)
    draft.acting(role, move.actor)
    counts = False
    if not move.draft:
        actor = None if move.role is None else draft.parties.get(move.role)
        known = sop.reads.get(move.part, frozenset())
        seen = {name: value for name, value in move.fields.items() if name in known}
        record = RecordView(draft.seq, move.signed_on.isoformat(), move.signed_by, seen, actor)
        counts = draft.record(record_key(move.part, move.role, move.purpose), move.part, record)
        draft.count_for_series(move.part)
    return _settled(draft, move.part, role, case.steps(), counts=counts, fields=move.fields)


def _acknowledge(sop: CompiledSop, case: Case, move: Acknowledge, facts: Facts, now: datetime) -> Decision | Refusal:
    roles = roles_of(sop, case, move.actor)
    if not roles:
        return not_a_party(move.actor)
    steps = [name for name in active_steps(sop, case) if not roles.isdisjoint(sop.steps[name].model.responsible)]
    if move.step is not None:
        steps = [name for name in steps if name == move.step]
    if not steps:
        return refused("not_here", "Nothing here waits for this actor's acknowledgement.")
    role = in_role(case, move.actor, roles & frozenset(sop.steps[steps[0]].model.responsible))
    draft = Draft(sop, case, facts, now)
    draft.acting(role, move.actor)
    for name in steps:
        for responsible in roles & frozenset(sop.steps[name].model.responsible):
            draft.acknowledge(name, responsible, move.actor)
    return _settled(draft, "acknowledge", role, case.steps())


def _assign(sop: CompiledSop, case: Case, move: Assign, facts: Facts, now: datetime) -> Decision | Refusal:
    roles = roles_of(sop, case, move.actor)
    if not roles and move.actor:
        return not_a_party(move.actor)
    if move.role not in sop.sop.roles:
        return refused("unknown_role", f'There is no role "{move.role}" in this procedure.')
    draft = Draft(sop, case, facts, now)
    role = in_role(case, move.actor, roles)
    draft.acting(role, move.actor)
    draft.assign(move.role, move.to)
    draft.turn_over(move.role)
    return _settled(draft, "assign", role, case.steps())


def _mute(sop: CompiledSop, case: Case, move: Mute, facts: Facts, now: datetime) -> Decision | Refusal:
    roles = roles_of(sop, case, move.actor)
    if not roles and move.actor:
        return not_a_party(move.actor)
    if move.role not in (EVERYBODY, *sop.sop.roles):
        return refused("unknown_role", f'There is no role "{move.role}" in this procedure.')
    if move.off is (move.role not in case.muted):
        return refused("muted", "It is not muted." if move.off else "It is muted already.")
    draft = Draft(sop, case, facts, now)
    role = in_role(case, move.actor, roles)
    draft.acting(role, move.actor)
    draft.mute(move.role, move.off)
    return _settled(draft, move.role or "everybody", role, case.steps())


def _suspend(sop: CompiledSop, case: Case, move: Suspend, facts: Facts, now: datetime) -> Decision | Refusal:
    return _stop_or_go(sop, case, move, facts, now, lambda: why_not_suspended(sop, case, move.step, move.reason, now))


def _resume(sop: CompiledSop, case: Case, move: Resume, facts: Facts, now: datetime) -> Decision | Refusal:
    return _stop_or_go(sop, case, move, facts, now, lambda: why_not_resumed(case, move.step))


def _stop_or_go(
    sop: CompiledSop,
    case: Case,
    move: Suspend | Resume,
    facts: Facts,
    now: datetime,
    why_not: Callable[[], WhyNot | None],
) -> Decision | Refusal:
    """Stop the clock of a step's deadline or let it go on, if its people ask for it and nothing stands against it."""
    roles = roles_of(sop, case, move.actor)
    if not roles:
        return not_a_party(move.actor)
    if move.step not in active_steps(sop, case):
        return refused("not_here", f'The case does not stand at "{move.step}".')
    who = who_may_suspend(sop, move.step)
    if roles.isdisjoint(who):
        return Refusal("role", (Unmet(None, f"Only {', '.join(who)} may stop this clock.", who),))
    reason = why_not()
    if reason is not None:
        return refused(*reason)
    draft = Draft(sop, case, facts, now)
    role = in_role(case, move.actor, roles & frozenset(who))
    draft.acting(role, move.actor)
    if isinstance(move, Suspend):
        draft.suspend(move.step, move.reason)
    else:
        draft.go_on(move.step)
    return _settled(draft, move.step, role, case.steps())


def _settled(
    draft: Draft, name: str, role: str, from_steps: tuple[str, ...], breach: bool = False, counts: bool = False,
    fields: Mapping[str, Value] | None = None,
) -> Decision:  # fmt: skip
    """Tell whom the move concerns, and answer."""
    draft.settle(fields)
    case = draft.case()
    return Decision(case, draft.facts(), tuple(draft.effects), name, role, from_steps, case.steps(), breach, counts)
