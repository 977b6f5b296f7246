"""The JSON Schema of SOP and form files, made from the models, for editors that complete and underline while one writes.

It describes files as written: short forms (`forms: [intake]`, `by: any`, one word where a list may stand) beside the long ones;
a reader of YAML that makes numbers or truth values of scalars is not contradicted. A file that `extends` another may leave out
anything, and may `remove: true`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel

from engine.forms.model import Form
from engine.sop.keys import keys_of, models_in
from engine.sop.model import Sop

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_REMOVED: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"remove": {"enum": [True, "true"]}},
    "required": ["remove"],
    "additionalProperties": False,
    "description": "Deletes it from what is taken over",
}


def sop_schema() -> dict[str, Any]:
    """Return the JSON Schema of SOP files, whole ones and those that extend another."""
    whole, parts = _as_written(Sop)
    variants: dict[str, Any] = {}
    variant = _variant(whole, parts, variants)
    variant["properties"]["extends"] = {
        **whole["properties"]["sop"],
        "title": "extends (variant)",
        "description": "The procedure this one is built upon",
        "examples": ["adult-return"],
    }
    variant["required"] = ["sop", "extends"]
    for key in ("sop", "version"):
        variant["properties"][key] = whole["properties"][key]
    entries = {"anyOf": [_variant({"$ref": "#/$defs/Safeguard"}, parts, variants), {"$ref": "#/$defs/SafeguardUse"}]}
    variant["properties"]["safeguards"] = {**whole["properties"]["safeguards"], "items": entries}
    return {
        "$schema": DIALECT,
        "title": "A standard operating procedure",
        "if": {"required": ["extends"]},
        "then": {"$ref": "#/$defs/Variant"},
        "else": {"$ref": "#/$defs/Sop"},
        "$defs": {"Sop": whole, "Variant": variant, "Removed": _REMOVED, **parts, **variants},
    }


def form_schema() -> dict[str, Any]:
    """Return the JSON Schema of form files."""
    whole, parts = _as_written(Form)
    return {"$schema": DIALECT, **whole, "title": "A form", "$defs": parts}


SCHEMAS: Final[dict[str, Callable[[], dict[str, Any]]]] = {"sop": sop_schema, "form": form_schema}
"""What is written of each sort of file: its name, and the schema."""


def _as_written(model: type[BaseModel]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of a model, and those of the models in it by name."""
    schema: dict[str, Any] = _loosened(model.model_json_schema(by_alias=True))
    parts: dict[str, Any] = schema.pop("$defs")
    models = {one.__name__: one for one in models_in(model)}
    for name, part in {**parts, model.__name__: schema}.items():
        if name in models:
            _explain(part, models[name])
    return schema, parts


def _explain(part: dict[str, Any], model: type[BaseModel]) -> None:
    """Put beside each key what an editor shows of it: a title and an example."""
    written = next((one for one in part.get("anyOf", ()) if "properties" in one), part)
    keys = {one.name: one for one in keys_of(model)}
    for name, schema in written["properties"].items():
        written["properties"][name] = {"title": keys[name].title, **schema, "examples": [keys[name].example]}


def _loosened(node: Any) -> Any:
    """Let written numbers and truth values stand for texts and the other way round; close what names alone may open."""
    if isinstance(node, list):
        return [_loosened(one) for one in node]
    if not isinstance(node, dict):
        return node
    node = {key: _loosened(value) for key, value in node.items() if not (key == "default" and value is None)}
    if isinstance(node.get("title"), str):
        del node["title"]
    match node.get("type"):
        case "boolean":
            return {**node, "type": ["boolean", "string"], "enum": [True, False, "true", "false"]}
        case "integer":
            return {**node, "type": ["integer", "string"], "pattern": r"^-?\d+$"}
        case "number":
            return {**node, "type": ["number", "string"], "pattern": r"^-?\d+(\.\d+)?$"}
        case "string" if not node.keys() & {"pattern", "enum", "const"}:
            return {**node, "type": ["string", "number", "boolean"]}
        case "object" if "patternProperties" in node:
            return {**node, "additionalProperties": False}
    return node


def _variant(node: dict[str, Any], parts: dict[str, Any], variants: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of what is merged by key: nothing is required, and each key may be removed. Lists replace, so they stay."""
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        if "enum" in parts[name]:
            return node
        other = f"{name}InVariant"
        if other not in variants:
            variants[other] = {}  # a step holds strands, and they hold steps
            variants[other] = _variant(parts[name], parts, variants)
        return {**node, "$ref": f"#/$defs/{other}"}
    free = {key: value for key, value in node.items() if key not in ("required", "minProperties")}
    for key in ("anyOf", "oneOf"):
        if key in node:
            free[key] = [_variant(one, parts, variants) for one in node[key]]
    for key in ("properties", "patternProperties"):
        if key in node:
            free[key] = {name: _or_removed(_variant(one, parts, variants)) for name, one in node[key].items()}
    return free


def _or_removed(schema: dict[str, Any]) -> dict[str, Any]:
    shown = ("title", "description", "default", "examples")
    about: dict[str, Any] = {key: schema[key] for key in shown if key in schema}
    return {**about, "anyOf": [schema, {"$ref": "#/$defs/Removed"}]}
