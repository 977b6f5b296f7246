"""The JSON Schema of SOP and form files, made from the models, for editors that complete and underline while one writes.

It describes files as written: short forms (`forms: [intake]`, `by: any`, one word where a list may stand) are allowed beside the
long ones, and a reader of YAML that makes numbers or truth values of scalars is not contradicted.
"""

from __future__ import annotations

from typing import Any, Final

from engine.forms.model import Form
from engine.sop.model import Sop

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_SHORT: Final = {"FormEntry": {"type": "string"}, "Tell": {"type": "string"}, "Rung": {"type": "string"}}
"""Definitions that may also be written as one word or phrase."""


def sop_schema() -> dict[str, Any]:
    """Return the JSON Schema of SOP files; `extends` files may leave out what they take from their base."""
    schema = _as_written(Sop.model_json_schema(by_alias=True))
    full = {key: schema.pop(key) for key in ("required",) if key in schema}
    schema["properties"]["extends"] = {"type": "string", "description": "The procedure this one is built upon"}
    return {"$schema": DIALECT, **schema, "if": {"not": {"required": ["extends"]}}, "then": full}


def form_schema() -> dict[str, Any]:
    """Return the JSON Schema of form files."""
    return {"$schema": DIALECT, **_as_written(Form.model_json_schema(by_alias=True))}


def _as_written(schema: dict[str, Any]) -> dict[str, Any]:
    for name, short in _SHORT.items():
        known = schema.get("$defs", {}).get(name)
        if known is not None:
            schema["$defs"][name] = {"anyOf": [short, known]}
    loosened: dict[str, Any] = _loosened(schema)
    return loosened


def _loosened(node: Any) -> Any:
    """Let one word stand for a list of words, and written numbers and truth values for texts and the other way round."""
    if isinstance(node, list):
        return [_loosened(one) for one in node]
    if not isinstance(node, dict):
        return node
    node = {key: _loosened(value) for key, value in node.items()}
    kind = node.get("type")
    if kind == "array":
        items = node.get("items")
        return {"anyOf": [node, items]} if items else node
    if kind == "boolean":
        return {**node, "type": ["boolean", "string"], "enum": [True, False, "true", "false"]}
    if kind in ("integer", "number"):
        return {**node, "type": [kind, "string"]}
    if kind == "string" and "pattern" not in node and "enum" not in node and "const" not in node:
        return {**node, "type": ["string", "number", "boolean"]}
    return node
