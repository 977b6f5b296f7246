"""A case against a simple model: whatever people do in whatever order, both stand at the same place and the store agrees."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.actors.model import Actor, Way
from engine.application.casework import Refused
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import Settings

PROCEDURE = """\
sop: small
title: {en: Small, fr: Petit}
destination: [FR]
origin: [AL]
roles:
  worker: {side: destination, title: {en: Worker, fr: Référent}}
  far: {side: origin, title: {en: Far worker, fr: Référent là-bas}}
share_when:
  - {form: consent, where: {decision: given}}
start: talk
steps:
  talk:
    phase: decision
    title: {en: Talk, fr: Entretien}
    responsible: [worker]
    forms: [consent]
    actions:
      prepare: {to: preparation, by: [worker], requires: [{form: consent, where: {decision: given}, not_older_than: 10 days}]}
      decline: {to: declined, by: [worker]}
  preparation:
    phase: preparation
    title: {en: Preparation, fr: Préparation}
    responsible: [worker]
    forms: [consent]
    strands:
      papers:
        start: asked
        steps:
          asked: {title: {en: Asked, fr: Demandés}, responsible: [worker], actions: {obtain: {to: there, by: [worker]}}}
          there: {end: done, title: {en: There, fr: Obtenus}}
      welcome:
        start: open
        steps:
          open: {title: {en: Open, fr: Ouvert}, responsible: [far], actions: {confirm: {to: confirmed, by: [far]}}}
          confirmed: {end: done, title: {en: Confirmed, fr: Confirmé}}
    actions:
      depart: {to: returned, by: [worker], requires: [{strands: done}, {form: consent, where: {decision: given}}]}
  ill:
    title: {en: In hospital, fr: Hospitalisation}
    responsible: [worker]
    pause: true
    actions: {recover: {to: resume, by: [worker]}}
  returned: {end: returned, title: {en: Returned, fr: Retour}}
  declined: {end: declined, title: {en: Declined, fr: Refus}, reopens: {to: talk, by: [worker]}}
everywhere:
  withdraw: {while: {phases: [preparation]}, title: {en: Withdrawn, fr: Retrait}, by: [worker], to: talk, voids: [consent]}
  fall_ill: {while: {phases: [preparation]}, title: {en: Ill, fr: Maladie}, by: [worker], to: ill}
"""

CONSENT = """\
form: consent
title: {en: Consent, fr: Consentement}
fields:
  decision:
    type: choice
    title: {en: Decision, fr: Décision}
    choices: {given: {en: Given, fr: Donné}, refused: {en: Refused, fr: Refusé}}
"""


def small_house(folder: Path) -> Application:
    (folder / "sops").mkdir()
    (folder / "forms").mkdir()
    (folder / "sops" / "small.yaml").write_text(PROCEDURE, encoding="utf-8")
    (folder / "forms" / "consent.yaml").write_text(CONSENT, encoding="utf-8")
    house = build(Settings(data_dir=folder / "data"), FixedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC)))
    house.procedures.publish(folder / "sops" / "small.yaml")
    way = (Way(kind="mail", address="desk@example.org"),)
    house.people.add(
        [
            Actor(id="w", name="Worker", sample=True, country="FR", roles=("worker",), channels=way, enabled=True),
            Actor(id="f", name="Far", sample=True, country="AL", roles=("far",), channels=way, enabled=True),
        ]
    )
    return house


class SmallReturn(RuleBasedStateMachine):
    """The model is a handful of words: where the case stands, the strands, the consent that counts."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.house = small_house(Path(self._folder.name))
        self.ref = self.house.casework.launch("small", "FR", "AL", "w", {}, {}).ref
        self.at, self.papers, self.welcome = "talk", "", ""
        self.consent: str | None = None
        self.signed: datetime | None = None
        self.voided: datetime | None = None
        self.entries = 1

    def teardown(self) -> None:
        self.house.close()
        self._folder.cleanup()

    @property
    def now(self) -> datetime:
        return self.house.clock.now()

    def attempt(self, action: str, actor: str, allowed: bool) -> bool:
        """Take an action on the engine; it must be accepted exactly when the model allows it."""
        try:
            self.house.casework.take(self.ref, action, actor)
        except Refused:
            assert not allowed, f"{action} was refused at {self.at}"
            return False
        assert allowed, f"{action} was accepted at {self.at}"
        self.entries += 1
        return True

    def given(self) -> bool:
        return self.consent == "given"

    @rule(days=st.integers(0, 9))
    def time_passes(self, days: int) -> None:
        self.house.clock.advance(timedelta(days=days, hours=1))  # type: ignore[attr-defined]

    @rule(decision=st.sampled_from(["given", "refused"]))
    def record_consent(self, decision: str) -> None:
        fields = {"decision": decision, "signed_on": self.now.date().isoformat(), "signed_by": ["worker"]}
        try:
            self.house.casework.record(self.ref, "consent", fields, "w")
        except Refused:
            assert self.at not in ("talk", "preparation")
            return
        assert self.at in ("talk", "preparation")
        self.consent, self.signed = decision, self.now
        self.entries += 1

    @rule()
    def prepare(self) -> None:
        young = self.signed is not None and (self.now.date() - self.signed.date()).days <= 10
        if self.attempt("prepare", "w", self.at == "talk" and self.given() and young):
            self.at, self.papers, self.welcome = "preparation", "asked", "open"

    @rule()
    def decline(self) -> None:
        if self.attempt("decline", "w", self.at == "talk"):
            self.at = "declined"

    @rule()
    def reopen(self) -> None:
        if self.attempt("reopen", "w", self.at == "declined"):
            self.at = "talk"

    @rule()
    def obtain(self) -> None:
        if self.attempt("obtain", "w", self.at == "preparation" and self.papers == "asked"):
            self.papers = "there"

    @rule(actor=st.sampled_from(["w", "f"]))
    def confirm(self, actor: str) -> None:
        if self.attempt("confirm", actor, self.at == "preparation" and self.welcome == "open" and actor == "f"):
            self.welcome = "confirmed"

    @rule()
    def depart(self) -> None:
        done = (self.papers, self.welcome) == ("there", "confirmed")
        if self.attempt("depart", "w", self.at == "preparation" and done and self.given()):
            self.at = "returned"

    @rule()
    def withdraw(self) -> None:
        if self.attempt("withdraw", "w", self.at == "preparation"):
            self.at, self.consent, self.signed = "talk", None, None

    @rule()
    def fall_ill(self) -> None:
        if self.attempt("fall_ill", "w", self.at == "preparation"):
            self.at = "ill"

    @rule()
    def recover(self) -> None:
        if self.attempt("recover", "w", self.at == "ill"):
            self.at = "preparation"

    @precondition(lambda self: self.entries > 1)
    @rule()
    def open_again(self) -> None:
        """Another process sees the same case."""
        other = build(self.house.settings, FixedClock(self.now))
        assert other.casework.load(self.ref).case == self.house.casework.load(self.ref).case
        other.close()

    @invariant()
    def stands_where_the_model_says(self) -> None:
        case = self.house.casework.load(self.ref).case
        strands = {"papers": self.papers, "welcome": self.welcome} if self.at == "preparation" else {}
        assert case.main == self.at
        assert case.strands == strands
        assert case.seq == self.entries

    @invariant()
    def the_chain_is_whole(self) -> None:
        assert self.house.queries.verify(self.ref) == {self.ref: []}

    @invariant()
    def nothing_goes_abroad_without_consent(self) -> None:
        waiting = [
            one for one in self.house.store.messages(self.ref) if one.role == "far" and str(one.state) == "queued"
        ]
        assert self.given() or not waiting


TestSmallReturn = SmallReturn.TestCase
TestSmallReturn.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
