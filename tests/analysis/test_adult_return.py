"""The shipped procedure: all its safeguards hold, and each is found out when what it rests on is taken away."""

from __future__ import annotations

from typing import Any

import pytest

from engine.analysis.model_check import Budget, Proof, Prover, Verdict, prove
from engine.settings import DEFINITIONS
from engine.sop import model as m
from engine.sop.check import check_file
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.load import Shelf
from engine.sop.requirements import flattened

SHELF, _ = Shelf.of(DEFINITIONS)
LOADED, _ = check_file(DEFINITIONS / "sops" / "adult-return.yaml", SHELF)
assert LOADED is not None
SOP = compile_sop(LOADED.sop, SHELF.forms, "adult")
RAW: dict[str, Any] = LOADED.sop.model_dump(by_alias=True, exclude_unset=True, mode="json")


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


REQUIRING = [
    one.id for one in LOADED.sop.safeguards
    if isinstance(one, m.Safeguard) and (one.require or one.happened or one.kind in ("never", "always"))
    and without(RAW, rests_on(one)) != without(RAW, frozenset())
]  # fmt: skip
"""Safeguards that some requirement speaks of; where none does there is nothing to take away."""


@pytest.fixture(scope="module")
def proofs() -> list[Proof]:
    return prove(SOP)


def test_every_safeguard_holds(proofs):
    """All are decided, and none is broken or empty."""
    assert {one.safeguard.id: str(one.verdict) for one in proofs if one.verdict is not Verdict.HOLDS} == {}
    assert len(proofs) == len(LOADED.sop.safeguards)


@pytest.mark.parametrize("form", ["informed_consent.return", "risk_matrix.joint"])
def test_a_departure_without_it_is_found(form):
    """Without the consent to return, or the joint decision, among what a departure requires: broken, with a path that departs."""
    raw = {**RAW, "steps": {**RAW["steps"], "departure": without(RAW["steps"]["departure"], frozenset({form}))}}
    broken = [one for one in prove(changed(raw), Budget(seconds_for_shortest=0)) if one.verdict is not Verdict.HOLDS]

    assert broken
    for one in broken:
        assert one.verdict is Verdict.BROKEN, one.reason
        assert one.counterexample[-1].name == "depart"
        assert one.stops == ("steps", "departure", "actions", "depart")
        assert one.counterexample[0].kind == "launch"


@pytest.mark.parametrize("name", REQUIRING)
def test_each_safeguard_is_found_out(name):
    """Without any requirement on what a safeguard speaks of it no longer holds."""
    safeguard = next(one for one in LOADED.sop.safeguards if isinstance(one, m.Safeguard) and one.id == name)
    sop = changed(without(RAW, rests_on(safeguard)))
    proof = Prover(sop, Budget(seconds_for_shortest=0)).decide(safeguard)

    assert proof.verdict is Verdict.BROKEN, proof.reason
