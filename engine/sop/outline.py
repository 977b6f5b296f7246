"""A procedure laid out flat: every step with its line, its actions, what can be recorded there, and its neighbours.

The checks, the safeguards and the diagrams all ask the same questions of a procedure ("which steps does `while` cover?",
"what can be recorded while the case stands here?"). They are answered once, here. Pure: a procedure and its forms come in.
An outline can be drawn of a faulty procedure too: a name that does not exist leads nowhere and raises nothing.

Terms: docs/glossary.md, "step", "strand", "alongside", "configuration". Meaning: docs/reference/sop-language.md, rules 2 and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from engine.diagnostics import nearest
from engine.forms.model import Form, FormPart
from engine.sop.model import (
    ENVIRONMENT,
    RESUME,
    STAY,
    Action,
    AnyOfRequirement,
    EverywhereAction,
    FormEntry,
    NoneOfRequirement,
    Requirement,
    Requirements,
    Sop,
    Step,
    While,
)

Path: TypeAlias = tuple[str | int, ...]
"""Where something stands in the file: keys and indexes, as in `engine.source.Marks`."""

_MAX_GUESSES: Final = 20

MAIN: Final = ""
"""The key of the main line in `Outline.lines`."""


class Kind(StrEnum):
    """What sort of line a step belongs to."""

    MAIN = "main"
    STRAND = "strand"
    ALONGSIDE = "alongside"


@dataclass(frozen=True, slots=True)
class Offer:
    """An action and where it is offered: at one step, or everywhere (`at` is None)."""

    name: str
    action: Action
    path: Path
    at: str | None

    @property
    def leaves(self) -> bool:
        """Whether it leads to another step (or back from a pause) by somebody's own act or by time."""
        return self.action.to not in (STAY, self.at) and ENVIRONMENT not in self.action.by


@dataclass(frozen=True, slots=True)
class Recordable:
    """One form part that can be recorded at a step, and by whom."""

    part: str
    by: tuple[str, ...]
    path: Path
    at: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A step and where it stands. `phase` is its own or, in a strand of a step, that step's."""

    name: str
    step: Step
    path: Path
    kind: Kind
    line: str
    parent: str | None
    phase: str | None
    offers: tuple[Offer, ...]
    records: tuple[Recordable, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """Steps that follow one another: the main line, one strand, or one strand alongside."""

    key: str
    name: str
    kind: Kind
    start: str
    path: Path
    parent: str | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One requirement (also one inside `any_of` or `none_of`), who holds it, and at which step it is read."""

    requirement: Requirement
    path: Path
    holder: Literal["action", "entry", "series", "share", "reopens", "safeguard"]
    name: str
    at: str | None
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """The flat index. Where a name is used twice the first one counts; a check of its own says so."""

    sop: Sop
    parts: Mapping[str, FormPart]
    spots: tuple[Spot, ...]
    by_name: Mapping[str, Spot]
    lines: Mapping[str, Line]
    offers: tuple[Offer, ...]
    everywhere: tuple[Offer, ...]
    covers: Mapping[str, frozenset[str]]
    """Everywhere action -> the main steps from which it is open."""
    conditions: tuple[Condition, ...]
    phases: frozenset[str]
    next_steps: Mapping[str, frozenset[str]]
    """Step -> steps of the same line that one of its actions, an everywhere action, `reopens` or `resume` leads to.

    A misspelt step stands for the nearest there is, so that one fault doesn't hide the others or bring more with it.
    """
    broken: frozenset[str]
    """Lines in which an action, a start or a `reopens` names no step of that line, nor one much like it."""
    strands_of: Mapping[str, tuple[str, ...]]
    alongside: tuple[str, ...]
    _reach: dict[str, frozenset[str]] = field(default_factory=dict)
    _after: dict[str, frozenset[str]] = field(default_factory=dict)
    _circles: dict[str, str] = field(default_factory=dict)

    def main_steps(self) -> tuple[str, ...]:
        return self.lines[MAIN].steps

    def reach(self, line: str) -> frozenset[str]:
        """Return the steps of a line that can be entered, from its start on."""
        if line not in self._reach:
            self._reach[line] = closure([self.lines[line].start], self.next_steps)
        return self._reach[line]

    def after(self, name: str) -> frozenset[str]:
        """Return the steps of its line that a step leads to, itself included."""
        if name not in self._after:
            self._after[name] = closure([name], self.next_steps)
        return self._after[name]

    def circle(self, name: str) -> str:
        """Return a step that stands for all those of its line that one can go to and come back from."""
        if not self._circles:
            self._circles.update(circles(self.next_steps))
        return self._circles[name]

    def stands(self, name: str) -> bool:
        """Whether a case can ever stand at this step (and at the step its strand belongs to)."""
        spot = self.by_name[name]
        return name in self.reach(spot.line) and (spot.parent is None or spot.parent in self.reach(MAIN))

    def inside(self, main: str) -> tuple[str, ...]:
        """Return a step of the main line with those of its strands."""
        return main, *(step for key in self.strands_of.get(main, ()) for step in self.lines[key].steps)

    def whole(self, part: str) -> tuple[str, ...]:
        """Return the parts that a name means: itself, or every part of a form named whole; () if there is none."""
        if part in self.parts:
            return (part,)
        return tuple(name for name in self.parts if name.startswith(part + "."))


def closure(starts: Iterable[str], edges: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return everything that can be reached from `starts`, themselves included."""
    seen = {start for start in starts if start in edges}
    waiting = list(seen)
    while waiting:
        for step in edges[waiting.pop()]:
            if step not in seen and step in edges:
                seen.add(step)
                waiting.append(step)
    return frozenset(seen)


def turned(edges: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return the same edges in the other direction."""
    back: dict[str, set[str]] = {step: set() for step in edges}
    for step, following in edges.items():
        for other in following:
            if other in back:
                back[other].add(step)
    return {step: frozenset(before) for step, before in back.items()}


def circles(edges: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Return for each step one that stands for all in its circle: those that lead to it and that it leads to.

    Kosaraju's two walks (the strongly connected components), without recursion, in time that grows with the edges.
    """
    done: dict[str, None] = {}
    for start in edges:
        ahead = [(start, iter(edges[start]))] if start not in done else []
        begun = {start}
        while ahead:
            step, following = ahead[-1]
            for other in following:
                if other in edges and other not in done and other not in begun:
                    begun.add(other)
                    ahead.append((other, iter(edges[other])))
                    break
            else:
                done[step] = None
                ahead.pop()
    back = turned(edges)
    circle: dict[str, str] = {}
    for first in reversed(done):
        waiting = [first]
        while waiting:
            step = waiting.pop()
            if step not in circle:
                circle[step] = first
                waiting += [other for other in back[step] if other not in circle]
    return circle


_latest: tuple[Sop, Mapping[str, Form], Outline] | None = None


def outline_of(sop: Sop, forms: Mapping[str, Form] | None = None) -> Outline:
    """Return the outline of a procedure; asked again for the same objects it gives the same outline back."""
    global _latest
    shelf: Mapping[str, Form] = {} if forms is None else forms
    known = _latest
    if known is not None and known[0] is sop and known[1] is shelf:
        return known[2]
    outline = _draw(sop, shelf)
    _latest = (sop, shelf, outline)
    return outline


def _draw(sop: Sop, forms: Mapping[str, Form]) -> Outline:
    parts = {name: part for form in forms.values() for name, part in form.all_parts().items()}
    spots: list[Spot] = []
    lines: dict[str, Line] = {}
    strands_of: dict[str, tuple[str, ...]] = {}

    def walk(key: str, line: Line, steps: Mapping[str, Step], parent: Spot | None) -> None:
        lines[key] = line
        for name, step in steps.items():
            spot = _spot(name, step, (*line.path, "steps", name), line, parent, parts)
            spots.append(spot)
            if line.kind is not Kind.MAIN or not step.strands:
                continue
            keys = []
            for strand_name, strand in step.strands.items():
                inner_key = f"{name}/{strand_name}"
                keys.append(inner_key)
                path = (*spot.path, "strands", strand_name)
                inner = Line(inner_key, strand_name, Kind.STRAND, strand.start, path, name, tuple(strand.steps))
                walk(inner_key, inner, strand.steps, spot)
            strands_of[name] = tuple(keys)

    walk(MAIN, Line(MAIN, "", Kind.MAIN, sop.start, (), None, tuple(sop.steps)), sop.steps, None)
    for name, strand in sop.alongside.items():
        path: Path = ("alongside", name)
        line = Line(f"/{name}", name, Kind.ALONGSIDE, strand.start, path, None, tuple(strand.steps))
        walk(line.key, line, strand.steps, None)

    by_name: dict[str, Spot] = {}
    for spot in spots:
        by_name.setdefault(spot.name, spot)
    everywhere = tuple(Offer(name, action, ("everywhere", name), None) for name, action in sop.everywhere.items())
    covers = {offer.name: covered(offer.action.while_, by_name, lines, strands_of) for offer in everywhere
              if isinstance(offer.action, EverywhereAction)}  # fmt: skip
    edges, broken = _edges(sop, spots, lines, covers)
    return Outline(
        sop=sop,
        parts=parts,
        spots=tuple(spots),
        by_name=by_name,
        lines=lines,
        offers=tuple(offer for spot in spots for offer in spot.offers),
        everywhere=everywhere,
        covers=covers,
        conditions=tuple(_conditions(sop, spots, everywhere)),
        phases=frozenset(spot.phase for spot in spots if spot.phase is not None),
        next_steps=edges,
        broken=broken,
        strands_of=strands_of,
        alongside=tuple(key for key, line in lines.items() if line.kind is Kind.ALONGSIDE),
    )


def _spot(name: str, step: Step, path: Path, line: Line, parent: Spot | None, parts: Mapping[str, FormPart]) -> Spot:
    records: list[Recordable] = []
    entries: list[tuple[FormEntry, Path]] = [(entry, ("forms", n)) for n, entry in enumerate(step.forms)]
    for key, series in step.series.items():
        entries += [(FormEntry(form=form), ("series", key, "forms", n)) for n, form in enumerate(series.forms)]
    for entry, where in entries:
        by = entry.by or step.responsible
        named = (entry.form,) if entry.form in parts else [one for one in parts if one.startswith(entry.form + ".")]
        records += [Recordable(part, by, (*path, *where), name) for part in named if by]
    return Spot(
        name=name,
        step=step,
        path=path,
        kind=line.kind,
        line=line.key,
        parent=parent.name if parent else None,
        phase=step.phase or (parent.phase if parent else None),
        offers=tuple(Offer(key, action, (*path, "actions", key), name) for key, action in step.actions.items()),
        records=tuple(records),
    )


def covered(
    scope: Literal["any"] | While,
    by_name: Mapping[str, Spot],
    lines: Mapping[str, Line],
    strands_of: Mapping[str, tuple[str, ...]],
) -> frozenset[str]:
    """Return the main steps in which a configuration can be covered (facts are left open).

    A configuration is covered if any of its steps is; all keys must hold. A step that runs alongside may stand beside
    every main step, so naming one covers them all. Ends are never covered.
    """
    open_steps = [name for name in lines[MAIN].steps if by_name[name].step.end is None]
    if scope == "any":
        return frozenset(open_steps)
    answer = set(open_steps)
    for wanted in (scope.steps, scope.at):
        if wanted:
            answer &= {main for name in wanted for main in _main_of(name, by_name, open_steps)}
    if scope.phases:
        inside = {
            main: {by_name[main].phase}
            | {by_name[s].phase for key in strands_of.get(main, ()) for s in lines[key].steps}
            for main in answer
        }
        along = {spot.phase for spot in by_name.values() if spot.kind is Kind.ALONGSIDE}
        wanted_phases = set(scope.phases)
        if not wanted_phases & along:
            answer = {main for main in answer if inside[main] & wanted_phases}
    return frozenset(answer)


def _main_of(name: str, by_name: Mapping[str, Spot], open_steps: list[str]) -> Iterable[str]:
    spot = by_name.get(name)
    if spot is None:
        return ()
    if spot.kind is Kind.ALONGSIDE:
        return open_steps
    return (spot.parent or name,)


def _edges(
    sop: Sop, spots: list[Spot], lines: Mapping[str, Line], covers: Mapping[str, frozenset[str]]
) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    members = {key: frozenset(line.steps) for key, line in lines.items()}
    edges: dict[str, set[str]] = {spot.name: set() for spot in spots}
    broken = {key for key, line in lines.items() if line.start not in members[key]}
    guesses = 0

    def meant(target: str, line: str) -> str | None:
        nonlocal guesses
        if target in members[line]:
            return target
        guesses += 1
        found = nearest(target, lines[line].steps) if guesses <= _MAX_GUESSES else None
        if found is None:
            broken.add(line)
        return found

    for spot in spots:
        targets = [offer.action.to for offer in spot.offers if offer.action.to not in (STAY, RESUME)]
        if spot.step.reopens is not None:
            targets.append(spot.step.reopens.to)
        edges[spot.name].update(step for target in targets if (step := meant(target, spot.line)) is not None)
    for name, action in sop.everywhere.items():
        step = None if action.to == STAY else meant(action.to, MAIN)
        if step is not None:
            for main in covers[name]:
                edges[main].add(step)
    for spot in spots:
        if spot.step.pause and any(offer.action.to == RESUME for offer in spot.offers):
            for name, action in sop.everywhere.items():
                if action.to == spot.name:
                    edges[spot.name] |= covers[name]
    return {name: frozenset(following) for name, following in edges.items()}, frozenset(broken)


def _conditions(sop: Sop, spots: list[Spot], everywhere: tuple[Offer, ...]) -> Iterator[Condition]:
    for spot in spots:
        step = spot.step
        for offer in spot.offers:
            yield from _flat(offer.action.requires, (*offer.path, "requires"), "action", offer.name, spot.name)
        for n, entry in enumerate(step.forms):
            yield from _flat(entry.requires, (*spot.path, "forms", n, "requires"), "entry", entry.form, spot.name)
        for key, series in step.series.items():
            yield from _flat(series.requires, (*spot.path, "series", key, "requires"), "series", key, spot.name)
        if step.reopens is not None:
            yield from _flat(
                step.reopens.requires, (*spot.path, "reopens", "requires"), "reopens", spot.name, spot.name
            )
    for offer in everywhere:
        yield from _flat(offer.action.requires, (*offer.path, "requires"), "action", offer.name, None)
    if isinstance(sop.share_when, dict):
        for key, requires in sop.share_when.items():
            yield from _flat(requires, ("share_when", key), "share", key, None)
    else:
        yield from _flat(sop.share_when, ("share_when",), "share", "", None)
    for n, safeguard in enumerate(sop.safeguards):
        if hasattr(safeguard, "use"):
            continue
        yield from _flat(safeguard.require, ("safeguards", n, "require"), "safeguard", safeguard.id, None)
        yield from _flat(safeguard.always, ("safeguards", n, "always"), "safeguard", safeguard.id, None)
        if safeguard.if_ is not None:
            yield Condition(safeguard.if_, ("safeguards", n, "if"), "safeguard", safeguard.id, None)


def _flat(
    requires: Requirements,
    path: Path,
    holder: Literal["action", "entry", "series", "share", "reopens", "safeguard"],
    name: str,
    at: str | None,
    nested: bool = False,
) -> Iterator[Condition]:
    for n, requirement in enumerate(requires):
        yield Condition(requirement, (*path, n), holder, name, at, nested)
        if isinstance(requirement, AnyOfRequirement):
            yield from _flat(requirement.any_of, (*path, n, "any_of"), holder, name, at, True)
        elif isinstance(requirement, NoneOfRequirement):
            yield from _flat(requirement.none_of, (*path, n, "none_of"), holder, name, at, True)
