"""file -> actors, or all its diagnostics in one run: `actors:` and a list of desks.

A message of a diagnostic repeats no name and no address; only the drawing for the terminal shows the line itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from engine.actors.model import Actor, Way
from engine.diagnostics import Diagnostic, Place, did_you_mean, in_order
from engine.errors import UnknownName, WrongUse
from engine.source import Marks, Path, read, split_lines

CODES: Final = {
    "ACT100": "the file can't be opened, or holds no list of desks",
    "ACT101": "a key that a desk does not have",
    "ACT102": "a key that must be there is missing",
    "ACT103": "a value is not written as it must be",
    "ACT104": "two desks have the same id",
}

_SAID: Final = {
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "model_type": "must be a mapping of keys and values",
    "too_short": "is empty",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "enum": "is none of the words there are",
    "string_pattern_mismatch": "is not written as it must be",
}


def load_actors(path: File) -> tuple[Actor, ...]:
    """Read the desks of one YAML file.

    Raises:
        UnknownName: there is no such file.
        WrongUse: the file can't be read or a desk in it is wrong; `details` draws each fault at its place.
    """
    if not path.is_file():
        raise UnknownName(f'There is no file "{path}".')
    actors, found, lines = _read(path)
    if found:
        drawn = [one.draw(lines[one.place.line - 1] if one.place.line <= len(lines) else "") for one in found]
        raise WrongUse(f"{path} holds desks that can't be used", drawn, code="wrong_desks")
    return actors


def check_actors(path: File) -> list[Diagnostic]:
    """Return all that is wrong with a file of desks."""
    return _read(path)[1]


def _read(path: File) -> tuple[tuple[Actor, ...], list[Diagnostic], tuple[str, ...]]:
    name = str(path)
    try:
        text = path.read_bytes()
    except OSError as why:
        return (), [Diagnostic("ACT100", f"the file can't be opened: {why.strerror}", Place(name))], ()
    lines = split_lines(text.decode("utf-8-sig", "replace"))
    source, found = read(text, name)
    if source is None:
        return (), in_order(found), lines
    listed = source.value.get("actors") if isinstance(source.value, dict) else None
    if not isinstance(source.value, dict) or not isinstance(listed, list):
        head = Diagnostic(
            "ACT100", "the file holds no list of desks", source.marks.value(()), "it begins with `actors:`"
        )
        return (), in_order([*found, head]), lines
    for key in source.value.keys() - {"actors"}:
        found.append(Diagnostic("ACT101", f'unknown key "{key}"', source.marks.key((key,)), "keys: actors"))
    actors: dict[str, Actor] = {}
    for number, entry in enumerate(listed):
        try:
            actor = Actor.model_validate(entry)
        except ValidationError as why:
            found += _told(why, ("actors", number), source.marks)
            continue
        if actor.id in actors:
            at = source.marks.value(("actors", number, "id"))
            found.append(Diagnostic("ACT104", f'"{actor.id}" stands twice', at, "give each desk an id of its own"))
        actors[actor.id] = actor
    return tuple(actors.values()), in_order(found), lines


def _told(refused: ValidationError, desk: Path, marks: Marks) -> Iterator[Diagnostic]:
    for error in refused.errors(include_input=False, include_url=False, include_context=False):
        path: Path = (*desk, *error["loc"])
        key = str(path[-1])
        fields: Mapping[str, Any] = _model_at(error["loc"]).model_fields
        if error["type"] == "extra_forbidden":
            yield Diagnostic("ACT101", f'unknown key "{key}"', marks.key(path), did_you_mean(key, list(fields), "keys"))
        elif error["type"] == "missing":
            hint = f'add "{key}: …" ({fields[key].description})'
            yield Diagnostic("ACT102", f'"{key}" is missing', marks.value(path[:-1]), hint)
        else:
            said = _SAID.get(error["type"], error["msg"].removeprefix("Value error, "))
            what = next((step for step in reversed(error["loc"]) if isinstance(step, str)), "this desk")
            hint = fields[what].description if what in fields else ""
            message = said if error["type"] == "value_error" else f'"{what}" {said}'
            yield Diagnostic("ACT103", message, marks.value(path), hint or "")


def _model_at(loc: tuple[str | int, ...]) -> type[BaseModel]:
    """Return the model whose key is wrong: a way to reach a desk, or the desk."""
    return Way if len(loc) > 2 and loc[0] == "channels" else Actor
