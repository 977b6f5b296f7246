"""Each sentence of "Exact meaning" (docs/reference/sop-language.md) on a procedure of a few lines."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from engine.cases.deadlines import Alarm
from engine.cases.effects import CancelMessages
from engine.cases.remind import notices
from engine.cases.sharing import may_see
from engine.cases.view import CaseView
from engine.values import MessageKind

OPEN = "share_when: []\n"
ONE_STEP = (
    OPEN
    + """\
start: a
steps:
  a:
    title: {en: A, fr: A}
    phase: early
    responsible: [worker]
    forms: [consent, plan, share, visit, risk]
    actions:
      go: {to: z, by: [worker], requires: [REQUIREMENT]}
  z: {end: done, title: {en: Z, fr: Z}}
everywhere:
  drop: {by: [worker], to: stay, voids: [consent, risk]}
"""
)


def asking(requirement: str) -> str:
    return ONE_STEP.replace("REQUIREMENT", requirement)


# ── 1 and 2: names and moves ─────────────────────────────────────────────────────────────────────────────────────

TWO_STRANDS = (
    OPEN
    + """\
start: a
steps:
  a:
    title: {en: A, fr: A}
    responsible: [worker]
    forms: [plan]
    strands:
      left:
        start: l1
        steps:
          l1: {title: {en: L, fr: L}, responsible: [worker], forms: [consent], actions: {finish: {to: l2, by: [worker]}}}
          l2: {end: done, title: {en: L, fr: L}, reopens: {to: l1, by: [worker]}}
      right:
        start: r1
        steps:
          r1: {title: {en: R, fr: R}, responsible: [far], actions: {finish: {to: r2, by: [worker, far]}, fail: {to: r3, by: [far]}}}
          r2: {end: done, title: {en: R, fr: R}}
          r3: {end: failed, title: {en: R, fr: R}}
    actions:
      go: {to: z, by: [worker], requires: [{strands: done}]}
      go_well: {to: z, by: [worker], requires: [{strands: {right: [done]}}]}
      again: {to: a, by: [worker]}
  z: {end: done, title: {en: Z, fr: Z}}
everywhere:
  leave: {by: [worker], to: z, requires: [{strands: done}]}
"""
)


def test_of_two_open_actions_of_one_name_the_caller_says_which(play):
    """Without a step it is refused as ambiguous; with one the other strand stays where it is."""
    case = play(TWO_STRANDS)
    assert case.refuses("finish").code == "ambiguous"

    case.take("finish", step="r1")

    assert case.case.strands == {"left": "l1", "right": "r2"}


def test_a_form_is_recorded_by_those_responsible_for_the_step_that_lists_it(play):
    """The strand's form by the strand's people, the enclosing step's by its own; by nobody else, and only while it is there."""
    case = play(TWO_STRANDS)

    case.says("plan", on=date(2026, 4, 1)).says("consent", says="yes")

    with pytest.raises(AssertionError, match="role"):
        case.says("plan", by="f", on=date(2026, 4, 1))
    case.take("finish", step="l1")
    with pytest.raises(AssertionError, match="not_here"):
        case.says("consent", says="no")


def test_a_refusal_names_all_and_who(play):
    """Each unmet requirement in one sentence, with the roles who can meet it; only time can end a wait."""
    case = play(asking("{form: consent}, {waited: {since: a, at_least: 3 days}}, {taken: {action: drop, at_least: 1}}"))

    refusal = case.refuses("go", "b")

    assert refusal.code == "role"
    assert [one.who for one in refusal.unmet] == [("worker",), ("worker",), (), ("worker",)]
    assert all(one.text.endswith(".") for one in refusal.unmet)


# ── 3: the newest counts ─────────────────────────────────────────────────────────────────────────────────────────

YES = "{form: consent, where: {says: yes}}"


def test_of_two_records_signed_on_one_day_the_later_entry_counts(play):
    """Latest signing date, then latest entry; and an older one that would match doesn't help."""
    case = play(asking(YES)).says("consent", says="yes")
    assert case.allows("go")

    case.says("consent", says="no")

    assert not case.allows("go")


def test_a_draft_does_not_count(play):
    """What is not signed yet neither helps nor hinders."""
    case = play(asking(YES)).says("consent", says="yes").says("consent", says="no", draft=True)

    assert case.allows("go")


def test_a_missing_field_never_matches(play):
    """Neither a value, nor a list, nor the field of another form."""
    case = play(asking(YES)).says("consent")
    assert not case.allows("go")
    both = play(asking("{form: consent, same_as: plan.land}")).says("consent").says("plan")
    assert not both.allows("go")

    both.says("consent", land="AL").says("plan", land="AL")

    assert both.allows("go")


def test_lists_fail_both_ways_for_a_missing_field(play):
    """Neither on the list nor off it."""
    lists = "lists: {bad: [SY, LY]}\n"
    barred = lists + asking("{form: consent, not_in_list: {land: bad}}")
    wanted = lists + asking("{form: consent, in_list: {land: bad}}")

    assert not play(barred).says("consent").allows("go")
    assert not play(wanted).says("consent").allows("go")
    assert play(barred).says("consent", land="AL").allows("go")
    assert not play(barred).says("consent", land="SY").allows("go")
    assert play(wanted).says("consent", land="SY").allows("go")


def test_voiding_a_form_voids_each_of_its_parts(play):
    """What was recorded counts no more, in whichever part."""
    case = play(asking("{form: risk.here, where: {low: true}}")).says("risk.here", low=True)
    assert case.allows("go")

    case.take("drop")

    assert not case.allows("go")
    assert (
        play(asking(YES))
        .says("consent", says="yes")
        .take("drop")
        .later(days=1)
        .says("consent", says="yes")
        .allows("go")
    )


def test_exactly_so_many_days_still_count_by_the_destinations_clock(play):
    """Signed on 2 March, at most 10 days: until midnight of 12 March in Paris, which is 23:00 in UTC."""
    case = play(asking("{form: consent, not_older_than: 10 days}")).says("consent", says="yes")

    case.later(days=10, hours=13, minutes=59)
    assert case.allows("go")
    case.later(minutes=1)
    assert not case.allows("go")


def test_all_named_must_have_signed(play):
    """One signature of two is none; their order is of no account."""
    asked = asking("{form: consent, signed_by: [worker, child]}")

    assert not play(asked).says("consent", signed=("worker",)).allows("go")
    assert play(asked).says("consent", signed=("child", "worker")).allows("go")


def test_a_keyed_record_names_an_actor(play):
    """It counts for that one, not for the next; and for nobody where the role has nobody yet."""
    asked = asking("{form: share, for: {role: far, purpose: help}, where: {says: yes}}")
    case = play(asked).says("share", to="far", says="yes")
    assert case.allows("go")
    assert not case.assigns("far", "f2").allows("go")
    nobody = play(asked.replace("role: far", "role: child")).says("share", to="child", says="yes")
    assert not nobody.allows("go")


# ── 4: order in one action ───────────────────────────────────────────────────────────────────────────────────────

ORDER = (
    OPEN
    + """\
facts: {ready: {type: boolean, title: {en: R, fr: R}}, sure: {type: boolean, implied_by: {ready: true}, title: {en: R, fr: R}},
        first: {type: boolean, implied_by: {sure: true}, title: {en: R, fr: R}}}
start: a
steps:
  a:
    title: {en: A, fr: A}
    responsible: [worker]
    forms: [consent]
    due: {within: 3 days}
    actions:
      spend:
        to: b
        by: [worker]
        requires: [{form: consent, where: {says: yes}}, {fact: {ready: false}}]
        sets: {ready: true}
        voids: [consent]
      again: {to: a, by: [worker]}
  b: {title: {en: B, fr: B}, responsible: [worker], actions: {back: {to: a, by: [worker], requires: [{fact: {ready: true}}]}}}
  z: {end: done, title: {en: Z, fr: Z}}
"""
)


def test_requirements_are_read_before_sets_and_voids(play):
    """The action that spends a consent may ask for it; what it sets is there afterwards, and what follows from that too."""
    case = play(ORDER).says("consent", says="yes").take("spend")

    assert case.case.main == "b"
    assert case.facts.records == {}
    assert case.facts.attributes == {"ready": True, "sure": True, "first": True}


def test_what_follows_from_a_fact_does_so_in_whatever_order_it_is_written(play):
    """`first` follows from `sure`, which follows from `ready`; written the other way round it is the same."""
    lines = ORDER.splitlines()
    swapped = ORDER.replace("\n".join(lines[1:3]), (
        "facts: {first: {type: boolean, implied_by: {sure: true}, title: {en: R, fr: R}}, "
        "sure: {type: boolean, implied_by: {ready: true}, title: {en: R, fr: R}}, ready: {type: boolean, title: {en: R, fr: R}}}"
    ))  # fmt: skip

    assert play(swapped, ready=True).facts.attributes["first"] is True


def test_a_self_transition_leaves_and_enters(play):
    """Its deadlines restart."""
    case = play(ORDER)
    first = case.due()["a/due"]

    case.later(days=1).take("again")

    assert case.due() == {"a/due": first + timedelta(days=1)}


def test_entering_a_step_with_strands_starts_all_of_them_anew(play):
    """Whatever they had reached before."""
    case = play(TWO_STRANDS).take("finish", step="l1").take("finish", step="r1").take("again")

    assert case.case.strands == {"left": "l1", "right": "r1"}


PAUSE = (
    OPEN
    + """\
start: a
steps:
  a:
    title: {en: A, fr: A}
    phase: early
    responsible: [worker]
    forms: [plan]
    due: {within: 5 days}
    strands:
      left:
        start: l1
        steps:
          l1:
            title: {en: L, fr: L}
            responsible: [worker]
            due: {within: 2 days, from: {form: plan, field: on}}
            actions:
              finish: {to: l2, by: [worker]}
          l2: {end: done, title: {en: L, fr: L}}
    actions:
      go: {to: z, by: [worker], requires: [{waited: {since: a, at_least: 4 days}}, {acknowledged: {by: worker, of: a}}]}
      late: {to: z, by: [system], automatic: {after: 20 days}}
  held:
    title: {en: H, fr: H}
    pause: true
    phase: hold
    responsible: [worker]
    forms: [plan]
    actions:
      back: {to: resume, by: [worker]}
      end: {to: z, by: [worker]}
  z: {end: done, title: {en: Z, fr: Z}, reopens: {to: a, by: [worker]}}
everywhere:
  hold: {while: {phases: [early]}, by: [worker], to: held}
"""
)


def test_a_resumed_case_stands_as_it_stood_and_its_due_dates_have_moved(play):
    """Strands, waits and acknowledgements go on; due dates, timed actions included, move by the length of the pause."""
    case = play(PAUSE).acks().take("finish")
    before = case.due()

    case.later(days=1).take("hold").later(days=3, minutes=7).take("back")

    assert case.case.strands == {"left": "l2"}
    after = case.due()
    assert {name: after[name] - before[name] for name in before if name != "/wake"} == {
        "a/due": timedelta(days=3, minutes=7),
        "a/late": timedelta(days=3, minutes=7),
    }
    assert case.allows("go")


def test_a_date_that_becomes_known_during_a_pause_counts_after_it(play):
    """The strand's deadline counts from a date: recorded while the case was held, it is due from that date, unmoved."""
    case = play(PAUSE).take("hold").later(days=3).says("plan", on=date(2026, 3, 20))
    assert "l1/due" not in case.due()

    case.take("back")

    assert case.due()["l1/due"].date() == date(2026, 3, 22)
    assert case.case.due["l1"] == case.due()["l1/due"]


def test_a_case_that_leaves_its_pause_for_elsewhere_has_nothing_due_there(play):
    """It never comes back to what it left, so nobody is reminded of that."""
    case = play(PAUSE).says("plan", on=date(2026, 3, 20)).take("hold").take("end")

    assert case.due() == {}
    assert case.case.due == {}


# ── 5: memory ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_strands_are_done_whatever_their_outcome_unless_it_is_named(play):
    """All must have ended; an action open everywhere means those of the step the case stands at."""
    case = play(TWO_STRANDS).take("finish", step="l1")
    assert not case.allows("go")
    assert not case.allows("leave")
    assert case.refuses("go").unmet[0].who == ("far",)

    case.take("fail", "f")

    assert case.allows("go")
    assert case.allows("leave")
    assert not case.allows("go_well")


MEMORY = (
    OPEN
    + """\
start: a
steps:
  a:
    title: {en: A, fr: A}
    responsible: [worker]
    actions:
      next: {to: b, by: [worker]}
      twice: {to: z, by: [worker], requires: [{taken: {action: next, at_least: 2}}]}
      once_since: {to: z, by: [worker], requires: [{taken: {action: next, at_most: 1, since: restart}}]}
      done: {to: z, by: [worker], requires: [{step_done: b}]}
      done_since: {to: z, by: [worker], requires: [{step_done: b, since: restart}]}
      restart: {to: a, by: [worker]}
  b:
    title: {en: B, fr: B}
    responsible: [worker]
    actions:
      own: {to: a, by: [worker]}
      timed: {to: a, by: [system], automatic: {after: 1 day}}
  z: {end: done, title: {en: Z, fr: Z}}
everywhere:
  pull: {by: [worker], to: a}
"""
)


def test_a_step_is_done_when_left_by_an_action_of_its_own(play):
    """A timed one included, one that is open everywhere not; `since` counts after the last one only."""
    pulled = play(MEMORY).take("next").take("pull")
    assert not pulled.allows("done")
    timed = play(MEMORY).take("next").later(days=2).fires("timed", "b")
    assert timed.allows("done")
    assert timed.allows("done_since")

    timed.take("restart")

    assert timed.allows("done")
    assert not timed.allows("done_since")
    assert timed.take("next").take("own").allows("done_since")


def test_takings_are_counted_over_the_whole_case_or_since(play):
    """At least and at most, both ways."""
    case = play(MEMORY).take("next").take("own")
    assert not case.allows("twice")
    assert case.allows("once_since")

    case.take("next").take("own")

    assert case.allows("twice")
    assert not case.allows("once_since")
    assert case.take("restart").allows("once_since")


def test_an_acknowledgement_lapses_with_the_actor_who_gave_it(play):
    """Also when the role comes back to the same actor."""
    case = play(asking("{acknowledged: {by: worker, of: a}}")).acks()
    assert case.allows("go")

    case.assigns("worker", "w2")
    assert not case.allows("go", "w2")
    case.assigns("worker", "w")
    assert not case.allows("go")


def test_what_is_not_known_holds_in_neither_sense(play):
    """A wait from a date that no form gives is neither over nor not over; a form under none_of must be there."""
    waits = "{waited: {from: {form: plan, field: on}, at_least: 2 days}}"
    assert not play(asking(waits)).later(days=99).allows("go")
    assert not play(asking(f"{{none_of: [{waits}]}}")).allows("go")
    assert play(asking(f"{{none_of: [{waits}]}}")).says("plan", on=date(2026, 3, 2)).allows("go")
    assert play(asking(waits)).says("plan", on=date(2026, 3, 2)).later(days=2).allows("go")


@pytest.mark.parametrize(
    ("requirement", "absent", "yes", "no"),
    [
        ("{none_of: [{form: consent, where: {says: yes}}]}", False, False, True),
        ("{none_of: [{form: consent, where: {says: yes}, or_absent: true}]}", True, False, True),
        ("{none_of: [{any_of: [{form: consent, where: {says: yes}}]}]}", False, False, True),
        ("{any_of: [{form: consent, where: {says: yes}}, {form: visit}]}", False, True, False),
    ],
)
def test_none_of_a_form_asks_that_it_be_there(play, requirement, absent, yes, no):
    """Unless `or_absent`; inside an `any_of` too."""
    assert play(asking(requirement)).allows("go") is absent
    assert play(asking(requirement)).says("consent", says="yes").allows("go") is yes
    assert play(asking(requirement)).says("consent", says="no").allows("go") is no


# ── 6: time ──────────────────────────────────────────────────────────────────────────────────────────────────────

TIMED = (
    OPEN
    + """\
start: a
steps:
  a:
    title: {en: A, fr: A}
    responsible: [worker]
    forms: [plan]
    due: {before: 3 working days, from: {form: plan, field: on}, remind: [1 day before]}
    actions:
      lapse: {to: z, by: [system], automatic: {after: 2 days, from: {form: plan, field: on}}}
  z: {end: done, title: {en: Z, fr: Z}}
everywhere:
  drop: {by: [worker], to: stay, voids: [plan]}
"""
)


def test_a_timed_action_counts_from_its_date_and_never_before(play):
    """Two days after Thursday 12 March: at the end of the 14th in Paris."""
    case = play(TIMED).says("plan", on=date(2026, 3, 12))
    case.now = case.due()["a/lapse"] - timedelta(seconds=1)
    assert not case.timed("lapse", "a")

    case.later(seconds=1)

    assert case.timed("lapse", "a")


def test_a_deadline_may_count_backwards(play):
    """Three working days before Monday 16 March is Wednesday the 11th."""
    assert play(TIMED).says("plan", on=date(2026, 3, 16)).due()["a/due"].date() == date(2026, 3, 11)


def test_what_counted_from_a_voided_date_is_due_no_more(play):
    """Nobody is reminded of a departure that was called off, nothing fires; a new date sets both anew."""
    case = play(TIMED).says("plan", on=date(2026, 3, 12)).take("drop")
    assert case.due() == {}
    assert case.case.due == {}

    case.later(days=1).says("plan", on=date(2026, 3, 25))

    assert case.due().keys() == {"a/due", "a/lapse"}


# ── 7: covered ───────────────────────────────────────────────────────────────────────────────────────────────────

COVERED = (
    OPEN
    + """\
facts: {young: {type: boolean, title: {en: Y, fr: Y}}}
start: a
steps:
  a: {title: {en: A, fr: A}, phase: early, responsible: [worker], actions: {next: {to: b, by: [worker]}}}
  b:
    title: {en: B, fr: B}
    phase: late
    responsible: [worker]
    strands:
      left:
        start: l1
        steps:
          l1: {title: {en: L, fr: L}, responsible: [worker], actions: {on: {to: l2, by: [worker]}}}
          l2: {end: done, title: {en: L, fr: L}}
    actions: {next: {to: z, by: [worker]}}
  z: {end: done, title: {en: Z, fr: Z}, reopens: {to: a, by: [boss]}}
alongside:
  care:
    start: calm
    steps:
      calm: {title: {en: C, fr: C}, responsible: [worker], actions: {alarm: {to: busy, by: [worker]}}}
      busy:
        title: {en: B, fr: B}
        responsible: [worker]
        due: {within: 9 days}
        actions: {rest: {to: calm, by: [worker], requires: [{waited: {since: busy, at_least: 2 days}}]}}
  after:
    start: quiet
    after_end: true
    steps:
      quiet: {title: {en: Q, fr: Q}, responsible: [boss], actions: {watch: {to: watching, by: [boss]}}}
      watching:
        title: {en: W, fr: W}
        responsible: [boss]
        actions: {rest: {to: quiet, by: [boss], requires: [{waited: {since: watching, at_least: 2 days}}]}}
everywhere:
  in_late: {while: {phases: [late]}, by: [worker], to: stay}
  in_strand: {while: {steps: [l1, a]}, by: [worker], to: stay}
  both: {while: {phases: [late], steps: [busy], fact: {young: true}}, by: [worker], to: stay}
  always: {while: any, by: [any], to: stay}
"""
)


def test_a_configuration_is_covered_if_any_of_its_steps_is(play):
    """Lists mean any of it; strand steps inherit the phase; all keys of one mapping must hold."""
    case = play(COVERED, young=True)
    assert [case.allows(one) for one in ("in_late", "in_strand", "both", "always")] == [False, True, False, True]

    case.take("next").take("alarm")
    assert [case.allows(one) for one in ("in_late", "in_strand", "both", "always")] == [True, True, True, True]
    assert not play(COVERED).take("next").take("alarm").allows("both")

    case.take("on")
    assert not case.allows("in_strand")


def test_by_any_is_any_party_and_nobody_else(play):
    """From whichever country, but of this case."""
    case = play(COVERED)

    assert case.allows("always", "g")
    assert case.refuses("always", "stranger").code == "not_a_party"


def test_an_actor_moves_in_a_role_of_its_own_before_one_for_which_it_speaks(play):
    """The history must not say that the person did what the worker did."""
    case = play(COVERED)

    assert case.take("always").last.role == "worker"
    assert play(TELL).take("speak").last.role == "child"


def test_a_closed_case_is_shut_and_comes_back_as_it_stood(play):
    """`any` covers it no more, what runs alongside stops with its deadline, and reopening brings both back."""
    case = play(COVERED).take("alarm").later(days=1).take("next").take("next")
    due = play(COVERED).take("alarm").due()["busy/due"]
    assert case.due() == {}
    assert not case.allows("always")
    assert not case.allows("rest")
    assert case.refuses("reopen").code == "role"

    case.later(days=5).take("reopen", "b")

    assert (case.case.main, case.case.outcome) == ("a", None)
    assert case.case.alongside == {"care": "busy", "after": "quiet"}
    assert case.due()["busy/due"] == due
    assert case.allows("rest")


def test_what_goes_on_after_the_end_is_told_when_its_wait_is_over(play):
    """The case is closed; the wait of a line that is marked `after_end` still comes round."""
    case = play(COVERED).take("watch", "b").take("next").take("next")
    case.now = case.due()["/wake"]

    case.wakes()

    assert case.told() == {"boss": "allowed"}


# ── 8: who is told ───────────────────────────────────────────────────────────────────────────────────────────────

TELL = """\
facts: {asylum_pending: {type: boolean, title: {en: P, fr: P}}}
share_when:
  origin: [{form: consent, where: {says: yes}}]
  consulate: [{form: share, for: {role: embassy, purpose: help}, where: {says: yes}}]
  authority: [{form: share, for: {role: office, purpose: help}, where: {says: yes}}]
  destination: [{form: consent, where: {says: yes}}]
start: a
steps:
  a:
    title: {en: A, fr: A}
    phase: early
    responsible: [worker]
    forms: [consent, share]
    actions:
      hand_over: {to: b, by: [worker], tell: [boss, embassy, office]}
      keep: {to: c, by: [worker]}
      end: {to: z, by: [worker]}
  b:
    title: {en: B, fr: B}
    phase: late
    responsible: [far]
    forms: [{form: consent, by: [worker]}, {form: share, by: [worker]}]
    strands:
      left:
        start: l1
        steps:
          l1: {title: {en: L, fr: L}, responsible: [far], actions: {on: {to: l2, by: [far, child]}}}
          l2: {title: {en: L, fr: L}, responsible: [further], actions: {on: {to: l3, by: [further, child]}}}
          l3: {end: done, title: {en: L, fr: L}}
      right:
        start: r1
        steps:
          r1: {title: {en: R, fr: R}, responsible: [far], actions: {answer: {to: r2, by: [far]}}}
          r2: {end: done, title: {en: R, fr: R}}
    actions:
      give_back: {to: a, by: [far]}
      end: {to: z, by: [far, child]}
      replace: {to: b, by: [far, child], reassign: far}
      slow: {to: c, by: [system], automatic: {after: 2 days}}
  c: {title: {en: C, fr: C}, responsible: [further], actions: {end: {to: z, by: [worker]}}}
  z: {end: done, title: {en: Z, fr: Z}, reopens: {to: a, by: [worker]}}
everywhere:
  stop:
    by: [worker]
    to: stay
    voids: [consent]
    tell: [{role: far, as: stop}, {role: embassy, as: stop}, {role: further, as: stop}]
  claim: {by: [worker], to: stay, sets: {asylum_pending: true}, tell: [{role: far, as: stop}, {role: embassy, as: stop}]}
  speak: {by: [child], to: stay, voids: [consent], tell: [far]}
  danger: {by: [worker], to: stay, tell: [{role: office, without_consent: {basis: {strength: law, source: x}}}]}
"""


def test_those_responsible_for_the_step_entered_and_those_left_on_the_other_side(play):
    """Their turn for the ones; for information the action's `tell`, and those who gave the case out of their hands."""
    case = play(TELL).says("consent", says="yes").take("hand_over")
    assert case.told() == {"far": "your_turn", "boss": "for_information", "worker": "for_information"}
    assert case.withheld() == {"embassy", "office"}

    case.take("give_back", "f")

    assert case.told() == {"worker": "your_turn", "far": "for_information"}


def test_at_an_end_everybody_hears_who_heard_before_and_may(play):
    """The far worker was told; the further one never."""
    case = play(TELL).says("consent", says="yes").take("hand_over").take("end")

    assert case.told() == {"worker": "closed", "boss": "closed", "far": "closed"}


def test_an_end_is_not_told_abroad_when_consent_has_gone(play):
    """Told before or not: what is read is the moment."""
    case = play(TELL).says("consent", says="yes").take("hand_over").take("stop").take("end")

    assert set(case.told()) == {"worker", "boss"}
    assert case.withheld() == {"far"}


def test_sharing_is_read_after_the_actions_sets_and_voids(play):
    """The action that withdraws the consent tells nobody abroad by it."""
    case = play(TELL).says("consent", says="yes").take("hand_over").take("speak")

    assert case.told() == {}
    assert case.withheld() == {"far"}


def test_what_a_worker_enters_for_the_person_comes_from_the_workers_side(play):
    """Even where the step is one of the other country's: word to it crosses the border."""
    case = play(TELL).take("hand_over")
    assert "far" in case.withheld()

    assert case.take("speak").withheld() == {"far"}


def test_what_the_system_does_opens_no_border(play):
    """A timed action of a step abroad tells the next desk abroad only while that may be told."""
    shut = play(TELL).take("hand_over").later(days=3).fires("slow", "b")
    opened = play(TELL).says("consent", says="yes").take("hand_over").later(days=3).fires("slow", "b")

    assert shut.withheld() == {"further"}
    assert opened.told()["further"] == "your_turn"


def test_stop_reaches_those_already_told_and_no_consulate_during_a_claim(play):
    """The further worker, never told, hears nothing; the consulate hears it, but not while asylum is asked for."""
    told = play(TELL).says("consent", says="yes").says("share", to="embassy", says="yes").take("hand_over")

    stopped = told.take("stop").told()
    claimed = told.take("claim").told()

    assert stopped == {"far": "stop", "embassy": "stop"}
    assert claimed == {"far": "stop"}


def test_danger_is_told_without_consent(play):
    """To a body of the destination, on the ground that the procedure names."""
    assert play(TELL).take("danger").told() == {"office": "for_information"}


def test_what_was_withheld_is_sent_once_and_only_while_it_is_due(play):
    """One `your_turn` with the consent; a second record brings no second one; a step left meanwhile brings none."""
    case = play(TELL).take("hand_over")
    assert {"far", "office", "embassy"} == case.withheld()
    assert case.says("consent", says="yes").told() == {"far": "your_turn"}
    assert case.says("consent", says="yes").told() == {}

    left = play(TELL).take("hand_over").take("end").take("reopen")

    assert left.says("consent", says="yes").told() == {}


def test_of_two_turns_that_were_withheld_the_one_still_due_is_told(play):
    """The strand of the one has ended meanwhile, that of the other still waits: one message, for that one."""
    waiting = TELL.replace(
        "r1: {title: {en: R, fr: R}, responsible: [far]", "r1: {title: {en: R, fr: R}, responsible: [further]"
    )
    case = play(waiting).take("hand_over").take("on", step="l1").take("on", step="l2")

    case.says("consent", says="yes")

    assert case.told() == {"far": "your_turn", "further": "your_turn"}


def test_an_act_on_the_other_side_does_not_release_what_was_withheld_from_its_colleagues(play):
    """The far worker acts; the further one, from whom the destination's word was withheld, still hears nothing of it."""
    case = play(TELL).take("keep")
    assert case.withheld() == {"further"}

    case.acks("g")

    assert case.told() == {}


def test_what_was_cancelled_before_it_left_is_sent_when_consent_is_back(play):
    """Withdrawn while the message waited in the outbox; given again while the step still waits: one `your_turn`."""
    case = play(TELL).says("consent", says="yes").take("hand_over").take("stop")

    case.later(days=1).says("consent", says="yes")

    assert case.told() == {"far": "your_turn"}


def test_a_withdrawal_cancels_nothing_at_home(play):
    """The destination's own desks need no consent for what their own side says."""
    case = play(TELL).says("consent", says="yes").take("hand_over").take("stop")

    assert [one for one in case.last.effects if isinstance(one, CancelMessages)] == [CancelMessages("far")]


def test_a_new_actor_is_told_only_as_far_as_consent_goes(play):
    """Their turn; for the one who is asked by the other side consent counts anew."""
    case = play(TELL).says("consent", says="yes").take("hand_over").take("replace", assign="f2")
    assert case.told()["far"] == "your_turn"
    assert "far" not in play(TELL).take("hand_over").take("replace", assign="f2").told()


def test_a_new_actor_is_another_one(play):
    """To name the one who is there already is to name nobody."""
    case = play(TELL).says("consent", says="yes").take("hand_over")

    with pytest.raises(AssertionError, match="A new actor must be named"):
        case.take("replace", assign="f")


ALLOWED = (
    OPEN
    + """\
start: a
steps:
  a:
    title: {en: A, fr: A}
    responsible: [worker]
    forms: [consent]
    actions:
      sign: {to: z, by: [boss], requires: [{form: consent, where: {says: yes}}]}
      happen: {to: z, by: [environment], noted_by: [worker], requires: [{form: consent}]}
  z: {end: done, title: {en: Z, fr: Z}, reopens: {to: a, by: [far], requires: [{form: consent}]}}
everywhere:
  leave: {by: [far], to: z, requires: [{form: consent}]}
"""
)


def test_what_a_record_makes_allowed_is_told_to_those_who_may_act_once(play):
    """Not the actions open everywhere, the world's, or reopening."""
    case = play(ALLOWED).says("consent", says="yes")
    assert case.told() == {"boss": "allowed"}

    assert case.says("consent", says="no").says("consent", says="yes").told() == {}


def test_a_case_is_shown_only_to_whom_it_may_be_told(play):
    """Seeing is gated like telling."""
    case = play(TELL)

    def sees(role: str) -> bool:
        return may_see(case.sop, [role], CaseView(case.case, case.facts, case.now))

    assert [sees(role) for role in ("worker", "office", "far", "embassy")] == [True, False, False, False]
    case.says("consent", says="yes")
    assert [sees(role) for role in ("worker", "office", "far", "embassy")] == [True, False, True, False]


def test_who_may_not_see_a_case_any_more_can_still_enter_what_has_happened(play):
    """Consent ends what is told and shown, not what may be done: nobody under way is left without a way on."""
    case = play(TELL).says("consent", says="yes").take("hand_over").says("consent", says="no")
    assert not may_see(case.sop, ["far"], CaseView(case.case, case.facts, case.now))

    assert case.allows("on", by="f", step="l1")


# ── 9: deadlines ─────────────────────────────────────────────────────────────────────────────────────────────────

SERIES = (
    OPEN
    + """\
start: a
steps:
  a:
    title: {en: A, fr: A}
    responsible: [worker]
    forms: [consent]
    series: {visit: {at: [1 week, 3 weeks], forms: [visit], requires: [{form: consent, where: {says: yes}}]}}
    actions:
      go: {to: z, by: [worker], requires: [{series: done}]}
      again: {to: a, by: [worker]}
  z: {end: done, title: {en: Z, fr: Z}}
"""
)


def test_a_series_is_over_when_each_round_is_recorded_or_has_lapsed(play):
    """The first is recorded; the second falls due after the person has withdrawn, and lapses."""
    case = play(SERIES).says("consent", says="yes").later(days=7).says("visit", seen=True)
    assert case.due().keys() == {"a/visit:1"}
    assert not case.allows("go")

    case.says("consent", says="no").later(days=15).wakes()

    assert case.due() == {}
    assert case.allows("go")


def test_a_round_that_is_late_lapses_when_its_requirements_fail(play):
    """It was not made in time, and now it can't be made any more: it stands in nobody's way."""
    case = play(SERIES).says("consent", says="yes").later(days=30)
    assert not case.allows("go")

    case.says("consent", says="no")

    assert case.allows("go")


def test_a_series_begins_anew_when_its_step_is_entered_again(play):
    """What was recorded in an earlier stay does not count for this one, whose days are others."""
    case = play(SERIES).says("consent", says="yes").says("visit", seen=True).says("visit", seen=True)
    assert case.allows("go")

    case.later(days=1).take("again")

    assert not case.allows("go")
    assert case.due().keys() == {"a/visit:0", "a/visit:1"}


TWO_SERIES = (
    OPEN
    + """\
start: a
steps:
  a:
    title: {en: A, fr: A}
    responsible: [worker]
    forms: [plan]
    series:
      visit: {at: [1 week], forms: [visit]}
      call: {at: [1 week], from: {form: plan, field: on}, requires: [{form: consent}]}
    actions: {go: {to: z, by: [worker], requires: [{series: done}]}}
  z: {end: done, title: {en: Z, fr: Z}}
"""
)


def test_a_series_whose_date_is_not_known_is_not_over(play):
    """Though the other one of the step is; once the date is known, its round comes and lapses."""
    case = play(TWO_SERIES).says("visit", seen=True)
    assert not case.allows("go")

    case.says("plan", on=date(2026, 3, 2)).later(days=9).wakes()

    assert case.allows("go")


WATCHED = (
    OPEN
    + """\
facts: {young: {type: boolean, title: {en: Y, fr: Y}}}
start: a
steps:
  a: {title: {en: A, fr: A}, responsible: [worker], forms: [plan], actions: {leave: {to: b, by: [worker]}}}
  b:
    title: {en: B, fr: B}
    responsible: [far]
    forms: [{form: plan, by: [worker]}, {form: consent, by: [worker]}]
    actions: {lose: {to: c, by: [worker]}, back: {to: a, by: [worker]}}
  c: {title: {en: C, fr: C}, responsible: [worker], forms: [consent], actions: {find: {to: z, by: [worker]}}}
  z: {end: done, title: {en: Z, fr: Z}}
safeguards:
  - id: followed
    after: leave
    eventually: [{record: consent, where: {says: yes}}, {enter: z}]
    within: 24 hours
    escalate: [{after: 1 hour, to: [boss, far]}]
  - id: planned
    if: {fact: {young: true}}
    after: {enter: b}
    eventually: {enter: z}
    within: 2 days
    from: {form: plan, field: on}
"""
)


def test_a_safeguards_deadline_is_armed_by_x_and_ends_with_y(play):
    """It belongs to the case, so leaving steps does not end it; a record that says something else is no Y."""
    case = play(WATCHED).take("leave")
    due = case.due()
    assert due == {"/followed": case.now + timedelta(hours=24)}

    case.later(hours=3).says("consent", says="no").take("lose")
    assert case.due() == due
    assert case.says("consent", says="yes").due() == {}


def test_a_safeguards_deadline_is_not_put_off_by_a_second_x(play):
    """The first departure is still not followed; after Y another one counts anew."""
    case = play(WATCHED).take("leave")
    first = case.due()

    case.later(hours=5).take("back").take("leave")

    assert case.due() == first
    case.says("consent", says="yes").take("back").take("leave")
    assert case.due() == {"/followed": case.now + timedelta(hours=24)}


def test_a_safeguards_deadline_waits_for_its_date_and_its_fact(play):
    """Narrowed by a fact; set once the date is known, and moved with it."""
    assert "/planned" not in play(WATCHED).says("plan", on=date(2026, 3, 10)).take("leave").due()
    case = play(WATCHED, young=True).take("leave")
    assert "/planned" not in case.due()

    case.says("plan", on=date(2026, 3, 10))
    assert case.due()["/planned"].date() == date(2026, 3, 12)
    case.says("plan", on=date(2026, 3, 20))
    assert case.due()["/planned"].date() == date(2026, 3, 22)
    assert case.take("lose").take("find").due() == {}


def test_a_safeguards_deadline_tells_those_it_escalates_to(play):
    """Nobody is responsible for it, so nobody is reminded; the other country hears only what it may."""
    case = play(WATCHED.replace("share_when: []", "share_when: [{form: consent}]")).take("leave")
    alarms = [Alarm(case.now, "due"), Alarm(case.now, "escalate", ("boss", "far"))]

    told = notices(case.sop, case.case, case.facts, "", None, alarms, case.now)

    said = [one.notify for one in told]
    assert {(one.kind, one.role, one.step, bool(one.withheld)) for one in said} == {
        (MessageKind.ESCALATION, "boss", "b", False),
        (MessageKind.ESCALATION, "far", "b", True),
    }
