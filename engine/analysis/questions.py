"""What a safeguard asks, said in ways and cubes: where it speaks of something, and where that would break it.

Meaning of each kind: docs/reference/sop-language.md, "Safeguards".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.analysis.logic import TRUE, At, Closed, Cube, Formula, Leaf, Says, TooLarge, both, cubes, either
from engine.analysis.moves import Moves, Way
from engine.analysis.slices import Event, Monitor
from engine.sop import model as m
from engine.sop.compile import MAIN, CompiledAction
from engine.sop.requirements import values_of
from engine.values import Side


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something a safeguard speaks of: where it can happen (`open`), and where it would break the safeguard (`breaks`).

    Attributes:
        way: the move that it is; None where it is no move of its own (being told, being shown, a configuration).
        words: what happens, where `way` is None: "tell receiving_worker".
        at_launch: it happens with the launch.
        told: the role that it is about, where it is a telling.
        says: what a record has to say to be meant.
    """

    way: Way | None
    open: tuple[Cube, ...]
    breaks: tuple[Cube, ...]
    words: str = ""
    at_launch: bool = False
    told: str = ""
    says: Says | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A safeguard made ready. `monitor` must be off for a trigger to break it, where there is one.

    `lines`: those it names steps of. `names`: the leaves it speaks of itself, which are looked at first.
    """

    safeguard: m.Safeguard
    triggers: tuple[Trigger, ...]
    monitor: Monitor | None = None
    lines: frozenset[str] = frozenset()
    names: frozenset[str] = field(default=frozenset())


class Questions:
    """Turns the safeguards of one procedure into questions."""

    def __init__(self, moves: Moves) -> None:
        self._moves, self._sop, self._reader = moves, moves.sop, moves.reader

    def safety(self, safeguard: m.Safeguard) -> Question:
        """Make ready a safeguard that a single moment can break; raises TooLarge."""
        condition = TRUE if safeguard.if_ is None else self._reader.one(safeguard.if_)
        required = self._reader.all(safeguard.require)
        monitor = None
        if safeguard.before and safeguard.happened:
            monitor = Monitor(self.remembered(safeguard.happened), self.remembered(safeguard.since or ()))
        match safeguard.kind:
            case "before":
                wrong = required.negated() if safeguard.require else TRUE
                found = self._triggers(safeguard.before or (), condition, both([condition, wrong]))
            case "never":
                covered = both([condition, self._reader.covered(safeguard.while_)])
                found = self._triggers(safeguard.never or (), condition, covered)
                if not self._moves.possible(covered):
                    found = []
            case "always":
                wrong = both([condition, self._reader.all(safeguard.always).negated()])
                found = [
                    Trigger(None, self._moves.possible(condition), self._moves.possible(wrong), "the case stands so")
                ]
            case _:
                covered = both([condition, self._reader.covered(safeguard.in_)])
                offered = either(
                    self._moves.offer(action)
                    for action in self.instances(safeguard.available or "")
                    if self._moves.by_people(action)
                )
                wrong = both([covered, offered.negated()])
                words = f"{safeguard.available} is not open"
                found = [Trigger(None, self._moves.possible(covered), self._moves.possible(wrong), words)]
        named = [*self.events(safeguard.before or safeguard.never or ())] if safeguard.before or safeguard.never else []
        followed = [*monitor.sets, *monitor.clears] if monitor else []
        about = [condition, required, self._reader.all(safeguard.always), self._reader.covered(safeguard.while_)]
        return Question(
            safeguard, tuple(found), monitor, self._lines([*named, *followed]), frozenset(self._names(about, followed))
        )

    def instances(self, action: str) -> list[CompiledAction]:
        """Return every action of a name."""
        own = [step.actions[action] for step in self._sop.steps.values() if action in step.actions]
        return [*own, *([self._sop.everywhere[action]] if action in self._sop.everywhere else [])]

    def remembered(self, patterns: Sequence[m.Event]) -> tuple[Event, ...]:
        """Read events that a monitor remembers; raises TooLarge for being told or shown, which is no move of its own."""
        if any(isinstance(one, m.EventPattern) and (one.tell or one.show) for one in patterns):
            raise TooLarge("being told or shown something is no move that can be followed along a path")
        return self.events(patterns)

    def events(self, patterns: Iterable[m.Event]) -> tuple[Event, ...]:
        """Read events that a move is; being told or shown is none and is left out."""
        return tuple(event for pattern in patterns for event in self._event(pattern))

    def lines_named(self, events: Iterable[Event]) -> frozenset[str]:
        """Return the lines of the steps that these events name, but for the main one."""
        steps = {step for one in events for step in (one.enter, one.leave) if step is not None}
        return frozenset(self._moves.line_of[step] for step in steps) - {MAIN}

    def _event(self, pattern: m.Event) -> Iterator[Event]:
        if isinstance(pattern, str):
            yield Event(action=pattern)
        elif pattern.record is not None:
            for name in self._sop.parts_of(pattern.record):
                part = self._sop.parts[name]
                if not pattern.where:
                    yield Event(parts=(name,))
                elif pattern.where.keys() <= part.fields.keys():
                    said = ((field, values_of(part, field, values)) for field, values in sorted(pattern.where.items()))
                    yield Event(parts=(name,), where=Says(name, name, where=tuple(said)))
        elif pattern.tell is None and pattern.show is None:
            yield Event(enter=pattern.enter, leave=pattern.leave, acknowledge=pattern.acknowledge)

    def _lines(self, events: Iterable[Event]) -> frozenset[str]:
        """Return the lines in which these happen, but for the main one."""
        known = list(events)
        names = {one.action for one in known if one.action is not None}
        acting = frozenset(way.line for way in self._moves.ways if way.name in names)
        return self.lines_named(known) | acting - {MAIN}

    def _names(self, formulas: Iterable[Formula], events: Iterable[Event]) -> Iterator[str]:
        for formula in formulas:
            yield from (name for leaf in formula.leaves() for name in named_by(leaf))
        for event in events:
            yield from event.parts

    # ── Triggers ────────────────────────────────────────────────────────────────────────────────────────────────

    def _triggers(self, patterns: Sequence[m.Event], condition: Formula, wrong: Formula) -> list[Trigger]:
        found: list[Trigger] = []
        conditions, wrongs = cubes(condition), cubes(wrong)
        for pattern in patterns:
            for way, extra, words, at_launch in self._happenings(pattern):
                can = self._joined([TRUE_CUBE] if way is None else way.cubes, cubes(extra))
                breaks = self._joined(can, wrongs)
                told = words.removeprefix(TELL) if words.startswith(TELL) else ""
                says = next((one.where for one in self._event(pattern) if way and way.name in one.parts), None)
                found.append(Trigger(way, self._joined(can, conditions), breaks, words, at_launch, told, says))
        return found

    def _joined(self, some: Sequence[Cube], others: Sequence[Cube]) -> tuple[Cube, ...]:
        found = []
        for one in some:
            for other in others:
                if all(one.get(leaf, answer) == answer for leaf, answer in other.items()):
                    cube = {**one, **other}
                    if self._moves.satisfiable(cube):
                        found.append(cube)
        return tuple(found)

    def _happenings(self, pattern: m.Event) -> Iterator[tuple[Way | None, Formula, str, bool]]:
        """Yield each way in which an event can happen, with what must hold besides."""
        moves = self._moves
        if isinstance(pattern, m.EventPattern) and (pattern.tell is not None or pattern.show is not None):
            for gate, words in self._disclosures(pattern):
                yield None, gate, words, False
            return
        for event in self._event(pattern):
            if event.parts:
                for part in event.parts:
                    for way in moves.recordings.get(part, ()):
                        yield way, TRUE, "", False
            elif event.acknowledge is not None:
                acknowledging = moves.acknowledging(event.acknowledge)
                if acknowledging is not None:
                    yield acknowledging, TRUE, "", False
            elif event.enter is not None:
                for way in moves.ways:
                    if event.enter in way.enters:
                        yield way, TRUE, "", False
                if event.enter in self.launched():
                    yield None, TRUE, "launch", True
            elif event.leave is not None:
                yield from ((way, extra, "", False) for way, extra in self._leaving(event.leave))
            else:
                for way in moves.ways:
                    if way.name == event.action:
                        yield way, TRUE, "", False

    def launched(self) -> frozenset[str]:
        """Return the steps that are entered with the launch."""
        starts = [self._sop.sop.start, *(self._sop.starts[line] for line in self._sop.sop.alongside)]
        return frozenset(step for start in starts for step in self._moves.entered_with(start))

    def _leaving(self, step: str) -> Iterator[tuple[Way, Formula]]:
        line = self._moves.line_of[step]
        here = Formula(At(frozenset({step})))
        for way in self._moves.ways:
            if way.step == step and (way.target is not None or way.resumes):
                yield way, TRUE
            elif (
                way.whole and way.step in (None, self._moves.parent_of.get(line)) and line not in self._moves.alongside
            ):
                yield way, here

    def _disclosures(self, pattern: m.EventPattern) -> Iterator[tuple[Formula, str]]:
        """Yield what must hold when somebody is told or shown something.

        One fixed sentence (`as: stop`) is no telling: it reaches only those who were told before.
        """
        named = pattern.tell if pattern.tell is not None else pattern.to
        for name, role in self._sop.sop.roles.items():
            if named is not None and named not in (name, role.side, role.kind):
                continue
            words = f"{TELL}{name}" if pattern.tell is not None else f"show {pattern.show} to {name}"
            official = name in self._sop.official
            if role.side is Side.PERSON or not (official or role.side is Side.ORIGIN or role.side is Side.TRANSIT):
                yield TRUE, words
                continue
            within = not official and role.side is not Side.TRANSIT
            if pattern.tell is not None and (within or self._told_without_consent(name)):
                # Within one side, and where a rule allows it, a role is told without being asked.
                yield TRUE, words
                continue
            asked = self._sop.sop.asked_before_telling(name)
            if asked is not None:
                yield self._reader.all(asked), words

    def _told_without_consent(self, role: str) -> bool:
        actions = [action for step in self._sop.steps.values() for action in step.actions.values()]
        return any(
            tell.role == role and tell.without_consent is not None
            for action in (*actions, *self._sop.everywhere.values())
            for tell in action.model.tell
        )


TRUE_CUBE: Cube = {}
TELL = "tell "


def named_by(leaf: Leaf) -> Iterator[str]:
    """Yield the form part, fact or step a leaf speaks of."""
    for key in ("part", "fact", "step", "action"):
        value = getattr(leaf, key, None)
        if isinstance(value, str):
            yield value
    if isinstance(leaf, At):
        yield from leaf.steps
    elif isinstance(leaf, Closed):
        return
