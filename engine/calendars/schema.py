"""The JSON Schema of calendar files, made from the model, for editors that complete and underline while one writes."""

from __future__ import annotations

from typing import Any, Final

from engine.calendars.model import CountryCalendar

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_DAY: Final = r"^\d{4}-\d{2}-\d{2}$"
_SHORT: Final = {"type": "string", "minLength": 1, "description": "the name of the day alone"}


def calendar_schema() -> dict[str, Any]:
    """Return the schema of files as written: a day may be its name alone, days are keys."""
    schema: dict[str, Any] = _without_nothing(CountryCalendar.model_json_schema())
    for section in ("holidays", "half_days", "worked_days"):
        days = schema["properties"][section]
        (each,) = days.pop("patternProperties").values()
        said = {"anyOf": [_SHORT, each]} if "$ref" in each else each
        days.update(patternProperties={_DAY: said}, additionalProperties=False)
    for part in schema["$defs"].values():
        _loosen(part)
    _loosen(schema)
    return {
        "$schema": DIALECT,
        **schema,
        "title": "The calendar of a country",
        "description": "What is free there, and when a day begins and ends",
    }


def _without_nothing(node: Any) -> Any:
    """Leave out titles made of names, and `null`: what is not known is left out of a file."""
    if isinstance(node, list):
        return [_without_nothing(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _without_nothing(value) for key, value in node.items() if key != "title" or not isinstance(value, str)}
    if kept.get("default", ...) is None:
        del kept["default"]
    choices = [one for one in kept.get("anyOf", []) if one != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = {**choices[0], **kept}
    return kept


def _loosen(part: dict[str, Any]) -> None:
    """Let a reader of YAML that makes truth values and numbers of scalars be right too."""
    for key, value in part.get("properties", {}).items():
        if value.get("type") == "boolean":
            part["properties"][key] = {**value, "type": ["boolean", "string"], "enum": [True, False, "true", "false"]}
        elif value.get("type") == "integer":
            part["properties"][key] = {**value, "type": ["integer", "string"]}
