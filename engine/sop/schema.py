"""The JSON Schemas of SOP, layer, form and shared safeguard files, made from the models, for editors that complete and underline.

It describes files as written: short forms (`forms: [intake]`, `by: any`, one word where a list may stand) beside the long ones;
a reader of YAML that makes numbers or truth values of scalars is not contradicted. A file that `extends` another may leave out
anything, may `remove: true`, and may lengthen a list by `{add: […]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from engine.forms.model import NAME, Form
from engine.sop.examples import EXAMPLES
from engine.sop.keys import Key, keys_of, models_in
from engine.sop.layer import MERGED_KEYS, OWN_KEYS, Layer
from engine.sop.model import Safeguard, Sop
from engine.sop.shared import Right, SharedSafeguards

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
    layer = _as_written(Layer)[0]["properties"]["layer"]
    variant["properties"]["layers"] = {
        "type": "array",
        "title": "layers (variant)",
        "examples": [["fr", "al"]],
        "items": {**layer, "description": "The id of a layer"},
        "minItems": 1,
        "description": "Country layers, laid on one after the other before this file",
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


def layer_schema() -> dict[str, Any]:
    """Return the JSON Schema of country layers: the parts of a procedure, each a piece that is merged."""
    whole, parts = _as_written(Sop)
    own, _ = _as_written(Layer)
    variants: dict[str, Any] = {}
    merged = _variant(whole, parts, variants)["properties"]
    entries = {"anyOf": [_variant({"$ref": "#/$defs/Safeguard"}, parts, variants), {"$ref": "#/$defs/SafeguardUse"}]}
    merged["safeguards"] = {**whole["properties"]["safeguards"], "items": entries}
    return {
        "$schema": DIALECT,
        "title": "A country layer",
        "type": "object",
        "properties": {
            **{key: own["properties"][key] for key in OWN_KEYS},
            **{key: merged[key] for key in MERGED_KEYS},
        },
        "required": list(OWN_KEYS),
        "additionalProperties": False,
        "$defs": {"Removed": _REMOVED, **parts, **variants},
    }


def form_schema() -> dict[str, Any]:
    """Return the JSON Schema of form files."""
    return schema_of(Form, "A form")


def safeguard_schema() -> dict[str, Any]:
    """Return the JSON Schema of shared safeguards: files that are one safeguard, and files of several."""
    stated, parts = _as_written(Safeguard)
    right, own = _as_written(Right)
    several, _ = _as_written(SharedSafeguards)
    parts = {name: _with_placeholders(part) for name, part in {**own, **parts}.items()}
    properties = _with_placeholders(stated)["properties"] | {"id": stated["properties"]["id"]}
    one = {**stated, "properties": {**right["properties"], **properties}}
    entry = {**stated, "properties": properties}
    several["properties"] = {
        **right["properties"],
        "safeguards": {**several["properties"]["safeguards"], "items": entry},
    }
    placeholder = {"type": "string", "pattern": rf"^\${NAME}$", "description": "What a procedure binds to it"}
    return {
        "$schema": DIALECT,
        "title": "A shared safeguard",
        "if": {"required": ["safeguards"]},
        "then": several,
        "else": one,
        "$defs": {**parts, "Placeholder": placeholder},
    }


def _with_placeholders(node: Any) -> Any:
    """Let a placeholder stand for any value below a key or in a list."""
    if isinstance(node, list):
        return [_with_placeholders(one) for one in node]
    if not isinstance(node, dict):
        return node
    free = {key: _with_placeholders(value) for key, value in node.items()}
    for key in ("properties", "patternProperties"):
        if isinstance(node.get(key), dict):
            free[key] = {name: _or_placeholder(one) for name, one in free[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            free[key] = _or_placeholder(free[key])
    return free


def _or_placeholder(schema: dict[str, Any]) -> dict[str, Any]:
    return {**_about(schema), "anyOf": [schema, {"$ref": "#/$defs/Placeholder"}]}


def schema_of(
    model: type[BaseModel], title: str, examples: Mapping[str, Mapping[str, str]] = EXAMPLES
) -> dict[str, Any]:
    """Return the JSON Schema of files that hold one `model`, as written; `examples` by model and key."""
    whole, parts = _as_written(model, examples)
    return {"$schema": DIALECT, **whole, "title": title, "$defs": parts}


def _as_written(
    model: type[BaseModel], examples: Mapping[str, Mapping[str, str]] = EXAMPLES
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of a model, and those of the models in it by name."""
    schema: dict[str, Any] = _loosened(model.model_json_schema(by_alias=True))
    parts: dict[str, Any] = schema.pop("$defs", {})
    models = {one.__name__: one for one in models_in(model)}
    for name, part in {**parts, model.__name__: schema}.items():
        if name in models:
            _explain(part, {key.name: key for key in keys_of(models[name], examples)})
    return schema, parts


def _explain(part: dict[str, Any], keys: Mapping[str, Key]) -> None:
    """Put beside each key what an editor shows of it: a title and an example."""
    written = next((one for one in part.get("anyOf", ()) if "properties" in one), part)
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
    """Return the schema of what is merged by key: nothing is required, and each key may be removed. A list replaces, or adds."""
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        if "enum" in parts[name]:
            return node
        other = f"{name}InVariant"
        if other not in variants:
            variants[other] = {}  # a step holds strands, and they hold steps
            variants[other] = _variant(parts[name], parts, variants)
        return {**node, "$ref": f"#/$defs/{other}"}
    if node.get("type") == "array":
        return {**_about(node), "anyOf": [node, _lengthening(node)]}
    free = {key: value for key, value in node.items() if key not in ("required", "minProperties")}
    for key in ("anyOf", "oneOf"):
        if key in node:
            free[key] = [_variant(one, parts, variants) for one in node[key]]
    for key in ("properties", "patternProperties"):
        if key in node:
            free[key] = {name: _or_removed(_variant(one, parts, variants)) for name, one in node[key].items()}
    return free


def _lengthening(array: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"add": {**array, "minItems": 1}},
        "required": ["add"],
        "additionalProperties": False,
        "description": "Adds to the list that is taken over",
    }


def _or_removed(schema: dict[str, Any]) -> dict[str, Any]:
    return {**_about(schema), "anyOf": [schema, {"$ref": "#/$defs/Removed"}]}


def _about(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: schema[key] for key in ("title", "description", "default", "examples") if key in schema}
