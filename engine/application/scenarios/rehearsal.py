"""One story played on the engine: dated events, and what is expected on the way.

What falls due between two events comes round at its own instant: reminders, timed actions, what a date makes allowed (unless the
story says `falls_due: as_told`). A move that goes another way than it is told ends the story. A story of a harm ends where the
procedure bars its path; what that means is for `engine.application.scenarios.trial` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from engine.actors.load import load_actors
from engine.actors.model import Actor
from engine.application.casework import Casework, Loaded, Moved, Refused
from engine.application.correction import Corrections
from engine.application.people import People
from engine.application.ports import Message, Store
from engine.application.scenarios.load import Story, Told, when
from engine.application.scenarios.model import Event, Expectation, FallsDue
from engine.application.scenarios.model import Refused as Reason
from engine.application.sweep import LEASE, Sweep
from engine.clock import FixedClock
from engine.errors import NotAllowed, WrongUse
from engine.sop.compile import CompiledSop
from engine.values import MessageState

RETRY: Final = LEASE
LONGEST: Final = timedelta(hours=6)
"""How long a timed action that is refused waits until it is tried again, at first and at most."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a rehearsal is played on: an application's parts whose clock can be moved."""

    clock: FixedClock
    store: Store
    people: People
    casework: Casework
    corrections: Corrections
    sweep: Sweep
    definitions: Path

    def desks(self, story: Story) -> list[Actor]:
        """Read the desks that a story names."""
        return [one for name in story.actors for one in load_actors(self.definitions / "actors" / f"{name}.yaml")]


class Witness(Protocol):
    """Sees every move that a story makes, with the case as it stood before."""

    def saw(self, event: Event, actor: str, before: Loaded, now: datetime, refused: NotAllowed | None) -> None:
        """Take note of one move, made or refused."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """What is not as told: in words, and where in the event."""

    text: str
    path: tuple[str | int, ...] = ()


class NotAsExpected(NotAllowed):
    """A scenario went another way than it says; `details` say how, `told` and `faults` where."""

    code = "not_as_expected"

    def __init__(self, message: str, told: Told, faults: Sequence[Fault], reasons: Sequence[str] = ()) -> None:
        super().__init__(message, [*(one.text for one in faults), *reasons])
        self.told, self.faults, self.reasons = told, tuple(faults), tuple(reasons)


@dataclass(frozen=True, slots=True)
class Barred:
    """Where the path of a story of a harm ends: the event, and why the procedure does not let it happen."""

    told: Told
    why: tuple[str, ...]


class Rehearsal:
    """Plays one story; `after` is called when something has happened, so that a face can deliver messages and show the way."""

    def __init__(
        self, stage: Stage, story: Story, after: Callable[[str, Moved | None], None], desks: Sequence[Actor] | None = None,
        witness: Witness | None = None,
    ) -> None:  # fmt: skip
        self._stage, self._story, self._after, self._witness = stage, story, after, witness
        self._desks = list(stage.desks(story) if desks is None else desks)
        self._ids = {one.id for one in self._desks}
        self.ref = ""
        self.barred: Barred | None = None
        self._heard_of = 0

    def launch(self) -> Moved:
        """Take in the desks and begin the case."""
        story, said = self._story, self._story.launch
        self._stage.people.add(self._desks)
        self._stage.clock.move_to(story.begins_at)
        moved = self._stage.casework.launch(
            story.sop, story.destination, story.origin, self._first(said.as_ or ""), said.facts, said.actors
        )
        self.ref = moved.ref
        self._after("launch", moved)
        return moved

    def play(self) -> Iterator[int]:
        """Play the events one after the other; yields how many have been.

        Raises:
            NotAsExpected: a move was refused that should not be, or the case stands elsewhere than expected.
        """
        for number, told in enumerate(self._story.events, start=1):
            if told.event.expect is not None:
                self._expect(told, told.event.expect, number)
            else:
                self._pass_time(when(told.event.at))
                self._happen(told, number)
            yield number
            if self.barred is not None:
                return

    def _pass_time(self, until: datetime) -> None:
        """Let come round what falls due before `until`, each at its instant: also the morning of a reader for whom a message waits.

        A timed action that is refused is tried again and again, as in a house that runs, but less and less often: until the next
        event only a date can make it possible.
        """
        clock, pause = self._stage.clock, RETRY
        while self._story.falls_due is FallsDue.BY_ITSELF:
            first = min((at for at in self._waiting(pause) if clock.now() < at <= until), default=None)
            if first is None:
                break
            clock.move_to(first)
            swept = self._stage.sweep.run()
            pause = RETRY if swept.fired or swept.woken or swept.messages else min(2 * pause, LONGEST)
            self._after("sweep", None)
        clock.move_to(max(until, clock.now()))

    def _waiting(self, pause: timedelta) -> Iterator[datetime]:
        now = self._stage.clock.now()
        for one in self._stage.store.deadlines(self.ref):
            if not one.held:
                was_refused = one.kind == "timed" and one.due_at <= now
                yield max(one.next_at, now + pause) if was_refused else one.next_at
        leaves = self._stage.store.next_message_at()
        if leaves is not None:
            yield leaves

    def _happen(self, told: Told, number: int) -> None:
        event, actor = told.event, self._who(told.event.as_ or "")
        before = None if self._witness is None else self._stage.casework.load(self.ref)
        try:
            what, moved = self._move(event, actor)
        except NotAllowed as why:
            self._note(event, actor, before, why)
            self._refused(told, why, number)
            return
        except WrongUse as why:
            raise NotAsExpected(
                f"Event {number} cannot be done.", told, [Fault(f"this cannot be done: {why.message}")], why.details
            ) from None
        self._note(event, actor, before, None)
        if event.refused is not None:
            raise NotAsExpected(
                f"Event {number} should have been refused.", told,
                [Fault("this is allowed, and the story says that it is refused", ("refused",))],
            )  # fmt: skip
        if self._story.harm is not None and self._is_breach():
            self.barred = Barred(told, ("It happened, and is on record as a breach of the procedure.",))
        self._after(what, moved)

    def _note(self, event: Event, actor: str, before: Loaded | None, refused: NotAllowed | None) -> None:
        if self._witness is not None and before is not None:
            self._witness.saw(event, actor, before, self._stage.clock.now(), refused)

    def _refused(self, told: Told, why: NotAllowed, number: int) -> None:
        """Compare a refusal with what is told; raises NotAsExpected."""
        event = told.event
        if event.refused is None:
            if self._story.harm is not None and isinstance(why, Refused):
                self.barred = Barred(told, why.details)
                return
            said = [Fault(f"this is refused ({why.code}): {why.message}")]
            raise NotAsExpected(f"Event {number} was refused: {why.message}", told, said, why.details) from None
        if event.refused not in (why.code, Reason.ANY):
            said = [Fault(f'this is refused for another reason: "{why.code}", not "{event.refused}"', ("refused",))]
            raise NotAsExpected(f"Event {number} was refused: {why.message}", told, said, why.details) from None
        unsaid = [words for words in event.because if words not in "\n".join(why.details)]
        if unsaid:
            said = [Fault(f'no reason for the refusal holds the words "{words}"', ("because",)) for words in unsaid]
            raise NotAsExpected(f"Event {number} was refused for other reasons.", told, said, why.details) from None

    def _is_breach(self) -> bool:
        return self._stage.store.history(self.ref)[-1].move == "breach"

    def _move(self, event: Event, actor: str) -> tuple[str, Moved | None]:
        casework, ref = self._stage.casework, self.ref
        match event.kind:
            case "record":
                return "record", casework.record(ref, event.record or "", event.with_ or {}, actor)
            case "act":
                assign = event.assign if isinstance(event.assign, str) else None
                return "action", casework.take(ref, event.act or "", actor, event.step, assign, event.note)
            case "ack":
                return "acknowledge", casework.acknowledge(ref, actor, event.ack)
            case "assign" if isinstance(event.assign, dict):
                return "assign", [casework.assign(ref, role, to, actor) for role, to in event.assign.items()][-1]
            case "correct":
                return "correct", self._stage.corrections.correct(ref, event.correct or 0, event.why or "", actor)
            case "fire":
                return "fire", casework.fire(ref, event.fire or "", event.step or "")
        self._stage.sweep.run()
        return "sweep", None

    # ── Who ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _first(self, name: str) -> str:
        """Return the desk that begins the case: as named, or the one that stands for a role."""
        if name in self._ids:
            return name
        chosen = self._story.launch.actors.get(name)
        own = [one.id for one in self._desks if name in one.roles and one.country in self._countries()]
        return chosen or next(iter(own), name)

    def _countries(self) -> tuple[str, str]:
        return self._story.destination, self._story.origin

    def _who(self, name: str) -> str:
        """Return the desk that a story means: one of its desks, or whoever stands for a role in the case."""
        if not name or name in self._ids:
            return name
        loaded = self._stage.casework.load(self.ref)
        return loaded.case.parties.get(_speaks(loaded.sop, name), name)

    # ── What is expected ────────────────────────────────────────────────────────────────────────────────────────

    def _expect(self, told: Told, wanted: Expectation, number: int) -> None:
        loaded = self._stage.casework.load(self.ref)
        case, sop = loaded.case, loaded.sop
        stands = ", ".join(step for step in case.steps() if not sop.steps[step].idle)
        faults = [
            Fault(f"the case does not stand at {step}, but at {stands}", ("expect", "steps"))
            for step in wanted.steps
            if step not in case.steps()
        ]
        if wanted.outcome is not None and wanted.outcome != case.outcome:
            got = "the case is still open" if case.outcome is None else f"the outcome is {case.outcome}"
            faults.append(Fault(f"{got}; the story says: {wanted.outcome}", ("expect", "outcome")))
        messages = self._stage.store.messages(self.ref)
        sent = {(str(one.kind), one.role) for one in messages}
        faults += [
            Fault(f"{one.role} was not told ({one.kind})", ("expect", "told", number_))
            for number_, one in enumerate(wanted.told)
            if (one.kind, one.role) not in sent
        ]
        people = {one.id: one.country for one in self._stage.people.all()}
        reached = {people.get(one.actor) for one in messages if one.state is not MessageState.WITHHELD}
        faults += [
            Fault(f"somebody in {country} was told", ("expect", "silent"))
            for country in wanted.silent
            if country in reached
        ]
        faults += self._news(wanted, messages[self._heard_of :])
        self._heard_of = len(messages)
        if faults:
            raise NotAsExpected(f"Event {number} is not as expected.", told, faults)

    def _news(self, wanted: Expectation, fresh: Sequence[Message]) -> Iterator[Fault]:
        """Compare what each desk has heard since the last look, message by message, with what the story says."""
        if wanted.heard is not None:
            heard: dict[str, list[str]] = {}
            for one in fresh:
                if one.state not in (MessageState.WITHHELD, MessageState.CANCELLED):
                    heard.setdefault(one.actor, []).append(one.template)
            named = {self._who(who): who for who in wanted.heard}
            for actor in sorted({*heard, *named}):
                got, said = sorted(heard.get(actor, [])), sorted(wanted.heard.get(named.get(actor, ""), ()))
                if got != said:
                    place = ("expect", "heard", *([named[actor]] if actor in named else []))
                    yield Fault(f"{actor} has heard: {_listed(got)}; the story says: {_listed(said)}", place)
        withheld = sorted({one.role for one in fresh if one.state is MessageState.WITHHELD})
        if wanted.withheld is not None and withheld != sorted(wanted.withheld):
            told, wrong = _listed(withheld), _listed(sorted(wanted.withheld))
            yield Fault(f"withheld was what was meant for: {told}; the story says: {wrong}", ("expect", "withheld"))


def _speaks(sop: CompiledSop, role: str) -> str:
    """Return the role that enters what a role does: itself, or for the person whoever may act for it."""
    known = sop.sop.roles.get(role)
    return known.acts_for[0] if known is not None and known.acts_for else role


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "nothing"
