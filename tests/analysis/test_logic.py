"""Requirements as formulas, and the classes of records that they tell apart."""

from __future__ import annotations

import pytest

from engine.analysis import logic
from engine.analysis.classes import ABSENT, SlotClasses
from engine.analysis.logic import At, Formula, Says, TooLarge, both, cubes, either
from engine.forms.model import Form
from tests.analysis.procedures import FORMS

CONSENT = Form.model_validate(FORMS["consent"]).all_parts()["consent"]
SHARE = Form.model_validate(FORMS["share"]).all_parts()["share"]
YES = Says("consent", "consent", where=(("decision", frozenset({"yes"})),))
FRESH = Says("consent", "consent", days=5)
SIGNED = Says("consent", "consent", signers=frozenset({"worker"}))
HERE, THERE = Formula(At(frozenset({"here"}))), Formula(At(frozenset({"there"})))


def test_cubes_leave_out_what_says_nothing_more():
    """`here, or here and there` is `here`; what contradicts itself is nothing."""
    said = both([either([HERE, both([HERE, THERE])]), either([HERE, THERE])])

    assert cubes(said) == [{HERE.leaf: True}]
    assert cubes(both([HERE, HERE.negated()])) == []
    assert cubes(logic.TRUE) == [{}]
    assert cubes(logic.FALSE) == []


def test_a_formula_that_falls_apart_is_refused():
    """More cases than can be looked at: said, not waited for."""
    steps = [[Formula(At(frozenset({f"{n}{side}"}))) for side in "abc"] for n in range(9)]

    with pytest.raises(TooLarge, match="more than 4000 cases"):
        cubes(both(map(either, steps)))


def test_records_fall_into_the_classes_that_questions_tell_apart():
    """Two answers, signed or not, fresh or old: eight classes; the place is asked by nobody."""
    classes = SlotClasses(CONSENT, (YES, FRESH, SIGNED))

    assert len(classes.classes) == 8
    assert classes.mask(YES).bit_count() == classes.mask(FRESH).bit_count() == classes.mask(SIGNED).bit_count() == 4
    assert not (classes.mask(YES) | classes.mask(FRESH) | classes.mask(SIGNED)) & ABSENT


def test_time_makes_a_record_old_and_never_young():
    """Only the age changes, and only one way."""
    classes = SlotClasses(CONSENT, (YES, FRESH))
    fresh = classes.mask(YES) & classes.mask(FRESH)
    old = classes.mask(YES) & ~classes.mask(FRESH)

    assert classes.aged(fresh) == fresh | old
    assert classes.aged(old) == old
    assert classes.aged(ABSENT) == ABSENT


def test_a_record_for_one_receiver_counts_no_more_for_another():
    """It is still there, and counts again if the first one comes back."""
    asked = Says("share>far:referral", "share", role="far")
    there = Says("share>far:referral", "share")
    classes = SlotClasses(SHARE, (asked, there), "far")
    lapsed = classes.lapsed(classes.present)

    assert not lapsed & classes.mask(asked)
    assert lapsed & classes.mask(there) == lapsed
    assert classes.handed_on(lapsed) == classes.present
    assert classes.of(lapsed) is None
