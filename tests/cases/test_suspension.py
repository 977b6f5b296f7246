"""A deadline whose clock is stopped and goes on; a pause beside it; a calendar that changes under it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendars.almanac import shipped
from engine.calendars.business import BusinessCalendar, Calendars
from engine.cases.case import Facts, Recount, Resume, Suspend
from engine.cases.decide import Decision, Refusal, decide
from engine.cases.effects import SetDeadline
from tests.cases.conftest import NOW, Play

PROCEDURE = """\
share_when: []
start: work
steps:
  work:
    phase: one
    title: {en: Work, fr: A}
    responsible: [worker]
    forms: [plan]
    due:
      within: 5 working days
      remind: [2 working days before]
      escalate: [{after: 1 working day, to: [boss]}]
    actions:
      finish: {to: over, by: [worker]}
      again: {to: work, by: [worker]}
      lapse: {to: over, by: [system], automatic: {after: 20 days}}
  rest: {phase: one, pause: true, title: {en: Rest, fr: A}, responsible: [worker], actions: {go_on: {to: resume, by: [worker]}}}
  bound:
    phase: one
    title: {en: Bound, fr: A}
    responsible: [worker]
    due:
      within: 5 days
      basis: {strength: law, source: a-law}
    actions: {back: {to: work, by: [worker]}}
  dated:
    phase: one
    title: {en: Dated, fr: A}
    responsible: [worker]
    forms: [plan]
    due: {before: 2 days, from: {form: plan, field: "on"}}
    actions: {back: {to: work, by: [worker]}}
  over: {end: done, title: {en: Over, fr: A}}
everywhere:
  hold: {while: any, to: rest, by: [worker], title: {en: Hold, fr: A}}
  bind: {while: any, to: bound, by: [worker], title: {en: Bind, fr: A}}
  date: {while: any, to: dated, by: [worker], title: {en: Date, fr: A}}
"""


def play() -> Play:
    return Play(PROCEDURE)


def suspends(told: Play, reason: str = "hospital", by: str = "w", step: str = "work") -> Play:
    return told._does(Suspend(step, reason, by))


def goes_on(told: Play, by: str = "w", step: str = "work") -> Play:
    return told._does(Resume(step, by))


def refusal(told: Play, move: Suspend | Resume) -> str:
    answer = decide(told.sop, told.case, move, told.facts, told.now)
    assert isinstance(answer, Refusal)
    return answer.code


def day_due(told: Play) -> str:
    return told.due()["work/due"].date().isoformat()


def test_what_was_left_is_kept_and_not_the_date():
    """Two of five days were used; after nine days in hospital three are left."""
    told = play()
    assert day_due(told) == "2026-03-09"

    goes_on(suspends(told.later(days=2)).later(days=9))

    assert day_due(told) == "2026-03-18"
    assert told.case.due["work"] == told.due()["work/due"]


def test_while_it_stands_still_nothing_is_due_and_nobody_is_reminded():
    """The row is held, and the case says no date."""
    told = suspends(play())

    (row,) = [one for one in told.last.effects if isinstance(one, SetDeadline)]
    assert (row.name, row.held) == ("due", True)
    assert "work" not in told.case.due


def test_a_reminder_of_the_time_before_does_not_come_again():
    """Reminders that would lie before the clock went on are left out."""
    told = goes_on(suspends(play().later(days=4)).later(days=10))

    (row,) = [one for one in told.last.effects if isinstance(one, SetDeadline)]

    assert [one.kind for one in row.alarms] == ["due", "escalate"]


def test_a_reminder_that_came_before_the_clock_stopped_does_not_come_again():
    """It came on Thursday at nine; stopped at noon, the clock goes on in the night: two days are left, as then."""
    told = goes_on(suspends(play().later(days=3, hours=3)).later(days=3, hours=14))

    (row,) = [one for one in told.last.effects if isinstance(one, SetDeadline)]

    assert [one.kind for one in row.alarms] == ["due", "escalate"]


def test_only_the_deadline_of_the_step_stands_still():
    """A timed action goes on: no desk puts off what happens by itself."""
    told = play()
    before = told.due()["work/lapse"]

    goes_on(suspends(told).later(days=9))

    assert told.due()["work/lapse"] == before


@pytest.mark.parametrize(
    ("move", "code"),
    [
        (Suspend("work", "holiday", "w"), "unknown_reason"),
        (Suspend("work", "hospital", "f"), "role"),
        (Suspend("work", "hospital", "nobody"), "not_a_party"),
        (Suspend("bound", "hospital", "w"), "not_here"),
        (Resume("work", "w"), "not_suspended"),
    ],
)
def test_what_makes_no_sense_is_refused(move, code):
    """A reason of the list, by those of the step or those who hear when it is late, where the case stands."""
    assert refusal(play(), move) == code
    assert isinstance(suspends(play(), by="b").last, Decision)


def test_a_clock_is_stopped_once_and_not_after_it_has_run_out():
    """What is late stays late."""
    assert refusal(suspends(play()), Suspend("work", "hospital", "w")) == "suspended"
    assert refusal(play().later(days=30), Suspend("work", "hospital", "w")) == "late"


def test_a_deadline_of_law_or_one_that_counts_backwards_is_not_stopped():
    """The law's clock is not ours; a date is moved on its form."""
    assert refusal(play().take("bind"), Suspend("bound", "hospital", "w")) == "not_suspendable"
    assert refusal(play().take("date"), Suspend("dated", "hospital", "w")) == "no_clock"


def test_a_rule_names_the_reasons_for_which_it_may_be_stopped():
    """Those, and no other; also where it rests on law."""
    told = Play(
        PROCEDURE.replace("      within: 5 days\n", "      within: 5 days\n      suspend_for: [travel]\n")
    ).take("bind")

    assert refusal(told, Suspend("bound", "hospital", "w")) == "not_suspendable"
    assert isinstance(suspends(told, "travel", step="bound").last, Decision)


def test_a_step_entered_again_has_a_clock_of_its_own():
    """Nothing of the suspension is left."""
    told = suspends(play()).later(days=3).take("again")

    assert told.case.halts == {}
    assert day_due(told) == "2026-03-12"


def test_a_timed_action_does_not_fire_before_its_row_says_after_a_pause():
    """Twenty days from the entry, moved by ten days of pause: neither the row nor the action comes earlier."""
    told = play().take("hold").later(days=10).take("go_on")
    at = told.due()["work/lapse"]
    told.now = at - timedelta(minutes=1)
    assert not told.timed("lapse", "work")

    told.now = at

    assert told.timed("lapse", "work")


def test_a_suspension_lasts_through_a_pause():
    """The clock stood still already: the pause adds nothing, and does not let it go on."""
    told = suspends(play().later(days=2)).later(days=1).take("hold").later(days=3).take("go_on")
    held = [one for one in told.last.effects if isinstance(one, SetDeadline) and one.name == "due"]
    assert [one.held for one in held] == [True]

    goes_on(told.later(days=5))

    assert day_due(told) == "2026-03-18"


def with_a_holiday(told: Play, *days: date) -> Play:
    france, albania = (shipped().calendar_of(one) for one in ("FR", "AL"))
    late = france.known.model_copy(update={"holidays": {**france.known.holidays, **dict.fromkeys(days, "late")}})
    told.facts = Facts(
        Calendars(BusinessCalendar(late), albania), told.facts.records, told.facts.voided, told.facts.attributes
    )
    return told


def test_a_calendar_that_changes_moves_what_runs():
    """A holiday announced for Friday: due on Tuesday."""
    told = with_a_holiday(play().later(days=1), date(2026, 3, 6))._does(Recount(("FR",)))

    assert day_due(told) == "2026-03-10"


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(
        st.tuples(st.sampled_from(["suspend", "resume", "hold", "go_on", "wait"]), st.integers(1, 4)), max_size=8
    ),
    late=st.sets(st.dates(date(2026, 3, 3), date(2026, 4, 10)), max_size=4),
)
def test_a_recount_equals_having_known_the_holiday(moves, late):
    """Whatever stood still in between: the same moves under the new calendar from the beginning come to the same dates."""
    told, knew = play(), with_a_holiday(play(), *late)._does(Recount(("FR",)))
    for move, days in moves:
        for one in (told, knew):
            one.later(days=days)
        possible = [_made(one, move) for one in (told, knew)]
        if possible[0] != possible[1]:
            return  # one of them had run out before it could be stopped: they are two stories from here on
    with_a_holiday(told, *late)._does(Recount(("FR",)))
    knew._does(Recount(("FR",)))

    assert (told.case.due, told.case.halts) == (knew.case.due, {**knew.case.halts, **_renumbered(told, knew)})


def _renumbered(told: Play, knew: Play) -> dict:
    """The one that knew has one entry more in its history, from the beginning on."""
    return {
        step: tuple(type(one)(one.seq - 1, one.since, one.until, one.reason) for one in halts)
        for step, halts in knew.case.halts.items()
    }


def _made(told: Play, move: str) -> bool:
    moves = {"suspend": Suspend("work", "hospital", "w"), "resume": Resume("work", "w")}
    if move in moves:
        answer = decide(told.sop, told.case, moves[move], told.facts, told.now)
        if isinstance(answer, Decision):
            told._does(moves[move])
        return isinstance(answer, Decision)
    if move != "wait" and told.allows(move):
        told.take(move)
        return True
    return False


def test_the_play_begins_on_a_monday():
    """The dates above rest on it."""
    assert NOW.weekday() == 0
