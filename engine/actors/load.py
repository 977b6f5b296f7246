"""Actors from a file of desks: `actors:` and a list, each checked, all faults at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.actors.model import Actor
from engine.errors import WrongUse
from engine.source import read


def load_actors(path: Path) -> tuple[Actor, ...]:
    """Read the desks of one YAML file.

    Raises:
        WrongUse: the file can't be read or a desk in it is wrong; `details` names each fault with its line.
    """
    try:
        text = path.read_bytes()
    except OSError as why:
        raise WrongUse(f"{path} can't be read: {why.strerror}") from None
    source, found = read(text, str(path))
    if source is None or found:
        raise WrongUse(f"{path} is not well-formed", [f"{one.place.line}: {one.message}" for one in found])
    listed = source.value.get("actors") if isinstance(source.value, dict) else None
    if not isinstance(listed, list):
        raise WrongUse(f"{path} has no list of actors: it begins with `actors:`")
    actors: list[Actor] = []
    faults: list[str] = []
    for number, one in enumerate(listed):
        line = source.marks.value(("actors", number)).line
        try:
            actors.append(Actor.model_validate(one))
        except ValidationError as why:
            faults += [f"line {line}: {_said(error)}" for error in why.errors(include_input=False, include_url=False)]
    names = [actor.id for actor in actors]
    faults += [f'"{name}" stands twice' for name in sorted({name for name in names if names.count(name) > 1})]
    if faults:
        raise WrongUse(f"{path} holds desks that can't be used", faults)
    return tuple(actors)


def _said(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg'].removeprefix('Value error, ')}" if where else error["msg"]
