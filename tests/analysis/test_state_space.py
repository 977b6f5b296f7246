"""Explored and executed behaviour agree: wherever a case goes by `decide`, some state of the space stands for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from engine.analysis.classes import SlotClasses, says_yes
from engine.analysis.logic import Elapsed, HasAcknowledged, Leaf, Same, Says, SeriesOver, StepDone, TakenOften
from engine.analysis.moves import Moves
from engine.analysis.slices import NEVER, OVER, Counted, FactOf, LineOf, Slice, State
from engine.analysis.state_space import Space
from engine.calendars.almanac import shipped
from engine.cases.case import Acknowledge, Enter, Facts, Fire, Launch, Take
from engine.cases.decide import Decision, begun, decide
from engine.cases.view import CaseView
from engine.sop.compile import MAIN, CompiledSop
from engine.values import Duration
from tests.analysis.procedures import PARTS, Chance, compiled

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Walk:
    """A case that goes where chance leads it."""

    def __init__(self, sop: CompiledSop, seed: int) -> None:
        self.sop, self.now, self._random = sop, MONDAY, Random(seed)
        said = {name: self._random.random() < 0.5 for name in sop.sop.facts}
        move = Launch("w", {"worker": "w", "far": "f"}, said)
        answer = decide(sop, begun(sop, "R", "FR", "AL", MONDAY), move, Facts(shipped().between("FR", "AL")), MONDAY)
        assert isinstance(answer, Decision)
        self.case, self.facts = answer.case, answer.facts
        self._actors = 0

    def step(self) -> tuple[str, str] | None:
        """Try one move; returns its kind and name if it was made."""
        random = self._random
        self.now += timedelta(days=random.choice([0, 0, 0, 1, 4, 12]), minutes=1)
        kind = random.choice(["take"] * 5 + ["record"] * 4 + ["fire", "ack"])
        move: Any
        if kind == "take":
            name = random.choice(
                [*{a for s in self.sop.steps.values() for a in s.actions}, *self.sop.everywhere, "reopen"]
            )
            step = random.choice([*self.case.steps(), None])
            self._actors += 1
            move = Take(name, "w", step, f"f{self._actors}")
        elif kind == "fire":
            step = random.choice(self.case.steps())
            if not self.sop.steps[step].actions:
                return None
            name = random.choice(list(self.sop.steps[step].actions))
            move = Fire(name, step)
        elif kind == "ack":
            name, move = (
                "",
                Acknowledge(random.choice(["w", self.case.parties["far"]]), random.choice(self.case.steps())),
            )
        else:
            name = random.choice(PARTS)
            fields = {
                "decision": random.choice(["yes", "no"]),
                "ok": random.random() < 0.5,
                "place": random.choice(["home", "out"]),
            }
            fields["on"] = (self.now + timedelta(days=random.choice([-9, 0, 3]))).date().isoformat()
            own = {key: value for key, value in fields.items() if key in self.sop.parts[name].fields}
            signed = (self.now - timedelta(days=random.choice([0, 0, 3, 20]))).date()
            signers = random.choice([(), ("worker",)])
            key = ("far", "referral") if name == "share" else (None, None)
            actor = random.choice(["w", self.case.parties["far"]])
            move = Enter(name, actor, signed, signers, own, *key)
        answer = decide(self.sop, self.case, move, self.facts, self.now)
        if not isinstance(answer, Decision):
            return None
        self.case, self.facts = answer.case, answer.facts
        return kind, name


def every_leaf(moves: Moves) -> set[Leaf]:
    cubes = [cube for way in moves.ways for cube in way.cubes]
    cubes += [cube for ways in moves.recordings.values() for way in ways for cube in way.cubes]
    tracked = (Says, StepDone, TakenOften, HasAcknowledged, SeriesOver)
    leaves = {leaf for cube in cubes for leaf in cube}
    return {
        leaf for leaf in leaves
        if isinstance(leaf, tracked) or type(leaf).__name__ == "Knows" or (isinstance(leaf, Elapsed) and leaf.step)
    } - {leaf for leaf in leaves if isinstance(leaf, Same)}  # fmt: skip


def stands_for(space: Space, state: State, walk: Walk) -> bool:
    """Whether a state stands for a case (the case may be one of many)."""
    case, view = walk.case, CaseView(walk.case, walk.facts, walk.now)
    if state[0] != case.main or (state[1] is None) != (case.paused is None):
        return False
    if case.paused is not None and state[1][0] != case.paused.main:
        return False
    for number, key in enumerate(space.names, start=2):
        value = state[number]
        match key:
            case LineOf(line):
                if value != (case.strands.get(line) or case.alongside.get(line)):
                    return False
            case FactOf(name):
                if value != view.fact(name):
                    return False
            case Counted(action, since):
                most = space._most[key]
                if value != min(most, view.times_taken(action, since)):
                    return False
            case StepDone(step, since):
                if value is not view.done_after(step, since):
                    return False
            case Elapsed(step=step, length=length):
                entered = view.entered_at(step or "")
                over = entered is not None and view.over(Duration.parse(length), entered)
                if (value == NEVER) is not (entered is None) or (value == OVER and not over):
                    return False
            case str():
                if not slot_stands_for(space, key, value, view):
                    return False
    return True


def slot_stands_for(space: Space, key: str, value: tuple[int, int, int], view: CaseView) -> bool:
    classes = space.slots[key]
    if isinstance(classes, SlotClasses):
        record = view.record(key)
        bit = 1
        if record is not None:
            answers = [answered(question, record, view) for question in classes.questions]
            counts = classes.receiver is None or record.actor == view.party(classes.receiver)
            fits = [
                number for number, said in enumerate(classes.classes)
                if [says_yes(one, said, classes.limits) for one in classes.questions] == answers and said.counts is counts
            ]  # fmt: skip
            bit = sum(2 << number for number in fits)
    else:
        _, step, role = key.split(" ")
        given = view.case.acknowledged.get(f"{step} {role}")
        bit = 1 if given is None else 2 if given == view.party(role) else 4
    every = classes.aged(value[0] | value[1] | value[2])
    every |= classes.handed_on(every)
    return bool(every & bit)


def answered(question: Says, record: Any, view: CaseView) -> bool:
    fields = record.fields
    if question.role is not None and record.actor != view.party(question.role):
        return False
    if any(fields.get(name) not in values for name, values in question.where):
        return False
    if question.days is not None and view.age(record.signed_on) > question.days:
        return False
    return question.signers <= set(record.signed_by)


def follow(space: Space, states: set[State], walk: Walk, kind: str, name: str) -> set[State]:
    """Return the states that stand for a case after a move, of those that can come of `states` by it."""
    reached = set(states) if kind in ("record", "ack") else set()
    for state in states:
        for ready, _, _, _, after in space.successors(state):
            way = ready.way
            if (kind in ("take", "fire") and way.name == name and not way.is_recording) or (
                kind == "record" and way.name == name and way.is_recording
            ):
                reached.add(after)
    if kind in ("take", "fire"):
        # An action of a line that is not looked at changes nothing that is.
        reached |= states
    return {state for state in reached if stands_for(space, state, walk)}


@pytest.mark.parametrize("some", [False, True], ids=["all", "a part"])
@pytest.mark.parametrize("seeds", [range(n, n + 40) for n in range(0, 160, 40)])
def test_every_run_is_in_the_space(seeds: range, some: bool) -> None:
    """A case launched and moved by chance is at every moment one of those that an explored state stands for."""
    moved = 0
    for seed in seeds:
        sop = compiled(Chance(seed).procedure())
        moves = Moves(sop)
        random = Random(seed)
        leaves, lines = every_leaf(moves), set(moves.steps_of) - {MAIN}
        if some:
            leaves = {leaf for leaf in sorted(leaves, key=repr) if random.random() < 0.4}
            lines = {line for line in sorted(lines) if random.random() < 0.5}
        space = Space(moves, Slice(frozenset(lines), frozenset(leaves)))
        for run in range(3):
            walk = Walk(sop, seed * 10 + run)
            states = {state for state in space.initial() if stands_for(space, state, walk)}
            assert states, f"seed {seed}: the launch is in no state"
            for _ in range(80):
                made = walk.step()
                if made is None:
                    continue
                moved += 1
                states = follow(space, states, walk, *made)
                assert states, f"seed {seed}, run {run}: {made} led to {walk.case.steps()}, which no state stands for"
                states = set(sorted(states, key=repr)[:40])
    assert moved > 500
