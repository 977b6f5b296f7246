"""An open case moves to another version of its procedure: what it becomes there, or why it stays.

A case is a fold of its history, so it is played again on the new version, every move at its own instant, and must come out where
it stands. What comes of that is a case that could have been launched on the new version: whatever is proved of the version is
proved of the case too, and waits, counts, completed steps, series, acknowledgements, pauses and deadlines are what they would be.
A move that the new version would have refused keeps the case where it is, and so does anything that would be known otherwise.
What people have really been told goes with the case as it is. Pure, like `engine.cases.decide`.

For designers: docs/howto/change-running-cases.md. Why by playing again: docs/decisions/0010-migration-plays-the-history-again.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import msgspec

from engine.calendars.business import CalendarTooShort
from engine.cases.case import Acknowledge, Case, Enter, Facts, Fire, Move, RecordView, Take
from engine.cases.decide import Refusal, Unmet, begun, decide
from engine.cases.draft import ASYLUM, Draft
from engine.cases.effects import CancelMessages, Effect, HoldDeadlines, Notify, SetDeadline
from engine.cases.foresight import FORESEEN
from engine.cases.names import Migrate, PlayedMigration, renamed
from engine.cases.replay import Played, Replayed, Slot, clocks_after, replay, standing
from engine.cases.sharing import why_withheld
from engine.cases.view import CaseView
from engine.forms.model import FieldType
from engine.forms.record import FormRefused, complete, typed
from engine.sop import model as m
from engine.sop.compile import CompiledSop
from engine.sop.requirements import Sentences, words
from engine.values import Kind, MessageKind


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a case stays, in one sentence; `code` is stable."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Migrated:
    """The case on the new version, and what follows.

    Attributes:
        clocks: every deadline that stands from now on, with the alarms that have not come yet.
        held: the steps whose deadlines stand still because the case is paused; one that is suspended says so itself.
        effects: who is told, and whose queued messages may no longer leave.
        begun: steps of lines that the case has only on the new version.
    """

    case: Case
    facts: Facts
    clocks: tuple[SetDeadline, ...]
    held: tuple[str, ...]
    effects: tuple[Effect, ...]
    begun: tuple[str, ...]


def migrate(
    old: CompiledSop, new: CompiledSop, case: Case, facts: Facts, past: Sequence[Played], clocks: Iterable[SetDeadline],
    move: Migrate, now: datetime,
) -> Migrated | tuple[Reason, ...]:  # fmt: skip
    """Move an open case to version `new`, or say every reason why it stays.

    Args:
        case, facts: as they stand on version `old`.
        past: the moves of the case that count, in the names of `old`, records with all their fields.
        clocks: the deadlines of the case as they stand, with the alarms still to come.
    """
    return _Migration(old, new, case, facts, past, clocks, move, now).result()


def rebuild(
    versions: Callable[[str], CompiledSop], begun: Case, facts: Facts, history: Iterable[Played | PlayedMigration]
) -> Replayed | tuple[int, Refusal]:
    """Play a history that may hold migrations; `begun` is on the version of the launch.

    Answers the number and the refusal of the first move that can't be made.
    """
    sop, state = versions(begun.version), Replayed(begun, facts, ())
    past: list[Played] = []
    batch: list[Played] = []
    for one in (*history, None):
        if isinstance(one, Played):
            batch.append(one)
            continue
        answer = replay(sop, state.case, state.facts, batch)
        if isinstance(answer, tuple):
            return answer
        state = replace(answer, effects=(*state.effects, *answer.effects))
        if one is None:
            break
        past, batch = [*past, *batch], []
        new = versions(one.move.version)
        clocks = [clock for clock in standing(state.effects, one.at) if isinstance(clock, SetDeadline)]
        case = msgspec.structs.replace(state.case, seq=one.seq - 1)
        moved = migrate(sop, new, case, state.facts, past, clocks, one.move, one.at)
        if isinstance(moved, tuple):
            return one.seq, Refusal("migrate", tuple(Unmet(None, reason.text) for reason in moved))
        state = Replayed(moved.case, moved.facts, (*moved.clocks, *([HoldDeadlines(moved.held)] if moved.held else [])))
        past, sop = list(renamed(past, sop, new, one.move)), new
    return state


class _Migration:
    """One case on its way: what is in the way is collected, so that everything is told at once."""

    def __init__(
        self, old: CompiledSop, new: CompiledSop, case: Case, facts: Facts, past: Sequence[Played],
        clocks: Iterable[SetDeadline], move: Migrate, now: datetime,
    ) -> None:  # fmt: skip
        self._old, self._new, self._case, self._facts, self._past = old, new, case, facts, past
        self._clocks, self._move, self._names, self._now = tuple(clocks), move, move.names, now
        self._said_before, self._says_now = Sentences(old.scope, "en"), Sentences(new.scope, "en")
        # A line that has ended, or idles, may be gone: nothing of it is under way.
        self._expected = {step: move.names.step(step) for step in self._standing() if self._is_needed(step)}

    def result(self) -> Migrated | tuple[Reason, ...]:
        found = (*self._countries(), *self._roles(), *self._steps(), *self._records(), *self._known_facts())
        if found:
            return found
        try:
            again = self._played_again()
            if isinstance(again, Reason):
                return (again,)
            return tuple(self._otherwise(again)) or self._carried(again)
        except CalendarTooShort as why:
            return (Reason("calendar", f"A deadline can't be counted: {why}."),)

    # ── Why it stays ────────────────────────────────────────────────────────────────────────────────────────────

    def _standing(self) -> tuple[str, ...]:
        paused = self._case.paused
        return (*self._case.steps(), *(() if paused is None else (paused.main, *paused.strands.values())))

    def _is_needed(self, step: str) -> bool:
        known = self._old.steps[step]
        is_line = known.parent is not None or known.alongside
        return not (is_line and (known.is_end or known.idle) and self._names.step(step) not in self._new.steps)

    def _countries(self) -> Iterator[Reason]:
        for country, listed, way in (
            (self._case.destination, self._new.sop.destination, "from"),
            (self._case.origin, self._new.sop.origin, "to"),
        ):
            if country not in listed:
                yield Reason("country", f"The new version does not go {way} {country}.")

    def _roles(self) -> Iterator[Reason]:
        """Yield the roles that have gone to the other side of the border, where their desk does not stand."""
        for role in sorted(self._case.parties.keys() & self._new.sop.roles.keys()):
            was, becomes = self._old.sop.roles[role].side, self._new.sop.roles[role].side
            if was is not becomes:
                yield Reason("role", f"The role “{self._says_now.role(role)}” ({role}) goes from {was} to {becomes}.")

    def _steps(self) -> Iterator[Reason]:
        for step, name in self._expected.items():
            if name not in self._new.steps:
                yield Reason("step", f"The step “{self._said_before.step(step)}” ({step}) isn't there any more.")

    def _records(self) -> Iterator[Reason]:
        """Yield what the new version's forms would not accept of the records that count."""
        today = self._now.astimezone(self._facts.calendars.destination.zone).date()
        counting = {record.seq for record in self._facts.records.values()}
        for one in self._past:
            if one.seq not in counting or not isinstance(one.move, Enter):
                continue
            name = self._names.part(one.move.part)
            part = self._new.parts.get(name)
            if part is None:
                continue
            fields = {key: value for key, value in one.move.fields.items() if key in part.fields}
            receiver = None if one.move.role is None else {"role": one.move.role, "purpose": one.move.purpose}
            given = {"for": receiver, "signed_on": one.move.signed_on, "signed_by": one.move.signed_by, **fields}
            try:
                complete(name, part, given, roles=self._new.sop.roles, today=today)
            except FormRefused as why:
                said = f"The record “{self._says_now.part(name)}” (entry {one.seq}) would no longer be complete"
                yield Reason("record", f"{said}: {'; '.join(why.details)}.")

    def _known_facts(self) -> Iterator[Reason]:
        """Yield the facts that the new version can't take over, and those that it can't do without and nobody could say later."""
        before = {self._names.fact(name): value for name, value in self._facts.attributes.items()}
        settable = {name for action in self._new.every_action() for name, _ in action.sets}
        declared = {self._names.fact(name) for name in self._old.sop.facts}
        for name, fact in self._new.sop.facts.items():
            title = f"“{words(fact.title, 'en')}” ({name})"
            if name in before:
                try:
                    typed(fact.type, before[name], fact.choices)
                except ValueError as why:
                    yield Reason("fact", f"The fact {title} says something else here: it {why}.")
            elif not (
                name in declared or name in self._move.facts or name in settable
                or fact.type is FieldType.BOOLEAN or fact.default is not None
            ):  # fmt: skip
                yield Reason("fact", f"The fact {title} is not known, and no action sets it: say it with --fact.")

    def _played_again(self) -> Replayed | Reason:
        """Play the case again on the new version. What was acknowledged and waits for nobody there is passed over."""
        old = self._case
        case = begun(self._new, old.ref, old.destination, old.origin, old.launched_at)
        facts = Facts(self._facts.calendars)
        effects: list[Effect] = []
        for one in renamed(self._past, self._old, self._new, self._move):
            answer = decide(self._new, msgspec.structs.replace(case, seq=one.seq - 1), one.move, facts, one.at)
            if isinstance(answer, Refusal):
                if isinstance(one.move, Acknowledge):
                    continue
                unmet = " ".join(reason.text for reason in answer.unmet)
                return Reason("history", f"Entry {one.seq} ({_named(one.move)}) would not have been possible: {unmet}")
            case, facts = answer.case, answer.facts
            effects += answer.effects
        return Replayed(case, facts, tuple(effects))

    def _otherwise(self, again: Replayed) -> Iterator[Reason]:
        """Yield what would not be as it is: where the case stands, and what is known."""
        yield from self._elsewhere(again.case)
        before = {self._names.fact(name): value for name, value in self._facts.attributes.items()}
        declared = {self._names.fact(name) for name in self._old.sop.facts} - (self._move.facts.keys() - before.keys())
        for name in sorted(declared & self._new.sop.facts.keys()):
            if before.get(name) != again.facts.attributes.get(name):
                title = words(self._new.sop.facts[name].title, "en")
                yield Reason("known", f"The fact “{title}” ({name}) would say something else.")
        records = {
            slot: one
            for key, one in self._facts.records.items()
            if (slot := self._names.slot(key)).partition(">")[0] in self._new.parts
        }
        for slot in sorted(records.keys() | again.facts.records.keys()):
            if _entry(records.get(slot)) != _entry(again.facts.records.get(slot)):
                yield Reason("known", f"Another record of “{self._says_now.part(slot.partition('>')[0])}” would count.")

    def _elsewhere(self, case: Case) -> Iterator[Reason]:
        if case.outcome is not None:
            yield Reason("elsewhere", f"It would be closed ({case.outcome}).")
        elif (case.paused is None) is not (self._case.paused is None):
            yield Reason("elsewhere", "It is paused on one of the versions and not on the other.")
        places = {MAIN_LINE: case.main, **case.strands, **case.alongside}
        paused = {} if case.paused is None else {MAIN_LINE: case.paused.main, **case.paused.strands}
        left = () if self._case.paused is None else (self._case.paused.main, *self._case.paused.strands.values())
        for step, name in self._expected.items():
            known = self._new.steps[name]
            line = known.line if known.parent is not None or known.alongside else MAIN_LINE
            at = (paused if step in left else places).get(line)
            if at != name:
                elsewhere = "be nowhere on that line" if at is None else f"stand at “{self._says_now.step(at)}”"
                yield Reason("elsewhere", f"It stands at “{self._said_before.step(step)}”, and would {elsewhere}.")

    # ── What it becomes ─────────────────────────────────────────────────────────────────────────────────────────

    def _carried(self, again: Replayed) -> Migrated:
        """Give the case what people have really been told, and tell them what is new."""
        old, new, roles = self._case, self._new, self._new.sop.roles
        voided = {self._names.part(part): day for part, day in self._facts.voided.items()}
        facts = replace(again.facts, voided=_latest(voided, again.facts.voided))
        case = msgspec.structs.replace(
            again.case,
            seq=old.seq,
            parties={role: actor for role, actor in old.parties.items() if role in roles} | self._move.parties,
            told=old.told & roles.keys(),
            offered=frozenset(self._offered()),
            withheld={role: self._names.step(step) for role, step in old.withheld.items() if role in roles},
        )
        draft = Draft(new, case, facts, self._now)
        draft.effects += self._dismissed()
        before, view = CaseView(old, self._facts, self._now), draft.view()
        known = old.told & self._old.sop.roles.keys() & case.parties.keys()
        draft.silence(
            role
            for role in sorted(known)
            if why_withheld(new, role, view) and not why_withheld(self._old, role, before)
        )
        others = [step for step in case.steps() if step not in self._expected.values()]
        for step, responsible in self._newly_responsible(draft.active()):
            draft.turn_at(step, responsible)
        for role in sorted(self._move.parties):
            draft.turn_over(role)
        draft.settle()
        clocks, _ = clocks_after((*again.effects, *draft.effects))
        case, paused = draft.case(), draft.case().paused
        told = tuple(one for one in draft.effects if isinstance(one, Notify | CancelMessages))
        held = () if paused is None else (paused.main, *paused.strands.values())
        come = self._come()
        left = tuple(self._still_to_come(clock, come) for clock in clocks.values())
        return Migrated(
            case, draft.facts(), left, held, told, tuple(step for step in others if not new.steps[step].idle)
        )

    def _offered(self) -> Iterator[str]:
        """Yield the actions of which people know already that they are allowed, as far as the new version has them."""
        for key in self._case.offered:
            step, _, action = key.partition(".")
            step, action = self._names.step(step), self._names.action(action)
            if step in self._new.steps and action in self._new.steps[step].actions:
                yield f"{step}.{action}"

    def _newly_responsible(self, steps: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
        """Yield the steps at which it is somebody's turn who was not responsible for it before."""
        origins = {name: step for step, name in self._expected.items()}
        for step in steps:
            was = origins.get(step)
            before = () if was is None else self._old.steps[was].model.responsible
            newly = [role for role in self._new.steps[step].model.responsible if role not in before]
            if newly and not self._new.steps[step].idle:
                yield step, newly

    def _dismissed(self) -> Iterator[Effect]:
        """Let those whose role is gone stop: nothing that waits for them leaves; who was told, and has no other role, hears it."""
        kept = {actor for role, actor in self._case.parties.items() if role in self._new.sop.roles}
        asylum = self._facts.attributes.get(ASYLUM) is True
        for role, actor in sorted(self._case.parties.items()):
            if role in self._new.sop.roles:
                continue
            yield CancelMessages(role)
            official = self._old.sop.roles[role].kind in (Kind.AUTHORITY, Kind.CONSULATE)
            if role in self._case.told and actor not in kept and not (official and asylum):
                main = self._names.step(self._case.main)
                yield Notify(MessageKind.FOR_INFORMATION, role, main, "stop", actor=actor)

    def _still_to_come(self, clock: SetDeadline, come: Mapping[Slot, frozenset[AnAlarm]]) -> SetDeadline:
        """Leave out the alarms that have come; those are kept whose instant has passed only by the new version's count."""
        gone = come.get((clock.step, clock.name), frozenset())
        left = tuple(one for one in clock.alarms if one.at > self._now or (one.kind, one.roles, one.rung) not in gone)
        return replace(clock, alarms=left)

    def _come(self) -> Mapping[Slot, frozenset[AnAlarm]]:
        """Return the alarms of each deadline that have come already on the old version."""
        return {
            (self._names.step(one.step), self._clock_name(one)): frozenset(
                alarm
                for alarm in _declared(self._old, one)
                if alarm not in {(left.kind, left.roles, left.rung) for left in one.alarms}
            )
            for one in self._clocks
        }

    def _clock_name(self, clock: SetDeadline) -> str:
        return self._names.action(clock.name) if clock.kind == "timed" else clock.name


MAIN_LINE = ""
"""What stands for the main line among the lines of a case."""

AnAlarm = tuple[str, tuple[str, ...], int]
"""What tells one alarm of a deadline from the others: its kind, whom it tells, which rung."""


def _declared(sop: CompiledSop, clock: SetDeadline) -> Iterator[AnAlarm]:
    """Yield every alarm that a version's rule has for a deadline: its kind, whom it tells, which rung."""
    if clock.kind == FORESEEN:
        yield "foresee", (), 0
        return
    rule: m.DeadlineRule | m.Series | m.Safeguard | None = None
    if clock.kind == "due":
        rule = sop.steps[clock.step].model.due
    elif clock.kind == "series":
        rule = sop.steps[clock.step].model.series.get(clock.name.partition(":")[0])
    elif clock.kind == "watch":
        own = (one for one in sop.sop.safeguards if isinstance(one, m.Safeguard))
        rule = next((one for one in own if one.id == clock.name), None)
    if rule is None:
        return
    yield "due", (), 0
    yield from (("remind", (), number) for number, _ in enumerate(getattr(rule, "remind", ())))
    yield from (("escalate", one.to, number) for number, one in enumerate(getattr(rule, "escalate", ())))


def _entry(record: RecordView | None) -> tuple[int, str | None] | None:
    return None if record is None else (record.seq, record.actor)


def _latest(*voidings: Mapping[str, str]) -> dict[str, str]:
    """Merge voidings: of two of one part the later stands."""
    found: dict[str, str] = {}
    for voided in voidings:
        for part, day in voided.items():
            found[part] = max(day, found.get(part, ""), key=date.fromisoformat) if part in found else day
    return found


def _named(move: Move) -> str:
    match move:
        case Take() | Fire():
            return move.action
        case Enter():
            return move.part
        case _:
            return str(type(move).__struct_config__.tag)
