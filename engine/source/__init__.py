"""YAML text -> plain values, and the line and column of each.

Every scalar stays text, as YAML 1.2 and our models want it: `NO` is Norway, `on` a word, `010` what was written; only an empty
value, `null` and `~` are None. Both readers follow the parser's events, so that nothing recurses and the limits hold while
reading. (`yaml.CSafeLoader` ends the whole process on 40,000 nested brackets; its event stream does not.) A sound file passes
the quick one; any other goes to the careful one, which names all of its faults in one run. Codes: `CODES` below.
"""

from __future__ import annotations

from typing import Final

from engine.diagnostics import Diagnostic, in_order
from engine.source.blocks import STOPPED, further
from engine.source.careful import MAX_FAULTS, careful
from engine.source.swift import swift
from engine.source.text import MAX_BYTES, decoded, indented, split_lines
from engine.source.tree import Marks, Node, Path, Plain, Source, Spot, without_places
from engine.source.wording import shortened

__all__ = [
    "CODES", "MAX_BYTES", "MAX_FAULTS", "Marks", "Node", "Path", "Plain", "Source", "Spot", "read", "shortened", "split_lines",
    "without_places",
]  # fmt: skip

CODES: Final = {
    "YAML001": "the text does not follow the rules of YAML: a colon, bracket, quote or indentation is wrong",
    "YAML002": "the file is larger, deeper or longer than a definition can be",
    "YAML003": "the file is not UTF-8 text, or holds characters that cannot be seen",
    "YAML004": "a line is indented with something other than spaces",
    "YAML005": "a key stands twice in one mapping; the second would silently replace the first",
    "YAML006": "anchors and aliases (& and *) are not part of the language: each value is written where it counts",
    "YAML007": "tags (!) are not part of the language: the key says what a value is",
    "YAML008": "a file holds one document, in YAML 1.2",
    "YAML009": "a key is one plain word",
    "YAML010": "the file is empty",
    "YAML011": "a value begins with a typographic quotation mark, which quotes nothing in YAML",
}


def read(text: bytes | str, file: str) -> tuple[Source | None, list[Diagnostic]]:
    """Read one definition; `file` is the name that places carry.

    The source is None when reading could not go on to the end, or when what was left out could change the meaning of
    the rest; otherwise it is there even beside faults, such as a key that stands twice.
    """
    plain, faults = decoded(text, file)
    if plain is None:
        return None, faults
    misindented = indented(plain, file)
    if misindented is not None:
        fault, spoilt = misindented
        return None, in_order([fault, *further(plain, file, [fault], spoilt)])
    value = swift(plain)
    if value is not None:
        return Source(value, Marks(file, lambda: _nodes(plain, file)), plain), []
    root, faults = careful(plain, file)
    if faults and faults[-1].code == STOPPED and len(faults) < MAX_FAULTS:
        return None, in_order([*faults, *further(plain, file, faults)])
    return (None if root is None else Source(root.plain(), Marks(file, root), plain)), faults


def _nodes(text: str, file: str) -> Node:
    """Read a sound text again, for its places."""
    root, _ = careful(text, file)
    assert root is not None, "what the quick reader takes is sound"
    return root
