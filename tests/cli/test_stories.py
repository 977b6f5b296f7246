"""`sop test`, and what `sop check` and `sop draw` make of a path: as a designer uses them on the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHORT = "tests/definitions/sops/short-return.yaml"
CARD = "#b3125a"
"""The colour of a path."""

NUMBERED = {
    "svg": "here this right is broken: consent-before-departure",
    "mmd": "1. request return",
    "dot": "1. request return",
    "bpmn": "Counselling on all options (1)",
}
"""How each format says that the first action of a path is taken at the first step."""

GOES = """\
scenario: goes
title: {en: Goes as it is told, fr: Se passe comme prévu}
sop: short-return
procedure: PROCEDURE
from: FR
to: AL
launch: {at: "2026-03-02T09:00:00+01:00", as: case_manager}
events:
  - {at: "2026-03-02T10:00:00+01:00", act: request_return, as: case_manager, refused: requirements, because: [Consent to return]}
  - at: "2026-03-02T11:00:00+01:00"
    record: informed_consent.return
    as: case_manager
    with: {signed_on: 2026-03-02, decision: consents}
  - {at: "2026-03-02T12:00:00+01:00", act: request_return, as: case_manager}
  - {at: "2026-03-02T13:00:00+01:00", act: depart, as: return_operator, refused: requirements}
  - {at: "2026-03-02T14:00:00+01:00", act: withdraw_consent, as: case_manager}
  - {expect: {steps: [closed_stays], outcome: stays, withheld: []}}
"""


@pytest.fixture(scope="module")
def passerelle():
    """Run the command as a process; returns exit code, stdout and stderr."""
    environment = {**os.environ, "PASSERELLE_DATA_DIR": "/nonexistent", "PYTHONPATH": str(ROOT), "COLUMNS": "160"}

    def run(*words: str | Path) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "cli.main", "sop", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=300)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def goes(tmp_path: Path) -> Path:
    path = tmp_path / "goes.yaml"
    path.write_text(GOES.replace("PROCEDURE", os.path.relpath(ROOT / SHORT, tmp_path)), encoding="utf-8")
    return path


def test_a_story_that_goes_as_told_passes(passerelle, goes):
    """Exit code 0; what the story tries of the procedure is counted, and the rest listed with its line."""
    code, said, _ = passerelle("test", goes)

    assert code == 0
    assert "✓ goes (6 events)" in said
    assert re.findall(r"^(\d+) +(\d+) +(\w[\w ]*?) *$", said, re.MULTILINE) == [
        ("5", "11", "steps"), ("2", "9", "actions"), ("2", "6", "requirements met"), ("3", "6", "requirements unmet"),
        ("1", "4", "safeguards happened"), ("2", "2", "safeguards refused"),
    ]  # fmt: skip
    lines = (ROOT / SHORT).read_text(encoding="utf-8").split("\n")
    departed = lines.index("  departed:") + 1
    assert f'short-return.yaml:{departed}: step "departed" is never entered' in said


def test_programs_read_what_came_of_it(passerelle, goes):
    """Each story with its diagnostics, and the coverage with what is not tried."""
    goes.write_text(goes.read_text(encoding="utf-8").replace("outcome: stays", "outcome: returned"), encoding="utf-8")
    code, said, _ = passerelle("test", goes, "--json")
    told = json.loads(said)
    (story,), (coverage,) = told["stories"], told["coverage"]

    assert code == 1
    assert told["passed"] is story["passed"] is False
    assert story["events"] == 5
    assert [(one["code"], one["message"], one["line"]) for one in story["diagnostics"]] == [
        ("SCN201", "the outcome is stays; the story says: returned", 17)
    ]
    assert coverage["tried"]["steps"] == {"tried": 5, "of": 11}
    assert ("steps", "departed") in {(one["kind"], one["name"]) for one in coverage["untried"]}


def test_what_is_not_there_is_wrong_use(passerelle, tmp_path):
    code, said, told = passerelle("test", tmp_path / "nowhere.yaml")

    assert (code, said) == (2, "")
    assert "There is no file or folder" in told


@pytest.mark.parametrize("form", ["informed_consent.return", "risk_matrix.joint"])
def test_a_right_taken_out_is_shown_kept_drawn_and_barred_again(form, passerelle, tmp_path):
    """Consent to return or joint decision out of the adult procedure: exit code 1; path, line, story and picture."""
    folder = tmp_path / "definitions"
    shutil.copytree(ROOT / "sop_definitions", folder)
    path = folder / "sops" / "adult-return.yaml"
    sound = path.read_text(encoding="utf-8")
    steps, safeguards = sound.split("\nsafeguards:", 1)
    asked = re.compile(rf"^ +- (\{{any_of: \[)?\{{form: {re.escape(form)}, where: .*\n", re.MULTILINE)
    without = re.sub(r"^ +requires:\n(?! +- )", "", asked.sub("", steps), flags=re.MULTILINE)
    path.write_text(without + "\nsafeguards:" + safeguards, encoding="utf-8")

    code, said, _ = passerelle("check", path, "--save", tmp_path / "stories", "--draw", tmp_path / "pictures")
    stories = sorted((tmp_path / "stories").glob("*.yaml"))
    pictures = sorted((tmp_path / "pictures").glob("*.svg"))
    shown, _, _ = passerelle("test", tmp_path / "stories")
    path.write_text(sound, encoding="utf-8")
    barred, told, _ = passerelle("test", tmp_path / "stories")

    assert asked.search(steps)
    assert code == 1
    assert "is broken [SOP501]" in said
    assert re.search("The shortest (found )?path to it:", said)
    assert re.search(rf"It could be stopped at {re.escape(str(path))}:\d+:7 \(depart\)", said)
    assert f"What would stop it: - {{form: {form}" in said
    assert stories
    assert [one.stem for one in stories] == [one.stem for one in pictures]
    assert all(CARD in one.read_text(encoding="utf-8") for one in pictures)
    assert (shown, barred) == (1, 0)
    assert told.count("barred at") == len(stories)


@pytest.mark.parametrize(
    ("ending", "sign"), [("svg", CARD), ("mmd", "class "), ("dot", CARD), ("bpmn", f'bioc:stroke="{CARD}"')]
)
def test_a_story_is_drawn(passerelle, goes, tmp_path, ending, sign):
    """The way that it goes, in each format that can show it."""
    picture = tmp_path / f"goes.{ending}"
    code, _, told = passerelle("draw", SHORT, "--story", goes, "-o", picture)

    assert (code, told) == (0, "")
    assert sign in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["svg", "mmd", "dot", "bpmn"])
def test_a_harm_is_drawn(passerelle, tmp_path, ending):
    """The path on which a safeguard is broken; where it holds there is none to draw."""
    broken = tmp_path / "sops" / "short-return.yaml"
    shutil.copytree(ROOT / "tests/definitions", tmp_path, dirs_exist_ok=True)
    text = broken.read_text(encoding="utf-8")
    asked = "          - {form: informed_consent.return, where: {decision: consents}}\n          - {form: risk"
    broken.write_text(text.replace(asked, "          - {form: risk"), encoding="utf-8")
    picture = tmp_path / f"harm.{ending}"
    code, *_ = passerelle("draw", broken, "--harm", "consent-before-departure", "-o", picture)
    refused, _, told = passerelle(
        "draw", SHORT, "--harm", "consent-before-departure", "-o", tmp_path / f"none.{ending}"
    )

    assert text.count(asked) == 1
    assert code == 0
    assert NUMBERED[ending] in picture.read_text(encoding="utf-8")
    assert refused == 1
    assert "There is no path" in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--harm", "consent-before"], 2, 'did you mean "consent-before-departure"'),
        (["--story", "tests/scenarios/bad/shape.yaml"], 1, "it can't be played"),
        (["--story", "tests/scenarios/support-goes-on.yaml"], 2, 'is played on "adult-return"'),
        (["--harm", "consent-before-departure", "--cases"], 2, "one picture shows one of them"),
        (["--harm", "consent-before-departure", "--format", "scxml"], 2, "scxml holds the procedure alone"),
    ],
)
def test_what_cannot_be_drawn_is_said(passerelle, words, code, said):
    done, _, told = passerelle("draw", SHORT, *words)

    assert done == code
    assert said in told


def test_the_schema_of_each_kind_of_file(passerelle):
    """For editors; a kind there is not is wrong use."""
    titles = [json.loads(passerelle("schema", "--kind", kind)[1])["title"] for kind in ("sop", "form", "scenario")]

    assert titles == ["A standard operating procedure", "A form", "A story of one case"]
    assert passerelle("schema", "--kind", "actor")[0] == 2


def test_help_shows_an_example(passerelle):
    code, said, _ = passerelle("test", "--help")

    assert code == 0
    assert "passerelle sop test sop_definitions/scenarios" in said
