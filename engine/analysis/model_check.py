"""Whether a safeguard holds on every path of a procedure: proved, broken with a path that runs, or undecided with the reason.

First the safeguard is looked at by itself: where every requirement of what it speaks of implies it, it holds, and not one
configuration is visited. Else the configurations are explored (`engine.analysis.state_space`) as far as a small slice of the
procedure shows them; what the slice does not show may be anything. Where nothing is found the safeguard holds; a path found that
rests on something unknown widens the slice by it; one that rests on nothing unknown is played on the engine
(`engine.analysis.counterexample`), and only a path that runs is called one. Where a limit is met, or a path does not run, the
safeguard is undecided, never "holds".

Terms: docs/glossary.md, "safeguard". Kinds and their meaning: docs/reference/sop-language.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from heapq import heappop, heappush
from time import monotonic
from typing import Any, Final

from engine.analysis.counterexample import DoesNotRun, Happening, Player, count_moves, watched
from engine.analysis.logic import Knows, Leaf, StepDone, TakenOften, TooLarge, written
from engine.analysis.moves import Moves
from engine.analysis.questions import Question, Questions, Trigger, named_by
from engine.analysis.slices import (
    Edge,
    FactOf,
    Limits,
    LineOf,
    Monitor,
    Never,
    Singly,
    Slice,
    State,
    Tests,
    Unknown,
    Watched,
)
from engine.analysis.state_space import Space
from engine.analysis.uninterrupted import uninterrupted
from engine.sop import model as m
from engine.sop.compile import MAIN, CompiledSop


class Verdict(StrEnum):
    """What is known of a safeguard; `vacuous`: what it speaks of can never happen, so it protects nothing."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNDECIDED = "undecided"
    VACUOUS = "vacuous"


UNTOLD: Final = "No run breaks it; whether what it speaks of ever happens was not found out within the limits."
"""Said of a safeguard that holds, where it may be that it protects nothing."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How far one safeguard is looked into, at most.

    `states_for_shortest`: for the shortest path; nothing: any path will do. `states_for_speaking`: to see whether what it
    speaks of ever happens.
    """

    states: int = 60_000
    seconds: float = 10.0
    states_for_shortest: int = 20_000
    seconds_for_shortest: float = 2.0
    states_for_speaking: int = 500


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer to one safeguard.

    Attributes:
        explored: configurations visited; 0 where the requirements alone decide.
        reason: in one sentence, why it is broken, undecided or vacuous; where it holds, empty or `UNTOLD`.
        counterexample: the moves to the harm, in order; only where it is broken.
        is_shortest: whether no shorter path breaks it.
        stops: the place in the procedure where it could be stopped (a key path of the file), and the requirement that would.
    """

    safeguard: m.Safeguard
    verdict: Verdict
    explored: int = 0
    reason: str = ""
    counterexample: tuple[Happening, ...] = ()
    is_shortest: bool = True
    stops: tuple[str | int, ...] = ()
    missing: tuple[m.Requirement, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.verdict is Verdict.HOLDS

    @property
    def moves(self) -> int:
        """How many moves its path takes."""
        return count_moves(self.counterexample)


RANK = {
    verdict: rank for rank, verdict in enumerate((Verdict.BROKEN, Verdict.UNDECIDED, Verdict.VACUOUS, Verdict.HOLDS))
}
"""The worst first."""


def prove(sop: CompiledSop, budget: Budget | None = None) -> list[Proof]:
    """Decide every safeguard of a checked procedure, in the order written."""
    with uninterrupted():
        prover = Prover(sop, budget or Budget())
        return [prover.decide(one) for one in sop.sop.safeguards if isinstance(one, m.Safeguard)]


class Prover:
    """Decides safeguards of one procedure; what they share is worked out once."""

    def __init__(self, sop: CompiledSop, budget: Budget) -> None:
        self._sop, self._budget = watched(sop), budget
        self._moves = Moves(self._sop)
        self._questions = Questions(self._moves)
        self._base: Space | None = None
        self._spoken: dict[object, bool | None] = {}
        self._learned: frozenset[Leaf] = frozenset()

    def decide(self, safeguard: m.Safeguard) -> Proof:
        """Decide one safeguard."""
        with uninterrupted():
            return self._decide(safeguard)

    def _decide(self, safeguard: m.Safeguard) -> Proof:
        limits = Limits(self._budget.states, monotonic() + self._budget.seconds)
        try:
            match safeguard.kind:
                case "ignores":
                    return self._ignores(safeguard)
                case "after" | "from":
                    return self._possibility(safeguard, limits)
                case _:
                    return self._safety(safeguard, limits)
        except TooLarge as why:
            return Proof(safeguard, Verdict.UNDECIDED, reason=f"{why}.".capitalize())

    # ── One moment ──────────────────────────────────────────────────────────────────────────────────────────────

    def _safety(self, safeguard: m.Safeguard, limits: Limits) -> Proof:
        if safeguard.require and safeguard.happened:
            # Two in one: what is required is asked whether or not the other thing happened.
            apart: list[dict[str, object]] = [{"happened": None, "since": None}, {"require": ()}]
            found = [self._safety(safeguard.model_copy(update=one), limits) for one in apart]
            proof = min(found, key=lambda one: (RANK[one.verdict], one.moves))
            exact = all(one.verdict is not Verdict.UNDECIDED and one.is_shortest for one in found)
            return replace(proof, safeguard=safeguard, explored=sum(one.explored for one in found), is_shortest=exact)
        question = self._questions.safety(safeguard)
        proof = self._unbroken(safeguard, question, limits)
        return self._holds(proof, question) if proof.is_good else proof

    def _unbroken(self, safeguard: m.Safeguard, question: Question, limits: Limits) -> Proof:
        """Look for the nearest moment that breaks a safeguard."""
        if not self._can_happen(question.triggers, limits):
            return _empty(safeguard)
        breaking = [one for one in question.triggers if one.breaks]
        if not breaking:
            return Proof(safeguard, Verdict.HOLDS)
        monitors = () if question.monitor is None else (question.monitor,)
        looked_at = Slice(lines=question.lines)
        explored, grow, tried = 0, 1, 0
        known: Found | None = None
        while True:
            space = Space(self._moves, looked_at, monitors)
            try:
                found = space.explore(limits, _violations(space, breaking))
            except TooLarge:
                if known is None:
                    raise
                return self._broken_by(known, explored, False)
            explored += len(space.states)
            if found is None:
                return Proof(safeguard, Verdict.HOLDS, explored)
            state, (trigger, tests, unknown), least = found
            path = space.path(state)
            wider = self._widened(looked_at, [*(step.unknown for step in path), unknown], question.names, grow)
            if wider is None:
                return self._broken(safeguard, space, state, trigger, tests, explored, least)
            if known is None and explored > tried:
                known = self._directly(space, state, trigger, tests, safeguard, least)
                tried = 4 * explored
                if known is not None:
                    limits.soon(self._budget.states_for_shortest, self._budget.seconds_for_shortest)
            if known is not None and known.moves == least:
                return self._broken_by(known, explored, True)
            looked_at, grow = wider, min(grow * 2, 16)

    def _directly(
        self, space: Space, end: State, trigger: Trigger, tests: Tests, safeguard: m.Safeguard, least: int
    ) -> Found | None:
        """Try to make a run of a path that still rests on something unknown; None where that fails."""
        player = Player(self._moves, space)
        try:
            player.play(end, trigger, tests, safeguard)
        except (DoesNotRun, TooLarge):
            return None
        found = Found(trigger, player.happenings(), safeguard)
        if found.moves == least or not self._budget.states_for_shortest:
            return found
        return Found(trigger, player.shortened(trigger, safeguard), safeguard)

    def _broken(
        self,
        safeguard: m.Safeguard,
        space: Space,
        end: State,
        trigger: Trigger,
        tests: Tests,
        explored: int,
        least: int,
    ) -> Proof:
        try:
            happenings = Player(self._moves, space).play(end, trigger, tests, safeguard)
        except DoesNotRun as why:
            return Proof(safeguard, Verdict.UNDECIDED, explored, f"A path was found that does not run: {why}.")
        found = Found(trigger, happenings, safeguard)
        return self._broken_by(found, explored, found.moves <= least)

    def _broken_by(self, found: Found, explored: int, is_shortest: bool) -> Proof:
        way, safeguard = found.trigger.way, found.safeguard
        stops: tuple[str | int, ...] = ()
        if way is not None and way.action is not None:
            stops = place_of(self._sop, way.action.name, way.step)
        return Proof(
            safeguard, Verdict.BROKEN, explored, "", found.happenings, is_shortest, stops, would_stop(safeguard)
        )  # fmt: skip

    def _widened(
        self, looked_at: Slice, along: Sequence[frozenset[Unknown]], names: frozenset[str], grow: int
    ) -> Slice | None:
        """Look at what the safeguard names itself, else at what the last doubtful move rests on; None: nothing is doubtful."""
        for unknown in reversed(along):
            named = [one for one in unknown if _is_named(one, names)]
            if named:
                return looked_at.widened(self._with_lines(named))
        for unknown in reversed(along):
            if unknown:
                ordered = sorted(unknown, key=lambda one: (isinstance(one, LineOf), written(one)))
                return looked_at.widened(self._with_lines(ordered[:grow]))
        return None

    def _with_lines(self, unknown: Iterable[Unknown]) -> Iterator[Unknown]:
        """Yield these, and the lines on which what they remember depends."""
        for one in unknown:
            yield one
            if isinstance(one, StepDone):
                lines = {self._moves.line_of[one.step]}
            elif isinstance(one, TakenOften):
                lines = {way.line for way in self._moves.ways if way.name == one.action}
            else:
                continue
            yield from (LineOf(line) for line in sorted(lines - {MAIN}))

    def _can_happen(self, triggers: Iterable[Trigger], limits: Limits) -> bool:
        """Whether any of these can happen at all, as far as the main line shows."""
        space = self._on_the_main_line(limits)
        for trigger in triggers:
            tests = space.tests(trigger.open)
            states = [
                space_state for space_state in space.states if not trigger.at_launch or not space.parents[space_state]
            ]
            if any(space.settle(state, one) is not None for state in states for one in tests):
                return True
        return False

    def _holds(self, proof: Proof, question: Question) -> Proof:
        """What is never broken may never happen: it holds only where it speaks of something, as far as can be told."""
        if not question.triggers:
            return proof
        key = frozenset(
            (one.way, one.words, frozenset(frozenset(cube.items()) for cube in one.open)) for one in question.triggers
        )
        if key not in self._spoken:
            self._spoken[key] = self._happens(question)
        happens = self._spoken[key]
        if happens is None:
            return replace(proof, reason=UNTOLD)
        return proof if happens else replace(_empty(proof.safeguard), explored=proof.explored)

    def _happens(self, question: Question) -> bool | None:
        """Whether some of what a safeguard speaks of happens on a path; None where that cannot be told within the limits."""
        limits = Limits(self._budget.states_for_speaking, monotonic() + self._budget.seconds_for_shortest)
        triggers = [replace(one, breaks=one.open) for one in question.triggers if one.open]
        anything = question.safeguard.model_copy(update={"require": (), "always": ()})
        looked_at, grow = Slice(lines=question.lines).widened(self._with_lines(sorted(self._learned, key=written))), 1
        while True:
            space = Space(self._moves, looked_at)
            try:
                found = space.explore(limits, _violations(space, triggers))
            except TooLarge:
                return None
            if found is None:
                return False
            state, (trigger, tests, unknown), _ = found
            along = [*(step.unknown for step in space.path(state)), unknown]
            if not any(along):  # it rests on nothing that the slice leaves open
                return True
            wider = self._widened(looked_at, along, question.names, grow)
            if wider is None:
                return None
            try:
                Player(self._moves, space).play(state, trigger, tests, anything)
            except DoesNotRun as why:
                lacking = why.lacking & frozenset[Unknown]().union(*along)
            except TooLarge:
                lacking = frozenset()
            else:
                return True
            if lacking:
                # What stood in the way of one path will mostly stand in the way of the next one too.
                self._learned |= lacking
                looked_at = looked_at.widened(self._with_lines(sorted(lacking, key=written)))
            else:
                looked_at, grow = wider, min(grow * 2, 16)

    def _on_the_main_line(self, limits: Limits) -> Space:
        if self._base is None:
            base = Space(self._moves, Slice())
            base.explore(limits)
            self._base = base
        return self._base

    # ── A way out ───────────────────────────────────────────────────────────────────────────────────────────────

    def _possibility(self, safeguard: m.Safeguard, limits: Limits) -> Proof:
        monitors: tuple[Monitor, ...] = ()
        question: Question | None = None
        goals = frozenset(safeguard.reachable)
        condition = [] if safeguard.if_ is None else self._moves.reader.one(safeguard.if_).leaves()
        asked = [leaf for leaf in condition if isinstance(leaf, Knows)]
        lines = frozenset(self._moves.line_of[step] for step in goals) - {MAIN}
        if safeguard.kind == "after":
            monitor = Monitor(
                self._questions.remembered(safeguard.after or ()),
                self._questions.remembered(safeguard.eventually or ()),
                tuple(asked),
            )
            monitors = (monitor,)
            lines = self._questions.lines_named([*monitor.sets, *monitor.clears])
            question = self._questions.safety(as_never(safeguard))
            if not self._can_happen(question.triggers, limits):
                return _empty(safeguard)
            if safeguard.bounded and (cycle := self._cycle(monitor)):
                reason = f"These steps can follow one another without end: {', '.join(cycle)}."
                return Proof(safeguard, Verdict.BROKEN, 0, reason)
        looked_at, explored = Slice(lines=lines, leaves=frozenset() if monitors else frozenset(asked)), 0
        while True:
            space = Space(self._moves, looked_at, monitors)
            space.explore(limits, graph=True)
            explored += len(space.states)
            is_goal = _goal(space, goals) if not monitors else _off(space)
            good = _certain_of(space, is_goal)
            asks = _in_question(space, () if monitors else asked)
            open_ones = (state for state in space.states if monitors or state[0] not in self._moves.ends)
            bad = [state for state in open_ones if state not in good and asks(state)]
            if not bad:
                proof = Proof(safeguard, Verdict.HOLDS, explored)
                return proof if question is None else self._holds(proof, question)
            # The nearest first; of equals the one from which the least is unknown.
            state = min(bad, key=space.states.__getitem__)
            out = _way_out(space, state, good)
            path = space.path(state)
            if out is None:
                wider = self._widened(looked_at, [step.unknown for step in path], frozenset(), 16)
                if wider is None:
                    return self._trapped(safeguard, space, state, explored)
            else:
                wider = looked_at.widened(out)
            if wider == looked_at:
                reason = "Whether there is always a way out could not be told: " + _why(out or frozenset())
                return Proof(safeguard, Verdict.UNDECIDED, explored, reason)
            looked_at = wider

    def _trapped(self, safeguard: m.Safeguard, space: Space, end: State, explored: int) -> Proof:
        try:
            happenings = Player(self._moves, space).play(end, None, None, safeguard)
        except DoesNotRun as why:
            return Proof(safeguard, Verdict.UNDECIDED, explored, f"A path was found that does not run: {why}.")
        reason, nearest = "From here nothing that people can do leads there.", space.states[end]
        return Proof(safeguard, Verdict.BROKEN, explored, reason, happenings, count_moves(happenings) <= nearest)

    def _cycle(self, monitor: Monitor) -> list[str]:
        """Find steps of the main line, or of one strand, whose own actions can go round without the safeguard's end."""
        base = Space(self._moves, Slice(), (monitor,))
        graph: dict[str, set[str]] = {}
        for way in self._moves.ways:
            if way.action is None or way.step is None or way.target is None or way.line in self._moves.alongside:
                continue
            if any(base._matches(event, way) for event in monitor.clears) or _is_counted(way.action.model.requires):
                continue
            graph.setdefault(way.step, set()).add(way.target)
        return _a_cycle(graph)

    # ── The text alone ──────────────────────────────────────────────────────────────────────────────────────────

    def _ignores(self, safeguard: m.Safeguard) -> Proof:
        """Read off the requirements that none of the actions looks at the forms and facts named."""
        ignored = safeguard.ignores
        if ignored is None:
            raise TypeError("not a safeguard of kind ignores")
        parts = {part for form in ignored.forms for part in self._sop.parts_of(form)}
        found = 0
        for name in ignored.actions:
            for action in self._questions.instances(name):
                found += 1
                asked = [*self._moves.offer(action).leaves(), *self._moves.clock(action).leaves()]
                seen = sorted(
                    {said for leaf in asked for said in (*_forms_of(leaf), *_facts_of(leaf))}
                    & (parts | set(ignored.facts))
                )
                if seen:
                    reason = f'"{name}" depends on {", ".join(seen)}.'
                    return Proof(safeguard, Verdict.BROKEN, 0, reason, stops=place_of(self._sop, name, action.step))
        if not found or not (parts or ignored.facts):
            return Proof(safeguard, Verdict.VACUOUS, reason="It names nothing.")
        return Proof(safeguard, Verdict.HOLDS)


@dataclass(frozen=True, slots=True)
class Found:
    """A run that breaks a safeguard."""

    trigger: Trigger
    happenings: tuple[Happening, ...]
    safeguard: m.Safeguard

    @property
    def moves(self) -> int:
        """How many moves it takes."""
        return count_moves(self.happenings)


def _empty(safeguard: m.Safeguard) -> Proof:
    return Proof(safeguard, Verdict.VACUOUS, reason="What it speaks of can never happen.")


def would_stop(safeguard: m.Safeguard) -> tuple[m.Requirement, ...]:
    """Return the requirements that the breaking move should have: those of the safeguard, or none of what `while` covers."""
    if safeguard.require:
        return tuple(safeguard.require)
    covered = safeguard.while_
    if not isinstance(covered, m.While):
        return ()
    barred: list[m.Requirement] = []
    if covered.at or covered.steps:
        barred.append(m.AtRequirement(at=(*covered.at, *covered.steps)))
    if covered.fact:
        barred.append(m.FactRequirement(fact=covered.fact))
    return (m.NoneOfRequirement(none_of=tuple(barred)),) if barred else ()


def as_never(safeguard: m.Safeguard) -> m.Safeguard:
    """Return a safeguard that speaks of the same X, to see where it can happen."""
    return m.Safeguard(id=safeguard.id, **{"if": safeguard.if_}, never=safeguard.after, **{"while": "any"})


def place_of(sop: CompiledSop, action: str, step: str | None) -> tuple[str | int, ...]:
    """Return the key path of an action in its file."""
    if step is None:
        return ("everywhere", action)
    compiled = sop.steps[step]
    if compiled.alongside:
        return ("alongside", compiled.line, "steps", step, "actions", action)
    if compiled.parent is not None:
        return ("steps", compiled.parent, "strands", compiled.line, "steps", step, "actions", action)
    return ("steps", step, "actions", action)


def _violations(space: Space, triggers: Sequence[Trigger]) -> Callable[[State], tuple[int, Any] | None]:
    """Return what tells of a state how cheaply the safeguard is broken there."""
    ready = [
        (trigger, [(one, (trigger.way is not None) + space.least_in(one)) for one in space.tests(trigger.breaks)])
        for trigger in triggers
    ]
    monitor = space.index.get(Watched(0))

    def violated(state: State) -> tuple[int, Any] | None:
        happened = monitor is not None and state[monitor]
        best: tuple[int, Any] | None = None
        for trigger, tests in ready:
            # What happens with the launch happened not before it.
            if (space.parents[state] is not None) if trigger.at_launch else happened:
                continue
            for one, extra in tests:
                settled = space.settle(state, one)
                if settled is None:
                    continue
                _, cost, unknown = settled
                if trigger.at_launch and (cost or any(answer for _, answer in one.waits)):
                    # With the launch nothing has been recorded or acknowledged yet, and no time has passed.
                    continue
                cost += extra
                if best is None or cost < best[0] or (cost == best[0] and len(unknown) < len(best[1][2])):
                    best = (cost, (trigger, one, unknown))
        return best

    return violated


def _goal(space: Space, goals: frozenset[str]) -> Callable[[State], bool]:
    width = 2 + len(space.lines)
    return lambda state: state[0] in goals or any(step in goals for step in state[2:width])


def _in_question(space: Space, asked: Iterable[Knows]) -> Callable[[State], bool]:
    """Return what tells whether the facts of a state are those that a safeguard speaks of."""
    facts = [(space.index[FactOf(leaf.fact)], leaf.values) for leaf in asked]
    return lambda state: all(state[number] in values for number, values in facts)


def _off(space: Space) -> Callable[[State], bool]:
    monitor = space.index[Watched(0)]
    return lambda state: not state[monitor]


def _certain_of(space: Space, is_goal: Callable[[State], bool]) -> set[State]:
    """Return the states from which people can surely come to a goal."""
    before: dict[State, list[tuple[State, Edge]]] = {}
    for state, edges in space.edges.items():
        for edge in edges:
            if edge.way.chosen:
                before.setdefault(edge.after, []).append((state, edge))
    good = {state for state in space.states if is_goal(state)}
    waiting = list(good)
    while waiting:
        for state, edge in before.get(waiting.pop(), ()):
            if state not in good and not space.doubts(state, edge):
                good.add(state)
                waiting.append(state)
    return good


def _way_out(space: Space, start: State, good: set[State]) -> frozenset[Unknown] | None:
    """Return what keeps the surest possible way out of a state from being certain; None: there is no possible way at all."""
    best: dict[State, int] = {start: 0}
    queue: list[tuple[int, int, State, frozenset[Unknown]]] = [(0, 0, start, frozenset())]
    count = 0
    while queue:
        doubt, _, state, reasons = heappop(queue)
        if state in good:
            return reasons
        if doubt > best[state]:
            continue
        for edge in space.edges.get(state, ()):
            if not edge.way.chosen:
                continue
            doubts = space.doubts(state, edge)
            more = doubt + sum(_doubt(one) for one in doubts - reasons)
            if more < best.get(edge.after, 1 << 30):
                best[edge.after] = more
                count += 1
                heappush(queue, (more, count, edge.after, reasons | doubts))
    return None


def _doubt(one: Unknown) -> int:
    """Weigh what is unknown by what it costs to look at it."""
    match one:
        case Never():
            return 1_000
        case LineOf():
            return 3
        case Singly():
            return 20
        case _:
            return 4


def _is_named(one: Unknown, names: frozenset[str]) -> bool:
    return not isinstance(one, (LineOf, Singly, Never)) and not names.isdisjoint(named_by(one))


def _is_counted(requirements: Iterable[m.Requirement]) -> bool:
    return any(isinstance(one, m.TakenRequirement) and one.taken.at_most is not None for one in requirements)


def _forms_of(leaf: object) -> Iterator[str]:
    for key in ("part", "slot", "other"):
        value = getattr(leaf, key, None)
        if isinstance(value, str):
            yield value.partition(">")[0]


def _facts_of(leaf: object) -> Iterator[str]:
    fact = getattr(leaf, "fact", None)
    if isinstance(fact, str):
        yield fact


def _why(reasons: Iterable[Unknown]) -> str:
    said = sorted({one.what if isinstance(one, Never) else str(one) for one in reasons})
    return "; ".join(said) or "people cannot choose it"


def _a_cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return the steps of one cycle; empty: there is none."""
    state: dict[str, int] = {}
    for start in sorted(graph):
        if start in state:
            continue
        path, stack = [start], [iter(sorted(graph.get(start, ())))]
        state[start] = 1
        while stack:
            following = next(stack[-1], None)
            if following is None:
                stack.pop()
                state[path.pop()] = 2
            elif state.get(following) == 1:
                return path[path.index(following) :]
            elif following not in state:
                state[following] = 1
                path.append(following)
                stack.append(iter(sorted(graph.get(following, ()))))
    return []
