"""The careful reader: events to nodes with their places, and every fault that the text has.

It never recurses, constructs objects or follows references, and watches the limits while it reads, so that a hostile file ends
early. What can be read on after a fault is read on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from engine.diagnostics import Diagnostic, Place
from engine.source.text import split_lines
from engine.source.tree import Node, Spot
from engine.source.wording import CURLY, explained, shortened

MAX_DEPTH: Final = 32
MAX_NODES: Final = 100_000
MAX_FAULTS: Final = 100
"""So many faults are told of one file; whoever mends those sees the rest."""

NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


def careful(text: str, file: str) -> tuple[Node | None, list[Diagnostic]]:
    """Read a text with the places of all its values.

    The tree is None when reading could not go on to the end, or when what was left out could change the meaning of the rest;
    otherwise it is there even beside faults, such as a key that stands twice.
    """
    reader = _Reader(text, file)
    return reader.run(), reader.faults


class _Stop(Exception):
    """Reading ends here; what is to be said is among the faults."""


@dataclass(slots=True, eq=False)
class _Open:
    """A mapping or list whose end has not been read yet."""

    node: Node
    key: str | None = None
    key_spot: Spot | None = None
    awaits_key: bool = False
    drop: bool = False


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.lines = split_lines(text)
        self.faults: list[Diagnostic] = []
        self.nodes = 0
        self.documents = 0
        self.unclear = False  # whether something read is not what was meant, so that faults of meaning would mislead
        self.stack: list[_Open] = []
        self.root: Node | None = None

    def run(self) -> Node | None:
        parser = yaml.CBaseLoader(self.text)
        try:
            while (event := parser.get_event()) is not None:
                self._take(event)
        except _Stop:
            return None
        except yaml.MarkedYAMLError as error:
            fault = explained(error, self.file, self.lines)
            if not any(one.code == "YAML011" and one.place.line == fault.place.line for one in self.faults):
                self.faults.append(fault)
            return None
        except yaml.YAMLError:
            self.faults.append(Diagnostic("YAML001", "this is not YAML", Place(self.file)))
            return None
        finally:
            parser.dispose()
        if self.root is None or (self.root.value is None and not self.faults):
            self._fault("YAML010", "the file is empty", Spot(self.file, 1, 1, 1), "")
            return None
        if self.unclear:
            return None
        return self.root

    def _fault(self, code: str, message: str, spot: Spot, hint: str) -> None:
        self.faults.append(Diagnostic(code, message, Place(*spot), hint))
        if len(self.faults) >= MAX_FAULTS:
            raise _Stop

    def _spot(self, start: Any, end: Any) -> Spot:
        line = start.line
        if end.line == line:
            length = end.column - start.column
        else:
            length = len(self.lines[line].rstrip()) - start.column if line < len(self.lines) else 1
        return Spot(self.file, line + 1, start.column + 1, max(1, length))

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            spot = self._spot(event.start_mark, event.end_mark)
            self._decorations(event, spot)
            self._scalar(event, spot)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._decorations(event, self._spot(event.start_mark, event.end_mark))
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(event)
        elif isinstance(event, yaml.AliasEvent):
            spot = self._spot(event.start_mark, event.end_mark)
            self._fault(
                "YAML006", "a definition has no aliases (*)", spot,
                "write the value out; a text that begins with * stands in quotes",
            )  # fmt: skip
            self.unclear = True
            self._attach(Node(None, spot))
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(event)

    def _document(self, event: Any) -> None:
        self.documents += 1
        spot = self._spot(event.start_mark, event.end_mark)
        if self.documents > 1:
            self._fault(
                "YAML008", "a second document begins here", spot, "one file holds one definition: remove the ---"
            )
            raise _Stop
        if event.version not in (None, (1, 2)):
            self._fault("YAML008", "definitions are YAML 1.2", spot, "remove the %YAML line")

    def _decorations(self, event: Any, spot: Spot) -> None:
        if event.anchor is not None:
            self._fault(
                "YAML006", "a definition has no anchors (&)", spot,
                "write the value out; a text that begins with & stands in quotes",
            )  # fmt: skip
        if event.tag is not None:
            self._fault(
                "YAML007",
                "a definition has no tags (!)",
                spot,
                "remove the tag; a text that begins with ! stands in quotes",
            )

    def _count(self, spot: Spot) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._fault("YAML002", f"the file holds more than {MAX_NODES} values", spot, "split it")
            raise _Stop

    def _scalar(self, event: Any, spot: Spot) -> None:
        self._count(spot)
        text: str = event.value
        plain_style = event.implicit[0] and event.style in (None, "")
        if plain_style and text[:1] in CURLY and text:
            self._fault(
                "YAML011", f"{text[0]} is a typographic quotation mark and quotes nothing here", spot,
                'use the straight one ("); to keep the curly one in the text, put straight ones around it',
            )  # fmt: skip
            self.unclear = True
        top = self.stack[-1] if self.stack else None
        if top is not None and top.awaits_key:
            self._key(top, text, spot, empty=plain_style and text == "")
        else:
            self._attach(Node(None if plain_style and text in NULLS else text, spot))

    def _key(self, top: _Open, text: str, spot: Spot, empty: bool) -> None:
        top.awaits_key, top.key, top.key_spot, top.drop = False, text, spot, False
        if empty:
            self._fault("YAML009", "a key is missing before this colon", spot, "")
            top.drop = True
        elif text in top.node.keys:
            first = top.node.keys[text].line
            self._fault(
                "YAML005", f'the key "{shortened(text)}" stands twice in this mapping; the first is in line {first}', spot,
                "keep one of them, or merge the two",
            )  # fmt: skip
            top.drop = True
        else:
            top.node.keys[text] = spot

    def _open(self, event: Any) -> None:
        mapping = isinstance(event, yaml.MappingStartEvent)
        spot = self._spot(event.start_mark, event.end_mark)
        if not event.flow_style and spot.line <= len(self.lines):
            rest = len(self.lines[spot.line - 1].rstrip()) - spot.column + 1
            spot = spot._replace(length=max(1, rest))
        self._count(spot)
        if len(self.stack) >= MAX_DEPTH:
            self._fault("YAML002", f"this is nested more than {MAX_DEPTH} deep", spot._replace(length=1), "")
            raise _Stop
        top = self.stack[-1] if self.stack else None
        if top is not None and top.awaits_key:
            self._fault(
                "YAML009", "a key is one plain word, not a list or mapping", spot, "text with braces stands in quotes"
            )
            top.awaits_key, top.key, top.key_spot, top.drop = True, None, None, True
            self.unclear = True
        self.stack.append(_Open(Node({} if mapping else [], spot), awaits_key=mapping))

    def _close(self, event: Any) -> None:
        done = self.stack.pop().node
        if done.spot.line == event.end_mark.line + 1 and event.end_mark.column >= done.spot.column:
            done.spot = done.spot._replace(length=event.end_mark.column - done.spot.column + 1)
        top = self.stack[-1] if self.stack else None
        if top is not None and top.awaits_key:  # what was read is a key that cannot be one: its value is dropped too
            top.awaits_key = False
            return
        self._attach(done)

    def _attach(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.node.value, list):
            top.node.value.append(node)
        elif isinstance(top.node.value, dict):
            if top.awaits_key:  # an alias in the place of a key
                top.awaits_key, top.key, top.drop = False, None, True
                return
            if not top.drop and top.key is not None:
                top.node.value[top.key] = node
            top.awaits_key, top.drop = True, False
