"""The shipped procedure for a child: every right of a child is proved, and is found out when what protects it is taken away."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from engine.analysis.model_check import Budget, Proof, Prover, Verdict, prove
from engine.settings import DEFINITIONS
from engine.sop import model as m
from engine.sop.check import check_file
from engine.sop.compile import compile_sop
from engine.sop.load import Shelf

SHELF, _ = Shelf.of(DEFINITIONS)
LOADED, FOUND = check_file(DEFINITIONS / "sops" / "child-return.yaml", SHELF)
ADULT, _ = check_file(DEFINITIONS / "sops" / "adult-return.yaml", SHELF)
assert LOADED is not None
assert ADULT is not None
RAW: dict[str, Any] = LOADED.sop.model_dump(by_alias=True, exclude_unset=True, mode="json")

GO = ("steps", "final_check", "actions", "go")
DEPART = ("steps", "departure", "actions", "depart")
HAND_OVER = ("steps", "onward", "actions", "hand_over")
FINAL = ("steps", "best_interests", "forms", 1)
FIRST = ("steps", "assessment", "strands", "child_and_family", "steps", "first_determination", "forms", 1)
SUBMIT = ("steps", "application", "actions", "submit_application")
SEND = ("steps", "assessment", "strands", "there", "steps", "request", "actions", "send_request")
LOST = ("everywhere", "lost_contact")
CONFIRM = ("steps", "determination_review", "actions", "confirm_return")


def speaks_of(one: dict[str, Any], what: str, signer: str) -> bool:
    for key in ("any_of", "none_of"):
        if key in one:
            return any(speaks_of(part, what, signer) for part in one[key])
    if "taken" in one:
        return bool(one["taken"]["action"] == what)
    if "waited" in one:
        return bool(one["waited"].get("since") == what)
    return one.get("form") == what and (not signer or signer in one.get("signed_by", ()))


def without(path: tuple[str | int, ...], what: str, signer: str = "") -> m.Sop:
    """Return the procedure without what one place requires of a form, an action or a wait."""
    raw = copy.deepcopy(RAW)
    at: Any = raw
    for key in path:
        at = at[key]
    kept = [one for one in at["requires"] if not speaks_of(one, what, signer)]
    assert len(kept) < len(at["requires"])
    at["requires"] = kept
    return m.Sop.model_validate(raw)


def decided(sop: m.Sop, name: str) -> Proof:
    (safeguard,) = [one for one in sop.safeguards if isinstance(one, m.Safeguard) and one.id == name]
    return Prover(compile_sop(sop, SHELF.forms, "changed"), Budget(seconds=60, seconds_for_shortest=0)).decide(
        safeguard
    )


def test_the_procedure_is_sound_without_a_warning():
    """Neither a fault of its own nor one that it takes over."""
    assert FOUND == []


def test_every_safeguard_holds():
    """Those of the adult procedure too: a child has no right less."""
    proofs = prove(compile_sop(LOADED.sop, SHELF.forms, "child"))
    held = {one.safeguard.id for one in proofs if one.verdict is Verdict.HOLDS}

    assert {one.safeguard.id: str(one.verdict) for one in proofs if one.verdict is not Verdict.HOLDS} == {}
    assert {one.id for one in ADULT.sop.safeguards if isinstance(one, m.Safeguard)} < held


TAKEN_OUT = {
    "guardian": (without(CONFIRM, "guardian_order"), "child-no-step-without-a-guardian", "confirm_return"),
    "guardian of the departure": (without(DEPART, "guardian_order"), "inv-11-nothing-without-a-guardian", "depart"),
    "consent of the guardian": (
        without(SUBMIT, "informed_consent.return", "guardian"), "child-guardian-consents-too", "submit_application",
    ),
    "guardian's consent to sharing": (
        without(SEND, "informed_consent.data_share", "guardian"), "child-guardian-agrees-to-sharing", "send_request",
    ),
    "determination": (without(DEPART, "best_interests.final"), "inv-12-best-interests-before-departure", "depart"),
    "family assessment": (
        without(FINAL, "family_assessment"), "inv-12-family-assessed-before-the-final-determination", "best_interests.final",
    ),
    "hearing before the first determination": (
        without(FIRST, "child_views.before_determination"), "inv-13-heard-before-the-determination", "best_interests.first",
    ),
    "hearing before the final determination": (
        without(FINAL, "child_views.before_determination"), "inv-13-heard-before-the-determination", "best_interests.final",
    ),
    "hearing before the go": (without(GO, "child_views.before_departure"), "child-agrees-to-leave", "go"),
    "care": (without(DEPART, "care_agreement"), "inv-14-care-arranged-before-departure", "depart"),
    "named caregiver": (
        without(HAND_OVER, "handover_receipt", "caregiver"), "inv-14-handed-over-to-the-named-caregiver", "hand_over",
    ),
    "escort": (without(DEPART, "travel_plan"), "child-never-travels-alone", "depart"),
    "report to the police": (without(LOST, "child_missing"), "child-missing-is-reported", "lost_contact"),
    "time to contest": (
        without(CONFIRM, "determination_review"), "inv-32-the-decision-can-be-contested-of-the-determination", "confirm_return",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sop", "name", "last"), TAKEN_OUT.values(), ids=TAKEN_OUT)
def test_what_protects_a_child_is_missed_when_it_is_taken_out(sop: m.Sop, name: str, last: str):
    """The safeguard is broken, and the path to it begins with the launch and ends with the move that should have been stopped."""
    proof = decided(sop, name)

    assert proof.verdict is Verdict.BROKEN, proof.reason
    assert proof.counterexample[0].kind == "launch"
    assert proof.counterexample[-1].name == last


def test_police_and_child_protection_are_told_of_a_missing_child_without_consent():
    """Wherever the search begins; nobody else is told so, and nobody across the border."""
    line = LOADED.sop.alongside["alert"]
    reporting = [step.actions["child_missing"] for step in line.steps.values() if "child_missing" in step.actions]

    assert len(reporting) == 3
    for action in reporting:
        unasked = [one.role for one in action.tell if one.without_consent is not None]
        assert unasked == ["police", "child_protection_authority"]


def test_the_file_says_only_what_differs():
    """Whatever a designer changes in the adult procedure holds for a child too."""
    own = {
        name for name, step in LOADED.sop.steps.items()
        if LOADED.marks.key(("steps", name)).file.endswith("child-return.yaml") and name not in ADULT.sop.steps
    }  # fmt: skip

    assert own == {"guardian_awaited", "best_interests", "determination_review", "care"}
    assert set(ADULT.sop.steps) <= set(LOADED.sop.steps)
