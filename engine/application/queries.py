"""Read models for pages, command line and API, in the shapes of the contract (docs/reference/command-line.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.application.casework import Casework, Loaded, known_action
from engine.application.facts import Payload, open_payload
from engine.application.people import People
from engine.application.ports import Cipher, Deadline, Message, Store, StoredCase
from engine.audit.chain import verify
from engine.cases.case import suspension
from engine.cases.clocks import Clock as RunningClock
from engine.cases.clocks import clocks
from engine.cases.decide import Option, Unmet, options, reopenings, roles_of
from engine.cases.draft import active_steps
from engine.cases.explanation import day_by_day
from engine.cases.foresight import FORESEEN, foreseen
from engine.cases.sharing import may_see
from engine.cases.view import CaseView
from engine.clock import Clock
from engine.diagnostics import did_you_mean
from engine.errors import UnknownName, Unreadable
from engine.sop import model as m
from engine.sop.compile import REOPEN, CompiledAction
from engine.sop.requirements import Sentences, words
from engine.values import MessageKind, MessageState, Side, rfc3339

Shape = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A task for a person: a message that can never arrive by itself. Call them."""

    ref: str
    role: str
    actor: str
    step: str
    reason: str
    since: datetime


class Queries:
    """Answers what people ask of cases; changes nothing."""

    def __init__(self, store: Store, cipher: Cipher, casework: Casework, people: People, clock: Clock) -> None:
        self._store, self._cipher, self._casework, self._people = store, cipher, casework, people
        self._clock = clock

    def case(self, ref: str, language: str = "en") -> Shape:
        """One case: steps, actions open and closed with reasons, deadlines, parties, records."""
        loaded = self._casework.load(ref)
        case, sop = loaded.case, loaded.sop
        version = next(one.number for one in self._store.versions() if one.hash == case.version)
        found = options(sop, case, loaded.facts, self._clock.now())
        return {
            "ref": case.ref,
            "sop": case.sop,
            "version": version,
            "from": case.destination,
            "to": case.origin,
            "steps": list(case.steps()),
            "standing": [_standing(loaded, step, language) for step in case.steps()],
            "phase": sop.steps[case.main].phase,
            "outcome": case.outcome,
            "launched_at": rfc3339(case.launched_at),
            "muted": sorted(role or "everybody" for role in case.muted),
            "facts": dict(sorted(loaded.facts.attributes.items())),
            "actions": [
                *(_action(loaded, one, language) for one in found if not one.action.is_timed),
                *(
                    _reopening(loaded, step, unmet, language)
                    for step, unmet in reopenings(sop, case, loaded.facts, self._clock.now())
                ),
            ],
            "deadlines": self._deadlines(loaded),
            "foreseen": list(_foreseen(loaded, self._clock.now(), language)),
            "parties": {
                role: self._party(loaded, role, actor, language) for role, actor in sorted(case.parties.items())
            },
            "not_confirmed": _not_confirmed(loaded, language),
            "records": self._records(loaded),
        }

    def history(self, ref: str) -> list[Shape]:
        """What happened to a case, hash-chained; the notes are opened. `entered`: the steps it came to, less idle ones."""
        loaded = self._casework.load(ref)
        steps = loaded.sop.steps
        return [
            {
                "seq": one.seq,
                "at": rfc3339(one.at),
                "actor": one.actor,
                "role": one.role,
                "move": one.move,
                "action": one.name,
                "from": list(one.from_steps),
                "to": list(one.to_steps),
                "entered": [
                    name
                    for name in one.to_steps
                    if name not in one.from_steps and not (name in steps and steps[name].idle)
                ],
                "note": self._payload(one.ref, one.seq, one.payload).note,
                "hash": one.hash.hex(),
                "previous_hash": one.previous_hash.hex(),
            }
            for one in self._store.history(loaded.case.ref)
        ]

    def messages(self, ref: str) -> list[Shape]:
        """Who was told what, when, by which channel, and whether it arrived."""
        loaded = self._casework.load(ref)
        people = {one.id: one for one in self._people.all()}
        return [
            {
                "id": one.key,
                "seq": one.seq,
                "kind": str(one.kind),
                "template": one.template,
                "role": one.role,
                "country": people[one.actor].country if one.actor in people else "",
                "actor": one.actor,
                "step": one.step,
                "language": people[one.actor].language if one.actor in people else "",
                "channel": one.channel,
                "state": str(one.state),
                "reason": one.reason,
                "attempts": one.tries,
                "queued_at": rfc3339(one.queued_at),
                "sent_at": _maybe(one.sent_at),
                "due_at": _maybe(one.due_at),
            }
            for one in self._store.messages(loaded.case.ref)
        ]

    def cases(self, mine: str | None = None, overdue: bool = False, language: str = "en") -> list[Shape]:
        """Work lists: all cases, those that wait for an actor, or those where something is late or somebody must be called.

        A deputy's list holds what waits for whoever is absent now.
        """
        now = self._clock.now()
        who = frozenset[str]()
        if mine is not None:
            who = self._people.stands_in_for(mine, now) | {self._people.find(mine).id}
        late = _late(self._store.deadlines(), now)
        listed = []
        for stored in self._store.cases():
            try:
                loaded = self._casework.opened(stored)
            except Unreadable as why:
                # Whose turn it is there can't be told, so that it stands on nobody's own list.
                if mine is None:
                    listed.append(_unreadable(stored, why, late.get(stored.ref, [])))
                continue
            if mine is not None and not _sees(loaded, who, now):
                continue
            calls = self._calls(loaded) if overdue else []
            turn = (
                _turns(loaded, _roles(loaded, who))
                if mine is not None
                else list(active_steps(loaded.sop, loaded.case))[:1]
            )
            if (mine is not None and not turn) or (overdue and not (late.get(stored.ref) or calls)):
                continue
            case = loaded.case
            due = [at for step, at in case.due.items() if mine is None or step in turn]
            listed.append(
                {
                    "ref": case.ref,
                    "sop": case.sop,
                    "from": case.destination,
                    "to": case.origin,
                    "step": case.main,
                    "title": words(loaded.sop.steps[case.main].model.title, language),
                    "steps": turn if mine is not None else list(case.steps()),
                    "phase": loaded.sop.steps[case.main].phase,
                    "outcome": case.outcome,
                    "readable": True,
                    "moved_at": rfc3339(stored.moved_at),
                    "due_at": _maybe(min(due, default=None)),
                    "late": [one.step or one.name for one in late.get(case.ref, [])],
                    "call": [
                        {"role": one.role, "actor": one.actor, "step": one.step, "reason": one.reason} for one in calls
                    ],
                }
            )
        return listed

    def standing(self, sop: str) -> dict[str, int]:
        """Count how many open cases of a procedure stand at each step, whatever their version; never which.

        A line alongside that has not begun is not counted: every case stands there. Of a case that can't be read only its main step
        is known.
        """
        counts: dict[str, int] = {}
        for stored in self._store.cases():
            if stored.sop != sop or stored.outcome is not None:
                continue
            try:
                loaded = self._casework.opened(stored)
            except Unreadable:
                counts[stored.main] = counts.get(stored.main, 0) + 1
                continue
            for step in loaded.case.steps():
                if not loaded.sop.steps[step].idle:
                    counts[step] = counts.get(step, 0) + 1
        return counts

    def why(self, ref: str, action: str, actor: str | None = None, language: str = "en") -> list[Shape]:
        """Every requirement of an action, met or not, in one sentence each, and who can meet it.

        Raises UnknownName when the procedure has no action of that name.
        """
        loaded = self._casework.load(ref)
        found = [
            one
            for one in options(loaded.sop, loaded.case, loaded.facts, self._clock.now())
            if one.action.name == action
        ]
        if not found:
            known_action(loaded.sop, action)
            return [self._not_here(loaded, action, language)]
        sentences = Sentences(loaded.sop.scope, language)
        said: list[Shape] = []
        for one in found:
            unmet = {id(reason.requirement): reason for reason in one.unmet}
            if actor is not None:
                said.append(_as_role(loaded, one, actor, sentences))
            for guard in one.action.guards:
                reason = unmet.get(id(guard.requirement))
                said.append(
                    {
                        "step": one.step,
                        "requirement": _kind(guard.requirement),
                        "text": sentences.of(guard.requirement),
                        "met": reason is None,
                        "who": [] if reason is None else list(reason.who),
                    }
                )
        return said

    def why_date(self, ref: str, step: str) -> list[Shape]:
        """Why the clocks of a step (or of a safeguard, by its id) are due when they are, day by day.

        Raises UnknownName when nothing of that name is due in the case.
        """
        loaded = self._casework.load(ref)
        running = clocks(loaded.sop, loaded.case, loaded.facts, self._clock.now())
        rows = [one for one in self._store.deadlines(loaded.case.ref) if one.kind not in ("wake", FORESEEN)]
        found = [one for one in rows if step in (one.step, one.name if not one.step else None)]
        if not found:
            known = sorted({one.step or one.name for one in rows})
            raise UnknownName(f'Nothing of "{step}" is due in this case.', [did_you_mean(step, known, "deadlines")])
        return [
            _explained(loaded, one, running[one.step, one.name], self._clock.now())
            for one in found
            if (one.step, one.name) in running
        ]

    def verify(self, ref: str | None = None) -> dict[str, list[str]]:
        """Check the chains of one case or of all: reference -> what is broken; none is whole."""
        stored = [self._casework.load(ref).stored] if ref is not None else list(self._store.cases())
        key = self._cipher.mac_key()
        return {one.ref: verify(key, self._store.history(one.ref), one.head) for one in stored}

    def _deadlines(self, loaded: Loaded) -> list[Shape]:
        now = self._clock.now()
        running = clocks(loaded.sop, loaded.case, loaded.facts, now)
        return [
            _deadline(loaded, one, running.get((one.step, one.name)), now)
            for one in self._store.deadlines(loaded.case.ref)
            if one.kind not in ("wake", FORESEEN)
        ]

    def _payload(self, ref: str, seq: int, sealed: bytes) -> Payload:
        return open_payload(self._cipher, ref, seq, sealed)

    def _party(self, loaded: Loaded, role: str, actor: str, language: str) -> Shape:
        known = loaded.sop.sop.roles[role]
        side = known.side
        country = {Side.DESTINATION: loaded.case.destination, Side.ORIGIN: loaded.case.origin}.get(side, "")
        note = words(known.note, language) if known.note is not None else ""
        return {"actor": actor, "side": str(side), "country": country, "note": note}

    def _records(self, loaded: Loaded) -> list[Shape]:
        entries = {one.seq: one for one in self._store.history(loaded.case.ref)}
        counting = {record.seq for record in loaded.facts.records.values()}
        return [
            {
                "form": one.part,
                "seq": one.seq,
                "at": rfc3339(entries[one.seq].at),
                "by": entries[one.seq].actor,
                "draft": one.draft,
                "counts": one.seq in counting,
            }
            for one in self._store.records(loaded.case.ref)
        ]

    def _calls(self, loaded: Loaded) -> list[Call]:
        """Messages that failed for good and still matter.

        What asks for something matters while the case stands there and the actor has not taken it up; what informs matters until
        a later message of the case has reached the actor. A role that somebody else stands for by now is nobody's to call.
        """
        case = loaded.case
        steps = set(active_steps(loaded.sop, case))
        messages = self._store.messages(case.ref, [MessageState.FAILED, MessageState.SENT])
        reached = {one.actor: one.id for one in messages if one.state is MessageState.SENT}

        def matters(one: Message) -> bool:
            if one.kind is MessageKind.FOR_INFORMATION:
                return reached.get(one.actor, 0) < one.id
            # A migration may have given the step another name: then it is wherever it is this role's turn now.
            asked = {one.step} & steps if one.step in loaded.sop.steps else set(_turns(loaded, frozenset({one.role})))
            return any(case.acknowledged.get(f"{step} {one.role}") != one.actor for step in asked)

        return [
            Call(one.ref, one.role, one.actor, one.step, one.reason, one.queued_at)
            for one in messages
            if one.state is MessageState.FAILED and case.parties.get(one.role) == one.actor and matters(one)
        ]

    def _not_here(self, loaded: Loaded, action: str, language: str) -> Shape:
        sop, sentences = loaded.sop, Sentences(loaded.sop.scope, language)
        steps = [name for name, step in sop.steps.items() if action in step.actions]
        where = ", ".join(f"“{sentences.step(name)}”" for name in steps) or "another phase"
        return {"step": "", "requirement": "at", "text": f"The case stands at {where}.", "met": False, "who": []}


def _unreadable(stored: StoredCase, why: Unreadable, late: Iterable[Deadline]) -> Shape:
    """List a case of which only its row can be read."""
    return {
        "ref": stored.ref,
        "sop": stored.sop,
        "from": "",
        "to": "",
        "step": stored.main,
        "title": "",
        "steps": [stored.main],
        "phase": None,
        "outcome": stored.outcome,
        "readable": False,
        "reason": why.message,
        "moved_at": rfc3339(stored.moved_at),
        "due_at": None,
        "late": [one.step or one.name for one in late],
        "call": [],
    }


def _standing(loaded: Loaded, name: str, language: str) -> Shape:
    """A step of the configuration, for people: `line` is main, strand or beside; at an `idle` one nothing is to be done."""
    step, case = loaded.sop.steps[name], loaded.case
    sentences = Sentences(loaded.sop.scope, language)
    due = case.due.get(name)
    return {
        "step": name,
        "title": sentences.step(name),
        "note": words(step.model.note, language) if step.model.note is not None else "",
        "line": "beside" if step.alongside else "strand" if step.parent is not None else "main",
        "idle": step.idle,
        "end": step.is_end,
        "responsible": list(step.model.responsible),
        "entered_at": rfc3339(case.entered[name].at),
        "due_at": _maybe(due),
        "acknowledged_by": [role for role in step.model.responsible if f"{name} {role}" in case.acknowledged],
    }


def _not_confirmed(loaded: Loaded, language: str) -> list[Shape]:
    """What could not be confirmed and matters where an open case stands, lines that have not begun left out.

    What matters everywhere comes last.
    """
    if loaded.case.outcome is not None:
        return []
    here = frozenset(step for step in loaded.case.steps() if not loaded.sop.steps[step].idle)
    points = loaded.sop.sop.not_confirmed.items()
    shapes = [
        {"id": name, "country": one.country, "steps": [step for step in one.at if step in here],
         "text": words(one.note, language)}
        for name, one in points
        if not one.at or here.intersection(one.at)
    ]  # fmt: skip
    return sorted(shapes, key=lambda shape: not shape["steps"])


def _action(loaded: Loaded, one: Option, language: str) -> Shape:
    """`reach` is here, beside (a line that runs beside the case), idle (such a line has not begun), everywhere or reopen."""
    action, step = one.action, loaded.sop.steps[one.step]
    reach = "everywhere" if action.step is None else "idle" if step.idle else "beside" if step.alongside else "here"
    return {
        "action": action.name,
        "step": one.step,
        "reach": reach,
        "title": title_of(action, language),
        "by": list(action.model.noted_by if action.is_environment else action.model.by),
        "to": action.model.to,
        **_allowed(one.unmet),
    }


def _reopening(loaded: Loaded, name: str, unmet: tuple[Unmet, ...], language: str) -> Shape:
    reopens = loaded.sop.steps[name].model.reopens
    assert reopens is not None
    return {
        "action": REOPEN,
        "step": name,
        "reach": REOPEN,
        "title": f"{REOPENED.get(language, REOPENED['en'])} {Sentences(loaded.sop.scope, language).step(name)}",
        "by": list(reopens.by),
        "to": reopens.to,
        **_allowed(unmet),
    }


REOPENED = {"en": "Reopen:", "fr": "Rouvrir :"}


def _allowed(unmet: tuple[Unmet, ...]) -> Shape:
    return {
        "allowed": not unmet,
        "blockers": [
            {"requirement": _kind(reason.requirement), "text": reason.text, "who": list(reason.who)} for reason in unmet
        ],
    }


def title_of(action: CompiledAction, language: str) -> str:
    """Return what a person reads on the button."""
    return words(action.model.title, language) if action.model.title else action.name.replace("_", " ")


def _kind(requirement: m.Requirement | None) -> str:
    if requirement is None:
        return "role"
    return next(kind for kind in m.REQUIREMENT_KINDS if kind in type(requirement).model_fields)


def _as_role(loaded: Loaded, one: Option, actor: str, sentences: Sentences) -> Shape:
    """Say whether this actor is one of those who may take the action."""
    by = one.action.model.noted_by if one.action.is_environment else one.action.model.by
    roles = roles_of(loaded.sop, loaded.case, actor)
    named = ", ".join(sentences.role(role) for role in by)
    met = bool(roles) and (m.ANY in by or not roles.isdisjoint(by))
    return {"step": one.step, "requirement": "role", "text": f"Taken by: {named}.", "met": met, "who": list(by)}


def _deadline(loaded: Loaded, one: Deadline, clock: RunningClock | None, now: datetime) -> Shape:
    stop = suspension(loaded.case.halts.get(one.step, ())) if one.name == "due" else None
    state = "suspended" if stop else "held" if one.held else "late" if one.due_at < now else "open"
    return {
        "step": one.step,
        "name": one.name,
        "kind": one.kind,
        "due_at": rfc3339(one.due_at),
        "calendar": "" if clock is None else str(clock.calendar),
        "state": state,
        "suspended": None if stop is None else {"since": rfc3339(stop.since), "reason": stop.reason},
        "doubts": [] if clock is None else list(clock.doubts(one.due_at)),
        "reminders": [rfc3339(alarm.at) for alarm in one.alarms if alarm.kind == "remind"],
        "escalations": [
            {"at": rfc3339(alarm.at), "to": list(alarm.roles)} for alarm in one.alarms if alarm.kind == "escalate"
        ],
    }


def _foreseen(loaded: Loaded, now: datetime, language: str) -> Iterator[Shape]:
    """Give what a planned day needs and will be too old by then; `text` is the requirement that will not hold."""
    view = CaseView(loaded.case, loaded.facts, now)
    sentences = Sentences(loaded.sop.scope, language)
    for step in active_steps(loaded.sop, loaded.case):
        foresight = loaded.sop.steps[step].foresight
        ahead = foreseen(foresight, view) if foresight is not None else None
        if ahead is not None:
            for guard in ahead.guards:
                said = sentences.of(guard.requirement)
                yield {"step": step, "action": ahead.action, "on": ahead.day.isoformat(), "text": said}


def _explained(loaded: Loaded, row: Deadline, clock: RunningClock, now: datetime) -> Shape:
    """A deadline and each of its days; `counted` is null for a day that is not counted."""
    origin = clock.origin
    return {
        **_deadline(loaded, row, clock, now),
        "length": f"{clock.length}{' before' if clock.is_backwards else ''}",
        "cut_off": clock.cut_off,
        "countries": [one.country for one in clock.days.countries()],
        "time_zone": clock.days.zone.key,
        "origin": rfc3339(origin) if isinstance(origin, datetime) else None if origin is None else origin.isoformat(),
        "origin_is": clock.origin_words,
        "days": [
            {"day": line.day.isoformat(), "counted": line.counted, "why": line.why}
            for line in day_by_day(clock, row.due_at)
        ],
    }


def _late(deadlines: Iterable[Deadline], now: datetime) -> Mapping[str, list[Deadline]]:
    late: dict[str, list[Deadline]] = {}
    for one in deadlines:
        if one.kind in ("due", "series", "watch") and one.due_at < now and not one.held:
            late.setdefault(one.ref, []).append(one)
    return late


def _turns(loaded: Loaded, roles: frozenset[str]) -> list[str]:
    """Return the steps at which it is the turn of one of these roles."""
    return [
        name
        for name in active_steps(loaded.sop, loaded.case)
        if not loaded.sop.steps[name].idle and not roles.isdisjoint(loaded.sop.steps[name].model.responsible)
    ]


def _sees(loaded: Loaded, who: Iterable[str], now: datetime) -> bool:
    """Whether the case may be shown to one of these actors: seeing is gated like telling."""
    view = CaseView(loaded.case, loaded.facts, now)
    return may_see(loaded.sop, _roles(loaded, who), view)


def _roles(loaded: Loaded, who: Iterable[str]) -> frozenset[str]:
    return frozenset(role for actor in who for role in loaded.case.roles_of(actor))


def _maybe(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
