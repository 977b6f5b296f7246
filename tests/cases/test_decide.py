"""The heart on a small procedure: each rule of "Exact meaning" (docs/reference/sop-language.md) that a story may not reach."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from engine.calendars.almanac import shipped
from engine.cases.case import Acknowledge, Assign, Case, Enter, Facts, Fire, Launch, Move, Take, Wake
from engine.cases.decide import Decision, Refusal, begun, decide
from engine.cases.effects import CancelMessages, EndDeadline, Notify, SetDeadline
from engine.forms.model import Form
from engine.sop.compile import compile_sop
from engine.sop.model import Sop
from engine.source import read

PROCEDURE = """\
sop: small
title: {en: Small, fr: Petit}
destination: [FR]
origin: [AL]
roles:
  worker: {side: destination, title: {en: Worker, fr: Référent}}
  far: {side: origin, title: {en: Far worker, fr: Référent là-bas}}
  embassy: {side: origin, kind: consulate, title: {en: Consulate, fr: Consulat}}
facts:
  asylum_pending: {type: boolean, title: {en: Asylum pending, fr: Asile en cours}}
share_when:
  far: [{form: share, for: {role: far, purpose: support}, where: {agreed: true}}]
  consulate: [{form: share, for: {role: embassy, purpose: support}, where: {agreed: true}}]
start: talk
steps:
  talk:
    phase: before
    title: {en: Talk, fr: Entretien}
    responsible: [worker]
    forms: [share, date]
    series: {visit: {at: [10 days, 20 days], forms: [visit], requires: [{fact: {asylum_pending: false}}]}}
    actions:
      hand_over:
        to: there
        by: [worker]
        requires:
          - {form: share, for: {role: far, purpose: support}, where: {agreed: true}}
          - {acknowledged: {by: worker, of: talk}}
      wait_long: {to: there, by: [worker], requires: [{waited: {since: talk, at_least: 7 days}}]}
      lapse: {to: over, by: [system], automatic: {after: 30 days}}
      forget: {to: talk, by: [system], automatic: {after: 5 days, from: {form: date, field: on}}}
  there:
    phase: after
    title: {en: There, fr: Là-bas}
    responsible: [far]
    forms: [{form: share, by: [worker, far]}]
    actions:
      finish: {to: over, by: [far]}
      replace: {to: there, by: [far], reassign: far}
  halt: {pause: true, title: {en: Halt, fr: Pause}, responsible: [worker], actions: {go_on: {to: resume, by: [worker]}}}
  over: {end: done, title: {en: Over, fr: Fini}, reopens: {to: talk, by: [worker]}}
alongside:
  letters:
    start: no_letter
    steps:
      no_letter: {title: {en: None, fr: Aucune}, responsible: [worker], actions: {write: {to: written, by: [worker]}}}
      written: {title: {en: Written, fr: Écrite}, responsible: [far], actions: {file: {to: no_letter, by: [worker]}}}
  aftercare:
    start: quiet
    after_end: true
    steps:
      quiet: {title: {en: Quiet, fr: Calme}, responsible: [worker], actions: {call: {to: called, by: [worker]}}}
      called: {title: {en: Called, fr: Appelé}, responsible: [worker], actions: {calm: {to: quiet, by: [worker]}}}
  errands:
    start: none_yet
    steps:
      none_yet: {title: {en: None, fr: Aucune}, responsible: [worker], actions: {run: {to: running, by: [worker]}}}
      running:
        title: {en: Running, fr: En cours}
        responsible: [worker]
        due: {within: 3 days}
        actions: {rest: {to: none_yet, by: [worker]}}
everywhere:
  pause: {title: {en: Pause, fr: Pause}, by: [worker], to: halt}
  revoke:
    title: {en: Revoked, fr: Révoqué}
    by: [worker]
    to: stay
    voids: [share]
    tell: [{role: far, as: stop}, {role: embassy, as: stop}]
  removed:
    title: {en: Removed, fr: Éloigné}
    by: [environment]
    noted_by: [worker]
    to: over
    requires: [{fact: {asylum_pending: false}}]
safeguards:
  - {id: answered, after: call, eventually: calm, within: 24 hours, escalate: [{after: 0 hours, to: [worker]}]}
  - id: dated
    if: {fact: {asylum_pending: false}}
    after: {enter: running}
    eventually: [{record: share, where: {agreed: true}}, {leave: running}]
    within: 2 days
    from: {form: date, field: on}
    escalate: [{after: 1 day, to: [far]}]
"""
TITLE = {"en": "A", "fr": "A"}
AGREED = {"type": "boolean", "title": TITLE}
SHARE = {"form": "share", "title": TITLE, "keyed": {"purposes": {"support": TITLE}}, "fields": {"agreed": AGREED}}
DATE = {"form": "date", "title": TITLE, "fields": {"on": {"type": "date", "title": TITLE}}}
VISIT = {"form": "visit", "title": TITLE, "fields": {"well": AGREED}}
FORMS = {one["form"]: Form.model_validate(one) for one in (SHARE, DATE, VISIT)}
SOURCE, _ = read(PROCEDURE, "small.yaml")
assert SOURCE is not None
SOP = compile_sop(Sop.model_validate(SOURCE.value), FORMS, "v")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARTIES = {"worker": "w", "far": "f", "embassy": "e"}


class Told:
    """A case that is moved on, and what the last move brought about."""

    def __init__(self, **facts: bool) -> None:
        self.now = NOW
        self.facts = Facts(shipped().between("FR", "AL"))
        self.case: Case = begun(SOP, "REF", "FR", "AL", NOW)
        self.last: Decision
        self.does(Launch("w", PARTIES, dict(facts)))

    def asks(self, move: Move) -> Decision | Refusal:
        return decide(SOP, self.case, move, self.facts, self.now)

    def does(self, move: Move) -> Told:
        answer = self.asks(move)
        assert isinstance(answer, Decision), answer
        self.case, self.facts, self.last = answer.case, answer.facts, answer
        return self

    def shares(self, role: str = "far", agreed: bool = True, by: str = "w") -> Told:
        return self.does(Enter("share", by, self.now.date(), (), {"agreed": agreed}, role, "support"))

    def notices(self) -> dict[str, tuple[str, bool]]:
        return {one.role: (one.template, bool(one.withheld)) for one in self.last.effects if isinstance(one, Notify)}

    def effects(self, kind: type) -> list[object]:
        return [one for one in self.last.effects if isinstance(one, kind)]


def test_a_refusal_names_every_unmet_requirement_and_who_can_meet_it():
    """Both the consent and the acknowledgement are missing, and both are said."""
    answer = Told().asks(Take("hand_over", "w"))

    assert isinstance(answer, Refusal)
    assert [one.who for one in answer.unmet] == [("worker",), ("worker",)]


def test_a_keyed_record_counts_for_the_receiver_it_names_and_ends_with_another_actor():
    """Consent to tell one person is no consent to tell the next."""
    told = Told().shares().does(Acknowledge("w"))
    assert isinstance(told.asks(Take("hand_over", "w")), Decision)

    told.does(Assign("far", "f2", "w"))

    answer = told.asks(Take("hand_over", "w"))
    assert isinstance(answer, Refusal)
    assert len(answer.unmet) == 1


def test_an_acknowledgement_lapses_when_the_step_is_entered_again():
    """Reopened, the case asks anew."""
    told = (
        Told()
        .shares()
        .does(Acknowledge("w"))
        .does(Take("hand_over", "w"))
        .does(Take("finish", "f"))
        .does(Take("reopen", "w"))
    )

    assert told.case.main == "talk"
    assert isinstance(told.asks(Take("hand_over", "w")), Refusal)


def test_voided_records_do_not_come_back():
    """What was agreed before the revocation counts no more; a record signed before it does not revive it, one of the day does."""
    told = Told().shares().does(Take("revoke", "w"))
    old = Enter("share", "w", NOW.date() - timedelta(days=1), (), {"agreed": True}, "far", "support")
    told.does(old)

    assert told.last.counts is False
    assert told.shares().last.counts is True


def test_the_newest_signature_counts_and_not_the_latest_entry():
    """An older paper that comes in later changes nothing."""
    told = Told().shares(agreed=False)

    told.does(Enter("share", "w", NOW.date() - timedelta(days=3), (), {"agreed": True}, "far", "support"))

    assert told.last.counts is False


def test_a_stop_reaches_only_those_who_had_been_told():
    """One fixed sentence to the far worker; the consulate, never told, hears nothing."""
    told = Told().shares().does(Acknowledge("w")).does(Take("hand_over", "w")).does(Take("revoke", "w"))

    assert told.notices()["far"] == ("stop", False)
    assert "embassy" not in told.notices()


def test_what_is_queued_is_cancelled_when_consent_goes():
    """Nothing that waits may leave any more."""
    told = Told().shares().does(Acknowledge("w")).does(Take("hand_over", "w")).does(Take("revoke", "w"))

    assert CancelMessages("far") in told.last.effects


def test_what_was_withheld_is_told_once_consent_is_there():
    """The far worker hears of the step that waits for it at the moment it may."""
    told = Told()
    told.now = NOW + timedelta(days=8)
    told.does(Take("wait_long", "w"))
    assert told.notices()["far"] == ("your_turn", True)

    told.shares(by="f")

    assert told.notices()["far"] == ("your_turn", False)


@pytest.mark.parametrize(("after", "fires"), [(timedelta(days=29), False), (timedelta(days=30, hours=16), True)])
def test_a_timed_action_never_fires_before_its_instant(after, fires):
    """At or after it, by the system, through the same decision."""
    told = Told()
    told.now = NOW + after

    assert isinstance(told.asks(Fire("lapse", "talk")), Decision) is fires


def test_a_timed_action_without_its_date_does_not_fire():
    """While the date is not known neither fires nor holds; once it is, its deadline is set."""
    told = Told()
    told.now = NOW + timedelta(days=300)
    assert isinstance(told.asks(Fire("forget", "talk")), Refusal)

    told.does(Enter("date", "w", told.now.date(), (), {"on": date(2026, 12, 24).isoformat()}))

    assert [one.name for one in told.effects(SetDeadline)] == ["forget"]  # type: ignore[attr-defined]


def test_time_alone_opens_an_action_and_it_is_told_once():
    """The end of a wait is a deadline of the case; when it comes, those who may act hear of it, and no second time."""
    told = Told()
    (wake,) = [one for one in told.effects(SetDeadline) if one.kind == "wake"]  # type: ignore[attr-defined]
    told.now = wake.due_at  # type: ignore[attr-defined]

    told.does(Wake())
    first = told.notices()
    told.does(Wake())

    assert first == {"worker": ("allowed", False)}
    assert told.notices() == {}


def test_what_the_world_does_is_noted_as_a_breach_where_it_may_not_be():
    """An enforced removal during an asylum claim happened: it is entered, and marked."""
    allowed, forbidden = Told(), Told(asylum_pending=True)

    assert allowed.does(Take("removed", "w")).last.breach is False
    assert forbidden.does(Take("removed", "w")).last.breach is True


def test_after_the_end_only_what_is_marked_goes_on():
    """Aftercare is open, errands and everywhere actions are shut; the errand's deadline ends with the case."""
    told = Told().does(Take("run", "w")).does(Take("removed", "w"))

    assert EndDeadline("running") in told.last.effects
    assert isinstance(told.asks(Take("call", "w")), Decision)
    assert isinstance(told.asks(Take("rest", "w")), Refusal)
    assert isinstance(told.asks(Take("revoke", "w")), Refusal)


def test_reopening_restores_what_ran_alongside_as_it_stood():
    """The errand goes on, its deadline set anew."""
    told = Told().does(Take("run", "w")).does(Take("removed", "w")).does(Take("reopen", "w"))

    assert told.case.alongside["errands"] == "running"
    assert "running" in {one.step for one in told.effects(SetDeadline)}  # type: ignore[attr-defined]


def test_a_new_actor_must_be_named_where_the_action_asks_for_one():
    """And hears that the step waits for them."""
    told = Told().shares().does(Acknowledge("w")).does(Take("hand_over", "w"))
    assert isinstance(told.asks(Take("replace", "f")), Refusal)

    told.does(Take("replace", "f", assign="f2"))

    assert told.case.parties["far"] == "f2"


def test_a_decision_changes_nothing_of_what_it_was_given():
    """Pure: the same question has the same answer, and the case stands as before."""
    told = Told().shares()
    before, facts = told.case, told.facts

    first, second = told.asks(Acknowledge("w")), told.asks(Acknowledge("w"))

    assert first == second
    assert (told.case, told.facts) == (before, facts)


def armed(told: Told) -> dict[str, datetime]:
    return {one.name: one.due_at for one in told.effects(SetDeadline) if one.kind == "watch"}  # type: ignore[attr-defined]


def test_a_safeguard_with_within_arms_a_deadline_of_the_case_until_it_is_kept():
    """The call is to be answered within a day; who is named hears of it when it is late. It ends with the answer."""
    told = Told().does(Take("call", "w"))
    (deadline,) = (one for one in told.effects(SetDeadline) if one.kind == "watch")  # type: ignore[attr-defined]

    assert (deadline.step, deadline.due_at) == ("", NOW + timedelta(hours=24))
    assert ("escalate", ("worker",), deadline.due_at) in [(one.kind, one.roles, one.at) for one in deadline.alarms]
    assert EndDeadline("", "answered") in told.does(Take("calm", "w")).last.effects
    assert told.case.armed == frozenset()


def test_the_deadline_of_a_safeguard_outlives_the_step_and_the_case():
    """Nothing but what it asks for ends it: not a move elsewhere, and not the end."""
    told = Told().does(Take("call", "w")).does(Take("removed", "w"))

    assert told.case.outcome == "done"
    assert told.case.armed == {"answered"}
    assert EndDeadline("", "answered") in told.does(Take("calm", "w")).last.effects


def test_a_safeguard_counts_from_a_date_once_it_is_known():
    """Armed with the entry, due two days after the date; a newer date moves it; only a record that says yes ends it."""
    told = Told().does(Take("run", "w"))
    assert armed(told) == {}

    assert armed(told.does(Enter("date", "w", NOW.date(), (), {"on": "2026-03-09"})))["dated"].day == 11
    assert armed(told.does(Enter("date", "w", NOW.date(), (), {"on": "2026-03-16"})))["dated"].day == 18
    assert EndDeadline("", "dated") not in told.shares(agreed=False).last.effects
    assert EndDeadline("", "dated") in told.shares().last.effects


def test_a_safeguard_is_not_armed_where_its_if_does_not_hold():
    """It speaks of cases without an asylum claim; leaving the step ends it where it was armed."""
    claimed = Told(asylum_pending=True).does(Take("run", "w"))

    assert "dated" not in claimed.case.armed
    assert "dated" not in Told().does(Take("run", "w")).does(Take("rest", "w")).case.armed


def test_what_was_withheld_of_several_steps_is_told_of_the_one_that_is_still_due():
    """Two turns could not be told; one is over. With the consent, the far worker hears of the other, once."""
    told = Told()
    told.now += timedelta(days=8)
    told.does(Take("wait_long", "w")).does(Take("write", "w")).does(Take("file", "w"))
    assert "far" in told.case.withheld

    assert told.shares().notices()["far"] == ("your_turn", False)
    assert told.case.withheld == {}


def test_an_acknowledgement_lapses_for_good_when_another_actor_stood_between():
    """Who comes back to a role takes the step up anew."""
    told = Told().shares().does(Acknowledge("w"))
    told.does(Assign("worker", "w2", "w")).does(Assign("worker", "w", "w2"))

    assert isinstance(told.asks(Take("hand_over", "w")), Refusal)


def test_a_pause_moves_what_comes_round_by_its_length():
    """Three days of pause: a visit that was due on the tenth day is due on the thirteenth, and does not lapse before."""
    told = Told()
    (first, _) = told.case.series["talk/visit"]
    told.does(Take("pause", "w"))
    told.now += timedelta(days=3)
    told.does(Take("go_on", "w"))

    assert told.case.series["talk/visit"][0].due_at == first.due_at + timedelta(days=3)
