"""The checker against a naive explorer that knows nothing of it: verdicts agree, paths are as short, and each path runs.

`PASSERELLE_TEST_PROCEDURES=20000` tries so many procedures made by chance instead of the usual number.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any

import pytest

from engine.analysis.counterexample import Happening
from engine.analysis.model_check import Budget, Proof, Verdict, prove
from engine.calendars.almanac import shipped
from engine.cases.case import Acknowledge, Assign, Enter, Facts, Fire, Launch, Move, Take, Wake
from engine.cases.decide import Decision, begun, decide
from engine.sop.compile import CompiledSop
from tests.analysis.explorer import (
    PEOPLE,
    Answer,
    Edge,
    Event,
    Explorer,
    Judge,
    Standing,
    TooMany,
    event_of,
    remembering,
)
from tests.analysis.procedures import FORMS, compiled
from tests.analysis.small import Small

PROCEDURES = int(os.environ.get("PASSERELLE_TEST_PROCEDURES", "800"))
BUDGET = Budget(states=20_000, seconds=4, seconds_for_shortest=1)
MOST_CASES = 200
TOGETHER = 50
"""So many procedures are tried by one process at a time."""


@dataclass
class Played:
    """A counterexample, played on the engine from its first move to its last."""

    sop: CompiledSop
    standings: list[Standing] = field(default_factory=list)
    edges: list[list[Edge]] = field(default_factory=list)
    launches: list[tuple[int, Event]] = field(default_factory=list)

    def play(self, happenings: tuple[Happening, ...]) -> None:
        """Put every move to `decide`; an assertion fails where one is refused."""
        launch = happenings[0]
        facts = Facts(shipped().between("FR", "AL"))
        before = begun(self.sop, "PLAYED", "FR", "AL", launch.at)
        answer = self._decided(before, Launch("w", PEOPLE, dict(launch.facts)), facts, launch.at)
        self.launches.append((0, event_of(before, answer, None)))
        self._stand(Standing(answer.case, answer.facts, launch.at))
        for one in happenings[1:]:
            self._wait(one.at)
            if one.kind == "moment":
                continue
            now = self.standings[-1]
            move = self._move(one, now)
            answer = self._decided(now.case, move, now.facts, one.at)
            self.edges[-1].append(Edge(len(self.standings), event_of(now.case, answer, move), True))
            self._stand(Standing(answer.case, answer.facts, one.at))

    def _stand(self, standing: Standing) -> None:
        self.standings.append(standing)
        self.edges.append([])

    def _wait(self, until: datetime) -> None:
        last = self.standings[-1]
        assert until >= last.now
        if until > last.now:
            self.edges[-1].append(Edge(len(self.standings), Event(), True, is_time=True))
            case, facts = last.case, last.facts
            if case.series:  # a round that is due may lapse
                answer = self._decided(case, Wake(), facts, until)
                case, facts = answer.case, answer.facts
            self._stand(Standing(case, facts, until))

    def _decided(self, case: Any, move: Move, facts: Facts, now: datetime) -> Decision:
        answer = decide(self.sop, case, move, facts, now)
        assert isinstance(answer, Decision), f"{move} is refused: {answer}"
        assert not answer.breach, f"{move} is a breach"
        return answer

    def _move(self, one: Happening, now: Standing) -> Move:
        if one.kind == "acknowledge":
            return Acknowledge(now.case.parties[one.by], one.name)
        if one.kind == "record":
            assert one.signed_on is not None
            assert one.signed_on <= one.at.date() + timedelta(days=1)
            fields, (role, purpose) = dict(one.fields), one.receiver or (None, None)
            return Enter(one.name, now.case.parties[one.by], one.signed_on, one.signed_by, fields, role, purpose)
        if one.kind == "assign":
            return Assign(one.name, f"another {len(self.standings)}", "")
        if not one.by:
            return Fire(one.name, one.step)
        return Take(one.name, now.case.parties[one.by], one.step, f"another {len(self.standings)}")


def compared(seed: int) -> Iterator[tuple[str, str]]:
    """Yield, for each safeguard of a procedure, what there was to say of it, and what was wrong (empty: nothing)."""
    sop = compiled(Small(seed).procedure())
    try:
        explored = Explorer(sop, MOST_CASES)
    except TooMany:
        yield "too many cases to play", ""
        return
    for proof in prove(sop, BUDGET):
        answer = Judge(explored, proof.safeguard).decide()
        truth = "broken" if answer.broken else "holds" if answer.speaks else "speaks of nothing"
        said = f"{truth}, said to be {proof.verdict}" if proof.verdict is Verdict.UNDECIDED else truth
        wrong = disagreement(proof, answer) or (runs(sop, explored, proof) if proof.counterexample else "")
        yield said, wrong and f"seed {seed}, {proof.safeguard.id} ({proof.safeguard.kind}): {wrong}"


def disagreement(proof: Proof, answer: Answer) -> str:
    """Say in what a verdict and the plain truth are at odds; empty: in nothing."""
    match proof.verdict:
        case Verdict.BROKEN if not answer.broken:
            return "said to be broken, and is not"
        case Verdict.HOLDS if answer.broken:
            return f"said to hold, and is broken by {answer.moves} moves"
        case Verdict.VACUOUS if answer.broken or answer.speaks:
            return "said to speak of nothing, and speaks of something"
        case Verdict.BROKEN if proof.moves < answer.moves:
            return f"broken by {proof.moves} moves, where the fewest are {answer.moves}"
        case Verdict.BROKEN if proof.is_shortest and proof.moves > answer.moves:
            return f"said to be broken by {proof.moves} moves at the least, where {answer.moves} are enough"
    return ""


def runs(sop: CompiledSop, explored: Explorer, proof: Proof) -> str:
    """Play a counterexample again and see by itself whether its last move, or where it ends, breaks the safeguard."""
    played = Played(remembering(sop))
    played.play(proof.counterexample)
    if proof.safeguard.kind in ("after", "from"):
        broken = Judge(explored, proof.safeguard).is_trapped(played)
    else:
        broken = Judge(played, proof.safeguard).decide().broken
    return "" if broken else "its path runs and breaks nothing"


def tried(seeds: range) -> tuple[Counter[str], list[str]]:
    """Compare checker and explorer over some procedures."""
    counted: Counter[str] = Counter()
    wrong = []
    for seed in seeds:
        for said, odds in compared(seed):
            counted[said] += 1
            wrong += [odds] if odds else []
    return counted, wrong


def test_checker_and_explorer_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """No verdict is the opposite of the truth, no path is longer than the shortest or does not run; few are undecided."""
    counted: Counter[str] = Counter()
    wrong: list[str] = []
    seeds = [range(n, min(n + TOGETHER, PROCEDURES)) for n in range(0, PROCEDURES, TOGETHER)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for some, odds in pool.map(tried, seeds):
            counted += some
            wrong += odds
    decided = sum(counted.values()) - counted["too many cases to play"]
    undecided = sum(number for said, number in counted.items() if "undecided" in said)
    with capsys.disabled():
        print(
            f"\n{PROCEDURES} procedures, {decided} safeguards:",
            *(f"{number} {said}" for said, number in counted.most_common()),
            sep="\n  ",
        )

    assert wrong == []
    assert undecided < decided * 0.05
    assert counted["broken"] > decided * 0.2
    assert counted["holds"] > decided * 0.1
    assert counted["too many cases to play"] < PROCEDURES * 0.2


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Give everything another name, and write every mapping the other way round."""
    if isinstance(value, dict):
        return {renamed(key, names): renamed(inner, names) for key, inner in reversed(list(value.items()))}
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    form, dot, part = value.partition(".") if isinstance(value, str) else (value, "", "")
    return (
        f"{names.get(form, form)}{dot}{part}" if dot else names.get(value, value) if isinstance(value, str) else value
    )


@pytest.mark.parametrize("seeds", [range(n, n + 40) for n in range(100_000, 100_200, 40)])
def test_other_names_and_another_order_change_no_verdict(seeds: range) -> None:
    """Steps, actions, strands, facts and forms named otherwise, and written in another order: the same verdicts, paths as long."""
    seen = set()
    for seed in seeds:
        small = Small(seed)
        raw = small.procedure()
        given = [*small.steps, *small.actions, *small.everywhere, *small.strands, "child", "doubt", *FORMS]
        names = {
            name: f"n{number}"
            for number, name in enumerate(reversed([one for one in given if one not in ("end", "pause")]))
        }
        one = prove(compiled(raw), BUDGET)
        other = prove(compiled(renamed(raw, names), renamed(FORMS, names)), BUDGET)
        seen |= {proof.verdict for proof in one}

        assert [(p.safeguard.id, p.verdict, p.moves) for p in one] == [
            (p.safeguard.id, p.verdict, p.moves) for p in other
        ], f"seed {seed}"
    assert {Verdict.HOLDS, Verdict.BROKEN, Verdict.VACUOUS} <= seen
