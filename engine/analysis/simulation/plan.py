"""What has to be recorded before an action can be taken, and from when on it can be.

A simulated case knows which way it goes; the forms then say what that way asks for. Where the procedure does not let it be
recorded (no step of the configuration lists the form, or what recording asks for can't be had), the way is closed.

The order in which requirements are brought about is the one written; the verdict is theirs: after all is recorded each of them
must hold, or the way is closed. What no requirement of the action speaks of gets a value that some requirement of the procedure
asks for. Terms: docs/glossary.md, "requirement", "record". For designers: docs/reference/simulation.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random
from typing import Final, TypeAlias

from engine.analysis.simulation.answers import NOTHING, Answers, Slot, answers_of, slot_of
from engine.analysis.simulation.life import Acknowledging, Life, Recording
from engine.analysis.simulation.pace import Staff
from engine.analysis.simulation.sample import Filling, Sample, asked_for, dates_ahead
from engine.cases.case import RecordView
from engine.cases.deadlines import wait_until
from engine.sop import model as m
from engine.sop.compile import CompiledAction, CompiledSop
from engine.sop.requirements import Guard, Predicate, Scope, guard
from engine.values import Value

DEPTH: Final = 4
"""How many forms may wait for one another: a form that asks for a form that asks for a form."""

ROUNDS: Final = 3
"""How often the requirements of an action are gone through: a record for one of them may undo what another asked for."""

Mark: TypeAlias = tuple[list[Recording | Acknowledging], dict[str, RecordView], dict[str, str]]


class Attempt:
    """The records and acknowledgements with which an action could be taken now; the case sees them until `undo`."""

    def __init__(self, planner: Planner, life: Life, random: Random, action: Mapping[str, Answers]) -> None:
        self.life, self.random, self.moves = life, random, list[Recording | Acknowledging]()
        self._planner, self._asked = planner, action
        self._records, self._acknowledged = life.records, life.acknowledgements
        self._doing: list[str] = []
        life.records = dict(life.records)

    def undo(self) -> None:
        self.life.records, self.life.acknowledgements = self._records, self._acknowledged

    def mark(self) -> Mark:
        """Remember what is planned so far, so that a way which turns out to be closed leaves nothing behind."""
        return list(self.moves), dict(self.life.records), self.life.acknowledgements

    def back_to(self, mark: Mark) -> None:
        self.moves, self.life.records, self.life.acknowledgements = mark

    def record(self, slot: Slot, answers: Answers) -> datetime | None:
        """Plan a record; answers from when on it can be made (now: it is planned), or None if it can't."""
        key = slot.key
        if key in self._doing or len(self._doing) >= DEPTH:
            return None
        self._doing.append(key)
        try:
            return self._record(slot, key, self._planner.together(self._asked.get(key), answers))
        finally:
            self._doing.pop()

    def _record(self, slot: Slot, key: str, answers: Answers) -> datetime | None:
        life, first = self.life, None
        entries = self._planner.entries.get(slot.part, {})
        for step in life.steps():
            for actor, wants in entries.get(step, ()):
                if all(want.holds(life) for want in wants):
                    return self._write(slot, key, answers, actor)
                before = self.mark()
                at = self.bring_about(wants)
                if at == life.now:
                    return self._write(slot, key, answers, actor)
                self.back_to(before)
                if at is not None and (first is None or at < first):
                    first = at
        return first

    def bring_about(self, wants: Sequence[Want]) -> datetime | None:
        """Bring about all of these; answers from when on that is possible (now: it is planned), or None."""
        life = self.life
        latest = life.now
        for want in wants:
            if not want.holds(life):
                at = want.bring_about(self)
                if at is None:
                    return None
                latest = max(latest, at)
        return latest

    def acknowledge(self, step: str, role: str) -> datetime | None:
        life = self.life
        if step not in life.steps() or role not in life.sop.steps[step].model.responsible:
            return None
        actor = life.parties[role]
        self.moves.append(Acknowledging(step, role, actor))
        life.acknowledgements = {**life.acknowledgements, f"{step} {role}": actor}
        return life.now

    def _write(self, slot: Slot, key: str, answers: Answers, by: str) -> datetime | None:
        life = self.life
        known = life.records.get(key)
        said: dict[str, Value] = {} if known is None else dict(known.fields)
        for name, allowed, sample in self._planner.filling(slot.part, answers, known is None):
            if allowed is None:
                said[name] = sample.draw(life, self.random)
            elif said.get(name) not in allowed:
                if not allowed:
                    return None
                said[name] = allowed[int(self.random.random() * len(allowed))]
        for own, part, other in answers.same:
            if not self._agree(said, answers, own, part, other):
                return None
        signers = answers.signers or (by,)
        receiver = None if slot.role is None else life.parties.get(slot.role)
        self.moves = [one for one in self.moves if isinstance(one, Acknowledging) or one.key != key]
        record = RecordView(0, life.signing_date, signers, said, receiver)
        life.records[key] = record
        self.moves.append(Recording(slot.part, key, slot.role, slot.purpose, life.parties[by], record))
        return life.now

    def _agree(self, said: dict[str, Value], answers: Answers, own: str, part: str, other: str) -> bool:
        """Let a field say what another form's says; if that says nothing yet, or nothing that is allowed, it is recorded first."""
        reference = self.life.records.get(part)
        told = None if reference is None else reference.fields.get(other)
        fits = told in answers.allowed.get(own, (told,)) and told not in answers.barred.get(own, ())
        if told is not None and fits:
            said[own] = told
            return True
        return self.record(Slot(part), self._planner.just(other, said[own])) == self.life.now


# ── What a requirement needs done ────────────────────────────────────────────────────────────────────────────────


class Want(ABC):
    """A requirement, and how it may be brought about."""

    def __init__(self, requirement: m.Requirement, scope: Scope) -> None:
        self.requirement = requirement
        self.holds: Predicate = guard(requirement, scope).holds

    @abstractmethod
    def bring_about(self, attempt: Attempt) -> datetime | None:
        """Plan what it needs; answers from when on that is possible (now: it is planned), or None. Asked if it does not hold."""


class _Closed(Want):
    """Only other moves of the case can bring it about: a strand's end, an action, a fact."""

    def bring_about(self, attempt: Attempt) -> datetime | None:
        return None


class _Form(Want):
    def __init__(self, requirement: m.FormRequirement, scope: Scope) -> None:
        super().__init__(requirement, scope)
        self.slot = slot_of(requirement)
        self.answers = answers_of(requirement, scope)

    def bring_about(self, attempt: Attempt) -> datetime | None:
        return attempt.record(self.slot, self.answers)


class _Wait(Want):
    def __init__(self, requirement: m.WaitedRequirement, scope: Scope) -> None:
        super().__init__(requirement, scope)
        self._waited = requirement.waited

    def bring_about(self, attempt: Attempt) -> datetime | None:
        over = self.over(attempt.life)
        if over is None and self._waited.from_ is not None:
            if attempt.record(Slot(self._waited.from_.form), NOTHING) != attempt.life.now:
                return None
            over = self.over(attempt.life)
        return None if over is None else max(over, attempt.life.now)

    def over(self, life: Life) -> datetime | None:
        """Return when the wait is over; None while its beginning is not known."""
        since: datetime | date | None
        if self._waited.from_ is None:
            since = life.entered_at(self._waited.since or "")
        else:
            record = life.records.get(self._waited.from_.form)
            given = record.fields.get(self._waited.from_.field) if record is not None else None
            since = date.fromisoformat(given) if isinstance(given, str) else None
        return None if since is None else wait_until(self._waited.at_least, since, life.calendars)


class _Acknowledged(Want):
    def __init__(self, requirement: m.AcknowledgedRequirement, scope: Scope) -> None:
        super().__init__(requirement, scope)
        self._asked = requirement.acknowledged

    def bring_about(self, attempt: Attempt) -> datetime | None:
        return attempt.acknowledge(self._asked.of, self._asked.by)


class _AnyOf(Want):
    """One of the ways that are open or will be when a wait is over, each as likely as the others."""

    def __init__(self, requirement: m.AnyOfRequirement, scope: Scope) -> None:
        super().__init__(requirement, scope)
        self._ways = [want_of(one, scope) for one in requirement.any_of]

    def bring_about(self, attempt: Attempt) -> datetime | None:
        ways = [want for want in self._ways if not isinstance(want, _Closed)]
        while ways:
            way = ways.pop(int(attempt.random.random() * len(ways)))
            before = attempt.mark()
            at = way.bring_about(attempt)
            if at is not None:
                return at
            attempt.back_to(before)
        return None


class _NoneOf(Want):
    """A record that says something else brings it about; what else holds can't be undone by a record."""

    def __init__(self, requirement: m.NoneOfRequirement, scope: Scope) -> None:
        super().__init__(requirement, scope)
        self._each = [
            (guard(m.NoneOfRequirement(none_of=(one,)), scope).holds, _otherwise(one, scope))
            for one in requirement.none_of
        ]

    def bring_about(self, attempt: Attempt) -> datetime | None:
        for is_none, otherwise in self._each:
            if is_none(attempt.life):
                continue
            if otherwise is None or attempt.record(*otherwise) != attempt.life.now:
                return None
        return attempt.life.now


def _otherwise(one: m.Requirement, scope: Scope) -> tuple[Slot, Answers] | None:
    """Return a record that does not meet a requirement on a form: its first field says something else."""
    if not isinstance(one, m.FormRequirement):
        return None
    asked = answers_of(one, scope).allowed
    return slot_of(one), Answers({}, {name: frozenset(values) for name, values in list(asked.items())[:1]})


def want_of(requirement: m.Requirement, scope: Scope) -> Want:
    """Bind one requirement of a checked SOP to what brings it about."""
    match requirement:
        case m.FormRequirement():
            return _Form(requirement, scope)
        case m.WaitedRequirement():
            return _Wait(requirement, scope)
        case m.AcknowledgedRequirement():
            return _Acknowledged(requirement, scope)
        case m.AnyOfRequirement():
            return _AnyOf(requirement, scope)
        case m.NoneOfRequirement():
            return _NoneOf(requirement, scope)
        case _:
            return _Closed(requirement, scope)


# ── The procedure, made ready ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Way:
    """An action with its requirements, and what each form must say for all of them together."""

    wants: tuple[Want, ...]
    asked: Mapping[str, Answers]


class Planner:
    """What every action and every form of a procedure needs before it can be taken or recorded."""

    def __init__(self, sop: CompiledSop, staff: Staff) -> None:
        self._sop = sop
        asked, countries, ahead = asked_for(sop), (*sop.sop.destination, *sop.sop.origin), dates_ahead(sop)
        self.fields: dict[str, dict[str, Sample]] = {
            part: {
                name: Sample(
                    sop.parts[part].fields[name], asked.get((part, name), ()), countries, (part, name) in ahead
                )
                for name in sorted(names)
            }
            for part, names in sop.reads.items()
        }
        self.entries: dict[str, dict[str, tuple[tuple[str, tuple[Want, ...]], ...]]] = {}
        for step in sop.steps.values():
            for part, entries in step.recordable.items():
                ready = ((staff.recorder(entry.by), self._wants(entry.guards, step.name)) for entry in entries)
                own = tuple((by, wants) for by, wants in ready if by is not None)
                self.entries.setdefault(part, {})[step.name] = own
        # By identity: the models that ask live as long as the planner, and what is made of them is kept beside its result.
        self._fillings: dict[tuple[str, int, bool], tuple[tuple[Filling, ...], Answers]] = {}
        self._just: dict[tuple[str, Value], Answers] = {}
        self._together: dict[tuple[int, int], tuple[Answers, Answers, Answers]] = {}
        self._ways = {action.key: self._way(action) for action in sop.every_action()}

    def attempt(
        self, life: Life, action: CompiledAction, random: Random
    ) -> tuple[datetime | None, Sequence[Recording | Acknowledging]]:
        """Say from when on the action can be taken (None: not as things stand), and what is recorded now for it."""
        way = self._ways[action.key]
        unmet = [want for want in way.wants if not want.holds(life)]
        if not unmet:
            return life.now, ()
        for want in unmet:
            if isinstance(want, _Closed):
                return None, ()
        attempt = Attempt(self, life, random, way.asked)
        try:
            for _ in range(ROUNDS):
                at = attempt.bring_about(unmet)
                if at is None or at > life.now:
                    return at, () if at is None else attempt.moves
                unmet = [want for want in way.wants if not want.holds(life)]
                if not unmet:
                    return at, attempt.moves
        finally:
            attempt.undo()
        return None, ()

    def together(self, asked: Answers | None, answers: Answers) -> Answers:
        """Return what satisfies both: what the whole action asks of a record, and one requirement. Made once for each pair."""
        if asked is None:
            return answers
        pair = (id(asked), id(answers))
        known = self._together.get(pair)
        if known is None:
            known = self._together[pair] = (asked.with_(answers), asked, answers)
        return known[0]

    def just(self, name: str, value: Value) -> Answers:
        """Return what asks one field for one value."""
        known = self._just.get((name, value))
        if known is None:
            known = self._just[name, value] = Answers({name: (value,)}, {})
        return known

    def filling(self, part: str, answers: Answers, is_first: bool) -> tuple[Filling, ...]:
        """Return what to write into which fields of a part: all of a first record, else what must be said anew."""
        known = self._fillings.get((part, id(answers), is_first))
        if known is None:
            found = [(name, one.allowed(answers, name), one) for name, one in self.fields.get(part, {}).items()]
            asked = {*answers.allowed, *answers.barred}
            known = tuple(one for one in found if is_first or one[1] is None or one[0] in asked), answers
            self._fillings[part, id(answers), is_first] = known
        return known[0]

    def opens_at(self, life: Life, action: CompiledAction) -> datetime | None:
        """Return when the waits of a timed action are over (now: nothing is against it); None where a wait is not all it lacks."""
        latest = life.now
        for want in self._ways[action.key].wants:
            if not want.holds(life):
                over = want.over(life) if isinstance(want, _Wait) else None
                if over is None:
                    return None
                latest = max(latest, over)
        return latest

    def record(self, life: Life, part: str, random: Random) -> Sequence[Recording | Acknowledging]:
        """Plan the record of a form that is due by itself; nothing if it can't be recorded now."""
        attempt = Attempt(self, life, random, {})
        try:
            return attempt.moves if attempt.record(Slot(part), NOTHING) == life.now else ()
        finally:
            attempt.undo()

    def closed_by(self, life: Life, action: CompiledAction) -> Iterator[m.Requirement]:
        """Yield the requirements of an action that don't hold."""
        for want in self._ways[action.key].wants:
            if not want.holds(life):
                yield want.requirement

    def _wants(self, ready: Iterable[Guard], step: str | None) -> tuple[Want, ...]:
        scope = replace(self._sop.scope, step=step)
        return tuple(want_of(one.requirement, scope) for one in ready)

    def _way(self, action: CompiledAction) -> Way:
        wants = self._wants(action.guards, action.step)
        asked: dict[str, Answers] = {}
        for want in wants:
            if isinstance(want, _Form):
                asked[want.slot.key] = asked.get(want.slot.key, NOTHING).with_(want.answers)
        return Way(wants, asked)
