"""What a dry run said is what is done, and an undo leaves everything as it was: by chance, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest

from engine.actors.model import Actor, Way
from engine.application.fates import Fate
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.errors import Fault, NotAllowed
from engine.settings import Settings
from tests.application.conftest import FORMS, PROCEDURE

CHANGES = (
    ("due: {within: 3 days,", "due: {within: 8 days,"),
    ("due: {within: 5 days,", "due: {within: 2 days,"),
    ("at: [1 day, 4 days]", "at: [1 day, 3 days, 9 days]"),
    ("  - {form: consent, where: {decision: given}}\nstart", "  - {form: consent}\nstart"),
    ("  - {form: consent, where: {decision: given}}\nstart", "  - {form: consent, not_older_than: 3 days}\nstart"),
    ("finish: {to: over, by: [far]}", "finish: {to: over, by: [far], requires: [{form: journey}]}"),
    ("hand_over: {to: there, by: [worker]}", "hand_over: {to: there, by: [worker], requires: [{form: consent}]}"),
    ("responsible: [far]", "responsible: [far, boss]"),
    ("    within: 24 hours\n", "    within: 90 hours\n"),
    ("      close: {to: over, by: [worker]}\n", ""),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("sops", "forms"):
        (tmp_path / name).mkdir()
    for name, text in FORMS.items():
        (tmp_path / "forms" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "sops" / "small.yaml").write_text(PROCEDURE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def house(folder: Path, database_url: str, clock: FixedClock) -> Iterator[Application]:
    opened = build(
        Settings(data_dir=folder / "data", database_url=database_url, mail_folder=folder / "mail"),
        clock,
        upgrading=True,
    )
    opened.procedures.publish(folder / "sops" / "small.yaml")
    ways = (Way(kind="mail", address="desk@example.org"),)
    opened.people.add(
        [
            Actor(id=id, name=id, sample=True, country=country, roles=(role,), channels=ways, enabled=True)
            for id, country, role in (("w", "FR", "worker"), ("b", "FR", "boss"), ("f", "AL", "far"))
        ]
    )
    yield opened
    opened.close()


def lived(house: Application, random: Random) -> str:
    """Launch a case and let chance lead it for a while."""
    ref = house.casework.launch("small", "FR", "AL", "w", {}, {}).ref
    for _ in range(random.randint(0, 9)):
        house.clock.advance(timedelta(hours=random.choice([0, 1, 10, 30])))  # type: ignore[attr-defined]
        try:
            happens(house, ref, random)
        except NotAllowed:
            continue
    return ref


def happens(house: Application, ref: str, random: Random) -> None:
    today = house.clock.now().date().isoformat()
    signed = {"signed_on": today, "signed_by": ["worker"]}
    match random.choice(["consent", "journey", "action", "action", "acknowledge", "sweep"]):
        case "consent":
            decision = random.choice(["given", "given", "refused"])
            house.casework.record(ref, "consent", {"decision": decision, **signed}, "w")
        case "journey":
            house.casework.record(ref, "journey", {"day": today, **signed}, "w")
        case "action":
            house.casework.take(ref, random.choice(["hand_over", "give_back", "depart", "hold", "go_on"]), "w")
        case "acknowledge":
            house.casework.acknowledge(ref, random.choice(["w", "f"]))
        case _:
            house.sweep.run()


def allowed(house: Application, ref: str) -> set[tuple[str, str]]:
    return {(one["step"], one["action"]) for one in house.queries.case(ref)["actions"] if one["allowed"]}


def held(house: Application, ref: str) -> object:
    """All that an undo must bring back: the case but for its number, what is known, what is due."""
    loaded = house.casework.load(ref)
    rows = sorted(house.store.deadlines(ref), key=repr)
    return msgspec.structs.replace(loaded.case, seq=0), loaded.facts, rows


def as_announced(
    house: Application, fate: Fate, before: set[tuple[str, str]], due: dict[tuple[str, str], object]
) -> None:
    """Compare what came of a case with what its dry run said."""
    ref = fate.ref
    seq = house.store.case(ref).seq  # type: ignore[union-attr]
    own = [one for one in house.store.messages(ref) if one.seq == seq]
    said = sorted((one.role, one.actor, one.template, one.step, one.withheld) for one in fate.messages)
    assert sorted((one.role, one.actor, one.template, one.step, one.reason) for one in own) == said
    now = {(one.step, one.name): one.due_at for one in house.store.deadlines(ref) if one.kind != "wake"}
    told = {(one.step, one.name): (one.old, one.new) for one in fate.deadlines if one.old != one.new}
    assert {slot: (due.get(slot), now.get(slot)) for slot in due | now if due.get(slot) != now.get(slot)} == told
    after = {(step, name) for step, name in allowed(house, ref) if name != "reopen"}
    assert after - before == {(one.step, one.action) for one in fate.opens}
    assert before - after == {(one.step, one.action) for one in fate.shuts}


@pytest.mark.parametrize("seed", range(6))
def test_what_is_done_is_what_was_said_and_is_undone_without_a_trace(
    seed: int, house: Application, folder: Path
) -> None:
    """Eight cases somewhere on their way, a version with a few changes: messages, deadlines, actions; then back again."""
    random = Random(seed)
    refs = [lived(house, random) for _ in range(8)]
    house.sweep.run()
    text = PROCEDURE
    for old, new in random.sample(CHANGES, 3):
        text = text.replace(old, new)
    (folder / "sops" / "small.yaml").write_text(text, encoding="utf-8")
    house.procedures.publish(folder / "sops" / "small.yaml")
    before = {ref: held(house, ref) for ref in refs}
    could = {ref: allowed(house, ref) for ref in refs}
    due = {
        ref: {(one.step, one.name): one.due_at for one in house.store.deadlines(ref) if one.kind != "wake"}
        for ref in refs
    }

    plan = house.migrations.plan("small", 2)
    assert {ref: held(house, ref) for ref in refs} == before
    assert {one.ref for one in plan.fates} == {one.ref for one in house.store.cases() if one.outcome is None}
    run, done = house.migrations.apply(plan, plan.code)

    assert [one.fate for one in done] == list(plan.fates)
    for fate in plan.fates:
        if fate.moves:
            as_announced(house, fate, could[fate.ref], due[fate.ref])  # type: ignore[arg-type]
        else:
            assert held(house, fate.ref) == before[fate.ref]
    moved = [one.ref for one in plan.fates if one.moves]
    back = house.migrations.undo("small", run)
    assert [(one.ref, one.reason) for one in back] == [(ref, "") for ref in moved]
    assert {ref: held(house, ref) for ref in refs} == before
    assert all(not broken for broken in house.queries.verify().values())
    assert moved


REFUSING = {
    "sqlite": ["CREATE TRIGGER shut BEFORE INSERT ON deadlines BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"],
    "postgresql": ["ALTER TABLE deadlines ADD CONSTRAINT shut CHECK (due_at < 0) NOT VALID"],
}
WILLING = {"sqlite": ["DROP TRIGGER shut"], "postgresql": ["ALTER TABLE deadlines DROP CONSTRAINT shut"]}


def test_one_case_is_moved_in_one_transaction_or_not_at_all(house: Application, folder: Path) -> None:
    """The database fails after the case's row is written: nothing of the migration is there, and it can be done again."""
    ref = lived(house, Random(1))
    (folder / "sops" / "small.yaml").write_text(PROCEDURE.replace("within: 3 days", "within: 9 days"), encoding="utf-8")
    house.procedures.publish(folder / "sops" / "small.yaml")
    plan, before = house.migrations.plan("small", 2), held(house, ref)
    entries = len(house.store.history(ref))

    tell(house, REFUSING)
    with pytest.raises(Fault):
        house.migrations.apply(plan)
    tell(house, WILLING)

    assert held(house, ref) == before
    assert len(house.store.history(ref)) == entries
    _, (done,) = house.migrations.apply(plan)
    assert done.fate.moves


def tell(house: Application, words: dict[str, list[str]]) -> None:
    engine = house.store.engine  # type: ignore[attr-defined]
    with engine.begin() as connection:
        for one in words[engine.dialect.name]:
            connection.exec_driver_sql(one)
