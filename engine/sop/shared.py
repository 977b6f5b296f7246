"""A shared safeguard as a file: one right in one wording, with its source, for every procedure that takes it up.

The file states the right in one safeguard (its keys stand beside the others) or in several (`safeguards`). `$departure` in it is a
placeholder: what it stands for is said by the procedure (`engine.sop.uses`).
Rules: docs/reference/safeguards.md, "Shared safeguards". Terms: docs/glossary.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from engine.diagnostics import Diagnostic, Place
from engine.forms.model import Bases, Definition, Name, OrOne, Title
from engine.sop.faults import validated
from engine.sop.model import Safeguard, SafeguardId
from engine.sop.rules import Rule
from engine.sop.translations import untranslated
from engine.source import Marks, Node, Source
from engine.values import Evidence, Text


class EnforcedBy(Definition):
    """A rule of the engine that enforces the right, and what it does for it."""

    rule: Rule = Field(description="One of the engine's rules")
    note: Text | None = Field(None, description="What the rule does for this right, per language")


class Right(Definition):
    """What a file says of the right that its safeguards protect."""

    id: SafeguardId = Field(description="Its name; in a file of several safeguards, that of the file")
    title: Title | None = Field(
        None, description="The right in words, per language; holds for each of its safeguards without a title"
    )
    evidence: Annotated[tuple[Evidence, ...], OrOne((str,))] = Field(
        (), description="How we came to know of it: found, known, common_practice or assumption"
    )
    basis: Bases = Field((), description="What it rests on; holds for each of its safeguards that names no other")
    enforced_by: tuple[EnforcedBy, ...] = Field((), description="Rules of the engine that enforce it")
    undecidable: Annotated[tuple[Title, ...], OrOne((dict,))] = Field(
        (), description="What of it no procedure can prove, and why, per language"
    )


class SharedSafeguards(Right):
    """A file of several safeguards."""

    safeguards: tuple[dict[Name, Any], ...] = Field(
        min_length=1, description="What must hold, each with an id of its own"
    )


@dataclass(frozen=True, slots=True)
class Shared:
    """A file of the folder safeguards/: the right, and each safeguard in it as written, by id, placeholders unbound."""

    name: str
    right: Right
    statements: dict[str, Node]
    place: Place


_OF_THE_RIGHT_ALONE: Final = Right.model_fields.keys() - Safeguard.model_fields.keys()
_UNNAMED: Final = "unnamed"


def read_shared(path: Path, source: Source) -> tuple[Shared, list[Diagnostic]]:
    """Read what stands in the file of a shared safeguard, and all its faults.

    What it asks is typed where it is taken up. A file that can't be understood holds no safeguard.
    """
    root, place = source.marks.root, Place(*source.marks.root.spot)
    if not isinstance(root.value, dict):
        message, hint = "a shared safeguard is a mapping of keys and values", "write its id, then what must hold"
        return _nothing(path, place), [Diagnostic("SOP100", message, place, hint)]
    if "use" in root.value:
        message = f'the shared safeguard "{path.stem}" takes up another, and would say nothing itself'
        return _nothing(path, place), [
            Diagnostic("SOP130", message, Place(*root.keys["use"]), "write out what must hold")
        ]
    return _several(path, root) if "safeguards" in root.value else _one(path, root)


def _nothing(path: Path, place: Place) -> Shared:
    return Shared(path.stem, Right(id=_UNNAMED), {}, place)


def _one(path: Path, root: Node) -> tuple[Shared, list[Diagnostic]]:
    """Read a file that is one safeguard; what a safeguard has too may hold placeholders, and is typed with it."""
    keys, place = _dict(root), Place(*root.spot)
    said = {key: one.plain() for key, one in keys.items() if key in _OF_THE_RIGHT_ALONE | {"id"}}
    right, found = validated(Right, said, Marks(str(path), root))
    if right is None:
        return _nothing(path, place), found
    own = {key: one for key, one in keys.items() if key not in _OF_THE_RIGHT_ALONE}
    return Shared(path.stem, right, {right.id: Node(own, root.spot, root.keys)}, place), found


def _several(path: Path, root: Node) -> tuple[Shared, list[Diagnostic]]:
    marks = Marks(str(path), root)
    right, found = validated(SharedSafeguards, root.plain(), marks)
    if right is None:
        return _nothing(path, marks.key(())), found
    found = [*found, *untranslated(right, marks)]
    if right.id != path.stem:
        message = f'the id is "{right.id}", and the file is named "{path.stem}"'
        found.append(Diagnostic("SOP135", message, marks.value(("id",)), "a shared safeguard is named like its file"))
    statements: dict[str, Node] = {}
    common = {key: root.child(key) for key in ("title", "basis")}
    for one in _list(root.child("safeguards")):
        name, keys = _id(one), _dict(one)
        if not name or name in statements:
            message = f'"{name}" stands twice' if name else "each safeguard of a file has an id of its own"
            found.append(Diagnostic("SOP110" if name else "SOP102", message, Place(*one.spot), "give it another id"))
            continue
        given = {key: node for key, node in common.items() if node is not None and key not in keys}
        spots = {key: root.keys[key] for key in given}
        statements[name] = Node({**keys, **given}, one.spot, {**one.keys, **spots})
    return Shared(path.stem, right, statements, marks.key(("id",))), found


def placeholders(node: Node) -> Iterator[str]:
    """Give the name of each placeholder below a node, each time it stands there."""
    if isinstance(node.value, str) and node.value.startswith("$"):
        yield node.value[1:]
    elif isinstance(node.value, dict):
        for one in node.value.values():
            yield from placeholders(one)
    elif isinstance(node.value, list):
        for one in node.value:
            yield from placeholders(one)


def _dict(node: Node) -> dict[str, Node]:
    return node.value if isinstance(node.value, dict) else {}


def _list(node: Node | None) -> list[Node]:
    return node.value if node is not None and isinstance(node.value, list) else []


def _id(node: Node) -> str:
    named = node.child("id")
    return named.value if named is not None and isinstance(named.value, str) else ""
