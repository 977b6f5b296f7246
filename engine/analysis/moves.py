"""Every way in which a case can change, each with what must hold for it as cubes: a procedure as the checker sees it.

The rules are those of `engine.cases.decide` and `engine.cases.draft`; tests compare the two on random procedures. What is read off
a procedure here is the same for all its safeguards and is read once. Terms: docs/glossary.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

from engine.analysis.classes import ABSENT, SlotClasses
from engine.analysis.logic import (
    FALSE,
    TRUE,
    At,
    Closed,
    Cube,
    Elapsed,
    Formula,
    Knows,
    Reader,
    Says,
    TakenOften,
    TooLarge,
    both,
    cubes,
    written,
)
from engine.forms.model import FieldType
from engine.sop import model as m
from engine.sop.compile import MAIN, REOPEN, CompiledAction, CompiledEntry, CompiledSop
from engine.values import Value


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to change a configuration.

    Attributes:
        name: of the action, `reopen`, or the form part.
        step: where it is offered or recorded; None for `everywhere`.
        cubes: it is open where one of them holds.
        enters: the steps it enters, strands' starts included.
        target: the step it leads to in its line; None where it changes no step.
        whole: leaves the main step with its strands.
        chosen: whether people can choose it as a way out (the world and a reopening are none).
    """

    name: str
    step: str | None
    line: str
    cubes: tuple[Cube, ...]
    action: CompiledAction | None = None
    entry: CompiledEntry | None = None
    enters: frozenset[str] = frozenset()
    target: str | None = None
    whole: bool = False
    pauses: bool = False
    resumes: bool = False
    chosen: bool = True
    acknowledges: bool = False

    @property
    def is_recording(self) -> bool:
        return self.entry is not None

    @property
    def finishes(self) -> bool:
        """Whether it leaves its step as one of its own actions."""
        return self.action is not None and self.step is not None and (self.target is not None or self.resumes)


class Moves:
    """The ways of one procedure, and what can be told of a cube without looking at a configuration."""

    def __init__(self, sop: CompiledSop) -> None:
        self.sop, self.reader = sop, Reader(sop)
        self.line_of = {name: step.line for name, step in sop.steps.items()}
        self.steps_of: dict[str, list[str]] = {}
        for name, step in sop.steps.items():
            self.steps_of.setdefault(step.line, []).append(name)
        self.parent_of = {step.line: step.parent for step in sop.steps.values() if step.parent is not None}
        self.alongside = tuple(sop.sop.alongside)
        self.ends = frozenset(name for name in self.steps_of[MAIN] if sop.steps[name].is_end)
        self.pauses = frozenset(name for name in self.steps_of[MAIN] if sop.steps[name].model.pause)
        self._by_line: dict[frozenset[str], Mapping[str, frozenset[str]]] = {}
        self._classes: dict[tuple[str, frozenset[Says]], SlotClasses] = {}

    # ── Ways ────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Every action and reopening."""
        found = [self._own(action) for step in self.sop.steps.values() for action in step.actions.values()]
        found += [self._everywhere(action) for action in self.sop.everywhere.values()]
        found += [
            self._reopening(name, step.model.reopens) for name, step in self.sop.steps.items() if step.model.reopens
        ]
        return tuple(way for way in found if way is not None and way.cubes)

    def ways_in(self, line: str) -> Sequence[Way]:
        """Return the actions and reopenings of one line's own steps."""
        return self._by_own_line.get(line, ())

    @cached_property
    def _by_own_line(self) -> Mapping[str, list[Way]]:
        found: dict[str, list[Way]] = {}
        for way in self.ways:
            if way.step is not None:
                found.setdefault(way.line, []).append(way)
        return found

    @cached_property
    def recordings(self) -> Mapping[str, tuple[Way, ...]]:
        """Form part -> one way for each step where it can be recorded."""
        found: dict[str, list[Way]] = {}
        for name, step in self.sop.steps.items():
            for entry in step.entries:
                if entry.by.isdisjoint(self.sop.sop.roles):
                    continue
                ready = self.reader.all((guard.requirement for guard in entry.guards), name)
                way = Way(entry.part, name, step.line, self.possible(both([self.active(name), ready])), entry=entry)
                if way.cubes:
                    found.setdefault(entry.part, []).append(way)
        return {part: tuple(ways) for part, ways in found.items()}

    def asking_only(self, way: Way, requirements: Sequence[m.Requirement]) -> Moves:
        """Return the same procedure, but for one way that asks only for these; all else is shared with it."""
        other = copy(self)
        if way.entry is not None:
            ready = self.reader.all(requirements, way.entry.step)
            less = replace(way, cubes=self.possible(both([self.active(way.entry.step), ready])))
            kept = self.recordings[way.name]
            other.recordings = {**self.recordings, way.name: tuple(less if one is way else one for one in kept)}
            return other
        if way.action is not None:
            action = replace(way.action, model=way.action.model.model_copy(update={"requires": tuple(requirements)}))
            found = self._way(action, way.step)
        else:
            step = way.step or ""
            reopens = self.sop.steps[step].model.reopens
            if reopens is None:
                raise TypeError("neither an action, a record nor a reopening")
            found = self._reopening(step, reopens.model_copy(update={"requires": tuple(requirements)}))
        other.ways = tuple(found if one is way and found else one for one in self.ways)
        return other

    @cached_property
    def voided(self) -> frozenset[str]:
        """The form parts whose records some action makes count no more."""
        forms = [form for way in self.ways if way.action is not None for form in way.action.model.voids]
        return frozenset(part for form in forms for part in self.sop.parts_of(form))

    def acknowledging(self, step: str) -> Way | None:
        """The way to acknowledge a step; None where nobody is responsible for it."""
        if not self.sop.steps[step].model.responsible:
            return None
        return Way(step, step, self.line_of[step], self.possible(self.active(step)), acknowledges=True)

    def active(self, step: str) -> Formula:
        """The case stands at a step, and something can happen there."""
        stands = Formula(At(frozenset({step})))
        return stands if self.sop.steps[step].after_end else both([stands, Formula(Closed(), positive=False)])

    def entered_with(self, step: str) -> frozenset[str]:
        """Return what is entered with a step: itself and the starts of its strands."""
        return frozenset({step, *(self.sop.starts[strand] for strand in self.sop.steps[step].model.strands)})

    def offer(self, action: CompiledAction) -> Formula:
        """Say where an action is open and its requirements hold."""
        ready = self.reader.all(action.model.requires, action.step)
        if action.step is not None:
            return both([self.active(action.step), ready])
        model = action.model
        covered = self.reader.covered(model.while_) if isinstance(model, m.EverywhereAction) else FALSE
        asked = [Formula(Closed(), positive=False), covered, ready]
        if self.pauses and model.to in self.pauses:
            asked.append(Formula(At(self.pauses), positive=False))
        return both(asked)

    def clock(self, action: CompiledAction) -> Formula:
        """Say what must be known for a timed action's time to come."""
        origin = action.model.automatic.from_ if action.model.automatic is not None else None
        return TRUE if origin is None else Formula(Says(origin.form, origin.form))

    def takable(self, action: CompiledAction) -> bool:
        """Whether somebody can take it at all: a role, any party, the clock, or the world where somebody notes it."""
        roles = self.sop.sop.roles
        if action.is_environment:
            return not roles.keys().isdisjoint(action.model.noted_by)
        return action.is_timed or m.ANY in action.by or not action.by.isdisjoint(roles)

    def by_people(self, action: CompiledAction) -> bool:
        return not action.is_environment and (m.ANY in action.by or not action.by.isdisjoint(self.sop.sop.roles))

    def _own(self, action: CompiledAction) -> Way | None:
        return self._way(action, action.step)

    def _everywhere(self, action: CompiledAction) -> Way | None:
        return self._way(action, None)

    def _way(self, action: CompiledAction, step: str | None) -> Way | None:
        if not self.takable(action):
            return None
        asked = self.offer(action)
        if not self.by_people(action):
            asked = both([asked, self.clock(action)])
        to = action.model.to
        target = None if to in (m.STAY, m.RESUME) else to
        pauses = step is None and target in self.pauses
        return Way(
            action.name,
            step,
            action.line,
            self.possible(asked),
            action=action,
            enters=frozenset() if target is None else self.entered_with(target),
            target=target,
            whole=target is not None and action.line == MAIN,
            pauses=pauses,
            resumes=to == m.RESUME,
            chosen=not action.is_environment,
        )

    def _reopening(self, step: str, reopens: m.Reopens) -> Way | None:
        if m.ANY not in reopens.by and self.sop.sop.roles.keys().isdisjoint(reopens.by):
            return None
        line = self.line_of[step]
        asked = both(
            [
                Formula(At(frozenset({step}))),
                Formula(Closed(), positive=line == MAIN),
                self.reader.all(reopens.requires, step),
            ]
        )
        return Way(
            REOPEN, step, line, self.possible(asked), enters=self.entered_with(reopens.to), target=reopens.to,
            whole=line == MAIN, chosen=False,
        )  # fmt: skip

    # ── Cubes ───────────────────────────────────────────────────────────────────────────────────────────────────

    def possible(self, formula: Formula) -> tuple[Cube, ...]:
        """Return the cubes of a formula that do not contradict themselves; raises TooLarge."""
        return tuple(cube for cube in cubes(formula) if self.satisfiable(cube))

    def satisfiable(self, cube: Cube) -> bool:
        """Whether a cube could hold somewhere, as far as can be told from it alone; False is certain."""
        return self._stands(cube) and self._says(cube) and self._knows(cube) and self._counts(cube)

    def classes(self, slot: str, questions: Iterable[Says]) -> SlotClasses:
        """Return the classes of a slot under some questions; raises TooLarge."""
        asked = frozenset(questions)
        known = self._classes.get((slot, asked))
        if known is None:
            part, _, key = slot.partition(">")
            ordered = tuple(sorted(asked, key=written))
            known = SlotClasses(self.sop.parts[part], ordered, key.partition(":")[0] or None)
            self._classes[slot, asked] = known
        return known

    def can_exist(self, slot: str) -> bool:
        """A keyed part is recorded for a receiver, and no other part is."""
        part = slot.partition(">")[0]
        return (self.sop.parts[part].keyed is not None) == (">" in slot)

    def can_say(self, slot: str, cube: Cube) -> bool:
        """Whether a new record can say all that a cube asks of a slot; False where there are too many kinds of record to tell."""
        asked = [(leaf, answer) for leaf, answer in cube.items() if isinstance(leaf, Says) and leaf.slot == slot]
        try:
            known = self.classes(slot, (leaf for leaf, _ in asked))
        except TooLarge:
            return False
        return bool(self._mask(slot, asked) & known.present)

    def _says(self, cube: Cube) -> bool:
        asked: dict[str, list[tuple[Says, bool]]] = {}
        for leaf, answer in cube.items():
            if isinstance(leaf, Says):
                asked.setdefault(leaf.slot, []).append((leaf, answer))
        for slot, literals in asked.items():
            if any(answer for _, answer in literals) and not self.can_exist(slot):
                return False
            if len(literals) > 1 and not self._mask(slot, literals):
                return False
        return True

    def _mask(self, slot: str, literals: list[tuple[Says, bool]]) -> int:
        try:
            known = self.classes(slot, (leaf for leaf, _ in literals))
        except TooLarge:
            return ABSENT
        mask = -1 & ((2 << len(known.classes)) - 1)
        for leaf, answer in literals:
            mask &= known.mask(leaf) if answer else ~known.mask(leaf)
        return mask

    def _knows(self, cube: Cube) -> bool:
        allowed: dict[str, frozenset[Value]] = {}
        denied: dict[str, frozenset[Value]] = {}
        for leaf, answer in cube.items():
            if isinstance(leaf, Knows):
                if answer:
                    allowed[leaf.fact] = allowed.get(leaf.fact, leaf.values) & leaf.values
                else:
                    denied[leaf.fact] = denied.get(leaf.fact, frozenset()) | leaf.values
        return all(values - denied.get(fact, frozenset()) for fact, values in allowed.items())

    def _counts(self, cube: Cube) -> bool:
        """An action taken three times was taken twice; a wait of thirty days is one of seven."""
        for leaf, answer in cube.items():
            if not answer:
                continue
            for other, denied in cube.items():
                if denied or type(other) is not type(leaf):
                    continue
                if isinstance(leaf, TakenOften) and isinstance(other, TakenOften) and _includes(leaf, other):
                    return False
                if isinstance(leaf, Elapsed) and isinstance(other, Elapsed) and _covers(leaf, other):
                    return False
        return True

    def _stands(self, cube: Cube) -> bool:
        """Whether one step of each line can be chosen such that every literal about places holds."""
        wanted = [leaf.steps for leaf, answer in cube.items() if isinstance(leaf, At) and answer]
        barred = frozenset[str]().union(
            *(leaf.steps for leaf, answer in cube.items() if isinstance(leaf, At) and not answer)
        )
        closed = cube.get(Closed())
        return (not wanted and not barred) or self._fits(wanted, {}, barred, closed)

    def _fits(
        self, wanted: Sequence[frozenset[str]], chosen: Mapping[str, str], barred: frozenset[str], closed: bool | None
    ) -> bool:
        if not wanted:
            return self._completes(chosen, barred, closed)
        steps, others = wanted[0], wanted[1:]
        if any(step in steps for step in chosen.values()):
            return self._fits(others, chosen, barred, closed)
        for step in sorted(steps - barred):
            line = self.line_of[step]
            main = step if line == MAIN else self.parent_of.get(line)
            if line in chosen or (main is not None and chosen.get(MAIN, main) != main):
                continue
            if self._fits(others, {**chosen, line: step, **({} if main is None else {MAIN: main})}, barred, closed):
                return True
        return False

    def _completes(self, chosen: Mapping[str, str], barred: frozenset[str], closed: bool | None) -> bool:
        mains = [chosen[MAIN]] if MAIN in chosen else self.steps_of[MAIN]
        if not any(
            main not in barred and closed in (None, main in self.ends) and self._room(main, chosen, barred)
            for main in mains
        ):
            return False
        return all(line in chosen or any(s not in barred for s in self.steps_of[line]) for line in self.alongside)

    def _room(self, main: str, chosen: Mapping[str, str], barred: frozenset[str]) -> bool:
        strands = self.sop.strands_of.get(main, ())
        return all(line in chosen or any(s not in barred for s in self.steps_of[line]) for line in strands)

    def by_line(self, steps: frozenset[str]) -> Mapping[str, frozenset[str]]:
        """Sort steps by their line."""
        known = self._by_line.get(steps)
        if known is None:
            found: dict[str, set[str]] = {}
            for step in steps:
                found.setdefault(self.line_of[step], set()).add(step)
            known = self._by_line[steps] = {line: frozenset(found[line]) for line in sorted(found)}
        return known

    # ── Facts ───────────────────────────────────────────────────────────────────────────────────────────────────

    def at_launch(self, fact: str, named: Iterable[Value]) -> list[Value | None]:
        """Return what a fact can be at launch, of the values told apart; None: not said, or none of them."""
        known = self.sop.sop.facts[fact]
        if known.type is FieldType.BOOLEAN:
            return [False, True]
        if known.type is FieldType.CHOICE:
            return [*(known.choices or {}), *([] if known.default is not None else [None])]
        return [*sorted(set(named), key=str), None]

    def closed_under_implication(self, facts: dict[str, Value | None]) -> None:
        """Set what follows from other facts (`implied_by`)."""
        for name, causes in self.sop.implied:
            if name in facts and any(facts.get(cause) in values for cause, values in causes):
                facts[name] = True

    def with_causes(self, facts: Iterable[str]) -> list[str]:
        """Return these facts and those from which they follow."""
        wanted = set(facts)
        causes = {name: {cause for cause, _ in given} for name, given in self.sop.implied}
        while more := {cause for name in wanted for cause in causes.get(name, ())} - wanted:
            wanted |= more
        return sorted(wanted)


def _includes(leaf: TakenOften, other: TakenOften) -> bool:
    """Whether having been taken so often means having been taken as often as the other asks."""
    return (leaf.action, leaf.since) == (other.action, other.since) and other.times <= leaf.times


def _covers(leaf: Elapsed, other: Elapsed) -> bool:
    """Whether one wait being over means that the other is."""
    if (leaf.step, leaf.part, leaf.field) != (other.step, other.part, other.field):
        return False
    count, _, unit = leaf.length.partition(" ")
    least, _, same = other.length.partition(" ")
    return unit.rstrip("s") == same.rstrip("s") and int(least) <= int(count)
