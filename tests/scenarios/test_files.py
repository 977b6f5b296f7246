"""Scenario files as designers write them: each bad one beside exactly what `passerelle sop test` says of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
import yaml

from engine.application.procedures import drawn
from engine.application.scenarios.__main__ import reference
from engine.application.scenarios.load import load_story
from engine.application.scenarios.schema import scenario_schema
from engine.errors import UnknownName, WrongUse
from engine.settings import DEFINITIONS
from passerelle.scenarios import read_story, tried

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yaml"))
STORIES = sorted([*HERE.glob("*.yaml"), *(DEFINITIONS / "scenarios").glob("*.yaml")])
SCHEMA = jsonschema.Draft202012Validator(scenario_schema())
DESKS = """\
actors:
  - {id: fr-worker, name: SAMPLE worker, country: FR, roles: [case_manager], channels: [{kind: mail, address: a@example.org}]}
  - {id: fr-operator, name: SAMPLE desk, country: FR, roles: [return_operator], channels: [{kind: mail, address: b@example.org}]}
  - {id: al-worker, name: SAMPLE worker, country: AL, roles: [receiving_worker], channels: [{kind: mail, address: c@example.org}]}
"""
LAUNCH = """\
scenario: made-up
title: {en: Made up, fr: Inventé}
sop: adult-return
from: FR
to: AL
launch: {at: "2026-03-02T09:00:00+01:00", as: first_contact}
"""


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    """The small procedure with a file of desks, and room for stories."""
    folder = Path(shutil.copytree(Path(__file__).parents[1] / "definitions", tmp_path / "definitions"))
    (folder / "scenarios").mkdir()
    (folder / "actors").mkdir()
    (folder / "actors" / "small.yaml").write_text(DESKS, encoding="utf-8")
    return folder


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_story_is_told_all_its_faults(path, definitions, monkeypatch):
    """Place, caret, code, words and hint are what stands in the `.out` file beside it, to the letter."""
    shutil.copy(path, definitions / "scenarios")
    monkeypatch.chdir(definitions / "scenarios")
    (result,) = tried([Path(path.name)]).results
    said = "".join(f"{block}\n\n" for block in drawn(result.found))

    assert not result.passed
    assert said == path.with_suffix(".out").read_text(encoding="utf-8")


def test_every_expectation_belongs_to_a_story():
    """No `.out` is left behind when its file goes."""
    assert sorted((HERE / "bad").glob("*.out")) == [path.with_suffix(".out") for path in BAD]


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
@pytest.mark.parametrize("loader", [yaml.BaseLoader, yaml.SafeLoader])
def test_an_editor_underlines_nothing_in_a_sound_story(path, loader):
    """The JSON Schema takes every story of the house, whether the editor reads YAML's numbers and dates or leaves them texts."""
    written = json.loads(json.dumps(yaml.load(path.read_text(encoding="utf-8"), loader), default=str))

    assert [one.message for one in SCHEMA.iter_errors(written)] == []


def test_an_editor_underlines_a_wrong_key():
    written = yaml.load((HERE / "bad" / "shape.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)

    assert any("lauch" in one.message for one in SCHEMA.iter_errors(written))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("like: other", "`like` says up to when: `until`"),
        ('like: other\nuntil: "2026-03-03T09:00:00+01:00"\nsop: adult-return', "has its sop from it"),
        ("sop: adult-return\nfrom: FR", "needs to, launch"),
    ],
)
def test_a_story_begins_somewhere(tmp_path, head, said):
    """By itself it names procedure, countries and launch; like another one it has them from there."""
    path = tmp_path / "story.yaml"
    path.write_text(f"scenario: story\ntitle: {{en: Story}}\n{head}\n", encoding="utf-8")

    story, found = load_story(path)

    assert story is None
    assert said in found[0].message


def test_a_role_stands_for_whoever_has_it(tmp_path):
    """Without files of desks each role has one, made up for the story; a role found later and a new actor too."""
    path = tmp_path / "made-up.yaml"
    path.write_text(
        LAUNCH + "events:\n"
        '  - {at: "2026-03-02T10:00:00+01:00", assign: {case_manager: case-manager-2}, as: case_manager}\n'
        '  - {at: "2026-03-02T11:00:00+01:00", ack: referral, as: case-manager, refused: not_a_party}\n'
        '  - {at: "2026-03-02T12:00:00+01:00", ack: referral, as: case_manager}\n'
        "  - {expect: {steps: [referral], heard: {first_contact: [your_turn], case-manager: [stop],"
        " case_manager: [your_turn]}}}\n",
        encoding="utf-8",
    )
    (result,) = tried([path]).results

    assert [one.message for one in result.found] == []
    assert result.played == 4


def test_what_is_not_there_is_wrong_use(tmp_path):
    """A path without a story, and a procedure that can't be read, stop the run before the first story."""
    with pytest.raises(UnknownName):
        tried([tmp_path / "nowhere"])
    with pytest.raises(UnknownName):
        tried([tmp_path])
    with pytest.raises(WrongUse):
        tried([HERE / "asylum-claim.yaml"], [HERE / "bad" / "a_procedure.yaml"])
    with pytest.raises(WrongUse):
        read_story(HERE / "bad" / "shape.yaml")


def test_a_story_on_a_procedure_with_faults_is_not_played(tmp_path):
    """It says where to look, and nothing about the story's own words."""
    (tmp_path / "broken.yaml").write_text("sop: broken\nversion: 1\n", encoding="utf-8")
    path = tmp_path / "story.yaml"
    text = LAUNCH.replace("sop: adult-return", "sop: broken\nprocedure: broken.yaml")
    path.write_text(text, encoding="utf-8")
    (result,) = tried([path]).results

    assert [one.message for one in result.found] == [
        'procedure "broken" has faults itself, so nothing can be played on it'
    ]


def test_the_page_of_keys_is_current():
    """docs/reference/scenarios.md is what the models say of themselves."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "scenarios.md"

    assert page.read_text(encoding="utf-8") == reference()


def test_the_story_of_the_guide_goes_as_it_is_told(definitions):
    """Whoever begins with it has a story that passes, on the small procedure; and the fault shown is what is told."""
    guide = (Path(__file__).parents[2] / "docs" / "howto" / "write-stories.md").read_text(encoding="utf-8")
    path = definitions / "scenarios" / "withdraws-consent.yaml"
    text = guide.partition("```yaml\n")[2].partition("```")[0]
    path.write_text(text, encoding="utf-8")
    (passed,) = tried([definitions]).results
    taken = next(line for line in text.split("\n") if "act: request_return, as: case_manager}" in line)
    path.write_text(text.replace(taken, ""), encoding="utf-8")
    (failed,) = tried([definitions]).results
    (found,) = failed.found

    assert (passed.found, passed.played) == ([], 6)
    assert f"scenarios/{path.name}:{found.place.line}:{found.place.column}: {found.message} [{found.code}]" in guide
