"""Every safeguard of every shipped procedure: it holds, and it is found out when what it rests on is taken away.

Taken away together, all that asks for a form, fact or step a safeguard speaks of must be missed. Of what is taken away one by one
some is missed, and the rest is defence in depth: the numbers are printed, and are no aim. `PASSERELLE_TEST_REMOVALS=1` takes away
every single requirement, one after the other, and looks at the variants too; usually it is one in thirty of the two procedures
on which the variants are built.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from engine.analysis.model_check import Budget, Prover, Verdict, prove
from engine.analysis.uninterrupted import uninterrupted
from engine.settings import DEFINITIONS
from engine.sop import model as m
from engine.sop.canonical import behaviour
from engine.sop.check import check_file
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.requirements import flattened
from engine.sop.shelf import Shelf

SHELF, _ = Shelf.of(DEFINITIONS)
FILES = sorted((DEFINITIONS / "sops").glob("*.yaml"), key=lambda path: "\nlayers:" in path.read_text())
"""Those on which nothing is laid come first: they stand for the variants that behave like them."""
QUICK = Budget(states=20_000, seconds=3, seconds_for_shortest=0, states_for_speaking=200)
EACH = int(os.environ.get("PASSERELLE_TEST_REMOVALS", "30"))
"""One of so many single removals is tried."""


def loaded(file: str) -> m.Sop:
    found, _ = check_file(DEFINITIONS / "sops" / f"{file}.yaml", SHELF)
    assert found is not None
    return found.sop


with uninterrupted():
    EVERY = {path.stem: loaded(path.stem) for path in FILES}
SOPS: dict[str, m.Sop] = {
    name: EVERY[name] for name in {behaviour(sop, SHELF.forms): name for name, sop in reversed(EVERY.items())}.values()
}
"""One of each behaviour: variants that differ in words, countries and deadlines alone have the same proofs."""
RAW: dict[str, dict[str, Any]] = {
    name: sop.model_dump(by_alias=True, exclude_unset=True, mode="json") for name, sop in SOPS.items()
}


def changed(raw: dict[str, Any]) -> CompiledSop:
    return compile_sop(m.Sop.model_validate(raw), SHELF.forms, "changed")


def without(value: Any, names: frozenset[str]) -> Any:
    """Return a procedure, as plain values, without what speaks of one of these forms, facts or steps, and without `implied_by`."""
    if isinstance(value, list):
        return [without(one, names) for one in value if not speaks_of(one, names)]
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if key != "implied_by"}
        return {key: inner if key == "safeguards" else without(inner, names) for key, inner in kept.items()}
    return value


def speaks_of(one: Any, names: frozenset[str]) -> bool:
    if not isinstance(one, dict):
        return False
    for key in ("any_of", "none_of"):
        if key in one:
            return any(speaks_of(part, names) for part in one[key])
    if "form" in one and not {"by", "requires"} & set(one):
        return one["form"] in names
    if "at" in one and isinstance(one["at"], list):
        return not names.isdisjoint(one["at"])
    for key, inner in (("waited", "since"), ("taken", "action")):
        if isinstance(one.get(key), dict):
            return one[key].get(inner) in names
    return isinstance(one.get("fact"), dict) and not names.isdisjoint(one["fact"])


def one_by_one(value: Any, names: frozenset[str]) -> Iterator[Any]:
    """Yield the procedure without each single requirement that speaks of one of these."""
    if isinstance(value, list):
        for number, one in enumerate(value):
            if speaks_of(one, names):
                yield value[:number] + value[number + 1 :]
            else:
                yield from ([*value[:number], other, *value[number + 1 :]] for other in one_by_one(one, names))
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key != "safeguards":
                yield from ({**value, key: other} for other in one_by_one(inner, names))


def rests_on(safeguard: m.Safeguard) -> frozenset[str]:
    """Return the forms, facts and steps a safeguard speaks of."""
    found: set[str] = set()
    for one in flattened((*safeguard.require, *safeguard.always)):
        match one:
            case m.FormRequirement():
                found.add(one.form)
            case m.FactRequirement():
                found |= set(one.fact)
            case m.WaitedRequirement():
                found.add(one.waited.since or "")
            case m.TakenRequirement():
                found.add(one.taken.action)
    for event in safeguard.happened or ():
        if isinstance(event, m.EventPattern) and event.record:
            found.add(event.record)
    if isinstance(safeguard.while_, m.While):
        found |= {*safeguard.while_.at, *safeguard.while_.fact}
    return frozenset(found)


def guarded(name: str) -> dict[str, m.Safeguard]:
    """Return the safeguards of a procedure that some requirement speaks of; where none does there is nothing to take away."""
    raw = RAW[name]
    bare = without(raw, frozenset())
    return {
        one.id: one
        for one in SOPS[name].safeguards
        if isinstance(one, m.Safeguard)
        and (one.require or one.happened or one.kind in ("never", "always"))
        and without(raw, rests_on(one)) != bare
    }


ROBBED = list(SOPS) if EACH == 1 else ["adult-return", "child-return"]
"""The procedures from which something is taken away."""

GUARDED = {name: guarded(name) for name in ROBBED}


@pytest.mark.parametrize("name", list(SOPS))
def test_every_safeguard_holds(name: str) -> None:
    """All are decided, and none is broken or empty."""
    sop = SOPS[name]
    proofs = prove(compile_sop(sop, SHELF.forms, "whole"))

    assert {one.safeguard.id: str(one.verdict) for one in proofs if one.verdict is not Verdict.HOLDS} == {}
    assert len(proofs) == len(sop.safeguards) > 0


@pytest.mark.parametrize(("name", "safeguard"), [(name, one) for name, found in GUARDED.items() for one in found])
def test_each_safeguard_is_found_out(name: str, safeguard: str) -> None:
    """Without any requirement on what a safeguard speaks of it is broken, or too large for a test's time; never said to hold."""
    known = GUARDED[name][safeguard]
    proof = Prover(changed(without(RAW[name], rests_on(known))), QUICK).decide(known)

    assert proof.verdict in (Verdict.BROKEN, Verdict.UNDECIDED), proof.reason
    assert proof.verdict is Verdict.BROKEN or "allowed" in proof.reason or "configurations" in proof.reason, (
        proof.reason
    )


@pytest.mark.parametrize("name", ROBBED)
def test_what_is_taken_away_alone_is_missed_or_doubled(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each single requirement on what a safeguard speaks of is missed, or doubled by something else."""
    found: Counter[str] = Counter()
    doubled: list[str] = []
    for safeguard in GUARDED[name].values():
        verdicts = []
        for raw in islice(one_by_one(RAW[name], rests_on(safeguard)), 0, None, EACH):
            verdicts.append(Prover(changed(raw), QUICK).decide(safeguard).verdict)
        found.update(str(one) for one in verdicts)
        if Verdict.BROKEN not in verdicts:
            doubled.append(safeguard.id)
    with capsys.disabled():
        print(f"\n{name}: single removals {dict(found)}; what still holds is doubled by something else")
        print(f"  no single removal breaks {', '.join(doubled) or 'nothing'}")

    assert found["broken"] > 0
    assert found["undecided"] <= found["broken"]
