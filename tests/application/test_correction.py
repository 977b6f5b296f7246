"""Corrections on a small house: by a new entry, never of a departure, nor of what somebody has acted upon."""

from __future__ import annotations

import pytest

from engine.application.casework import Refused
from engine.bootstrap import Application

GIVEN = {"decision": "given", "signed_on": "2026-03-02", "signed_by": ["worker"]}
REFUSED = {**GIVEN, "decision": "refused"}


def told(house: Application, ref: str, state: str = "queued") -> list[tuple[str, str]]:
    return [(one["kind"], one["role"]) for one in house.queries.messages(ref) if one["state"] == state]


def test_a_corrected_consent_shuts_the_border_again(small, begun):
    """What it had put into the outbox for abroad may no longer leave."""
    small.casework.take(begun, "hand_over", "w")
    moved = small.casework.record(begun, "consent", GIVEN, "w")
    assert ("your_turn", "far") in told(small, begun)

    small.corrections.correct(begun, moved.seq, "another person's form", "w")

    assert [one for one in told(small, begun) if one[1] == "far"] == []
    assert ("your_turn", "far") in told(small, begun, "cancelled")


def test_a_corrected_refusal_sends_what_was_withheld(small, begun):
    """The far worker's turn had been withheld by mistake; it is told with the correction."""
    small.casework.record(begun, "consent", GIVEN, "w")
    mistake = small.casework.record(begun, "consent", REFUSED, "w").seq
    small.casework.take(begun, "hand_over", "w")
    assert ("your_turn", "far") in told(small, begun, "withheld")

    small.corrections.correct(begun, mistake, "misread", "w")

    assert told(small, begun).count(("your_turn", "far")) == 1
    assert ("your_turn", "far") not in told(small, begun, "cancelled")


@pytest.mark.parametrize("since", ["acknowledged", "recorded", "left"])
def test_an_action_on_which_somebody_has_acted_is_not_undone(small, begun, since):
    """Acknowledged, recorded upon, or left by another action."""
    small.casework.record(begun, "consent", GIVEN, "w")
    seq = small.casework.take(begun, "hand_over", "w").seq
    match since:
        case "acknowledged":
            small.casework.acknowledge(begun, "f")
        case "recorded":
            small.casework.record(begun, "consent", GIVEN, "w")
        case "left":
            small.casework.take(begun, "give_back", "f")

    with pytest.raises(Refused, match="can't be corrected"):
        small.corrections.correct(begun, seq, "too early", "w")


def test_the_latest_action_is_undone_with_its_deadlines_and_a_departure_never(small, begun):
    """The case stands where it stood, due when it was due; nothing is erased."""
    before = small.queries.case(begun)
    small.casework.record(begun, "consent", GIVEN, "w")
    seq = small.casework.take(begun, "hand_over", "w").seq

    small.corrections.correct(begun, seq, "too early", "w")

    after = small.queries.case(begun)
    assert (after["steps"], after["deadlines"]) == (before["steps"], before["deadlines"])
    assert [one["move"] for one in small.queries.history(begun)] == ["launch", "record", "action", "correct"]
    small.casework.take(begun, "hand_over", "w")
    gone = small.casework.take(begun, "depart", "w").seq
    with pytest.raises(Refused) as refused:
        small.corrections.correct(begun, gone, "missed the plane", "w")
    assert "departure" in refused.value.details[0]
