"""A story in YAML, played on the engine: dated events, and what is expected on the way.

    scenario, title, sop, from, to, actors: [names of files of desks in the folder actors]
    launch: {at, as, facts}
    like: another scenario, until: an instant    (in place of sop, from, to: it goes like that one, up to then; `actors` and
        `launch` may add to those of the other)
    events: each {at, as} and one of record + with | act (+ step, assign, note) | ack | assign | correct + why | sweep, with
        `refused: code` where the answer is no (and `because: [words]` that the reasons must hold); or
        {expect: {steps, outcome, told: [{kind, role}], silent: [countries], heard: {actor: [templates]}, withheld: [roles]}}

`told` and `silent` speak of the whole case; `heard` and `withheld` name all that was told, or withheld, since the last `expect`.

What falls due between two events comes round at its own instant: reminders, timed actions, what a date makes allowed. The demo and
the scenarios of the tests are played by this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from engine.actors.load import load_actors
from engine.application.casework import Casework, Moved
from engine.application.correction import Corrections
from engine.application.people import People
from engine.application.ports import Message, Store
from engine.application.sweep import Sweep
from engine.clock import FixedClock
from engine.errors import NotAllowed, WrongUse
from engine.source import read
from engine.values import MessageState


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


@dataclass(frozen=True, slots=True)
class Story:
    """A scenario file as read."""

    name: str
    title: Mapping[str, str]
    sop: str
    origin: str
    destination: str
    actors: Sequence[str]
    launch: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]

    @property
    def begins_at(self) -> datetime:
        return datetime.fromisoformat(self.launch["at"])


class NotAsExpected(NotAllowed):
    """A scenario went another way than it says; `details` says where."""

    code = "not_as_expected"


def read_story(path: Path, others: Path | None = None) -> Story:
    """Read a scenario; raises WrongUse when the file is not one.

    Args:
        others: the folder of the scenarios that this one may be `like`; by default its own.
    """
    source, found = read(path.read_bytes(), str(path))
    if source is None or found or not isinstance(source.value, dict):
        raise WrongUse(f"{path} is not a scenario", [f"{one.place.line}: {one.message}" for one in found])
    raw: dict[str, Any] = source.value
    try:
        if "like" in raw:
            folder = others or path.parent
            shared = read_story(folder / f"{raw['like']}.yaml", folder)
            until = datetime.fromisoformat(raw["until"])
            begun = takewhile(lambda event: "expect" in event or _when(event) < until, shared.events)
            return replace(
                shared,
                name=raw["scenario"],
                title=raw["title"],
                actors=[*shared.actors, *raw.get("actors", ())],
                launch={**shared.launch, **raw.get("launch", {})},
                events=[*begun, *raw["events"]],
            )
        return Story(
            raw["scenario"],
            raw["title"],
            raw["sop"],
            raw["to"],
            raw["from"],
            raw["actors"],
            raw["launch"],
            raw["events"],
        )
    except (KeyError, TypeError) as why:
        raise WrongUse(f"{path} is not a scenario: {why} is missing") from None


def _when(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["at"])


class Rehearsal:
    """Plays one story; `after` is called when something has happened, so that a face can deliver messages and show the way."""

    def __init__(self, stage: Stage, story: Story, after: Callable[[str, Moved | None], None]) -> None:
        self._stage, self._story, self._after = stage, story, after
        self.ref = ""
        self._heard_of = 0

    def launch(self) -> Moved:
        """Take in the sample desks and begin the case."""
        for name in self._story.actors:
            self._stage.people.add(load_actors(self._stage.definitions / "actors" / f"{name}.yaml"))
        said = self._story.launch
        self._stage.clock.move_to(self._story.begins_at)
        story = self._story
        moved = self._stage.casework.launch(
            story.sop, story.destination, story.origin, said["as"], said.get("facts", {}), said.get("actors", {})
        )
        self.ref = moved.ref
        self._after("launch", moved)
        return moved

    def play(self) -> Iterator[int]:
        """Play the events one after the other; yields how many have been.

        Raises:
            NotAsExpected: a move was refused that should not be, or the case stands elsewhere than expected.
        """
        for number, event in enumerate(self._story.events, start=1):
            if "expect" in event:
                self._expect(event["expect"], number)
            else:
                self._pass_time(_when(event))
                self._happen(event, number)
            yield number

    def _pass_time(self, until: datetime) -> None:
        """Let come round what falls due before `until`, each at its instant."""
        clock, store = self._stage.clock, self._stage.store
        while True:
            waiting = [one.next_at for one in store.deadlines(self.ref) if not one.held]
            first = min((at for at in waiting if clock.now() < at <= until), default=None)
            if first is None:
                break
            clock.move_to(first)
            self._stage.sweep.run()
            self._after("sweep", None)
        clock.move_to(max(until, clock.now()))

    def _happen(self, event: Mapping[str, Any], number: int) -> None:
        try:
            what, moved = self._move(event)
        except NotAllowed as why:
            refused = event.get("refused")
            if refused is None or (isinstance(refused, str) and refused not in (why.code, "true")):
                raise NotAsExpected(f"Event {number} was refused: {why.message}", why.details) from None
            unsaid = [words for words in event.get("because", ()) if words not in "\n".join(why.details)]
            if unsaid:
                raise NotAsExpected(
                    f"Event {number} was refused for other reasons than {unsaid}.", why.details
                ) from None
            return
        if "refused" in event:
            raise NotAsExpected(f"Event {number} should have been refused.")
        self._after(what, moved)

    def _move(self, event: Mapping[str, Any]) -> tuple[str, Moved | None]:
        casework, ref, actor = self._stage.casework, self.ref, event.get("as", "")
        match event:
            case {"record": part, "with": fields}:
                return "record", casework.record(ref, part, fields, actor)
            case {"act": action}:
                note = event.get("note", "")
                return "action", casework.take(ref, action, actor, event.get("step"), event.get("assign"), note)
            case {"ack": step}:
                return "acknowledge", casework.acknowledge(ref, actor, step)
            case {"assign": {**pairs}}:
                return "assign", [casework.assign(ref, str(role), str(to), actor) for role, to in pairs.items()][-1]
            case {"correct": seq}:
                return "correct", self._stage.corrections.correct(ref, int(seq), event["why"], actor)
            case {"sweep": _}:
                self._stage.sweep.run()
                return "sweep", None
        raise WrongUse(f"an event of a scenario says none of record, act, ack, assign, correct, sweep: {sorted(event)}")

    def _expect(self, wanted: Mapping[str, Any], number: int) -> None:
        case = self._stage.casework.load(self.ref).case
        missing = [step for step in wanted.get("steps", []) if step not in case.steps()]
        faults = [f"the case does not stand at {step}, but at {', '.join(case.steps())}" for step in missing]
        if "outcome" in wanted and wanted["outcome"] != case.outcome:
            faults.append(f"the outcome is {case.outcome} and not {wanted['outcome']}")
        messages = self._stage.store.messages(self.ref)
        told = {(str(one.kind), one.role) for one in messages}
        for one in wanted.get("told", []):
            if (one["kind"], one["role"]) not in told:
                faults.append(f"{one['role']} was not told ({one['kind']})")
        people = {one.id: one.country for one in self._stage.people.all()}
        sent = {people.get(one.actor) for one in messages if one.state is not MessageState.WITHHELD}
        faults += [f"somebody in {country} was told" for country in wanted.get("silent", []) if country in sent]
        faults += self._news(wanted, messages[self._heard_of :])
        self._heard_of = len(messages)
        if faults:
            raise NotAsExpected(f"Event {number} is not as expected.", faults)

    def _news(self, wanted: Mapping[str, Any], fresh: Sequence[Message]) -> list[str]:
        """Compare what each desk has heard since the last look, message by message, with what the story says."""
        heard: dict[str, list[str]] = {}
        for one in fresh:
            if one.state not in (MessageState.WITHHELD, MessageState.CANCELLED):
                heard.setdefault(one.actor, []).append(one.template)
        faults = []
        if "heard" in wanted:
            for actor in sorted({*heard, *wanted["heard"]}):
                got, said = sorted(heard.get(actor, [])), sorted(wanted["heard"].get(actor, []))
                if got != said:
                    faults.append(f"{actor} has heard {got} and not {said}")
        withheld = sorted({one.role for one in fresh if one.state is MessageState.WITHHELD})
        if "withheld" in wanted and withheld != sorted(wanted["withheld"]):
            faults.append(f"withheld was what was meant for {withheld} and not for {sorted(wanted['withheld'])}")
        return faults
