"""The state chart runs elsewhere as cases run here: a foreign engine takes the same random walks and stands at the same steps.

The other engine is python-statemachine's SCXML support. Requirements, facts and roles are not in a chart; so the procedures
are stripped of them here too, and what is left, the machine, must agree in every configuration: which actions are open, and where
each leads.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from statemachine.io.scxml.processor import SCXMLProcessor

from engine.analysis.diagram import Format, draw
from engine.application.procedures import check
from engine.calendars.almanac import shipped
from engine.cases.case import Case, Facts, Launch, Take
from engine.cases.decide import Decision, begun, decide, options
from engine.settings import DEFINITIONS
from engine.sop.canonical import canonical
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.model import Sop
from engine.source import read

SHORT = Path(__file__).parents[1] / "definitions" / "sops" / "short-return.yaml"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

EVERY_SIGN = """\
sop: every-sign
title: {en: Every sign, fr: Chaque signe}
destination: [FR]
origin: [AL]
roles:
  worker: {side: destination, title: {en: Worker, fr: Référent}}
share_when: []
start: talk
steps:
  talk:
    phase: before
    title: {en: Talk, fr: Entretien}
    responsible: [worker]
    actions: {prepare: {to: preparation, by: [worker]}, again: {to: talk, by: [worker]}, note: {to: stay, by: [worker]}}
  preparation:
    phase: after
    title: {en: Preparation, fr: Préparation}
    responsible: [worker]
    strands:
      papers:
        start: asked
        steps:
          asked: {title: {en: Asked, fr: Demandés}, responsible: [worker], actions: {obtain: {to: there, by: [worker]}}}
          there: {end: done, title: {en: There, fr: Obtenus}, reopens: {to: asked, by: [worker]}}
      welcome:
        start: open_door
        steps:
          open_door: {title: {en: Open, fr: Ouvert}, responsible: [worker], actions: {obtain: {to: confirmed, by: [worker]}}}
          confirmed: {end: done, title: {en: Confirmed, fr: Confirmé}}
    actions: {depart: {to: returned, by: [worker]}, anew: {to: preparation, by: [worker]}}
  ill:
    title: {en: Ill, fr: Malade}
    responsible: [worker]
    pause: true
    actions: {recover: {to: resume, by: [worker]}, worse: {to: talk, by: [worker]}}
  lost: {title: {en: Lost, fr: Perdu}, responsible: [worker], pause: true, actions: {found: {to: resume, by: [worker]}}}
  returned: {end: returned, title: {en: Returned, fr: Retour}, reopens: {to: preparation, by: [worker]}}
alongside:
  alert:
    start: calm
    after_end: true
    steps:
      calm: {phase: danger, title: {en: Calm, fr: Calme}, responsible: [worker], actions: {warn: {to: warned, by: [worker]}}}
      warned: {phase: before, title: {en: Warned, fr: Alerte}, responsible: [worker], actions: {rest: {to: over, by: [worker]}}}
      over: {end: over, title: {en: Over, fr: Fini}, reopens: {to: calm, by: [worker]}}
  errand:
    start: none_yet
    steps:
      none_yet: {title: {en: None, fr: Aucune}, responsible: [worker], actions: {run: {to: running_late, by: [worker]}}}
      running_late: {title: {en: Running, fr: En cours}, responsible: [worker], actions: {rest: {to: none_yet, by: [worker]}}}
everywhere:
  withdraw: {while: {phases: [before]}, title: {en: Withdrawn, fr: Retrait}, by: [worker], to: talk}
  fall_ill: {title: {en: Ill, fr: Maladie}, by: [worker], to: ill}
  disappear: {while: {steps: [preparation, asked], at: [none_yet]}, title: {en: Gone, fr: Parti}, by: [worker], to: lost}
  complain: {while: {at: [running_late]}, title: {en: Complaint, fr: Plainte}, by: [worker], to: stay}
"""


def bare(content: Any, role: str) -> Any:
    """Leave of a written procedure what is machine: names, targets, `while` without facts; everything is done by one role."""
    if isinstance(content, list):
        return [bare(one, role) for one in content]
    if not isinstance(content, dict):
        return content
    kept = {key: bare(one, role) for key, one in content.items() if key not in LEFT_OUT}
    if "by" in kept:
        kept["by"] = [role]
    if isinstance(kept.get("while"), dict):
        kept["while"] = {key: one for key, one in kept["while"].items() if key != "fact"} or "any"
    return kept


LEFT_OUT = {
    "requires", "due", "series", "automatic", "reassign", "voids", "sets", "tell", "forms", "safeguards", "noted_by",
    "guidance", "basis", "facts", "lists", "share_when",
}  # fmt: skip


def machine_of(path: Path) -> Sop:
    (checked,) = check(path)
    assert checked.file is not None
    content = json.loads(canonical(checked.file.sop, checked.file.shelf.forms))["sop"]
    return Sop.model_validate({**bare(content, "case_manager"), "share_when": []})


def every_sign() -> Sop:
    source, _ = read(EVERY_SIGN, "every-sign.yaml")
    assert source is not None
    return Sop.model_validate(source.value)


PROCEDURES = {
    "every sign": every_sign, "short": lambda: machine_of(SHORT),
    "adult": lambda: machine_of(DEFINITIONS / "sops" / "adult-return.yaml"),
}  # fmt: skip


class Both:
    """A case here and a chart there, moved on together."""

    def __init__(self, sop: Sop) -> None:
        self.sop: CompiledSop = compile_sop(sop, {}, "v")
        self.role = next(iter(sop.roles)) if "case_manager" not in sop.roles else "case_manager"
        self.facts = Facts(shipped().between("FR", "AL"))
        launched = decide(
            self.sop, begun(self.sop, "REF", "FR", "AL", NOW), Launch("w", {self.role: "w"}, {}), self.facts, NOW
        )
        assert isinstance(launched, Decision)
        self.case: Case = launched.case
        processor = SCXMLProcessor()
        processor.parse_scxml("chart", draw(sop, Format.SCXML, "en"))
        self.chart = processor.start()

    def open_here(self) -> dict[str, Take]:
        """Event -> the move that is the same here."""
        found = {}
        for option in options(self.sop, self.case, self.facts, NOW):
            everywhere = option.action.step is None
            at = "everywhere" if everywhere else option.step
            found[f"{at}.{option.action.name}"] = Take(option.action.name, "w", option.step)
        ended = (
            [self.case.main] if self.case.outcome is not None else [s for s in self.case.steps() if s != self.case.main]
        )
        for step in ended:
            if self.sop.steps[step].model.reopens is not None:
                found[f"{step}.reopen"] = Take("reopen", "w", step)
        return found

    def open_there(self) -> set[str]:
        return {event.id for event in self.chart.enabled_events()}

    def take(self, event: str) -> None:
        decided = decide(self.sop, self.case, self.open_here()[event], self.facts, NOW)
        assert isinstance(decided, Decision), decided
        self.case = decided.case
        self.chart.send(event)

    def stands_here(self) -> list[str]:
        return sorted(self.case.steps())

    def stands_there(self) -> list[str]:
        """The chart also stands in the step that holds a strand's; here that is the main step, which is in both."""
        return sorted(state for state in self.chart.configuration_values if "." not in state)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", PROCEDURES)
def test_a_chart_walks_as_a_case_does(name, seed):
    """In every configuration of a random walk the same actions are open, and each leads to the same configuration."""
    chosen = random.Random(seed)
    both = Both(PROCEDURES[name]())
    closed = 0
    for _ in range(150):
        here = both.open_here()

        assert both.stands_there() == both.stands_here()
        assert both.open_there() == set(here)
        if not here:
            both, closed = Both(PROCEDURES[name]()), closed + 1
            continue
        both.take(chosen.choice(sorted(here)))

    assert closed < 150


def test_a_walk_meets_every_sign():
    """Pauses, strands, reopening, what stays and what goes on after the end: the small procedure's walks take each action."""
    taken: set[str] = set()
    for seed in range(6):
        chosen = random.Random(seed)
        both = Both(every_sign())
        for _ in range(150):
            event = chosen.choice(sorted(both.open_here()))
            taken.add(event)
            both.take(event)

    events = {one.get("event") for one in ElementTree.fromstring(draw(every_sign(), Format.SCXML, "en")).iter()} - {
        None
    }
    assert taken == events


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_chart_names_only_states_it_has(name):
    """Every id is there once; every target, start and condition names one of them (W3C SCXML 3.14)."""
    root = ElementTree.fromstring(draw(PROCEDURES[name](), Format.SCXML, "fr"))
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    named = {one.get(key) for one in root.iter() for key in ("target", "initial") if one.get(key)}

    assert len(ids) == len(set(ids))
    assert named <= set(ids)
