"""Casework: launch a case, take an action, record a form, acknowledge, assign; each is one transaction or nothing.

Every use case reads in the same steps: the case's row, the procedure and the calendars; the decision; one change. A refusal is
raised as `Refused` with every reason, and is put on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from engine.actors.resolve import parties, stands_for
from engine.application.change import Did, change_of
from engine.application.facts import Payload, facts_of, open_snapshot
from engine.application.people import People
from engine.application.ports import Cipher, Entry, Store, StoredCase, StoredRecord, StoredRefusal
from engine.application.procedures import Procedures
from engine.calendars.almanac import Almanac
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
    Resume,
    Suspend,
    Take,
    Wake,
)
from engine.cases.decide import Decision, Refusal, begun, decide, offered
from engine.cases.view import CaseView
from engine.clock import Clock
from engine.diagnostics import did_you_mean
from engine.errors import Conflict, NotAllowed, UnknownName, Unreadable, WrongUse
from engine.forms.record import complete, typed
from engine.sop.compile import REOPEN, CompiledSop
from engine.values import Side, SuspensionReason, Value, new_reference, read_reference, rfc3339

LONGEST_KEY: Final = 200
MOST_BEHIND: Final = timedelta(minutes=5)
"""How far the clocks of two machines may lie apart."""


class Refused(NotAllowed):
    """The procedure says no; `refusal` holds every unmet requirement, `details` each as a sentence."""

    def __init__(self, message: str, refusal: Refusal) -> None:
        said = [f"{one.text}{_by(one.who)}" for one in refusal.unmet]
        super().__init__(message, said, refusal.code)
        self.refusal = refusal


def _not_before(moved_at: datetime, now: datetime) -> None:
    """Refuse a move that would lie before the last one: every date counted from it would be wrong."""
    if moved_at - now > MOST_BEHIND:
        raise WrongUse(
            f"The clock is behind: it says {rfc3339(now)}, and this case was last moved at {rfc3339(moved_at)}.",
            ["Set the clock of this machine, or PASSERELLE_NOW, right."],
        )


def _by(who: tuple[str, ...]) -> str:
    return f" (can be met by: {', '.join(who)})" if who else ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A case as it stands, ready to be decided upon."""

    stored: StoredCase
    sop: CompiledSop
    case: Case
    facts: Facts


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a move. `repeated`: the same key had done it before, and nothing was done again."""

    ref: str
    seq: int
    name: str
    steps: tuple[str, ...]
    outcome: str | None
    repeated: bool = False


class Casework:
    """The moves of cases."""

    def __init__(
        self, store: Store, cipher: Cipher, procedures: Procedures, people: People, almanac: Almanac, clock: Clock
    ) -> None:
        self._store, self._cipher, self._procedures = store, cipher, procedures
        self._people, self._almanac, self._clock = people, almanac, clock

    def launch(
        self, sop: str, destination: str, origin: str, actor: str, facts: Mapping[str, str], given: Mapping[str, str]
    ) -> Moved:
        """Begin a case; returns its new reference.

        Args:
            facts: as written, fact -> value.
            given: role -> actor, where more than one desk could stand for a role.
        Raises:
            UnknownName, WrongUse: a procedure, country, fact, role or actor that can't be.
            NobodyStands: roles for which nobody could be told.
        """
        compiled = self._procedures.latest(sop)
        for country, listed, side in (
            (destination, compiled.sop.destination, "from"),
            (origin, compiled.sop.origin, "to"),
        ):
            if country not in listed:
                raise WrongUse(
                    f'"{sop}" does not go {side} "{country}".',
                    [f"it goes {side}: {', '.join(listed)}", self._going(destination, origin)],
                )
        if destination == origin:
            raise WrongUse("A return goes from one country to another.")
        actors = self._people.all()
        countries = {Side.DESTINATION: destination, Side.ORIGIN: origin}
        chosen = parties(compiled.sop.roles, actors, countries, given)
        if actor not in chosen.values():
            known = sorted(set(chosen.values()))
            raise UnknownName(f'"{actor}" is no party of this case.', [did_you_mean(actor, known, "parties")])
        now = self._clock.now()
        ref = new_reference()
        case = begun(compiled, ref, destination, origin, now)
        known_facts = Facts(self._almanac.between(destination, origin))
        move = Launch(actor, chosen, typed_facts(compiled, facts))
        answer = decide(compiled, case, move, known_facts, now)
        if isinstance(answer, Refusal):
            raise Refused("The case can't be launched.", answer)
        self._cipher.make_key(ref)
        return self._commit(None, answer, move, actor, "launch", now)

    def _going(self, destination: str, origin: str) -> str:
        """Name the published procedures that go from one country to the other; those of fewest countries first."""
        going = [one for one in self._procedures.all_latest() if one.goes(destination, origin)]
        named = sorted(going, key=lambda one: (len(one.destination) + len(one.origin), one.sop))
        if not named:
            return f"no published procedure goes from {destination} to {origin}"
        return f"from {destination} to {origin} goes: {', '.join(one.sop for one in named)}"

    def take(self, ref: str, action: str, actor: str, step: str | None = None, assign: str | None = None,
             note: str = "", key: str | None = None) -> Moved:  # fmt: skip
        """Take an action. Raises Refused with every unmet requirement, Conflict, UnknownName."""
        loaded = self.load(ref)
        known_action(loaded.sop, action)
        if (before := self._before(loaded, "action", action, actor, key)) is not None:
            return before
        if assign is not None:
            self._can_stand(loaded, self._reassigned(loaded, action, step), assign)
        return self._move(loaded, Take(action, actor, step, assign), actor, "action", action, note, key)

    def record(self, ref: str, part: str, raw: Mapping[str, object], actor: str, key: str | None = None) -> Moved:
        """Record a completed form part; `raw` is flat: its fields, and signed_on, signed_by, for, draft.

        Raises:
            FormRefused: names every wrong, missing and surplus field.
            Refused, Conflict, UnknownName: as for `take`.
        """
        loaded = self.load(ref)
        if (before := self._before(loaded, "record", part, actor, key)) is not None:
            return before
        known = loaded.sop.parts.get(part)
        if known is None:
            hint = did_you_mean(part, list(loaded.sop.parts), "forms")
            raise UnknownName(f'There is no form "{part}" in this procedure.', [hint])
        today = self._clock.now().astimezone(loaded.facts.calendars.destination.zone).date()
        record = complete(part, known, raw, roles=loaded.sop.sop.roles, today=today)
        read = loaded.sop.reads.get(part, frozenset())
        seen = {name: value for name, value in record.fields.items() if name in read}
        move = Enter(part, actor, record.signed_on, record.signed_by, seen, record.role, record.purpose, record.draft)
        seq = loaded.case.seq + 1
        body = self._cipher.seal(loaded.case.ref, f"records|body|{seq}", msgspec.json.encode(record))
        stored = StoredRecord(loaded.case.ref, seq, part, record.draft, body)
        return self._move(loaded, move, actor, "record", part, "", key, stored)

    def acknowledge(self, ref: str, actor: str, step: str | None = None, key: str | None = None) -> Moved:
        """Say "we have it" for a step, or for every step that waits for the actor."""
        loaded = self.load(ref)
        if (before := self._before(loaded, "acknowledge", step or "", actor, key)) is not None:
            return before
        if step is not None:
            known_step(loaded.sop, step)
        return self._move(loaded, Acknowledge(actor, step), actor, "acknowledge", step or "", "", key)

    def assign(self, ref: str, role: str, to: str, actor: str = "", key: str | None = None) -> Moved:
        """Let another actor stand for a role; `actor` is who does it, empty for a coordinator who is no party."""
        loaded = self.load(ref)
        if (before := self._before(loaded, "assign", role, actor, key)) is not None:
            return before
        self._can_stand(loaded, role, to)
        return self._move(loaded, Assign(role, to, actor), actor, "assign", role, "", key)

    def mute(
        self, ref: str, role: str, actor: str, note: str, *, off: bool = False, key: str | None = None
    ) -> Moved:  # fmt: skip
        """Let nobody contact a role any more (`role` empty: anybody of the case), or lift that; raises as `take` does.

        What is queued for them is cancelled; what they would have heard is on record as withheld, and told as their turn once it
        is lifted, if it still waits for them. `note` says why.
        """
        loaded = self.load(ref)
        kind = "unmute" if off else "mute"
        if (before := self._before(loaded, kind, role or "everybody", actor, key)) is not None:
            return before
        if not note.strip():
            raise WrongUse("Say why: --note.")
        return self._move(loaded, Mute(role, actor, off), actor, kind, role or "everybody", note, key)

    def suspend(self, ref: str, step: str, reason: str, actor: str, note: str = "", key: str | None = None) -> Moved:
        """Stop the clock of a step's deadline, for a reason of the closed list; raises as `take` does."""
        loaded = self.load(ref)
        known_step(loaded.sop, step)
        if (before := self._before(loaded, "suspend", step, actor, key)) is not None:
            return before
        said = SuspensionReason(reason).words if reason in list(SuspensionReason) else ""
        note = ": ".join(filter(None, (said, note)))
        return self._move(loaded, Suspend(step, reason, actor), actor, "suspend", step, note, key)

    def resume(self, ref: str, step: str, actor: str, note: str = "", key: str | None = None) -> Moved:
        """Let the clock of a step's deadline go on, with what was left of it; raises as `take` does."""
        loaded = self.load(ref)
        known_step(loaded.sop, step)
        if (before := self._before(loaded, "resume", step, actor, key)) is not None:
            return before
        return self._move(loaded, Resume(step, actor), actor, "resume", step, note, key)

    def fire(self, ref: str, action: str, step: str) -> Moved:
        """Let the system take a timed action whose instant has come."""
        return self._move(self.load(ref), Fire(action, step), "", "fire", action)

    def wake(self, ref: str) -> Moved:
        """Let time be noticed: what a date made allowed is told."""
        return self._move(self.load(ref), Wake(), "", "wake", "wake")

    def note_heard(self, ref: str, heard: Wake) -> Loaded:
        """Let a case remember whom its reminders and escalations reach; returns it as it then stands."""
        self._move(self.load(ref), heard, "", "wake", "wake")
        return self.load(ref)

    def load(self, ref: str) -> Loaded:
        """Read a case by its reference, as a person may type it; raises UnknownName or WrongUse."""
        try:
            exact = read_reference(ref)
        except ValueError as why:
            raise UnknownName(str(why)) from None
        stored = self._store.case(exact)
        if stored is None:
            raise UnknownName(f"There is no case {exact}.")
        return self.opened(stored)

    def opened(self, stored: StoredCase) -> Loaded:
        """Open a case's row; raises Unreadable where that can't be done."""
        snapshot = open_snapshot(self._cipher, stored)
        try:
            sop = self._procedures.compiled(stored.version)
        except (UnknownName, ValueError, KeyError):
            raise Unreadable(f"the version of the procedure on which {stored.ref} runs can't be read") from None
        calendars = self._almanac.between(snapshot.case.destination, snapshot.case.origin)
        return Loaded(stored, sop, snapshot.case, facts_of(snapshot, calendars))

    def _move(
        self, loaded: Loaded, move: Move, actor: str, kind: str, name: str, note: str = "", key: str | None = None,
        record: StoredRecord | None = None,
    ) -> Moved:  # fmt: skip
        now = self._clock.now()
        _not_before(loaded.stored.moved_at, now)
        answer, move = self._decided(loaded, move, actor, now)
        if isinstance(answer, Refusal):
            if actor:
                # The system asks again with every sweep: no person was refused anything.
                self._store.note_refusal(StoredRefusal(loaded.case.ref, now, actor, name or kind, answer.code))
            raise Refused(_headline(kind, name), answer)
        try:
            return self._commit(loaded.stored, answer, move, actor, kind, now, note, key, record)
        except Conflict:
            # It may be the same move under the same key, made at this very moment.
            before = self._before(loaded, kind, name, actor, key)
            if before is None:
                raise
            return before

    def _decided(self, loaded: Loaded, move: Move, actor: str, now: datetime) -> tuple[Decision | Refusal, Move]:
        """Decide on a move; a deputy makes it for whoever is absent. Returns the move as it was decided on.

        The history names the deputy; the move itself, sealed beside, names the one who is absent.
        """
        answer = decide(loaded.sop, loaded.case, move, loaded.facts, now)
        if not actor or isinstance(answer, Decision) or isinstance(move, (Assign, Fire, Launch, Mute, Wake)):
            return answer, move
        for absent in sorted(self._people.stands_in_for(actor, now) & set(loaded.case.parties.values())):
            theirs = msgspec.structs.replace(move, actor=absent)
            second = decide(loaded.sop, loaded.case, theirs, loaded.facts, now)
            if isinstance(second, Decision) or answer.code == "not_a_party":
                answer, move = second, theirs
            if isinstance(answer, Decision):
                break
        return answer, move

    def _before(self, loaded: Loaded, kind: str, name: str, actor: str, key: str | None) -> Moved | None:
        """Return what the same key has done before, if anything; raises Conflict if that was another move."""
        if key is None:
            return None
        if not 1 <= len(key) <= LONGEST_KEY:
            raise WrongUse(f"A key has 1 to {LONGEST_KEY} characters.")
        known = self._store.entry_with_key(loaded.case.ref, key)
        return None if known is None else _repeat(loaded, known, kind, name, actor)

    def _commit(
        self, read: StoredCase | None, answer: Decision, move: Move, actor: str, kind: str, now: datetime, note: str = "",
        key: str | None = None, record: StoredRecord | None = None,
    ) -> Moved:  # fmt: skip
        case = answer.case
        did = Did(actor, answer.role, "breach" if answer.breach else kind, answer.name, answer.from_steps, key)
        payload = Payload(move, note)
        change = change_of(self._cipher, read, case, answer.facts, answer.effects, did, payload, now, record)
        self._store.commit(change)
        return Moved(case.ref, case.seq, answer.name, answer.to_steps, case.outcome)

    def _can_stand(self, loaded: Loaded, role: str, actor: str) -> None:
        known = loaded.sop.sop.roles.get(role)
        countries = {Side.DESTINATION: loaded.case.destination, Side.ORIGIN: loaded.case.origin}
        country = None if known is None else countries.get(known.side)
        stands_for(loaded.sop.sop.roles, {one.id: one for one in self._people.all()}, role, actor, country)

    def _reassigned(self, loaded: Loaded, action: str, step: str | None) -> str:
        """Return the role for which an action asks a new actor; raises WrongUse if it asks for none."""
        view = CaseView(loaded.case, loaded.facts, self._clock.now())
        for one, at in offered(loaded.sop, loaded.case, view):
            if one.name == action and step in (None, at) and one.model.reassign is not None:
                return one.model.reassign
        raise WrongUse(f'"{action}" asks for no new actor here.')


def known_action(sop: CompiledSop, action: str) -> None:
    """Raise UnknownName, with the nearest right word, where a procedure has no action of this name at all."""
    known = {name for step in sop.steps.values() for name in step.actions} | sop.everywhere.keys() | {REOPEN}
    if action not in known:
        hint = did_you_mean(action, sorted(known), "actions")
        raise UnknownName(f'There is no action "{action}" in this procedure.', [hint])


def known_step(sop: CompiledSop, step: str) -> None:
    """Raise UnknownName, with the nearest right word, where a procedure has no step of this name."""
    if step not in sop.steps:
        raise UnknownName(f'There is no step "{step}".', [did_you_mean(step, list(sop.steps), "steps")])


def _headline(kind: str, name: str) -> str:
    match kind:
        case "record":
            return f'"{name}" can\'t be recorded now.'
        case "acknowledge":
            return "There is nothing to acknowledge."
        case "suspend":
            return f'The clock of "{name}" can\'t be stopped now.'
        case "mute" | "unmute":
            return f'"{name}" can\'t be {kind}d now.'
        case "resume":
            return f'The clock of "{name}" can\'t go on now.'
        case "assign":
            return f'Nobody can be assigned to "{name}" now.'
        case _:
            return f'"{name}" can\'t be taken now.'


def _repeat(loaded: Loaded, known: Entry, kind: str, name: str, actor: str) -> Moved:
    """Say what was done under this key; an action that happened against the rules is on record as a breach."""
    moved = "action" if known.move == "breach" else known.move
    other_name = kind in ("action", "record", "suspend", "resume") and known.name != name
    if (moved, known.actor) != (kind, actor) or other_name:
        raise Conflict(f'The key "{known.key}" was used for another move ({known.move} {known.name}).')
    case = loaded.case
    return Moved(case.ref, known.seq, known.name, known.to_steps, case.outcome, repeated=True)


def typed_facts(sop: CompiledSop, facts: Mapping[str, str]) -> dict[str, Value]:
    """Give facts as written at launch their types; raises UnknownName or WrongUse, naming all that are wrong."""
    unknown = [name for name in facts if name not in sop.sop.facts]
    if unknown:
        hints = [did_you_mean(name, list(sop.sop.facts), "facts") for name in unknown]
        raise UnknownName(f"There is no fact {', '.join(unknown)} in this procedure.", hints)
    known: dict[str, Value] = {}
    faults: list[str] = []
    for name, text in facts.items():
        declared = sop.sop.facts[name]
        try:
            known[name] = typed(declared.type, text, declared.choices)
        except ValueError as why:
            faults.append(f"{name}: {why}")
    if faults:
        raise WrongUse("Some facts can't be understood.", faults)
    return known
