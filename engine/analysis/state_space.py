"""Every configuration a case can come to, as far as a slice of the procedure shows it.

A move that rests on an unknown answer says so, and the prover (`engine.analysis.model_check`) then widens the slice by it, until an
answer rests on nothing unknown.

Records are not taken one by one. A slot holds what its record may be without a further record (`free`), and what it may be for the
price of one that could have been made on the way (`paid`; `far` where that rests on a line that is not looked at); a
requirement that looks at it narrows them. So the order of records that do not concern one another is never enumerated, and
the number of moves to a configuration is exact all the same. The rules of moves are those of `engine.cases.decide` and
`engine.cases.draft`; tests compare the two on random procedures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import product
from typing import Any

from engine.analysis.classes import ABSENT, SlotClasses
from engine.analysis.logic import (
    At,
    Closed,
    Cube,
    Elapsed,
    HasAcknowledged,
    Knows,
    Leaf,
    Same,
    Says,
    SeriesOver,
    StepDone,
    TakenOften,
    written,
)
from engine.analysis.moves import Moves, Way
from engine.analysis.slices import (
    NEVER,
    OPEN,
    OVER,
    Acknowledgement,
    Classes,
    Counted,
    Edge,
    Event,
    FactOf,
    Floating,
    Limits,
    LineOf,
    Monitor,
    Never,
    Ready,
    Singly,
    Slice,
    State,
    Step,
    Tests,
    Unknown,
    Watched,
)
from engine.sop.compile import MAIN
from engine.values import Value

_NOTHING: frozenset[Unknown] = frozenset()


@dataclass(slots=True)
class Space:
    """The states of one slice of a procedure, and the moves between them."""

    moves: Moves
    slice: Slice
    monitors: tuple[Monitor, ...] = ()
    states: dict[State, int] = field(init=False, default_factory=dict)
    parents: dict[State, Step | None] = field(init=False, default_factory=dict)
    edges: dict[State, list[Edge]] = field(init=False, default_factory=dict)
    lines: tuple[str, ...] = field(init=False)
    slots: dict[str, Classes] = field(init=False, default_factory=dict)
    index: dict[object, int] = field(init=False, default_factory=dict)
    names: list[object] = field(init=False, default_factory=list)
    _known: dict[int, Classes] = field(init=False, default_factory=dict)
    _most: dict[object, int] = field(init=False, default_factory=dict)
    _by_step: dict[str, list[Ready]] = field(init=False, default_factory=dict)
    _anywhere: list[Ready] = field(init=False, default_factory=list)
    _lazy: list[tuple[str, int]] = field(init=False, default_factory=list)
    _recordable: dict[tuple[object, ...], list[tuple[int, int, int]]] = field(init=False, default_factory=dict)
    _later: dict[str, list[Way]] = field(init=False, default_factory=dict)
    _facts: tuple[str, ...] = field(init=False)
    _keyed: dict[str, list[int]] = field(init=False, default_factory=dict)
    _made: dict[tuple[object, ...], bool] = field(init=False, default_factory=dict)
    _led: dict[tuple[str, frozenset[str]], bool] = field(init=False, default_factory=dict)
    _open_at: dict[tuple[Any, ...], list[tuple[Ready, Tests, frozenset[Unknown]]]] = field(
        init=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        self.lines = tuple(sorted(self.slice.lines))
        for line in self.lines:
            self._variable(LineOf(line))
        self._variables()
        for way in self.moves.ways:
            self._place(way)
        for part in self._explicit_parts():
            for way in self.moves.recordings.get(part, ()):
                self._place(way)
        for step in {one.acknowledge for monitor in self.monitors for one in (*monitor.sets, *monitor.clears)}:
            way_to = self.moves.acknowledging(step) if step is not None else None
            if way_to is not None:
                self._place(way_to)

    # ── Variables ───────────────────────────────────────────────────────────────────────────────────────────────

    def _variables(self) -> None:
        questions: dict[str, set[Says]] = {}
        facts: set[str] = set()
        for leaf in sorted(self.slice.leaves, key=written):
            match leaf:
                case Says(slot=slot):
                    questions.setdefault(slot, set()).add(leaf)
                case Knows(fact=name):
                    facts.add(name)
                case StepDone() | SeriesOver():
                    self._variable(leaf)
                case Elapsed(step=step) if step is not None:
                    self._variable(leaf)
                case TakenOften(action, since, times):
                    counted = Counted(action, since)
                    self._variable(counted)
                    self._most[counted] = max(times, self._most.get(counted, 0))
                case HasAcknowledged(step, role):
                    self._variable(_ack(step, role))
                    self.slots[_ack(step, role)] = Acknowledgement()
                    self._lazy.append((_ack(step, role), self.index[_ack(step, role)]))
                    self._keyed.setdefault(role, []).append(self.index[_ack(step, role)])
        facts |= {leaf.fact for monitor in self.monitors for leaf in monitor.facts}
        self._facts = tuple(self.moves.with_causes(facts))
        for name in self._facts:
            self._variable(FactOf(name))
        for slot, asked in questions.items():
            part, _, key = slot.partition(">")
            events = {one.where for one in self._events() if one.where is not None and part in one.parts}
            self._variable(slot)
            self.slots[slot] = self.moves.classes(slot, asked | events)
            if key:
                self._keyed.setdefault(key.partition(":")[0], []).append(self.index[slot])
            if slot not in self.slice.singly and not any(part in one.parts for one in self._events()):
                self._lazy.append((slot, self.index[slot]))
        self._known = {self.index[slot]: classes for slot, classes in self.slots.items()}
        for number in range(len(self.monitors)):
            self._variable(Watched(number))

    def most(self, counted: Counted) -> int:
        """Return up to how many takings of an action are told apart."""
        return self._most[counted]

    def _variable(self, key: object) -> None:
        if key not in self.index:
            self.index[key] = 2 + len(self.names)
            self.names.append(key)

    def _events(self) -> Iterator[Event]:
        for monitor in self.monitors:
            yield from monitor.sets
            yield from monitor.clears

    def _explicit_parts(self) -> list[str]:
        """Return the form parts whose records are moves of their own."""
        tracked = {slot.partition(">")[0] for slot in self.slots if not slot.startswith("ack ")}
        return sorted(tracked | {part for one in self._events() for part in one.parts})

    # ── Tests ───────────────────────────────────────────────────────────────────────────────────────────────────

    def tests(self, cubes: Iterable[Cube]) -> tuple[Tests, ...]:
        """Make cubes ready: those that ask the same of a state are one, with the fewest unknowns."""
        found: dict[object, Tests] = {}
        for cube in cubes:
            one = self._tests(cube)
            key = one[:8]
            if key not in found or len(one.unknown) + len(one.free) < len(found[key].unknown) + len(found[key].free):
                found[key] = one
        return tuple(found.values())

    def _tests(self, cube: Cube) -> Tests:
        places, facts, done, counts, waits, series = [], [], [], [], [], []
        slots: dict[int, int] = {}
        unknown: set[Unknown] = set()
        free: list[tuple[Leaf, bool]] = []
        closed: bool | None = None
        for leaf, answer in cube.items():
            match leaf:
                case Closed():
                    closed = answer
                case At(steps):
                    places.append((answer, *self._places(steps)))
                case Same():
                    free.append((leaf, answer))
                case Elapsed(step=None):
                    free.append((leaf, answer))
                case _ if leaf not in self.slice.leaves and not (isinstance(leaf, Knows) and leaf.fact in self._facts):
                    unknown.add(leaf)
                case Knows(name, values):
                    facts.append((self.index[FactOf(name)], answer, values))
                case StepDone():
                    done.append((self.index[leaf], answer))
                case TakenOften(action, since, times):
                    counts.append((self.index[Counted(action, since)], times, answer))
                case Elapsed():
                    waits.append((self.index[leaf], answer))
                case SeriesOver():
                    series.append((self.index[leaf], answer))
                case Says() | HasAcknowledged():
                    named = leaf.slot if isinstance(leaf, Says) else _ack(leaf.step, leaf.role)
                    known, number = self.slots[named], self.index[named]
                    yes = known.mask(leaf) if isinstance(leaf, Says) else known.present
                    slots[number] = slots.get(number, -1) & (yes if answer else ~yes)
        return Tests(
            tuple(places), closed, tuple(facts), tuple(done), tuple(counts), tuple(waits), tuple(series),
            tuple(sorted(slots.items())), frozenset(unknown), tuple(free), cube,
            not (waits or series or slots or unknown or free or any(floating for *_, floating in places)),
        )  # fmt: skip

    def _places(
        self, steps: frozenset[str]
    ) -> tuple[frozenset[str], tuple[tuple[int, frozenset[str]], ...], tuple[Floating, ...]]:
        moves, by_line = self.moves, self.moves.by_line(steps)
        tracked, floating = [], []
        for line, own in by_line.items():
            if line in self.slice.lines:
                tracked.append((self.index[LineOf(line)], own))
            elif line != MAIN:
                whole = len(own) == len(moves.steps_of[line])
                floating.append(Floating(LineOf(line), own, moves.parent_of.get(line), whole))
        return by_line.get(MAIN, frozenset()), tuple(tracked), tuple(floating)

    def settle(self, state: State, tests: Tests) -> tuple[list[Any], int, frozenset[Unknown]] | None:
        """Narrow a state to where a cube holds: the new values, what it costs, on what it rests; None: it can't hold."""
        rests = self._standing(state, tests)
        return None if rests is None else self._narrowed(state, tests, rests)

    def _standing(self, state: State, tests: Tests) -> frozenset[Unknown] | None:
        """Return on what it rests that a case stands where a cube asks; None: it does not. The steps of the state alone decide."""
        main = state[0]
        if tests.closed is not None and (main in self.moves.ends) is not tests.closed:
            return None
        unknown: set[Unknown] | None = None
        for answer, here, tracked, floating in tests.places:
            stands: bool | None = main in here
            if not stands:
                for number, own in tracked:
                    if state[number] in own:
                        stands = True
                        break
            if not stands:
                for line, _, parent, whole in floating:
                    if parent is None or parent == main:
                        if whole:
                            stands = True
                            break
                        stands = None
                        unknown = unknown or set()
                        unknown.add(line)
            if stands is not None and stands is not answer:
                return None
        return tests.unknown if unknown is None else tests.unknown | unknown

    def _narrowed(
        self, state: State, tests: Tests, rests: frozenset[Unknown]
    ) -> tuple[list[Any], int, frozenset[Unknown]] | None:
        """Narrow a state that stands where a cube asks, which rests on `rests`, to where the rest of the cube holds."""
        for number, answer, among in tests.facts:
            if (state[number] in among) is not answer:
                return None
        for number, answer in tests.done:
            if state[number] is not answer:
                return None
        for number, times, answer in tests.counts:
            if (state[number] >= times) is not answer:
                return None
        for number, answer in tests.waits:
            if state[number] == (NEVER if answer else OVER):
                return None
        for number, answer in tests.series:
            if answer and state[number] == NEVER:
                return None
        cost = 0
        values = list(state)
        for number, mask in tests.slots:
            free, paid, far = state[number]
            known = self._known[number]
            aged, new = known.aged(free), known.aged(paid)
            kept, made = aged & mask, (new | known.handed_on(aged)) & mask
            away = known.aged(far) & mask
            if not kept:
                cost += 1
                if made:
                    kept, made = made, 0
                elif away:
                    rests |= self._far(number)
                    kept, away = away, 0
                else:
                    # It is recorded, and then another actor stands for the receiver: two moves.
                    cost += 1
                    kept = known.handed_on(new) & mask
                    if not kept:
                        kept = known.handed_on(known.aged(far)) & mask
                        rests |= self._far(number)
                    if not kept:
                        return None
            values[number] = (kept, made, away)
        for number, answer in tests.waits:
            if answer:
                values[number] = OVER
        return values, cost, rests

    def _far(self, number: int) -> frozenset[Unknown]:
        """Return the lines not looked at in which the slot of this variable can be recorded."""
        lines = {self.moves.line_of[step] for step in self._steps_recording(str(self.names[number - 2]))}
        return frozenset(LineOf(line) for line in lines - {MAIN} - self.slice.lines)

    def doubts(self, state: State, edge: Edge) -> frozenset[Unknown]:
        """Return what keeps a move from being open for every case a state stands for; nothing: people can choose it."""
        tests = edge.tests
        if not edge.way.chosen:
            return _WORLD
        if tests.is_plain:
            return _NOTHING
        reasons: set[Unknown] = set(tests.unknown)
        if reasons:
            asked = [one for one in reasons if isinstance(one, Says) and tests.cube[one]]
            made = {
                one.slot for one in asked if self.moves.can_say(one.slot, tests.cube) and self._can_be_made(one, state)
            }
            reasons = {one for one in reasons if not (isinstance(one, Says) and one.slot in made)}
        main = state[0]
        for answer, here, tracked, floating in tests.places:
            if main in here:
                continue
            if not any(state[number] in own for number, own in tracked):
                standing = [one for one in floating if one.parent is None or one.parent == main]
                if any(one.whole for one in standing):
                    continue
                if not answer or not any(self._can_be_led(one, tests) for one in standing):
                    reasons.update(one.line for one in standing)
        open_here = {number: known for number, known, _ in self._open(state)} if tests.slots else {}
        for number, mask in tests.slots:
            free, paid, far = state[number]
            classes = self._known[number]
            every = classes.aged(free | paid | far)
            every |= classes.handed_on(every)
            if every & ~mask and not (open_here.get(number) and classes.present & mask):
                reasons.add(Singly(str(self.names[number - 2])))
        for number, answer in tests.waits:
            if not answer and state[number] != NEVER:
                reasons.add(Never(str(self.names[number - 2])))
        for number, answer in tests.series:
            if answer or state[number] != NEVER:
                reasons.add(Never(str(self.names[number - 2])))
        for leaf, answer in tests.free:
            dated = isinstance(leaf, Elapsed) and leaf.part is not None and leaf.field is not None
            if not (dated and answer and self._must_be_given(leaf)):
                reasons.add(Never(str(leaf)))
        return frozenset(reasons)

    def _can_be_made(self, leaf: Says, state: State) -> bool:
        """Whether people can record here and now what is asked of a slot that is not looked at, and change nothing else."""
        key = (leaf.slot, state[0], *state[2 : 2 + len(self.lines)])
        known = self._made.get(key)
        if known is None:
            closed = state[0] in self.moves.ends
            steps = {one for one in key[1:] if one is not None}
            active = {one for one in steps if not closed or self.moves.sop.steps[one].after_end}
            watched = any(leaf.part in one.parts for one in self._events())
            known = (
                not watched and leaf.slot not in self.slots and not active.isdisjoint(self._steps_recording(leaf.slot))
            )
            self._made[key] = known
        return known

    def _can_be_led(self, floating: Floating, tests: Tests) -> bool:
        """Whether people can bring a line not looked at to the steps asked for, wherever it stands, and change nothing else."""
        line = floating.line.line
        if sum(one.line.line == line for *_, others in tests.places for one in others) > 1:
            return False
        key = (line, floating.steps)
        known = self._led.get(key)
        if known is None:
            before: dict[str, list[str]] = {}
            for way in self.moves.ways_in(line):
                if way.target is not None and way.chosen and not self._touches(way) and self._is_free(way):
                    before.setdefault(way.target, []).append(way.step or "")
            reached = set(floating.steps)
            waiting = list(reached)
            while waiting:
                for step in before.get(waiting.pop(), ()):
                    if step not in reached:
                        reached.add(step)
                        waiting.append(step)
            known = self._led[key] = reached >= set(self.moves.steps_of[line])
        return known

    def _is_free(self, way: Way) -> bool:
        """Whether nothing but its own step and forms that can be recorded there, of slots not looked at, is asked for a way."""
        return way.action is not None and any(
            all(
                (isinstance(leaf, At) and answer and leaf.steps == {way.step})
                or (isinstance(leaf, Closed) and not answer)
                or (isinstance(leaf, Says) and answer and leaf.slot not in self.slots and self._is_recorded_at(leaf, way.step))
                for leaf, answer in cube.items()
            )
            for cube in way.cubes
        ) and not (way.action.sets or way.action.model.voids or way.action.model.reassign)  # fmt: skip

    def _is_recorded_at(self, leaf: Says, step: str | None) -> bool:
        watched = any(leaf.part in one.parts for one in self._events())
        return not watched and step in self._steps_recording(leaf.slot)

    def least_in(self, tests: Tests) -> int:
        """Return how many moves must have been made in lines not looked at for a cube to hold, at least."""
        least: dict[str, int] = {}
        for answer, here, tracked, floating in tests.places:
            if answer and not here and not tracked and len(floating) == 1:
                line = floating[0].line.line
                least[line] = max(least.get(line, 0), self._distance(line, floating[0].steps))
        return sum(least.values())

    def _distance(self, line: str, steps: frozenset[str]) -> int:
        """Return how far these steps are from the start of a line; 0 where its moves are counted already."""
        ways = self.moves.ways_in(line)
        if any(self._touches(way) for way in ways):
            return 0
        start = self.moves.sop.starts[line]
        far = {start: 0}
        waiting = [start]
        for step in waiting:
            if step in steps:
                return far[step]
            for way in ways:
                if way.step == step and way.target is not None and way.target not in far:
                    far[way.target] = far[step] + 1
                    waiting.append(way.target)
        return 0

    def _must_be_given(self, leaf: Leaf) -> bool:
        if not isinstance(leaf, Elapsed) or leaf.part is None or leaf.field is None:
            return False
        return self.moves.sop.parts[leaf.part].fields[leaf.field].required

    # ── Changes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _place(self, way: Way) -> None:
        """Sort a way by where it can be taken; one of a line not looked at only if it changes something looked at."""
        if way.step is None:
            if way.target is not None or self._touches(way):
                self._anywhere.extend(self._ready(way))
        elif way.line == MAIN or way.line in self.slice.lines:
            self._later.setdefault(way.step, []).append(way)
        elif self._touches(way):
            self._anywhere.extend(self._ready(way))

    def _touches(self, way: Way) -> bool:
        if way.is_recording or way.acknowledges:
            return True
        action = way.action
        if action is not None:
            if any(FactOf(name) in self.index for name, _ in action.sets):
                return True
            voided = {part for form in action.model.voids for part in self.moves.sop.parts_of(form)}
            if any(slot.partition(">")[0] in voided for slot in self.slots):
                return True
            if action.model.reassign in self._keyed:
                return True
        names = {way.name, *way.enters}
        for key in self.index:
            match key:
                case Counted(name, since):
                    if names & {name, since}:
                        return True
                case StepDone(step, since):
                    if since in names or (way.finishes and way.step == step):
                        return True
                case Elapsed(step=step) | SeriesOver(step):
                    if step in way.enters:
                        return True
                case str() if key.startswith("ack ") and key.split(" ")[1] in way.enters:
                    return True
        return any(self._matches(one, way) or one.leave is not None for one in self._events())

    def _matches(self, event: Event, way: Way) -> bool:
        """Whether a way is an event, whatever the configuration (leaving a strand's step is told by that)."""
        if event.action is not None:
            return way.name == event.action and not way.is_recording and not way.acknowledges
        if event.enter is not None:
            return event.enter in way.enters
        if event.leave is not None:
            return way.step == event.leave and (way.target is not None or way.resumes)
        if event.acknowledge is not None:
            return way.acknowledges and way.step == event.acknowledge
        return way.is_recording and way.name in event.parts

    def _at_step(self, step: str) -> list[Ready]:
        found = self._by_step.get(step)
        if found is None:
            found = self._by_step[step] = [one for way in self._later.get(step, ()) for one in self._ready(way)]
        return found

    def _ready(self, way: Way) -> list[Ready]:
        """Make a way ready; a record that an event speaks of, or of a slot taken singly, in each of its variants."""
        tests = self.tests(way.cubes)
        if not way.is_recording:
            return [Ready(way, tests, self._change(way), None)]
        part, entry = way.name, way.entry
        events = [one for one in self._events() if part in one.parts]
        found = []
        for slot, classes in self.slots.items():
            if slot.partition(">")[0] != part or slot.startswith("ack ") or not self.moves.can_exist(slot):
                continue
            if (slot, self.index[slot]) in self._lazy and not (entry is not None and entry.guards):
                continue
            for mask in self._variants(classes, events, slot in self.slice.singly):
                change = self._change(way, slot, mask, self._matching(classes, mask, events))
                found.append(Ready(way, tests, change, (slot, mask)))
        if events:
            beside = way
            if part in self.slots and self.moves.can_exist(part):
                # One older than the record that counts, which happens and changes nothing else: no way to be sure of.
                beside = replace(way, chosen=False)
                if part not in self.moves.voided:
                    tests = tuple(self._where_recorded(one, self.index[part]) for one in tests)
            apart = self.event_classes(part)
            for mask in self._variants(apart, events, False):
                change = self._change(way, None, mask, self._matching(apart, mask, events))
                found.append(Ready(beside, tests, change, ("", mask)))
        return found

    @staticmethod
    def _where_recorded(tests: Tests, number: int) -> Tests:
        """Ask besides that there is a record in a slot."""
        slots = dict(tests.slots)
        slots[number] = slots.get(number, -1) & ~ABSENT
        return tests._replace(slots=tuple(sorted(slots.items())), is_plain=False)

    def event_classes(self, part: str) -> SlotClasses:
        """Return the classes that the events of the monitors tell apart in records of a form part."""
        return self.moves.classes(
            part, (one.where for one in self._events() if part in one.parts and one.where is not None)
        )

    @staticmethod
    def _variants(classes: Classes, events: Sequence[Event], singly: bool) -> list[int]:
        if singly:
            return [1 << bit for bit in range(classes.present.bit_length()) if classes.present >> bit & 1]
        masks = [classes.present]
        for event in events:
            if event.where is not None:
                yes = classes.mask(event.where)
                masks = [part for mask in masks for part in (mask & yes, mask & ~yes) if part]
        return masks

    @staticmethod
    def _matching(classes: Classes, mask: int, events: Sequence[Event]) -> list[Event]:
        """Return the events that a record of these classes is."""
        return [one for one in events if one.where is None or mask & classes.mask(one.where)]

    def _change(
        self, way: Way, slot: str | None = None, mask: int = 0, recorded: Sequence[Event] = ()
    ) -> Callable[[list[Any], State], None]:
        """Return what a way does to the values of a state, in the order of `engine.cases.draft`."""
        moves, index, action = self.moves, self.index, way.action
        model = action.model if action is not None else None
        counted = [
            (number, self._most[key])
            for key, number in index.items()
            if isinstance(key, Counted) and key.action == way.name and not way.is_recording
        ]
        sets = [
            (index[FactOf(name)], value) for name, value in (action.sets if action else ()) if FactOf(name) in index
        ]
        voided = {part for form in (model.voids if model else ()) for part in moves.sop.parts_of(form)}
        lapses = self._keyed.get(model.reassign, []) if model and model.reassign else []
        known, facts = self._known, [(name, index[FactOf(name)]) for name in self._facts]
        fixed: dict[int, object] = {}
        for name in self.slots:
            if name.partition(">")[0] in voided:
                fixed[index[name]] = (ABSENT, 0, 0)
        if slot is not None:
            fixed[index[slot]] = (mask, 0, 0)
        # Where its own step is left by one of its own actions, it is done, whatever is entered then.
        for key, number in index.items():
            if isinstance(key, StepDone) and way.finishes and key.step == way.step:
                fixed[number] = True
        strands = {
            2 + number: moves.sop.starts[line] if moves.parent_of.get(line) == way.target else None
            for number, line in enumerate(self.lines)
            if line in moves.parent_of
        }
        if way.target is not None:
            if way.whole:
                fixed |= {0: way.target, 1: None, **strands}
            elif way.line != MAIN and LineOf(way.line) in index:
                fixed[index[LineOf(way.line)]] = way.target
        names = way.enters | ({way.name} if not way.is_recording and not way.acknowledges else frozenset())
        for key, number in index.items():
            if isinstance(key, (Elapsed, SeriesOver)) and key.step in way.enters:
                fixed[number] = OPEN
            elif isinstance(key, str) and key.startswith("ack ") and key.split(" ")[1] in way.enters:
                fixed[number] = (ABSENT, 0, 0)
            elif isinstance(key, (StepDone, Counted)) and key.since in names:
                fixed[number] = False if isinstance(key, StepDone) else 0
        watched = []
        for number, monitor in enumerate(self.monitors):
            off, on = self._watch(way, monitor.clears, recorded), self._watch(way, monitor.sets, recorded)
            if on or off:
                asked = [(index[FactOf(leaf.fact)], leaf.values) for leaf in monitor.facts]
                watched.append((index[Watched(number)], off, on, asked))
        always, pauses, resumes = tuple(fixed.items()), way.pauses and way.whole, way.resumes

        def change(values: list[Any], before: State) -> None:
            for number, most in counted:
                values[number] = min(most, values[number] + 1)
            # Where no fact looked at is set, what follows from facts follows already.
            if sets:
                for number, value in sets:
                    values[number] = value
                given = {name: values[number] for name, number in facts}
                moves.closed_under_implication(given)
                for name, number in facts:
                    values[number] = given[name]
            for number in lapses:
                free, paid, far = values[number]
                values[number] = tuple(map(known[number].lapsed, (free, paid, far)))
            if resumes and values[1] is not None:
                (values[0], restored), values[1] = values[1], None
                for number, where in restored:
                    values[number] = where
            held = (before[0], tuple((number, values[number]) for number in strands)) if pauses else None
            for number, one in always:
                values[number] = one
            if pauses:
                values[1] = held
            for number, off, on, asked in watched:
                if _is_one(off, before):
                    values[number] = False
                elif _is_one(on, before) and all(before[fact] in among for fact, among in asked):
                    values[number] = True

        return change

    def _watch(self, way: Way, events: Sequence[Event], recorded: Sequence[Event]) -> bool | list[tuple[int, str]]:
        """Return whether a way is one of these events, or where the case must stand for it to be; `recorded`: those a record is."""
        leaves = []
        for event in events:
            if event.leave is not None and way.whole and self.moves.line_of[event.leave] not in self.moves.alongside:
                line = self.moves.line_of[event.leave]
                leaves.append((0 if line == MAIN else self.index[LineOf(line)], event.leave))
            elif event in recorded if event.parts else self._matches(event, way):
                return True
        return leaves

    def _normal(self, values: list[Any]) -> State:
        """Note what can be recorded in the configuration that has come about."""
        if not self._lazy:
            return tuple(values)
        for number, here, away in self._open(values):
            free, paid, far = values[number]
            present = self._known[number].present
            values[number] = (free, present if here else paid, present if away else far)
        return tuple(values)

    def _open(self, values: Sequence[Any]) -> list[tuple[int, int, int]]:
        """Return, for each slot recordable without a requirement: its variable, and whether here or in a line not looked at."""
        key = (values[0], *values[2 : 2 + len(self.lines)])
        found = self._recordable.get(key)
        if found is None:
            found = []
            standing = {one for one in key if one is not None}
            closed = values[0] in self.moves.ends
            for name, number in self._lazy:
                here = away = 0
                for step in self._steps_recording(name):
                    compiled = self.moves.sop.steps[step]
                    if closed and not compiled.after_end:
                        continue
                    if step in standing:
                        here = 1
                    elif compiled.line != MAIN and compiled.line not in self.slice.lines:
                        away |= compiled.parent in (None, values[0])
                if here or away:
                    found.append((number, here, away))
            self._recordable[key] = found
        return found

    def _steps_recording(self, name: str) -> list[str]:
        """Return the steps where a slot is recorded without a requirement, or that are acknowledged."""
        if name.startswith("ack "):
            _, step, role = name.split(" ")
            return [step] if role in self.moves.sop.steps[step].model.responsible else []
        if not self.moves.can_exist(name):
            return []
        ways = self.moves.recordings.get(name.partition(">")[0], ())
        return [way.step for way in ways if way.step is not None and way.entry is not None and not way.entry.guards]

    # ── Exploration ─────────────────────────────────────────────────────────────────────────────────────────────

    def initial(self) -> Iterator[State]:
        """Yield the states after launch: every combination of the facts looked at."""
        sop = self.moves.sop
        named: dict[str, set[Value]] = {name: set() for name in self._facts}
        for leaf in self.slice.leaves:
            if isinstance(leaf, Knows):
                named[leaf.fact] |= leaf.values
        for asked in (leaf for monitor in self.monitors for leaf in monitor.facts):
            named[asked.fact] |= asked.values
        for cause, known in (pair for _, causes in sop.implied for pair in causes):
            if cause in named:
                named[cause] |= known
        choices = [self.moves.at_launch(name, named[name]) for name in self._facts]
        entered = {sop.sop.start, *self.moves.entered_with(sop.sop.start)}
        entered |= {start for line in self.moves.alongside for start in self.moves.entered_with(sop.starts[line])}
        seen = set()
        for chosen in product(*choices):
            facts = dict(zip(self._facts, chosen, strict=True))
            self.moves.closed_under_implication(facts)
            values: list[Any] = [sop.sop.start, None]
            for line in self.lines:
                parent = self.moves.parent_of.get(line)
                values.append(sop.starts[line] if parent in (None, sop.sop.start) else None)
            values += [None] * (len(self.names) - len(self.lines))
            for key, number in self.index.items():
                match key:
                    case FactOf(name):
                        values[number] = facts[name]
                    case Counted():
                        values[number] = 0
                    case StepDone():
                        values[number] = False
                    case Elapsed(step=step) | SeriesOver(step):
                        values[number] = OPEN if step in entered else NEVER
                    case Watched(which):
                        monitor = self.monitors[which]
                        on = any(one.enter in entered for one in monitor.sets if one.enter)
                        on = on and all(facts[leaf.fact] in leaf.values for leaf in monitor.facts)
                        values[number] = on and not any(one.enter in entered for one in monitor.clears if one.enter)
                    case str():
                        values[number] = (ABSENT, 0, 0)
            state = self._normal(values)
            if state not in seen:
                seen.add(state)
                yield state

    def successors(self, state: State) -> Iterator[tuple[Ready, Tests, int, frozenset[Unknown], State]]:
        """Yield every move that may be open in a state, with what it costs besides itself, on what it rests, and where it leads."""
        for ready, tests, rests in self._open_ways(state):
            settled = self._narrowed(state, tests, rests)
            if settled is None:
                continue
            values, cost, unknown = settled
            ready.change(values, state)
            yield ready, tests, cost, unknown, self._normal(values)

    def _open_ways(self, state: State) -> list[tuple[Ready, Tests, frozenset[Unknown]]]:
        """Return each way with tests that the steps of a state meet, and on what that rests; many states have the same steps."""
        steps = (state[0], *state[2 : 2 + len(self.lines)])
        found = self._open_at.get(steps)
        if found is None:
            found = self._open_at[steps] = []
            here = [ready for step in steps if step is not None for ready in self._at_step(step)]
            for ready in (*here, *self._anywhere):
                for tests in ready.tests:
                    rests = self._standing(state, tests)
                    if rests is not None:
                        found.append((ready, tests, rests))
        return found

    def explore(
        self, limits: Limits, violated: Callable[[State], tuple[int, Any] | None] | None = None, graph: bool = False
    ) -> Any:
        """Visit every state in the order of what it costs to come there; end at the cheapest violation, if one is asked for.

        Args:
            violated: state -> what it costs more to break the safeguard there, and what is to be told of it; None: not there.
            graph: keep the edges.
        Returns:
            The state, what `violated` told of the cheapest violation, and its cost; None where there is none.
        Raises:
            TooLarge: a limit was met.
        """
        queue: list[tuple[int, int, State, Any]] = []
        count = 0
        for state in self.initial():
            self.states[state] = 0
            self.parents[state] = None
            heappush(queue, (0, count := count + 1, state, None))
        closed = set()
        while queue:
            cost, _, state, broken = heappop(queue)
            if broken is not None:
                return state, broken, cost
            if state in closed:
                continue
            closed.add(state)
            limits.check(len(self.states))
            if violated is not None:
                found = violated(state)
                if found is not None:
                    heappush(queue, (cost + found[0], count := count + 1, state, found[1]))
            edges: list[Edge] = []
            for ready, tests, price, unknown, after in self.successors(state):
                if graph and after != state:
                    edges.append(Edge(after, ready.way, tests))
                reached = cost + 1 + price
                if reached < self.states.get(after, 1 << 30):
                    self.states[after] = reached
                    self.parents[after] = Step(state, ready.way, tests, ready.says, 1 + price, unknown)
                    heappush(queue, (reached, count := count + 1, after, None))
            if graph:
                self.edges[state] = edges
        return None

    def path(self, state: State) -> list[Step]:
        """Return the moves by which a state was reached most cheaply."""
        found = []
        step = self.parents[state]
        while step is not None:
            found.append(step)
            step = self.parents[step.before]
        return found[::-1]


_WORLD: frozenset[Unknown] = frozenset({Never("people cannot choose it")})


def _is_one(event: bool | list[tuple[int, str]], before: State) -> bool:
    """Whether a move from a state is an event: always, or where the case stands at one of these steps."""
    return event if isinstance(event, bool) else any(before[number] == step for number, step in event)


def _ack(step: str, role: str) -> str:
    return f"ack {step} {role}"
