"""Nobody contacts who is muted: nothing queued leaves, nothing new is queued, and what still waits is told once that is lifted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.application.casework import Refused
from engine.errors import WrongUse
from engine.values import MessageState

GIVEN = {"decision": "given", "signed_on": "2026-03-02", "signed_by": ["worker"]}


def told(house, ref, *states):
    wanted = states or ("queued", "sent")
    return [(one["kind"], one["role"]) for one in house.queries.messages(ref) if one["state"] in wanted]


def test_what_is_queued_is_cancelled_and_later_rungs_stay_silent(small, begun, clock):
    """Muted before the courier came: no message, no reminder and no escalation for that role; the others hear as ever."""
    small.casework.mute(begun, "worker", "b", "phone is watched")

    clock.advance(timedelta(days=10))
    small.sweep.run()

    assert small.store.messages()[0].state is MessageState.CANCELLED
    assert told(small, begun) == [("escalation", "boss")]
    assert ("reminder", "worker") in told(small, begun, "withheld")
    assert small.queries.case(begun)["muted"] == ["worker"]
    assert small.queries.verify(begun) == {begun: []}


def test_a_whole_case_is_muted_for_everybody(small, begun, clock):
    """Also word to stop, and what danger would let through without consent, stays here."""
    small.casework.mute(begun, "", "w", "the file was seen by a stranger")

    clock.advance(timedelta(days=10))
    small.sweep.run()
    small.casework.take(begun, "close", "w")

    assert told(small, begun) == []
    assert {one.reason for one in small.store.messages() if one.state is MessageState.WITHHELD} == {
        "nobody may contact this role until that is lifted"
    }


def test_once_it_is_lifted_whoever_s_turn_it_is_hears_of_it_once(small, begun, clock):
    small.casework.mute(begun, "worker", "b", "phone is watched")

    small.casework.mute(begun, "worker", "b", "new phone", off=True)
    clock.advance(timedelta(days=2, hours=2))
    small.sweep.run()

    assert told(small, begun) == [("your_turn", "worker"), ("reminder", "worker")]


def test_muted_people_still_see_and_act(small, begun):
    """Contact is what is dangerous, not the work."""
    small.casework.mute(begun, "worker", "b", "phone is watched")

    assert [one["ref"] for one in small.queries.cases("w")] == [begun]
    assert small.casework.take(begun, "close", "w").outcome == "done"


def test_consent_lost_and_found_tells_nobody_who_is_muted(small, begun):
    """Two reasons to be silent: the end of one does not end the other."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    small.casework.mute(begun, "far", "w", "the desk was broken into")
    small.casework.record(begun, "consent", {**GIVEN, "decision": "refused"}, "w")

    small.casework.record(begun, "consent", GIVEN, "w")

    assert ("your_turn", "far") not in told(small, begun)
    small.casework.mute(begun, "far", "w", "safe again", off=True)
    assert told(small, begun).count(("your_turn", "far")) == 1


@pytest.mark.parametrize(
    ("role", "actor", "off", "code"),
    [("nobody", "w", False, "unknown_role"), ("boss", "x", False, "not_a_party"), ("boss", "w", True, "muted")],
)
def test_what_cannot_be_muted_is_refused(small, begun, role, actor, off, code):
    with pytest.raises(Refused) as refused:
        small.casework.mute(begun, role, actor, "why", off=off)

    assert refused.value.code == code


def test_a_reason_is_asked_for(small, begun):
    with pytest.raises(WrongUse, match="Say why"):
        small.casework.mute(begun, "boss", "w", " ")


def test_the_same_key_mutes_once(small, begun):
    first = small.casework.mute(begun, "boss", "w", "why", key="k")
    again = small.casework.mute(begun, "boss", "w", "why", key="k")

    assert (again.seq, again.repeated) == (first.seq, True)
