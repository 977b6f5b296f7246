"""Scenario file -> story, or all its diagnostics in one run. Codes: `CODES`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from engine.application.scenarios.model import Event, FallsDue, Harm, Launch, Scenario
from engine.diagnostics import Diagnostic, Place, in_order, nearest
from engine.errors import WrongUse
from engine.sop.faults import validated
from engine.sop.shelf import definitions_in, find_root, read_file
from engine.source import Marks

CODES: Final = {
    "SCN100": "the file is no scenario",
    "SCN101": "a story, a procedure or a file of desks that is not there, or has faults itself",
    "SCN110": "a step, action, form, field, fact, role, desk or safeguard that the procedure does not have",
    "SCN111": "a value that a field or a fact cannot have",
    "SCN120": "an event that lies before the one above it",
    "SCN201": "the story goes another way than it says",
    "SCN202": "a harm that a story tells can happen",
}
"""What can be wrong with a story; faults of its shape carry the codes SOP101 to SOP107, those of its text YAML001 to YAML011."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event with its place: entry `number` (from 0) of the events of the file behind `marks`."""

    event: Event
    marks: Marks
    number: int

    def place(self, *path: str | int) -> Place:
        """Return where something in the event stands; without a path the event's first word."""
        where = ("events", self.number, *path)
        return self.marks.key(where) if path and isinstance(path[-1], str) else self.marks.value(where)


@dataclass(frozen=True, slots=True)
class Story:
    """A scenario as it is played.

    Attributes:
        destination, origin: countries where the person is, and returns to.
        procedure: the file of the procedure, where the story names it.
        actors: names of files of desks, as written; empty where desks are made up.
    """

    path: Path
    name: str
    title: Mapping[str, str]
    sop: str
    procedure: Path | None
    destination: str
    origin: str
    actors: Sequence[str]
    launch: Launch
    falls_due: FallsDue
    harm: Harm | None
    events: Sequence[Told]
    marks: Marks

    @property
    def begins_at(self) -> datetime:
        return when(self.launch.at)

    @property
    def own(self) -> Iterator[Told]:
        """The events of its own file; a story it is `like` is checked by itself."""
        return (one for one in self.events if one.marks is self.marks)


def when(at: datetime | None) -> datetime:
    """Return an instant that the models have seen to be there."""
    if at is None:
        raise TypeError("only an `expect` has no instant")
    return at


def _beside(path: Path, named: str) -> Path:
    """Return a file that a story names as seen from itself, without a way up and down again in its path."""
    return Path(os.path.normpath(path.parent / named))


def load_story(path: Path, beside: Path | None = None) -> tuple[Story | None, list[Diagnostic]]:
    """Read one story.

    Args:
        beside: a further folder of stories that it may be `like`; its own folder is looked into first.
    Returns:
        The story, or None where it has faults that leave none; and every fault found, in the order of the file.
    """
    story, found = _load(path, beside, ())
    return story, in_order(found)


def read_story(path: Path, beside: Path | None = None) -> Story:
    """Read one story that must be sound; raises WrongUse with its faults as `details`."""
    story, found = load_story(path, beside)
    if story is None or found:
        raise WrongUse(
            f"{path} is not a scenario", [f"{one.place.file}:{one.place.line}: {one.message}" for one in found]
        )
    return story


def _load(path: Path, beside: Path | None, chain: tuple[str, ...]) -> tuple[Story | None, list[Diagnostic]]:
    source, found = read_file(path)
    if source is None:
        return None, found
    if isinstance(source.value, dict) and "scenario" not in source.value and source.value.keys() & {"sop", "form"}:
        kind = "procedure" if "steps" in source.value or "extends" in source.value else "form"
        message, hint = f"this file is a {kind}, not a scenario", 'a scenario begins with "scenario: its-name"'
        if kind == "procedure" or "form" in source.value:
            return None, [*found, Diagnostic("SCN100", message, source.marks.value(()), hint)]
    scenario, faults = validated(Scenario, source.value, source.marks)
    found += faults
    if scenario is None:
        return None, found
    told = [Told(event, source.marks, number) for number, event in enumerate(scenario.events)]
    base: Story | None = None
    if scenario.like is not None:
        base, faults = _like(path, scenario, source.marks, beside, (*chain, scenario.scenario))
        found += faults
        if base is None:
            return None, found
    story = _continued(path, scenario, told, base, source.marks)
    return story, [*found, *_out_of_order(story)]


def _continued(path: Path, scenario: Scenario, told: Sequence[Told], base: Story | None, marks: Marks) -> Story:
    shared: dict[str, Any]
    if base is None:
        launch = scenario.launch or Launch()
        shared = {
            "sop": scenario.sop or "", "destination": scenario.from_ or "", "origin": scenario.to or "",
            "procedure": None if scenario.procedure is None else _beside(path, scenario.procedure),
            "falls_due": scenario.falls_due, "actors": scenario.actors, "launch": launch, "events": told,
        }  # fmt: skip
    else:
        begun = takewhile(
            lambda one: one.event.kind == "expect" or when(one.event.at) < when(scenario.until), base.events
        )
        own = scenario.launch or Launch()
        launch = base.launch.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})
        shared = {
            "sop": base.sop, "destination": base.destination, "origin": base.origin, "procedure": base.procedure,
            "falls_due": base.falls_due, "actors": (*base.actors, *scenario.actors), "launch": launch,
            "events": [*begun, *told],
        }  # fmt: skip
    return Story(path=path, name=scenario.scenario, title=scenario.title, harm=scenario.harm, marks=marks, **shared)


def _like(
    path: Path, scenario: Scenario, marks: Marks, beside: Path | None, chain: tuple[str, ...]
) -> tuple[Story | None, list[Diagnostic]]:
    """Load the story that a file goes like; its own faults are told where it is tested itself."""
    name, place = scenario.like or "", marks.value(("like",))
    if name in chain:
        circle = " like ".join(f'"{one}"' for one in (*chain[chain.index(name) :], name))
        return None, [Diagnostic("SCN101", f"stories go like one another in a circle: {circle}", place)]
    folders = [path.parent, find_root(path) / "scenarios", *([] if beside is None else [beside])]
    file = next((folder / f"{name}.yaml" for folder in folders if (folder / f"{name}.yaml").is_file()), None)
    if file is None:
        near = nearest(name, [one.stem for folder in folders for one in definitions_in(folder)])
        hint = f'did you mean "{near}"?' if near else "it stands beside this file, or in the folder scenarios"
        return None, [Diagnostic("SCN101", f'there is no story "{name}" to go like', place, hint)]
    story, faults = _load(file, beside, chain)
    circle_below = [one.message for one in faults if "in a circle" in one.message]
    if circle_below:
        return None, [Diagnostic("SCN101", circle_below[0], place)]
    if story is None or faults:
        message = f'"{name}" has faults itself ({len(faults)}), so nothing can go like it'
        return None, [Diagnostic("SCN101", message, place, f"mend them first: passerelle sop test {file}")]
    return story, []


def _out_of_order(story: Story) -> Iterator[Diagnostic]:
    """Find own events that lie before what is told above them, or before the launch."""
    latest, above = story.begins_at, "the launch"
    for one in story.events:
        at = one.event.at
        if at is None:
            continue
        if at < latest and one.marks is story.marks:
            message = f"this lies before {above}, which is at {latest.isoformat()}"
            yield Diagnostic(
                "SCN120", message, one.marks.value(("events", one.number, "at")), "events stand in order of time"
            )
        if at >= latest:
            latest, above = at, "the event above it"
