"""A migrated case against what it must equal: itself, its history played anew, and what the checker looked at.

Procedures, changes to them and histories are made by chance; the story of the adult procedure is the long case.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import Any

import msgspec
import pytest

from engine.analysis.logic import TooLarge
from engine.analysis.moves import Moves
from engine.analysis.slices import Limits, Slice
from engine.analysis.state_space import Space
from engine.application.past import moves_that_count
from engine.calendars.almanac import shipped
from engine.cases.case import Acknowledge, Enter, Facts, Fire, Launch, Move, Take, Wake
from engine.cases.decide import Decision, begun, decide
from engine.cases.effects import Effect, HoldDeadlines, SetDeadline
from engine.cases.migrate import Migrated, migrate, rebuild
from engine.cases.names import Migrate, PlayedMigration, as_named_now
from engine.cases.replay import Played, standing
from engine.settings import DEFINITIONS
from engine.sop.compile import CompiledSop
from passerelle.scenarios import Rehearsal, read_story, stage_of
from tests.analysis.procedures import PARTS, Chance, compiled
from tests.analysis.test_state_space import every_leaf, stands_for

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
Entry = Played | PlayedMigration


def version(raw: dict[str, Any], name: str) -> CompiledSop:
    return replace(compiled(raw), version=name)


@dataclass
class Walk:
    """A case that goes where chance leads it, and its history."""

    versions: dict[str, CompiledSop]
    seed: int
    history: list[Entry] = field(default_factory=list)
    effects: tuple[Effect, ...] = ()
    now: datetime = MONDAY

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self.sop = self.versions["old"]
        self.case = begun(self.sop, "R", "FR", "AL", MONDAY)
        self.facts = Facts(shipped().between("FR", "AL"))
        said: dict[str, Any] = {name: self._random.random() < 0.5 for name in self.sop.sop.facts}
        assert self.does(Launch("w", {"worker": "w", "far": "f"}, said))
        self._actors = 0

    def does(self, move: Move) -> bool:
        answer = decide(self.sop, self.case, move, self.facts, self.now)
        if not isinstance(answer, Decision):
            return False
        self.case, self.facts = answer.case, answer.facts
        self.effects = (*self.effects, *answer.effects)
        self.history.append(Played(self.case.seq, self.now, move))
        return True

    def tries(self) -> bool:
        """Try one move."""
        random, case = self._random, self.case
        self.now += timedelta(days=random.choice([0, 0, 0, 1, 4, 12]), minutes=1)
        step = random.choice(case.steps())
        match random.choice(["take"] * 6 + ["record"] * 4 + ["fire", "ack", "ack", "wake"]):
            case "take":
                names = {action for one in self.sop.steps.values() for action in one.actions}
                self._actors += 1
                name = random.choice([*sorted(names), *self.sop.everywhere, "reopen"])
                return self.does(Take(name, "w", random.choice([step, None]), f"f{self._actors}"))
            case "fire":
                names = set(self.sop.steps[step].actions)
                return bool(names) and self.does(Fire(random.choice(sorted(names)), step))
            case "ack":
                return self.does(Acknowledge(random.choice(["w", case.parties["far"]]), random.choice([step, None])))
            case "wake":
                return self.does(Wake())
        part = random.choice(PARTS)
        said = {"decision": random.choice(["yes", "no"]), "ok": random.random() < 0.5, "place": random.choice(["home", "out"]),
                "on": (self.now + timedelta(days=random.choice([-9, 0, 3]))).date().isoformat()}  # fmt: skip
        own = {key: value for key, value in said.items() if key in self.sop.parts[part].fields}
        signed = (self.now - timedelta(days=random.choice([0, 0, 3, 20]))).date()
        key = ("far", "referral") if part == "share" else (None, None)
        return self.does(Enter(part, random.choice(["w", case.parties["far"]]), signed, ("worker",), own, *key))

    def clocks(self) -> list[SetDeadline]:
        return [one for one in standing(self.effects, self.now) if isinstance(one, SetDeadline)]

    def migrates(self, name: str = "new") -> Migrated | None:
        """Move to another version, if that can be."""
        move, new = Migrate(self.sop.version, name, "run"), self.versions[name]
        past = as_named_now(self.versions.__getitem__, "old", self.history)
        answer = migrate(self.sop, new, self.case, self.facts, past, self.clocks(), move, self.now)
        if not isinstance(answer, Migrated):
            assert answer
            assert all(one.text.endswith(".") for one in answer)
            return None
        self.case, self.facts, self.sop = answer.case, answer.facts, new
        self.effects = (*answer.clocks, *([HoldDeadlines(answer.held)] if answer.held else []))
        self.history.append(PlayedMigration(self.case.seq, self.now, move))
        return answer


def changed(raw: dict[str, Any], chance: Chance, random: Random) -> dict[str, Any]:
    """Return another version of a procedure: a few things are asked, done or due otherwise."""
    new = deepcopy(raw)
    steps = [step for step in new["steps"].values() if "actions" in step]
    for _ in range(random.randint(1, 3)):
        step = random.choice(steps)
        name = random.choice(sorted(step["actions"]))
        match random.choice(
            ["due", "due", "asks", "asks not", "responsible", "form", "strand", "line", "shares", "gone"]
        ):
            case "due":
                step["due"] = {"within": f"{random.randint(1, 20)} days", "remind": ["1 day before"]}
            case "asks":
                step["actions"][name]["requires"] = [chance.requirement(False)]
            case "asks not":
                step["actions"][name].pop("requires", None)
            case "responsible":
                step["responsible"] = random.choice([["worker"], ["far"], ["worker", "far"]])
            case "form":
                step["forms"] = [{"form": part} for part in PARTS]
            case "strand" if "strands" not in step and not step.get("pause"):
                own = {
                    "n0": {"responsible": ["far"], "actions": {"n": {"to": "n1", "by": ["far"]}}},
                    "n1": {"end": "done"},
                }
                step["strands"] = {"n": {"start": "n0", "title": {"en": "N"}, "steps": own}}
                steps.remove(step)
                if not steps:
                    break
            case "line" if "alongside" not in new:
                own = {
                    "l0": {"responsible": ["worker"], "actions": {"l": {"to": "l1", "by": ["worker"]}}},
                    "l1": {"end": "done"},
                }
                new["alongside"] = {"l": {"start": "l0", "title": {"en": "L"}, "steps": own}}
            case "shares":
                new["share_when"] = [{"form": "consent", "where": {"decision": "yes"}}]
            case "gone" if len(step["actions"]) > 1:
                del step["actions"][name]
    # Two steps that both begin the one strand can't be: names are unique in a procedure.
    begun = [step for step in new["steps"].values() if "n" in step.get("strands", {})]
    for step in begun[1:]:
        del step["strands"]["n"]
    return new


def pairs(seeds: range) -> Iterator[tuple[int, Walk]]:
    """Yield walks of random procedures that have a second version."""
    for seed in seeds:
        chance, random = Chance(seed), Random(seed)
        raw = chance.procedure()
        raw["share_when"] = (
            [{"form": "share", "for": {"role": "far", "purpose": "referral"}}] if random.random() < 0.5 else []
        )
        for step in raw["steps"].values():
            if "actions" in step and random.random() < 0.5:
                step["due"] = {"within": f"{random.randint(1, 20)} days", "remind": ["1 day before"]}
        versions = {
            "old": version(raw, "old"),
            "new": version(changed(raw, chance, random), "new"),
            "same": version(raw, "same"),
        }
        walk = Walk(versions, seed)
        for _ in range(random.randint(0, 40)):
            walk.tries()
        if walk.case.outcome is None:
            yield seed, walk


BATCHES = [range(n, n + 60) for n in range(0, 360, 60)]


@pytest.mark.parametrize("seeds", BATCHES)
def test_a_version_that_says_the_same_changes_nothing(seeds: range) -> None:
    """Case, memory, what is known, deadlines: as they were; nobody is told anything."""
    seen = 0
    for seed, walk in pairs(seeds):
        assert walk.does(Wake())  # what time alone has changed is noticed by any move
        before, facts, clocks = walk.case, walk.facts, walk.clocks()

        moved = walk.migrates("same")

        assert moved is not None, f"seed {seed}"
        assert msgspec.structs.replace(moved.case, version=before.version, seq=before.seq) == before, f"seed {seed}"
        assert (moved.facts, moved.effects, moved.begun) == (facts, (), ()), f"seed {seed}"
        assert sorted(moved.clocks, key=repr) == sorted(clocks, key=repr), f"seed {seed}"
        seen += 1
    assert seen > 20


@pytest.mark.parametrize("seeds", BATCHES)
def test_a_case_that_migrated_and_went_on_is_the_fold_of_its_history(seeds: range) -> None:
    """Played anew from the launch over both versions it is the same case, with the same known and the same due."""
    moved = went_on = 0
    for seed, walk in pairs(seeds):
        if walk.migrates() is None:
            continue
        moved += 1
        went_on += sum(walk.tries() for _ in range(25))
        start = begun(walk.versions["old"], "R", "FR", "AL", MONDAY)

        again = rebuild(walk.versions.__getitem__, start, Facts(walk.facts.calendars), walk.history)

        assert not isinstance(again, tuple), f"seed {seed}: {again}"
        assert again.case == walk.case, f"seed {seed}"
        assert again.facts == walk.facts, f"seed {seed}"
        assert [one.due_at for one in standing(again.effects, walk.now) if isinstance(one, SetDeadline)] == [
            one.due_at for one in walk.clocks()
        ], f"seed {seed}"
    assert moved > 10
    assert went_on > 20


@pytest.mark.parametrize("seeds", [range(n, n + 40) for n in range(1000, 1160, 40)])
def test_a_migrated_case_is_one_of_those_that_were_proved(seeds: range) -> None:
    """Some state that the checker explored on the new version stands for it: no safeguard is left behind."""
    looked_at = 0
    for seed, walk in pairs(seeds):
        if walk.migrates() is None:
            continue
        moves, random = Moves(walk.sop), Random(seed)
        leaves = {leaf for leaf in sorted(every_leaf(moves), key=repr) if random.random() < 0.3}
        space = Space(moves, Slice(frozenset(), frozenset(leaves)))
        try:
            space.explore(Limits(5_000, monotonic() + 5))
        except TooLarge:
            continue
        looked_at += 1

        assert any(stands_for(space, state, walk) for state in space.states), f"seed {seed}"  # type: ignore[arg-type]
    assert looked_at > 5


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompiledSop, list[Played]]:
    """The adult procedure, and the moves of a case that went all the way through it."""
    from engine.bootstrap import build
    from engine.clock import FixedClock
    from engine.settings import Settings

    folder = tmp_path_factory.mktemp("story")
    clock = FixedClock(MONDAY)
    house = build(Settings(data_dir=folder, mail_folder=folder / "mail"), clock)
    house.procedures.publish(DEFINITIONS / "sops" / "adult-return.yaml")
    path = DEFINITIONS / "scenarios" / "adult-return-fr-al.yaml"
    rehearsal = Rehearsal(stage_of(house), read_story(path), lambda what, moved: None)
    rehearsal.launch()
    for _ in rehearsal.play():
        pass
    loaded = house.casework.load(rehearsal.ref)
    moves = moves_that_count(house.store, house.cipher, house.store.history(rehearsal.ref))
    house.close()
    return loaded.sop, [one for one in moves if isinstance(one, Played)]


def test_the_adult_procedure_carries_a_case_over_at_every_moment_of_its_way(
    story: tuple[CompiledSop, list[Played]],
) -> None:
    """Strands, lines alongside, pauses, series, waits and counts: at none of its entries does a case lose or gain anything."""
    sop, history = story
    versions = {sop.version: sop, "next": replace(sop, version="next")}
    calendars = shipped().between("FR", "AL")
    start = begun(sop, "R", "FR", "AL", history[0].at)
    case, facts, effects = start, Facts(calendars), tuple[Effect, ...]()
    carried = 0
    for number, one in enumerate(history):
        answer = decide(sop, msgspec.structs.replace(case, seq=one.seq - 1), one.move, facts, one.at)
        assert isinstance(answer, Decision)
        case, facts, effects = answer.case, answer.facts, (*effects, *answer.effects)
        if case.outcome is not None or number % 3:
            continue
        clocks = [clock for clock in standing(effects, one.at) if isinstance(clock, SetDeadline)]
        move = Migrate(sop.version, "next", "run")

        moved = migrate(sop, versions["next"], case, facts, history[: number + 1], clocks, move, one.at)

        assert isinstance(moved, Migrated), moved
        assert msgspec.structs.replace(moved.case, version=case.version, seq=case.seq) == case
        assert (moved.facts, moved.effects) == (facts, ())
        assert sorted(moved.clocks, key=repr) == sorted(clocks, key=repr)
        carried += 1
    assert carried > 40
