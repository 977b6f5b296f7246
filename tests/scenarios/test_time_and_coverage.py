"""What the system does in a story counts as well: timed actions, messages, and who lets time pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from passerelle.scenarios import Covered, Report, tried

DEFINITIONS = Path(__file__).parents[1] / "definitions"
DECLINE = "      decline: {to: closed_declined, by: [case_manager]}\n"
LAPSE = (
    "      lapse: {to: closed_declined, by: [system], automatic: {after: 30 days},"
    " requires: [{none_of: [{form: informed_consent.return, or_absent: true}]}]}\n"
)
GUARDS = """\
  - {id: lapse-without-consent, before: lapse, require: [{none_of: [{form: informed_consent.return, or_absent: true}]}]}
  - {id: told-before-closing, before: {tell: case_manager}, happened: {enter: counselling}}
  - {id: never-declined, never: decline, while: {at: [departed]}}
"""
HEAD = """\
scenario: time
title: {en: Time passes, fr: Le temps passe}
sop: short-return
from: FR
to: AL
launch: {at: "2026-03-02T09:00:00+01:00", as: case_manager}
"""
RECORD = """\
  - at: "2026-04-20T10:00:00+02:00"
    record: informed_consent.return
    as: case_manager
    with: {signed_on: 2026-04-20, decision: refuses}
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """A story's file beside the small procedure, which lapses after thirty days unless a consent is on record."""
    folder = tmp_path / "definitions"
    shutil.copytree(DEFINITIONS, folder)
    sop = folder / "sops" / "short-return.yaml"
    sop.write_text(sop.read_text(encoding="utf-8").replace(DECLINE, DECLINE + LAPSE) + GUARDS, encoding="utf-8")
    return folder / "story.yaml"


def told(story: Path, text: str) -> Report:
    story.write_text(HEAD + text, encoding="utf-8")
    return tried([story])


def untried(covered: Covered, kind: str) -> set[str]:
    return {one.name for one in covered.uncovered if one.kind == kind}


def test_what_falls_due_comes_round_and_counts(story):
    """After thirty days the system closes the case: its action is taken, what it asks was met, its safeguard happened."""
    report = told(
        story, 'events:\n  - {at: "2026-04-10T09:00:00+02:00", sweep: true}\n  - {expect: {outcome: declined}}\n'
    )
    (covered,) = report.covered

    assert [one.message for result in report.results for one in result.found] == []
    assert "lapse" not in untried(covered, "actions")
    assert "lapse" not in untried(covered, "requirements met")
    assert "lapse" in untried(covered, "requirements unmet")
    assert {"lapse-without-consent", "told-before-closing"}.isdisjoint(untried(covered, "safeguards happened"))
    assert report.results[0].way == (("counselling", "lapse"),)


def test_a_timed_action_that_waits_is_tried_again(story):
    """It can't be taken while no consent is on record; within the hour after the record it is."""
    path = story.parent / "sops" / "short-return.yaml"
    asked = "none_of: [{form: informed_consent.return, or_absent: true}]"
    path.write_text(
        path.read_text(encoding="utf-8").replace(asked, "any_of: [{form: informed_consent.return}]"), encoding="utf-8"
    )
    report = told(
        story,
        'events:\n  - {at: "2026-04-20T09:00:00+02:00", sweep: true}\n  - {expect: {steps: [counselling]}}\n'
        + RECORD + '  - {at: "2026-04-20T11:00:00+02:00", sweep: true}\n  - {expect: {outcome: declined}}\n',
    )  # fmt: skip

    assert [one.message for result in report.results for one in result.found] == []


def test_nothing_falls_due_in_a_story_that_tells_all(story):
    """`as_told`: thirty days pass and nothing happens, until the story lets the system act; too early is refused."""
    report = told(
        story,
        "falls_due: as_told\nevents:\n"
        '  - {at: "2026-03-20T09:00:00+01:00", fire: lapse, step: counselling, refused: too_early}\n'
        '  - {at: "2026-04-20T09:00:00+02:00", ack: counselling, as: case_manager}\n'
        "  - {expect: {steps: [counselling], heard: {case_manager: [your_turn]}}}\n"
        '  - {at: "2026-04-20T09:30:00+02:00", fire: lapse, step: counselling}\n'
        "  - {expect: {outcome: declined}}\n",
    )

    assert [one.message for result in report.results for one in result.found] == []


def test_what_is_tried_and_refused_counts_for_the_safeguard(story):
    """Somebody tried to decline where it is not open: the safeguard that forbids it was put to the test."""
    report = told(
        story,
        'events:\n  - {at: "2026-03-03T09:00:00+01:00", act: decline, as: case_manager}\n'
        '  - {at: "2026-03-03T10:00:00+01:00", act: decline, as: case_manager, refused: closed}\n',
    )
    (covered,) = report.covered

    assert report.passed
    assert "never-declined" not in untried(covered, "safeguards refused")
    assert "decline" not in untried(covered, "actions")
    assert untried(covered, "steps") >= {"assessment", "departed", "closed_returned", "closed_stays"}
