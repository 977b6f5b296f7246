"""Taking up a step: the ladder that waits for it stops, and the other side of the border hears so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.cases.case import Suspend
from engine.cases.decide import Refusal, decide

REQUEST = """\
share_when: [{form: consent, where: {says: "yes"}}]
start: asked
steps:
  asked:
    title: {en: Asked, fr: A}
    responsible: [worker, child]
    forms: [consent]
    actions: {ask: {to: there, by: [worker, boss]}}
  there:
    title: {en: There, fr: A}
    responsible: [far, further]
    forms: [{form: consent, by: [worker]}]
    due: {within: 3 days, until: acknowledged, remind: [1 day before], escalate: [{after: 4 days, to: [boss, embassy]}]}
    strands:
      answer:
        start: waits
        steps:
          waits: {title: {en: Waits, fr: A}, responsible: [far], actions: {answer: {to: answered, by: [far]}}}
          answered: {end: done, title: {en: Answered, fr: A}}
    actions:
      finish: {to: over, by: [far], requires: [{strands: done}]}
      again: {to: there, by: [worker]}
  rest: {pause: true, title: {en: Rest, fr: A}, responsible: [worker], actions: {go_on: {to: resume, by: [worker]}}}
  over: {end: done, title: {en: Over, fr: A}}
everywhere:
  hold: {while: any, to: rest, by: [worker], title: {en: Hold, fr: A}}
"""


@pytest.fixture
def asked(play):
    """A request that has gone to the other country with consent."""
    return play(REQUEST).says("consent", says="yes").take("ask")


def test_what_waits_for_an_acknowledgement_is_due_until_it_comes(asked):
    """Anybody responsible may give it; the case stands where it stood."""
    assert asked.due()["there/due"].date() == (asked.now + timedelta(days=3)).date()

    asked.acks(by="g", step="there")

    assert "there/due" not in asked.due()
    assert asked.case.main == "there"


def test_it_stays_met_whatever_counts_the_clocks_anew(asked):
    """A pause of the case, and a suspension that comes too late: nothing waits for an acknowledgement any more."""
    asked.acks(by="f", step="there").take("hold").later(days=2).take("go_on")

    assert "there/due" not in asked.due()
    refused = decide(asked.sop, asked.case, Suspend("there", "document", "f"), asked.facts, asked.now)
    assert isinstance(refused, Refusal)
    assert "has been acknowledged" in refused.unmet[0].text


def test_an_acknowledgement_that_lapses_makes_it_due_again(asked):
    """Another actor has not taken it up; nor has anybody once the step is entered again."""
    due = asked.due()["there/due"]
    asked.acks(by="f", step="there").later(days=1).assigns("far", "f2")
    assert asked.due()["there/due"] == due

    asked.acks(by="f2", step="there").take("again")

    assert asked.due()["there/due"].date() == (asked.now + timedelta(days=3)).date()


def test_one_of_two_acknowledgements_is_enough(asked):
    """The first stops the ladder; that it lapses changes nothing while the other stands."""
    asked.acks(by="f", step="there").acks(by="g", step="there").assigns("far", "f2")

    assert "there/due" not in asked.due()


def test_the_sender_on_the_other_side_hears_of_it_once(asked):
    """Who was responsible before, and who could ask; not the person, and not a second time."""
    asked.acks(by="f", step="there")
    assert asked.told() == {"worker": "taken_up", "boss": "taken_up"}

    asked.acks(by="g", step="there")
    assert asked.told() == {}


def test_a_step_within_it_was_sent_by_the_same(asked):
    """Entering a step with strands enters the start of each: who asked hears that it was taken up there."""
    asked.acks(by="f", step="waits")

    assert asked.told() == {"worker": "taken_up", "boss": "taken_up"}


def test_nobody_across_the_border_hears_of_it_without_consent(play):
    """What the destination takes up is told to the origin only while share_when holds for it."""
    back = REQUEST.replace("responsible: [far, further]", "responsible: [worker]").replace(
        "by: [worker, boss]", "by: [far]"
    )

    case = play(back).take("ask", by="f").acks(by="w", step="there")

    assert "far" not in case.told()
    assert case.withheld() == {"far"}
