"""What will be too old on a planned day is announced in time; nothing else is, and nothing is allowed or forbidden by it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from engine.cases.effects import SetDeadline
from engine.cases.foresight import FORESEEN
from engine.cases.replay import clocks_after

JOURNEY = """\
share_when: []
start: prepare
facts:
  young: {type: boolean, title: {en: Young, fr: A}}
steps:
  prepare:
    title: {en: Prepare, fr: A}
    responsible: [worker]
    forms: [plan, consent, risk]
    foresee: {on: {form: plan, field: "on"}, for: leave, before: 7 days}
    actions:
      ready: {to: airport, by: [worker]}
      grow: {to: prepare, by: [worker], sets: {young: "true"}}
      drop: {to: prepare, by: [worker], voids: [plan]}
  airport:
    title: {en: Airport, fr: A}
    responsible: [worker]
    actions:
      leave:
        to: gone
        by: [worker]
        requires:
          - {form: consent, where: {says: "yes"}, not_older_than: 30 days}
          - {any_of: [{fact: {young: false}}, {form: risk.here, not_older_than: 10 days}]}
          - {form: plan}
  rest: {pause: true, title: {en: Rest, fr: A}, responsible: [worker], actions: {go_on: {to: resume, by: [worker]}}}
  gone: {end: gone, title: {en: Gone, fr: A}}
everywhere:
  hold: {while: any, to: rest, by: [worker], title: {en: Hold, fr: A}}
"""
DAY = timedelta(days=1)


@pytest.fixture
def journey(play):
    return play(JOURNEY).says("consent", says="yes")


def announced(case) -> SetDeadline | None:
    """The row that announces what will be too old, as it stands."""
    return clocks_after(case.all)[0].get(("prepare", FORESEEN))


def planned(case, days: int) -> date:
    return case.now.date() + days * DAY


def test_what_is_young_enough_on_the_planned_day_is_not_announced(journey):
    """Exactly thirty days still count."""
    assert announced(journey) is None

    journey.says("plan", on=planned(journey, 30))

    assert announced(journey) is None


def test_what_will_be_too_old_is_announced_in_time(journey):
    """A day more, and it is announced a week before at nine in Paris, to be renewed by the day before."""
    journey.says("plan", on=planned(journey, 31))

    row = announced(journey)
    assert [(one.kind, one.at.isoformat()) for one in row.alarms] == [("foresee", "2026-03-26T08:00:00+00:00")]
    assert row.due_at.isoformat() == "2026-04-01T21:59:00+00:00"


def test_what_is_known_late_is_announced_at_once(journey):
    """The plan is made when the week has begun already; what is too old now is foreseen too."""
    journey.later(days=40).says("plan", on=planned(journey, 3))

    assert announced(journey).alarms[0].at == journey.now


@pytest.mark.parametrize("mend", ["renew", "sooner", "void"])
def test_a_renewal_or_another_day_ends_it(journey, mend):
    """Nobody is told of what is mended."""
    journey.says("plan", on=planned(journey, 40)).later(days=20)
    assert announced(journey) is not None

    match mend:
        case "renew":
            journey.says("consent", says="yes")
        case "sooner":
            journey.says("plan", on=planned(journey, 5))
        case "void":
            journey.take("drop")

    assert announced(journey) is None


def test_it_is_announced_again_only_for_something_more(journey):
    """The same plan once more changes nothing; another day, or another thing that will be too old, does."""
    journey.says("plan", on=planned(journey, 40)).says("risk.here")
    first = announced(journey)
    journey.later(days=1).says("plan", on=first.due_at.date() + DAY).says("risk.here")
    assert announced(journey) == first

    journey.take("grow")
    assert announced(journey) is not first


def test_a_consent_that_says_no_is_not_too_old(journey):
    """It fails today and on any day: that is no matter of age. A record that is not there is not old either."""
    journey.says("consent", says="no").says("plan", on=planned(journey, 40))

    assert announced(journey) is None


def test_a_planned_day_that_has_passed_announces_nothing(journey):
    """There is nothing left to look ahead to."""
    journey.later(days=60).says("plan", on=planned(journey, -1))

    assert announced(journey) is None


def test_it_ends_with_its_step_and_stands_still_with_the_case(journey):
    """During a pause nothing comes of it; afterwards it is asked anew, and a planned day does not move with the pause."""
    journey.says("plan", on=planned(journey, 40))
    row = announced(journey)
    journey.take("hold").later(days=3).take("go_on")
    assert announced(journey) == row

    journey.take("ready")

    assert announced(journey) is None


def test_it_decides_nothing(journey):
    """What will be too old is not too old yet: the action is open until it is."""
    journey.says("plan", on=planned(journey, 40)).take("ready")

    assert journey.allows("leave")
    assert not journey.later(days=31).allows("leave")
