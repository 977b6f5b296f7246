"""Decisions against a model of a page: whatever people do in whatever order, both agree on what may be done and what comes of it.

The model knows nothing of drafts, views or effects: a few variables, and for each move what the language says of it. It is compared
after every move: where the case stands, what is due when, and what the desk abroad hears. The same case against the whole house
and its store is in test_case_against_a_model.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from engine.cases.case import Acknowledge, Enter, Fire, Take
from engine.cases.decide import Refusal, decide
from engine.cases.effects import CancelMessages, Notify
from engine.clock import instant_of, zone

PROCEDURE = """\
share_when: [{form: consent, where: {says: yes}}]
start: talk
steps:
  talk:
    phase: early
    title: {en: Talk, fr: A}
    responsible: [worker]
    forms: [consent]
    due: {within: 5 days}
    actions:
      prepare:
        to: preparation
        by: [worker]
        requires: [{form: consent, where: {says: yes}, not_older_than: 10 days}, {acknowledged: {by: worker, of: talk}}]
      decline: {to: declined, by: [worker]}
      lapse: {to: declined, by: [system], automatic: {after: 30 days}}
  preparation:
    phase: late
    title: {en: Preparation, fr: A}
    responsible: [worker]
    forms: [consent]
    due: {within: 3 days}
    strands:
      papers:
        start: asked
        steps:
          asked:
            title: {en: Asked, fr: A}
            responsible: [worker]
            due: {within: 2 days}
            actions: {obtain: {to: there, by: [worker]}}
          there: {end: done, title: {en: There, fr: A}}
      welcome:
        start: open
        steps:
          open: {title: {en: Open, fr: A}, responsible: [far], actions: {confirm: {to: confirmed, by: [far]}}}
          confirmed: {end: done, title: {en: Confirmed, fr: A}}
    actions:
      depart: {to: returned, by: [worker], requires: [{strands: done}, {form: consent, where: {says: yes}}]}
      redo: {to: preparation, by: [worker]}
  ill:
    title: {en: Ill, fr: A}
    responsible: [worker]
    pause: true
    forms: [consent]
    actions: {recover: {to: resume, by: [worker]}, give_up: {to: declined, by: [worker]}}
  returned: {end: returned, title: {en: Returned, fr: A}}
  declined: {end: declined, title: {en: Declined, fr: A}, reopens: {to: talk, by: [worker]}}
everywhere:
  withdraw: {while: {phases: [late]}, by: [worker], to: talk, voids: [consent]}
  fall_ill: {while: {phases: [late]}, by: [worker], to: ill}
"""
PARIS = zone("Europe/Paris")
ACTIONS = (
    "prepare",
    "decline",
    "obtain",
    "confirm",
    "depart",
    "redo",
    "recover",
    "give_up",
    "reopen",
    "withdraw",
    "fall_ill",
)


def end_of(day: date) -> datetime:
    return instant_of(datetime.combine(day, time(23, 59)), PARIS)


class ReturnByModel(RuleBasedStateMachine):
    """The engine's case is `play.case`; all else is the model."""

    def __init__(self, play: Callable[..., Any]) -> None:
        super().__init__()
        self.play = play(PROCEDURE)
        self.at = "talk"
        self.strands: dict[str, str] = {}
        self.consents: list[tuple[date, int, str]] = []
        self.voided_on: date | None = None
        self.acknowledged = False
        self.due: dict[str, datetime] = {}
        self.paused_at: datetime | None = None
        self.far_told = self.far_waits_untold = False
        self.heard: list[tuple[str, bool]] = []
        self.cancelled = False
        self.enter_talk()

    # ── The model ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def today(self) -> date:
        return self.play.now.astimezone(PARIS).date()  # type: ignore[no-any-return]

    def newest(self) -> tuple[date, int, str] | None:
        return max(self.consents, default=None)

    def shares(self) -> bool:
        newest = self.newest()
        return newest is not None and newest[2] == "yes"

    def in_days(self, days: int) -> datetime:
        return end_of(self.today + timedelta(days=days))

    def may(self, action: str, actor: str) -> bool:
        newest = self.newest()
        young = newest is not None and (self.today - newest[0]).days <= 10
        worker = {
            "prepare": self.at == "talk" and self.shares() and young and self.acknowledged,
            "decline": self.at == "talk",
            "obtain": self.at == "preparation" and self.strands["papers"] == "asked",
            "depart": self.at == "preparation"
            and self.shares()
            and self.strands == {"papers": "there", "welcome": "confirmed"},
            "redo": self.at == "preparation",
            "withdraw": self.at == "preparation",
            "fall_ill": self.at == "preparation",
            "recover": self.at == "ill",
            "give_up": self.at == "ill",
            "reopen": self.at == "declined",
        }
        if action == "confirm":
            return actor == "f" and self.at == "preparation" and self.strands["welcome"] == "open"
        return actor == "w" and worker[action]

    def enter_talk(self) -> None:
        self.at, self.strands, self.acknowledged = "talk", {}, False
        self.due = {"talk/due": self.in_days(5), "talk/lapse": self.in_days(30)}

    def enter_preparation(self) -> None:
        self.at, self.strands = "preparation", {"papers": "asked", "welcome": "open"}
        self.due = {"preparation/due": self.in_days(3), "asked/due": self.in_days(2)}
        self.tell_far("your_turn")

    def end(self, outcome: str) -> None:
        self.at, self.strands, self.due = outcome, {}, {}
        if self.far_told:
            self.tell_far("closed")

    def tell_far(self, template: str) -> None:
        self.heard.append((template, self.shares()))
        if self.shares():
            self.far_told, self.far_waits_untold = True, False
        elif template == "your_turn":
            self.far_waits_untold = True

    def far_is_on(self) -> bool:
        return self.at == "preparation" and self.strands["welcome"] == "open"

    def sharing_changes(self, before: bool) -> None:
        if before and not self.shares() and self.far_told:
            self.cancelled = True
            self.far_waits_untold |= self.far_is_on()
        if self.shares() and self.far_waits_untold:
            self.far_waits_untold = False
            if self.far_is_on():
                self.tell_far("your_turn")

    def done(self, action: str) -> None:
        """What the language says comes of an action that is allowed."""
        shared, left_open = self.shares(), self.far_is_on()
        match action:
            case "prepare" | "redo":
                self.enter_preparation()
            case "decline" | "give_up" | "lapse":
                self.end("declined")
            case "depart":
                self.end("returned")
            case "reopen":
                self.enter_talk()
            case "obtain":
                self.strands["papers"] = "there"
                del self.due["asked/due"]
            case "confirm":
                self.strands["welcome"] = "confirmed"
            case "withdraw":
                self.consents, self.voided_on = [], self.today
                self.enter_talk()
                if left_open:
                    self.tell_far("for_information")
                self.sharing_changes(shared)
            case "fall_ill":
                self.kept, self.strands, self.paused_at, self.at = self.strands, {}, self.play.now, "ill"
                if left_open:
                    self.tell_far("for_information")
            case "recover":
                assert self.paused_at is not None
                self.at, self.strands = "preparation", self.kept
                self.due = {name: at + (self.play.now - self.paused_at) for name, at in self.due.items()}
                if self.far_is_on():
                    self.tell_far("your_turn")

    # ── The moves ───────────────────────────────────────────────────────────────────────────────────────────────

    def moves(self, move: Any, allowed: bool) -> bool:
        self.heard, self.cancelled = [], False
        answer = decide(self.play.sop, self.play.case, move, self.play.facts, self.play.now)
        assert isinstance(answer, Refusal) is not allowed, f"{move} at {self.at}: {answer}"
        if isinstance(answer, Refusal):
            assert answer.unmet
            return False
        self.play.case, self.play.facts, self.play.last = answer.case, answer.facts, answer
        self.play.all += answer.effects
        return True

    def compare_what_far_heard(self) -> None:
        effects = self.play.last.effects
        heard = [(one.template, not one.withheld) for one in effects if isinstance(one, Notify) and one.role == "far"]
        assert heard == self.heard
        assert (CancelMessages("far") in effects) is self.cancelled

    @rule(hours=st.sampled_from([1, 14, 24, 24 * 3, 24 * 5, 24 * 10, 24 * 30, 24 * 31]))
    def time_passes(self, hours: int) -> None:
        self.play.later(hours=hours)

    @precondition(lambda self: self.at in ("talk", "preparation", "ill"))
    @rule(says=st.sampled_from(["yes", "yes", "yes", "no"]), ago=st.sampled_from([0, 0, 0, 1, 9, 10, 11]))
    def record(self, says: str, ago: int) -> None:
        before, signed = self.shares(), self.today - timedelta(days=ago)
        self.moves(Enter("consent", "w", signed, (), {"says": says}), True)
        if self.voided_on is None or signed >= self.voided_on:
            self.consents.append((signed, len(self.consents), says))
        self.sharing_changes(before)
        self.compare_what_far_heard()

    @precondition(lambda self: self.at == "talk")
    @rule()
    def acknowledge(self) -> None:
        self.moves(Acknowledge("w", "talk"), True)
        self.acknowledged = True
        self.compare_what_far_heard()

    def take(self, action: str, actor: str) -> None:
        if self.moves(Take(action, actor), self.may(action, actor)):
            self.done(action)
            self.compare_what_far_heard()

    @rule(action=st.sampled_from(ACTIONS), actor=st.sampled_from(["w", "f", "b", "stranger"]))
    def somebody_tries(self, action: str, actor: str) -> None:
        """Mostly refused: anybody, anything, anywhere."""
        self.take(action, actor)

    @precondition(lambda self: self.at == "talk")
    @rule()
    def prepare(self) -> None:
        self.take("prepare", "w")

    @precondition(lambda self: self.at == "preparation")
    @rule(action=st.sampled_from(["obtain", "confirm", "depart", "redo", "withdraw", "fall_ill"]))
    def go_on(self, action: str) -> None:
        self.take(action, "f" if action == "confirm" else "w")

    @precondition(lambda self: self.at in ("ill", "declined"))
    @rule(action=st.sampled_from(["recover", "give_up", "reopen"]))
    def come_back(self, action: str) -> None:
        self.take(action, "w")

    @rule()
    def the_system_fires(self) -> None:
        due = self.at == "talk" and self.play.now >= self.due["talk/lapse"]
        if self.moves(Fire("lapse", "talk"), due):
            self.done("lapse")
            self.compare_what_far_heard()

    # ── Always ──────────────────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def stands_where_the_model_says(self) -> None:
        case = self.play.case
        assert (case.main, case.strands) == (self.at, self.strands)
        assert (case.outcome is not None) is (self.at in ("returned", "declined"))
        assert (case.paused is not None) is (self.at == "ill")
        assert case.acknowledged == ({"talk worker": "w"} if self.acknowledged else {})

    @invariant()
    def is_due_when_the_model_says(self) -> None:
        assert self.play.due() == self.due
        assert self.play.case.due == {
            name.removesuffix("/due"): at for name, at in self.due.items() if name.endswith("/due")
        }


def test_decisions_and_the_model_agree(play):
    """Hundreds of lives of a case, up to forty moves each."""
    run_state_machine_as_test(
        lambda: ReturnByModel(play),
        settings=settings(
            max_examples=200,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
