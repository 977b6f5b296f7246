"""The JSON Schema that editors use: what the reader takes it takes, and what it can see of a fault it underlines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from engine.settings import DEFINITIONS
from engine.sop.schema import form_schema, layer_schema, safeguard_schema, sop_schema

HERE = Path(__file__).parents[1] / "definitions"
SOPS = sorted(
    [*(DEFINITIONS / "sops").glob("*.yaml"), *(HERE / "sops").glob("*.yaml"), *(HERE / "good").glob("*.yaml")]
)
SAFEGUARDS = sorted([*(DEFINITIONS / "safeguards").glob("*.yaml"), *(HERE / "safeguards").glob("*.yaml")])
FORMS = sorted([*(DEFINITIONS / "forms").glob("*.yaml"), *(HERE / "forms").glob("*.yaml")])
LAYERS = [
    *sorted((DEFINITIONS / "layers").glob("*.yaml")),
    *(HERE / "layers" / f"{name}.yaml" for name in ("al", "fr")),
]
SEEN = (
    "a_list", "extends_and_shape", "extends_removes", "lengths_of_time", "missing_keys", "names", "not_a_procedure",
    "requirement_kinds", "several_faults", "unknown_keys", "wrong_types",
)  # fmt: skip


class Core(yaml.SafeLoader):
    """Reads scalars as an editor with YAML 1.2 does: only true, false, null and numbers are no texts."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 the library's own form


for tag, pattern, first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def wrong(schema: dict[str, Any], path: Path) -> list[str]:
    written = yaml.load(path.read_text(encoding="utf-8"), Core)
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(written)]


@pytest.mark.parametrize(
    "schema",
    [sop_schema(), form_schema(), layer_schema(), safeguard_schema()],
    ids=["sop", "form", "layer", "safeguard"],
)
def test_is_a_json_schema(schema):
    """Editors refuse a schema that is none."""
    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("path", SOPS, ids=lambda path: path.stem)
def test_takes_every_procedure_that_the_reader_takes(path):
    """Short forms and long ones, whole files and variants, quoted or not."""
    assert wrong(sop_schema(), path) == []


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_takes_every_form_that_the_reader_takes(path):
    """The shipped forms and those of the tests."""
    assert wrong(form_schema(), path) == []


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_takes_every_layer_that_the_reader_takes(path):
    """A layer says but pieces, so nothing in a part is required."""
    assert wrong(layer_schema(), path) == []


def test_underlines_a_broken_layer():
    """A key that no role has, a side that has no country, a key that belongs to the procedure."""
    assert "titel" in "".join(wrong(layer_schema(), HERE / "layers" / "gr.yaml"))
    errors = list(
        Draft202012Validator(layer_schema()).iter_errors(
            {"layer": "x", "country": "FR", "side": "transit", "start": "y"}
        )
    )
    assert {error.json_path for error in errors} == {"$", "$.side"}


@pytest.mark.parametrize("path", SAFEGUARDS, ids=lambda path: path.stem)
def test_takes_every_shared_safeguard_that_the_reader_takes(path):
    """Files that are one safeguard and files of several, with placeholders wherever they may stand."""
    assert wrong(safeguard_schema(), path) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("evidence:", "evidnce:"), ("evidence: [found, known]", "evidence: hearsay"), ("    before:", "    befor:"),
        ("    since: $withdraw", "    since: {entr: somewhere}"), ("id: inv-02\n", ""), ("where: {decision:", "were: {decision:"),
        ("rule: x", "rule: good_will"), ("$withdraw\n", "$With draw\n"),
    ],
)  # fmt: skip
def test_underlines_a_broken_shared_safeguard(tmp_path, old, new):
    """Keys of the right, of its safeguards and below them; words that are none of those allowed; no placeholder."""
    text = (DEFINITIONS / "safeguards" / "inv-02.yaml").read_text(encoding="utf-8")
    text = text.replace("safeguards:", "enforced_by: [{rule: x}]\nsafeguards:", 1) if "rule" in old else text
    assert old in text
    path = tmp_path / "inv-02.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")

    assert wrong(safeguard_schema(), path) != []


@pytest.mark.parametrize("name", SEEN)
def test_underlines_a_broken_procedure(name):
    """Unknown and missing keys, wrong types, lengths and names are seen while one writes."""
    assert wrong(sop_schema(), HERE / "bad" / f"{name}.yaml") != []


def test_underlines_a_broken_form():
    """The same for forms."""
    assert wrong(form_schema(), HERE / "bad" / "form_faults.yaml") != []


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ({"destination": "FR"}, "$.destination"),
        ({"everywhere": {"stop": {"to": "stay"}}}, "$.everywhere.stop"),
        ({"roles": {"Case-Manager": {}}}, "$.roles"),
        ({"safeguards": [{"use": "one", "were": {}}]}, "$.safeguards[0]"),
    ],
)
def test_a_list_is_asked_for_where_the_reader_asks_for_one(broken, path):
    """A single word passes only where the reader lets it stand for a list of one."""
    errors = Draft202012Validator(sop_schema()).iter_errors({"sop": "x", **broken})

    assert path in {error.json_path for error in errors}


def test_every_key_that_must_be_there_says_what_it_is_for():
    """An editor shows the description beside the key that it proposes."""
    silent = [
        f"{name}.{key}"
        for name, part in sop_schema()["$defs"].items()
        if name != "Removed" and not name.endswith("InVariant")
        for key in part.get("required", ())
        if "description" not in part["properties"][key] and "$ref" not in part["properties"][key]
    ]

    assert silent == []
