"""A house with a procedure of a few lines, for what the shipped one reaches only after many steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.actors.model import Actor, Way
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
  boss: {side: destination, title: {en: Boss, fr: Responsable}}
  far: {side: origin, title: {en: Far worker, fr: Référent là-bas}}
share_when:
  - {form: consent, where: {decision: given}}
start: talk
steps:
  talk:
    phase: early
    title: {en: Talk, fr: Entretien}
    responsible: [worker]
    forms: [consent]
    due: {within: 3 days, remind: [1 day before], escalate: [{after: 1 day, to: [boss]}]}
    actions:
      hand_over: {to: there, by: [worker]}
      close: {to: over, by: [worker]}
      lapse: {to: over, by: [system], automatic: {after: 60 days}, requires: [{form: consent}]}
  there:
    phase: late
    title: {en: There, fr: Là-bas}
    responsible: [far]
    forms: [{form: consent, by: [worker]}, {form: journey, by: [worker]}]
    foresee: {on: {form: journey, field: day}, for: visit, before: 3 days}
    due: {within: 5 days, remind: [{length: 2 days, late: send}, 1 day before]}
    actions:
      give_back: {to: talk, by: [far, worker]}
      finish: {to: over, by: [far]}
      depart: {to: away, by: [worker], irreversible: true}
  away:
    title: {en: Away, fr: En route}
    responsible: [worker]
    due: {within: 2 days, from: {form: journey, field: day}}
    series: {call: {at: [1 day, 4 days], requires: [{form: consent, where: {decision: given}}], remind: [6 hours before]}}
    actions: {arrive: {to: over, by: [worker]}}
  held:
    title: {en: Held, fr: Suspendu}
    responsible: [worker]
    pause: true
    forms: [journey]
    actions: {go_on: {to: resume, by: [worker]}}
  over: {end: done, title: {en: Over, fr: Fini}}
everywhere:
  hold: {while: any, title: {en: Hold, fr: Suspendre}, by: [worker], to: held}
  visit:
    while: any
    title: {en: Visit, fr: Visite}
    by: [worker]
    to: stay
    requires: [{form: consent, where: {decision: given}, not_older_than: 10 days}]
safeguards:
  - id: every-departure-is-followed
    title: {en: Followed, fr: Suivi}
    after: depart
    eventually: [{enter: over}]
    within: 24 hours
    escalate: [{after: 1 hour, to: [boss]}]
"""
FORMS = {
    "consent": """\
form: consent
title: {en: Consent, fr: Consentement}
fields:
  decision:
    type: choice
    title: {en: Decision, fr: Décision}
    choices: {given: {en: Given, fr: Donné}, refused: {en: Refused, fr: Refusé}}
""",
    "journey": """\
form: journey
title: {en: Journey, fr: Voyage}
fields: {day: {type: date, title: {en: Day, fr: Jour}}}
""",
}


@pytest.fixture
def small(tmp_path: Path, clock: FixedClock) -> Iterator[Application]:
    """The small procedure published, and a desk for each of its roles: w, b, f."""
    definitions = tmp_path / "definitions"
    for folder in ("sops", "forms"):
        (definitions / folder).mkdir(parents=True)
    (definitions / "sops" / "small.yaml").write_text(PROCEDURE, encoding="utf-8")
    for name, text in FORMS.items():
        (definitions / "forms" / f"{name}.yaml").write_text(text, encoding="utf-8")
    opened = build(Settings(data_dir=tmp_path / "data", mail_folder=tmp_path / "mail"), clock)
    opened.procedures.publish(definitions / "sops" / "small.yaml")
    desks = {"w": ("FR", "worker"), "b": ("FR", "boss"), "f": ("AL", "far"), "f2": ("AL", "far")}
    way = (Way(kind="mail", address="desk@example.org"),)
    opened.people.add(
        [
            Actor(id=id, name=id, sample=True, country=country, roles=(role,), channels=way, enabled=True)
            for id, (country, role) in desks.items()
        ]
    )
    yield opened
    opened.close()


@pytest.fixture
def begun(small: Application) -> str:
    """The reference of a case of the small procedure."""
    return small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"}).ref
