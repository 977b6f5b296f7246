"""What was read: plain values, and on demand the place of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from engine.diagnostics import Place
from engine.source.text import split_lines

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root of a file to a value."""

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | None"


class Spot(NamedTuple):
    """A place as the reader notes it; made into a `Place` only when it is asked for."""

    file: str
    line: int
    column: int
    length: int


@dataclass(slots=True, eq=False)
class Node:
    """A value with its place; a mapping also knows the place of each key."""

    value: dict[str, Node] | list[Node] | str | None
    spot: Spot
    keys: dict[str, Spot] = field(default_factory=dict)

    def plain(self) -> Plain:
        """Return the value without places. As deep as the file, hence at most `MAX_DEPTH` calls."""
        value = self.value
        if isinstance(value, dict):
            return {key: child.plain() for key, child in value.items()}
        if isinstance(value, list):
            return [child.plain() for child in value]
        return value

    def child(self, step: str | int) -> Node | None:
        """Return the value under a key or an index, or None when there is none."""
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None


def without_places(value: Plain, nowhere: Spot) -> Node:
    """Return plain values as nodes that all stand `nowhere`: for work on values whose places are not asked for."""
    if isinstance(value, dict):
        inner = {key: without_places(one, nowhere) for key, one in value.items()}
        return Node(inner, nowhere, dict.fromkeys(value, nowhere))
    if isinstance(value, list):
        return Node([without_places(one, nowhere) for one in value], nowhere)
    return Node(value, nowhere)


class Marks:
    """Where each value and each key of a file stands; parts taken from other files point into those.

    A sound file is hardly ever asked, so its nodes are made when the first place is.
    """

    __slots__ = ("_root", "file")

    def __init__(self, file: str, root: Node | Callable[[], Node]) -> None:
        self.file = file
        self._root = root

    @property
    def root(self) -> Node:
        """Return the whole file as nodes."""
        if not isinstance(self._root, Node):
            self._root = self._root()
        return self._root

    def value(self, path: Path) -> Place:
        """Return the place of the value at `path`, or of its nearest ancestor that stands in the file."""
        node = self.root
        for step in path:
            child = node.child(step)
            if child is None and step == 0:
                continue  # a list of one, written without its brackets
            if child is None:
                break
            node = child
        return Place(*node.spot)

    def key(self, path: Path) -> Place:
        """Return the place of the key at `path`; an entry of a list has none, so its value's place.

        Where the path is not in the file, the nearest ancestor's key.
        """
        node, spot = self.root, self.root.spot
        for step in path:
            child = node.child(step)
            if child is None and step == 0:
                continue
            if child is None:
                break
            spot = node.keys.get(step, child.spot) if isinstance(step, str) else child.spot
            node = child
        return Place(*spot)


@dataclass(frozen=True, slots=True)
class Source:
    """A file as read: its plain value, the place of each part, and its text."""

    value: Plain
    marks: Marks
    text: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the lines for drawing."""
        return split_lines(self.text)
