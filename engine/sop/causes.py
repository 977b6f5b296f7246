"""What pydantic refuses, at its path in the file: one cause for each fault.

pydantic tells every branch of a union and what follows from a fault as well; here the tags of unions are taken off, branches
that were not meant are left out, and so is what only follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from engine.sop.model import REQUIREMENT_KINDS
from engine.source import Path, Plain

_REQUIREMENT_LISTS: Final = frozenset({"requires", "require", "always", "any_of", "none_of", "share_when"})


@dataclass(frozen=True, slots=True)
class Cause:
    """One fault of pydantic's, at its path in the file; `fits` is whether the value has the shape this branch wants."""

    path: Path
    kind: str
    text: str
    context: Mapping[str, Any]
    value: Any
    fits: bool = True


# ── From pydantic's places to the file's ─────────────────────────────────────────────────────────────────────────


def causes_of(error: ValidationError, tree: Plain) -> list[Cause]:
    """Return one cause for each fault: union tags taken off, branches that were not meant left out, follow-ups too."""
    told: dict[Path, list[Cause]] = {}
    for one in error.errors(include_url=False):
        path, fits = _in_file(one["loc"], tree)
        kind = one["type"]
        if kind == "missing" and not isinstance(at(tree, path[:-1]), dict):
            continue
        cause = Cause(path, kind, one["msg"].removeprefix("Value error, "), one.get("ctx", {}), one["input"], fits)
        told.setdefault(path, []).append(cause)
    faulty = {
        path[:length] for path, causes in told.items() if any(c.fits for c in causes) for length in range(len(path))
    }
    kept: list[Cause] = []
    for path, causes in told.items():
        meant = [cause for cause in causes if cause.fits]
        if meant:
            kept += [cause for cause in meant[:1] if cause.kind != "too_short" or path not in faulty]
        elif path not in faulty:
            kept.append(_either(causes))
    return kept


def _in_file(loc: tuple[str | int, ...], tree: Plain) -> tuple[Path, bool]:
    """Return the path without union tags, and whether the value has the shape that the tagged branch wants.

    A tag is what is no key of the mapping it stands at; the kind of a requirement is one by its position.
    """
    path: list[str | int] = []
    node: Any = tree
    fits = True
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        if step == "[key]":
            break
        if _is_requirement(path) and step in REQUIREMENT_KINDS and isinstance(loc[index - 1], int):
            continue
        if isinstance(step, int):
            if isinstance(node, list) and step < len(node):
                node = node[step]
            elif node is None or isinstance(node, (str, dict)):  # a single value for a list: the path ends at the value
                continue
            path.append(step)
        elif isinstance(node, dict) and step in node:
            node = node[step]
            path.append(step)
        elif _is_tag(step):
            fits = fits and _wants(step, node)
        elif isinstance(node, dict) and last:
            path.append(step)
        # else: a key that a validator made of a shorthand: the path ends at what was written
    return tuple(path), fits


def _is_requirement(path: Sequence[str | int]) -> bool:
    if len(path) < 2 or not isinstance(path[-1], int):
        return False
    return path[-2] in _REQUIREMENT_LISTS or (len(path) == 3 and path[0] == "share_when")


def _is_tag(step: str) -> bool:
    return step[:1].isupper() or re.match(r"constrained-str|str$|[a-z-]+\[", step) is not None


def _wants(tag: str, node: Any) -> bool:
    """Tell whether a value of this shape was meant for this branch of a union."""
    if tag == "SafeguardUse":
        return isinstance(node, dict) and "use" in node
    if tag.startswith("tuple"):
        return isinstance(node, list)
    if tag.startswith(("literal", "constrained-str", "str")):
        return isinstance(node, str)
    return isinstance(node, dict)


def _either(causes: Sequence[Cause]) -> Cause:
    """Make one cause of a value that fits no branch of a union."""
    words = [cause.context["expected"] for cause in causes if cause.kind == "literal_error"]
    mapping = any(cause.kind in ("model_type", "dict_type") for cause in causes)
    text = any(cause.kind == "string_type" for cause in causes)
    listed = any(cause.kind == "tuple_type" for cause in causes)
    choices = [
        *(word.strip("'") for word in words), *(["a name"] if text else []), *(["a list"] if listed else []),
        *(["a mapping of keys and values"] if mapping else []),
    ]  # fmt: skip
    first = causes[0]
    return Cause(first.path, "either", "must be " + " or ".join(choices), {}, first.value)


def at(tree: Any, path: Path) -> Any:
    for step in path:
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        else:
            return None
    return tree
