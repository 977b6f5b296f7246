"""The adult procedure: a departure without consent or decision is found, with a path that departs and where it is stopped."""

from __future__ import annotations

import pytest

from engine.analysis.model_check import Budget, Verdict, prove
from tests.analysis.test_shipped_safeguards import RAW, changed, without

ADULT = RAW["adult-return"]


@pytest.mark.parametrize("form", ["informed_consent.return", "risk_matrix.joint"])
def test_a_departure_without_it_is_found(form):
    """Without the consent to return, or the joint decision, among what a departure requires: broken, with a path that departs."""
    raw = {**ADULT, "steps": {**ADULT["steps"], "departure": without(ADULT["steps"]["departure"], frozenset({form}))}}
    broken = [one for one in prove(changed(raw), Budget(seconds_for_shortest=0)) if one.verdict is not Verdict.HOLDS]

    assert broken
    for one in broken:
        assert one.verdict is Verdict.BROKEN, one.reason
        assert one.counterexample[-1].name == "depart"
        assert one.stops == ("steps", "departure", "actions", "depart")
        assert one.counterexample[0].kind == "launch"
