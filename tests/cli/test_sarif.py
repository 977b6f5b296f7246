"""Findings as SARIF 2.1.0: what readers of that form rely on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from cli.sarif import sarif
from engine.application.procedures import Checked, check
from engine.settings import DEFINITIONS

BAD = Path(__file__).parents[1] / "definitions"

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
POSITIVE = {"type": "integer", "minimum": 1}
ESSENTIALS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["version", "$schema", "runs"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "pattern": "sarif-schema-2.1.0.json$"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": TEXT,
                                                "fullDescription": TEXT,
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": TEXT,
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "type": "object",
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "type": "object",
                                                        "required": ["uri"],
                                                        "properties": {
                                                            "uri": {"type": "string", "format": "uri-reference"}
                                                        },
                                                    },
                                                    "region": {
                                                        "type": "object",
                                                        "required": ["startLine"],
                                                        "properties": {
                                                            "startLine": POSITIVE,
                                                            "startColumn": POSITIVE,
                                                            "endColumn": POSITIVE,
                                                        },
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What the published schema asks of the parts that we write; no key of ours is unknown to it."""


def findings() -> list[Checked]:
    return [one for path in sorted((BAD / "bad").glob("*.yaml")) for one in check(path)]


def test_the_log_has_the_form_that_the_standard_asks():
    """Every finding of every bad file, its rule, level and place."""
    checked = findings()

    log = json.loads(json.dumps(sarif(checked, BAD)))

    jsonschema.Draft202012Validator(ESSENTIALS, format_checker=jsonschema.FormatChecker()).validate(log)
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


def test_a_sound_folder_has_a_run_without_results():
    """So that a host closes what it had found before."""
    (run,) = sarif(check(DEFINITIONS), DEFINITIONS)["runs"]

    assert [one for one in run["results"] if one["level"] == "error"] == []
    assert run["tool"]["driver"]["name"] == "passerelle"
