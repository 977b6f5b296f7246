"""Findings as SARIF 2.1.0: what readers of that form rely on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from cli.sarif import sarif
from engine.analysis.model_check import Budget
from engine.application.procedures import Checked, check, proved
from engine.settings import DEFINITIONS
from tests.conftest import missing

BAD = Path(__file__).parents[1] / "definitions"

SCHEMA = Path(__file__).parents[1] / "editor/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"


@pytest.fixture(scope="module")
def standard() -> jsonschema.Draft4Validator:
    """The schema that the standard publishes."""
    if not SCHEMA.is_file():
        missing("the SARIF schema (npm ci --prefix tests/editor)")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.fixture(scope="module")
def unsafe(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The small procedure with a broken safeguard, one that protects nothing, and one that holds."""
    folder = tmp_path_factory.mktemp("unsafe")
    shutil.copytree(BAD, folder, dirs_exist_ok=True)
    file = folder / "sops" / "short-return.yaml"
    asked = (
        "          - {form: risk_matrix.joint, where: {decision: [favourable, conditional]}, not_older_than: 30 days}\n"
    )
    added = "  - {id: nothing, never: withdraw_consent, while: {at: [departed], phases: [decision]}}\n"
    file.write_text(file.read_text(encoding="utf-8").replace(asked, "") + added, encoding="utf-8")
    (checked,) = check(file)
    return proved(checked)


def findings() -> list[Checked]:
    return [one for path in sorted((BAD / "bad").glob("*.yaml")) for one in check(path)]


def test_the_log_has_the_form_that_the_standard_asks(standard, unsafe):
    """Every finding of every bad file, and verdicts of safeguards: no key is unknown to the published schema."""
    log = json.loads(json.dumps(sarif([*findings(), unsafe], BAD)))

    assert [f"{error.json_path}: {error.message}" for error in standard.iter_errors(log)] == []


def test_every_finding_is_a_result_of_its_rule():
    """Each rule is described in words, whatever the code."""
    checked = findings()

    log = json.loads(json.dumps(sarif(checked, BAD)))

    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    found = [one for file in checked for one in file.found]
    assert len(run["results"]) == len(found) > 90
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one.code for one in found]
    assert [rule["id"] for rule in rules if rule["shortDescription"]["text"] == rule["id"]] == []


def test_a_finding_points_to_its_line_in_a_relative_file():
    """The columns are those of the caret; the end is the one after the last character."""
    (checked,) = check(BAD / "bad" / "yaml_tab.yaml")

    result = sarif([checked], BAD)["runs"][0]["results"][0]

    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "bad/yaml_tab.yaml"
    assert place["region"] == {"startLine": 12, "startColumn": 1, "endColumn": 2}
    assert result["level"] == "error"
    assert result["message"]["text"].endswith("indent with plain spaces, two for each level")


@pytest.mark.parametrize(
    ("folder", "uri"), [("a folder, é", "a%20folder%2C%20%C3%A9/yaml_tab.yaml"), ("..", "file:///")]
)
def test_a_name_is_written_as_an_address(tmp_path, folder, uri):
    """Blanks and letters of all languages; a file elsewhere is named in full."""
    root = tmp_path / "root"
    root.mkdir()
    place = root / folder
    place.mkdir(exist_ok=True)
    path = shutil.copy(BAD / "bad" / "yaml_tab.yaml", place)

    (result,) = sarif(check(Path(path)), root)["runs"][0]["results"]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith(uri)


def test_a_broken_safeguard_carries_its_path(unsafe):
    """Each move in people's words, in order, at the line of its action or form; and where it could be stopped by what."""
    run = sarif([unsafe], unsafe.path.parent)["runs"][0]
    (result,) = [one for one in run["results"] if one["ruleId"] == "SOP501"]
    lines = unsafe.path.read_text(encoding="utf-8").splitlines()
    (flow,) = result["codeFlows"]
    (thread,) = flow["threadFlows"]
    steps = thread["locations"]

    assert result["properties"]["safeguard"] == "risk-before-departure"
    assert result["level"] == "error"
    assert flow["message"]["text"] == "The shortest path to the harm"
    assert [one["executionOrder"] for one in steps] == list(range(1, len(steps) + 1))
    said = [
        (
            one["location"]["message"]["text"],
            lines[one["location"]["physicalLocation"]["region"]["startLine"] - 1].strip(),
        )
        for one in steps
    ]
    assert said[0][0].startswith("day 0   The case begins at")
    assert said[-1] == ("day 0   Return operator: depart (depart, at “Assessment and preparation”)", "depart:")
    assert any("records" in text and line.startswith("forms:") for text, line in said)
    assert {one["location"]["physicalLocation"]["artifactLocation"]["uri"] for one in steps} == {unsafe.path.name}
    (stop,) = result["relatedLocations"]
    assert stop["message"]["text"].startswith("It could be stopped here. What would stop it:")
    assert lines[stop["physicalLocation"]["region"]["startLine"] - 1].strip() == "depart:"


def test_a_safeguard_that_protects_nothing_is_a_result_without_a_path(unsafe):
    """It stands at its own line; one that holds is no result."""
    run = sarif([unsafe], unsafe.path.parent)["runs"][0]
    verdicts = {one["properties"]["safeguard"]: one for one in run["results"] if "properties" in one}

    assert set(verdicts) == {"risk-before-departure", "nothing"}
    assert verdicts["nothing"]["ruleId"] == "SOP503"
    assert verdicts["nothing"]["partialFingerprints"] == {"safeguard/v1": "short-return:nothing"}
    assert "codeFlows" not in verdicts["nothing"]


def test_a_safeguard_that_could_not_be_decided_is_an_error(unsafe):
    """A host that hides what is open would let it pass for a yes."""
    undecided = proved(replace(unsafe, proofs=()), Budget(states=1, seconds=0.0))

    results = sarif([undecided], unsafe.path.parent)["runs"][0]["results"]

    levels = {one["level"] for one in results if one["ruleId"] == "SOP502"}
    assert levels == {"error"}
    assert all("kind" not in one for one in results)


def test_further_places_of_a_cause_are_related(tmp_path):
    """A step that was renamed in one place only is one result, with all its places."""
    shutil.copytree(BAD, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "sops" / "short-return.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("\n  departed:\n", "\n  away:\n"), encoding="utf-8")

    (result,) = sarif(check(file), tmp_path)["runs"][0]["results"]

    assert len(result["relatedLocations"]) == 2
    assert {one["message"]["text"] for one in result["relatedLocations"]} == {"Here too"}


def test_a_sound_folder_has_a_run_without_results():
    """So that a host closes what it had found before."""
    (run,) = sarif(check(DEFINITIONS), DEFINITIONS)["runs"]

    assert [one for one in run["results"] if one["level"] == "error"] == []
    assert run["tool"]["driver"]["name"] == "passerelle"
