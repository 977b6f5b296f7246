"""Open cases move to another version of their procedure: what would happen to each, doing it, and taking it back.

A plan says it for every open case and changes nothing. To apply a plan is to decide anew for each case at the moment at which
it is written: where a person has moved the case meanwhile, what is done is told apart. Each case is one transaction with an entry
in its history. What can move and what it becomes there is decided by `engine.cases.migrate`.

For designers: docs/howto/change-running-cases.md.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec

from engine.actors.model import Actor
from engine.actors.resolve import NobodyStands, parties
from engine.application.casework import Casework, Loaded, typed_facts
from engine.application.change import Did, change_of
from engine.application.facts import Left, Payload, Undo, facts_of, open_payload, snapshot_of
from engine.application.fates import Fate, fate_of
from engine.application.other_names import read_names
from engine.application.past import launched_on, moves_that_count
from engine.application.people import People
from engine.application.ports import NEVER, Cipher, Deadline, Entry, Message, NewMessage, SopVersion, Store, StoredCase
from engine.application.procedures import Procedures, find_version
from engine.cases.case import Case, Facts
from engine.cases.draft import ASYLUM
from engine.cases.effects import Notify, SetDeadline
from engine.cases.migrate import Migrated, Reason, migrate
from engine.cases.names import Migrate, Names, as_named_now
from engine.cases.replay import Played
from engine.cases.sharing import why_not_told
from engine.cases.view import CaseView
from engine.clock import Clock
from engine.diagnostics import did_you_mean
from engine.errors import Conflict, NotAllowed, UnknownName, Unreadable, WrongUse
from engine.sop.compile import CompiledSop
from engine.values import MessageKind, MessageState, Side, Value, read_reference

_WAITING: Final = (MessageState.QUEUED, MessageState.SENDING)
_TRIES: Final = 5
"""How often a case is decided anew because somebody moves it at the same moment; then it stays."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of every open case of a procedure; `there` already stand on the version.

    `code` follows from the content: the same plan has the same code.
    """

    target: SopVersion
    fates: tuple[Fate, ...]
    there: int
    names: Names
    facts: Mapping[str, Value]
    given: Mapping[str, str]

    @property
    def code(self) -> str:
        said = (self.target.hash, self.fates, self.names, self.facts, self.given)
        return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Applied:
    """One case of a plan, done; `changed`: somebody moved it since, and what was done is not what the plan said."""

    fate: Fate
    changed: bool


@dataclass(frozen=True, slots=True)
class Undone:
    """One case of a run: it is back on the version `number`, or the reason why it is not."""

    ref: str
    number: int
    reason: str = ""


class Migrations:
    """Moves open cases between versions."""

    def __init__(
        self, store: Store, cipher: Cipher, procedures: Procedures, casework: Casework, people: People, clock: Clock
    ) -> None:
        self._store, self._cipher, self._procedures = store, cipher, procedures
        self._casework, self._people, self._clock = casework, people, clock

    def plan(
        self, sop: str, to: int, refs: Sequence[str] = (), renamed: Sequence[str] = (),
        facts: Mapping[str, str] | None = None, given: Mapping[str, str] | None = None,
    ) -> Plan:  # fmt: skip
        """Say for every open case, or for those of `refs`, whether it moves to version `to`; nothing is changed.

        Args:
            renamed: what is called otherwise there: "step:old=new" (also action, form, fact).
            facts: as written, for cases of which they are not known.
            given: role -> actor, for roles that are new.
        Raises:
            UnknownName, WrongUse: no such version or case, or a name, fact or actor that can't be.
        """
        versions = [one for one in self._store.versions() if one.sop == sop]
        target = find_version(self._store.versions(), sop, to)
        new = self._procedures.compiled(target.hash)
        names = read_names(renamed, [self._procedures.compiled(one.hash) for one in versions if one is not target], new)
        unknown = [role for role in given or {} if role not in new.sop.roles]
        if unknown:
            raise UnknownName(
                f"Version {to} has no role {', '.join(unknown)}.",
                [did_you_mean(unknown[0], list(new.sop.roles), "roles")],
            )
        asked = Plan(target, (), 0, names, typed_facts(new, facts or {}), given or {})
        cases = [one for one in self._store.cases() if one.sop == sop and one.outcome is None]
        if refs:
            cases = _chosen(cases, refs, sop)
        away = [one for one in cases if one.version != target.hash]
        numbers = {one.hash: one.number for one in versions}
        actors = self._people.all()
        fates = [self._foreseen(one, asked, numbers, actors) for one in sorted(away, key=lambda one: one.ref)]
        return replace(asked, fates=tuple(fates), there=len(cases) - len(away))

    def apply(self, plan: Plan, expected: str | None = None) -> tuple[str, list[Applied]]:
        """Do what a plan says; returns the name of the run, and what was done for each case.

        Raises:
            NotAllowed: the plan is not the one that was `expected` (its code); nothing is done.
        """
        if expected not in (None, plan.code):
            details = [f"its code is {plan.code} now; look at it again without --apply"]
            raise NotAllowed(
                "What would happen is no longer what the dry run said; nothing is done.", details, "plan_changed"
            )
        run = secrets.token_hex(4)
        numbers = {one.hash: one.number for one in self._store.versions()}
        actors = self._people.all()
        return run, [
            self._applied(fate, plan, run, numbers, actors) if fate.moves else Applied(fate, False)
            for fate in plan.fates
        ]

    def undo(self, sop: str, run: str) -> list[Undone]:
        """Take a run back: each case that has not moved since stands as it stood before, on its version and with its deadlines.

        Raises:
            UnknownName: the procedure has no such run.
        """
        numbers = {one.hash: one.number for one in self._store.versions()}
        found = []
        for stored in sorted((one for one in self._store.cases() if one.sop == sop), key=lambda one: one.ref):
            entry = self._store.entry_with_key(stored.ref, _key(run))
            if entry is not None:
                found.append(self._undone(stored.ref, entry, numbers))
        if not found:
            raise UnknownName(
                f'There is no run "{run}".', ["the run is named when cases are migrated, and in their histories"]
            )
        return found

    # ── One case ────────────────────────────────────────────────────────────────────────────────────────────────

    def _foreseen(self, stored: StoredCase, plan: Plan, numbers: Mapping[str, int], actors: Iterable[Actor]) -> Fate:
        """Say what would become of one case, even while somebody moves it."""
        for _ in range(_TRIES):
            try:
                return self._fate(stored, plan, numbers, actors)[0]
            except Conflict:
                stored = self._store.case(stored.ref) or stored
        return _stays(stored, numbers, _BUSY)

    def _fate(
        self, stored: StoredCase, plan: Plan, numbers: Mapping[str, int], actors: Iterable[Actor], run: str = ""
    ) -> tuple[Fate, Ready | None]:
        """Decide about one case as it stands at this moment; raises Conflict if it is moved while it is read."""
        if stored.outcome is not None:
            return _stays(stored, numbers, Reason("closed", "It has been closed meanwhile.")), None
        if stored.version == plan.target.hash:
            return _stays(stored, numbers, Reason("there", "It has been moved there meanwhile.")), None
        try:
            loaded = self._casework.opened(stored)
            now, new = self._clock.now(), self._procedures.compiled(plan.target.hash)
            move = self._move(loaded, new, plan, actors, run)
            if not isinstance(move, Migrate):
                return _stays(stored, numbers, *move), None
            # The deadlines first: if the history then ends with the entry of the case's row, nobody moved it in between.
            clocks = tuple(_clock(one) for one in self._store.deadlines(stored.ref))
            answer = migrate(loaded.sop, new, loaded.case, loaded.facts, self._past(loaded), clocks, move, now)
        except Unreadable as why:
            return _stays(stored, numbers, Reason("unreadable", f"It can't be read: {why.message}.")), None
        if isinstance(answer, tuple):
            return _stays(stored, numbers, *answer), None
        fate = fate_of(loaded, numbers[stored.version], new, answer, clocks, plan.names, now)
        return fate, Ready(loaded, move, answer, clocks, now)

    def _move(
        self, loaded: Loaded, new: CompiledSop, plan: Plan, actors: Iterable[Actor], run: str
    ) -> Migrate | tuple[Reason, ...]:
        """Put the migration of one case together: who stands for the roles that are new, which facts are said."""
        roles = {name: role for name, role in new.sop.roles.items() if name not in loaded.sop.sop.roles}
        countries = {Side.DESTINATION: loaded.case.destination, Side.ORIGIN: loaded.case.origin}
        known = {one.id: one for one in actors}
        given = {
            role: actor
            for role, actor in plan.given.items()
            if role in roles and (actor not in known or countries.get(roles[role].side) in (None, known[actor].country))
        }
        try:
            chosen = parties(roles, known.values(), countries, given)
        except NobodyStands as why:
            return tuple(Reason("role", f"For a new role nobody can be told: {detail}.") for detail in why.details)
        except WrongUse as why:
            return (Reason("role", why.message),)
        facts = {name: value for name, value in plan.facts.items() if name not in loaded.facts.attributes}
        return Migrate(loaded.case.version, plan.target.hash, run, plan.names, chosen, facts)

    def _past(self, loaded: Loaded) -> list[Played]:
        """Return the moves of a case that count, in the names of the version on which it stands."""
        entries = self._store.history(loaded.case.ref)
        if not entries or entries[-1].seq != loaded.stored.seq:
            raise Conflict("Somebody moves this case at this moment.")
        history = moves_that_count(self._store, self._cipher, entries)
        return as_named_now(self._procedures.compiled, launched_on(history, loaded.case.version), history)

    def _applied(
        self, planned: Fate, plan: Plan, run: str, numbers: Mapping[str, int], actors: Iterable[Actor]
    ) -> Applied:
        """Move one case as it stands now, again and again while others move it too."""
        for _ in range(_TRIES):
            stored = self._store.case(planned.ref)
            if stored is None:
                raise UnknownName(f"There is no case {planned.ref}.")
            try:
                fate, ready = self._fate(stored, plan, numbers, actors, run)
                if ready is not None:
                    self._commit(ready, fate, plan, run)
            except Conflict:
                continue
            return Applied(fate, fate != planned)
        return Applied(replace(planned, reasons=(_BUSY,)), True)

    def _commit(self, ready: Ready, fate: Fate, plan: Plan, run: str) -> None:
        loaded, answer = ready.loaded, ready.answer
        silenced = [
            one.key
            for one in (self._store.messages(fate.ref, _WAITING) if fate.silenced else ())
            if one.role in fate.silenced
        ]
        left = Left(snapshot_of(loaded.case, loaded.facts), ready.clocks, tuple(silenced))
        did = Did("", "", "migrate", f"v{fate.number} → v{plan.target.number}", loaded.case.steps(), _key(run))
        change = change_of(
            self._cipher, loaded.stored, answer.case, answer.facts, answer.effects, did, Payload(ready.move, f"run {run}", left),
            ready.now, all_ended=True,
        )  # fmt: skip
        rows = tuple(_row(fate.ref, one, answer.held) for one in answer.clocks)
        self._store.commit(replace(change, deadlines=rows))

    # ── Back again ──────────────────────────────────────────────────────────────────────────────────────────────

    def _undone(self, ref: str, entry: Entry, numbers: Mapping[str, int]) -> Undone:
        try:
            loaded = self._casework.load(ref)
            payload = open_payload(self._cipher, ref, entry.seq, entry.payload)
        except Unreadable as why:
            return Undone(ref, 0, f"It can't be read: {why.message}.")
        left = payload.left
        if left is None:
            raise WrongUse(f"Entry {entry.seq} of {ref} is no migration.")
        number = numbers[left.snapshot.case.version]
        if loaded.stored.seq != entry.seq:
            later = self._store.entry(ref, loaded.stored.seq)
            name = "" if later is None else f": {later.name} (entry {later.seq})"
            return Undone(ref, number, f"It has moved since{name}.")
        try:
            self._take_back(loaded, entry, left, number, numbers)
        except Conflict:
            return Undone(ref, number, "It has moved at this very moment.")
        return Undone(ref, number)

    def _take_back(self, loaded: Loaded, entry: Entry, left: Left, number: int, numbers: Mapping[str, int]) -> None:
        """Let the case stand as it stood. Who heard of the migration hears that it was corrected; the silenced are told again."""
        now, before = self._clock.now(), left.snapshot.case
        facts = facts_of(left.snapshot, loaded.facts.calendars)
        sop = self._procedures.compiled(before.version)
        messages = self._store.messages(before.ref)
        heard = {one.role: one for one in messages if one.seq == entry.seq and one.state is MessageState.SENT}
        told = before.told | (heard.keys() & before.parties.keys())
        case = msgspec.structs.replace(before, seq=entry.seq + 1, told=told)
        effects = (*_corrected(sop, case, facts, heard, now), *_strangers(loaded, before, heard))
        name = f"v{numbers[loaded.case.version]} → v{number}"
        did = Did("", "", "undo", name, loaded.case.steps())
        change = change_of(
            self._cipher, loaded.stored, case, facts, effects, did, Payload(Undo(entry.seq)), now, all_ended=True
        )  # fmt: skip
        held = () if case.paused is None else (case.paused.main, *case.paused.strands.values())
        again = tuple(_again(one, case, now) for one in messages if one.key in left.silenced and _was_silenced(one))
        rows = tuple(_row(case.ref, one, held) for one in left.clocks)
        self._store.commit(
            replace(change, deadlines=rows, messages=(*change.messages, *again), cancelled_entry=entry.seq)
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ready:
    """A case that can move: as it was read, and what was decided."""

    loaded: Loaded
    move: Migrate
    answer: Migrated
    clocks: tuple[SetDeadline, ...]
    now: datetime


def _corrected(sop: CompiledSop, case: Case, facts: Facts, heard: Iterable[str], now: datetime) -> Iterator[Notify]:
    """Tell the parties who have heard of a migration that something was corrected, as far as they may be told."""
    view = CaseView(case, facts, now)
    for role in sorted(heard):
        if role in case.parties:
            why = why_not_told(sop, role, view)
            yield Notify(MessageKind.FOR_INFORMATION, role, case.main, "correction", why)


def _strangers(loaded: Loaded, before: Case, heard: Mapping[str, Message]) -> Iterator[Notify]:
    """Ask those to stop who had a part in the case only while it was on the other version, and were told of it."""
    asylum = loaded.facts.attributes.get(ASYLUM) is True
    for role, message in sorted(heard.items()):
        if role not in before.parties and message.actor not in before.parties.values():
            if asylum and role in loaded.sop.official:
                continue
            yield Notify(MessageKind.FOR_INFORMATION, role, before.main, "stop", actor=message.actor)


_BUSY: Final = Reason("busy", "Others move it all the time; try again.")


def _stays(stored: StoredCase, numbers: Mapping[str, int], *reasons: Reason) -> Fate:
    return Fate(stored.ref, numbers.get(stored.version, 0), stored.seq, reasons)


def _key(run: str) -> str:
    """Name the history entries of a run: nothing moves a case twice in one run."""
    return f"migrate {run}"


def _was_silenced(one: Message) -> bool:
    return one.state is MessageState.CANCELLED


def _again(one: Message, case: Case, now: datetime) -> NewMessage:
    """Queue anew what a migration had silenced."""
    return NewMessage(
        secrets.token_hex(16), one.ref, case.seq, one.kind, one.role, one.actor, one.step, one.template,
        MessageState.QUEUED, now, one.due_at, urgent=one.urgent,
    )  # fmt: skip


def _chosen(cases: Iterable[StoredCase], refs: Iterable[str], sop: str) -> list[StoredCase]:
    """Find the named ones among the open cases; raises UnknownName for the first that is none."""
    known = {one.ref: one for one in cases}
    chosen = []
    for ref in refs:
        try:
            exact = read_reference(ref)
        except ValueError as why:
            raise UnknownName(str(why)) from None
        if exact not in known:
            raise UnknownName(f"{exact} is no open case of {sop}.")
        chosen.append(known[exact])
    return list(dict.fromkeys(chosen))


def _clock(row: Deadline) -> SetDeadline:
    return SetDeadline(row.kind, row.step, row.name, row.due_at, row.alarms, row.held)


def _row(ref: str, clock: SetDeadline, held: Sequence[str]) -> Deadline:
    """Make the row of a deadline; of one whose alarms have all come nothing more comes but what it does by itself."""
    by_itself = clock.due_at if clock.kind in ("timed", "wake") else NEVER
    stands_still = clock.held or clock.step in held
    first = clock.due_at if stands_still else clock.alarms[0].at if clock.alarms else by_itself
    return Deadline(ref, clock.step, clock.name, clock.kind, clock.due_at, first, clock.alarms, stands_still)
