"""YAML text -> plain values, and the line and column of each.

One pass over the parser's events builds the tree: nothing here recurses, constructs objects or follows references, and
the limits are watched while reading, so that a hostile file ends early. (`yaml.CSafeLoader` ends the whole process on
40,000 nested brackets; its event stream does not.) Every scalar stays text, as YAML 1.2 and our models want it: `NO` is
Norway, `on` a word, `010` what was written; only an empty value, `null` and `~` are None.

What can be read on after a fault is read on, so that one run names all of them. Codes: `CODES` below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from engine.diagnostics import Diagnostic, Place

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the root of a file to a value."""

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | None"

MAX_BYTES: Final = 512 * 1024
MAX_DEPTH: Final = 32
MAX_NODES: Final = 20_000
MAX_FAULTS: Final = 100
"""So many faults are told of one file; whoever mends those sees the rest."""

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


class Marks:
    """Where each value and each key of a file stands; parts taken from other files point into those."""

    __slots__ = ("file", "root")

    def __init__(self, file: str, root: Node) -> None:
        self.file = file
        self.root = root

    def value(self, path: Path) -> Place:
        """Return the place of the value at `path`, or of its nearest ancestor that stands in the file."""
        node = self.root
        for step in path:
            child = node.child(step)
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
            if child is None:
                break
            spot = node.keys.get(step, child.spot) if isinstance(step, str) else child.spot
            node = child
        return Place(*spot)


@dataclass(frozen=True, slots=True)
class Source:
    """A file as read: its plain value, the place of each part, and its lines for drawing."""

    value: Plain
    marks: Marks
    lines: tuple[str, ...]


def read(text: bytes | str, file: str) -> tuple[Source | None, list[Diagnostic]]:
    """Read one definition; `file` is the name that places carry.

    The source is None when reading could not go on to the end, or when what was left out could change the meaning of
    the rest; otherwise it is there even beside faults, such as a key that stands twice.
    """
    plain, faults = _decoded(text, file)
    if plain is None:
        return None, faults
    reader = _Reader(plain, file)
    source = reader.run()
    return source, [*faults, *reader.faults]


def split_lines(text: str) -> tuple[str, ...]:
    """Split as the YAML reader counts lines, so that line numbers agree."""
    return tuple(re.split("\r\n|[\n\r\u0085\u2028\u2029]", text))


# ── Bytes to text ────────────────────────────────────────────────────────────────────────────────────────────────

_UNSEEN: Final = re.compile(
    "[^\t\n\r -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # what YAML itself forbids
    "|[\u200b\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]"  # what hides or reorders the text that is read
)
_INDENT: Final = re.compile("^ *([\t\u00a0\u2000-\u200a\u202f\u3000])[\t \u00a0]*(?=\\S)", re.MULTILINE)


def _decoded(text: bytes | str, file: str) -> tuple[str | None, list[Diagnostic]]:
    start = Place(file)
    too_large = Diagnostic(
        "YAML002", f"the file is larger than {MAX_BYTES // 1024} KiB", start, "split it: a procedure, a form each"
    )
    if len(text) > MAX_BYTES:
        return None, [too_large]
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        return None, [too_large]
    try:
        plain = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace").splitlines() or [""]
        place = Place(file, len(before), len(before[-1]) + 1)
        return None, [Diagnostic("YAML003", "the file is not UTF-8 text", place, 'save it as "UTF-8" in your editor')]
    unseen = _UNSEEN.search(plain)
    if unseen is not None:
        code = f"U+{ord(unseen[0]):04X}"
        return None, [
            Diagnostic(
                "YAML003",
                f"there is a character here that cannot be seen ({code})",
                _place_at(plain, unseen.start(), file),
                "delete it, or type the line anew",
            )
        ]
    indents = [found for found in _INDENT.finditer(plain) if not found[0].startswith("#")]
    if indents:
        first = indents[0]
        what = "a tab" if first[1] == "\t" else "a space that isn't the plain one"
        others = f" ({len(indents) - 1} more lines below)" if len(indents) > 1 else ""
        place = _place_at(plain, first.start(1), file)
        return None, [
            Diagnostic(
                "YAML004",
                f"this line is indented with {what}{others}",
                place,
                "indent with plain spaces, two for each level",
            )
        ]
    return plain, []


def _place_at(text: str, index: int, file: str) -> Place:
    lines = split_lines(text[:index])
    return Place(file, len(lines), len(lines[-1]) + 1)


# ── Events to nodes ──────────────────────────────────────────────────────────────────────────────────────────────

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_CURLY: Final = "“”„‟‘’‚‛"
_MANY: Final = 60


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

    def run(self) -> Source | None:
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
        return Source(self.root.plain(), Marks(self.file, self.root), self.lines)

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
        if plain_style and text[:1] in _CURLY and text:
            self._fault(
                "YAML011", f"{text[0]} is a typographic quotation mark and quotes nothing here", spot,
                'use the straight one ("); to keep the curly one in the text, put straight ones around it',
            )  # fmt: skip
            self.unclear = True
        top = self.stack[-1] if self.stack else None
        if top is not None and top.awaits_key:
            self._key(top, text, spot, empty=plain_style and text == "")
        else:
            self._attach(Node(None if plain_style and text in _NULLS else text, spot))

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


def shortened(text: str) -> str:
    """Return `text` short enough to stand in a message."""
    return text if len(text) <= _MANY else text[: _MANY - 1] + "…"


# ── What the YAML parser says, in words for people who don't program ─────────────────────────────────────────────


class _Wording(NamedTuple):
    """What to say when the parser's problem (and context) match; `at_start`: the place is where the part began."""

    problem: str
    context: str
    message: str
    hint: str
    at_start: bool = False


_QUOTE_IT: Final = 'a text with a colon, comma, bracket or quote in it stands in quotes: "…"'

_WORDINGS: Final = (
    _Wording("could not find expected ':'", "", "this line has no colon", 'write "key: value", with a space after the colon', True),
    _Wording("found unexpected end of stream", "quoted scalar", "the quote that opens here is never closed", "close it with the same straight quote", True),
    _Wording("unexpected document indicator", "quoted scalar", "the quote that opens here is never closed", "close it with the same straight quote", True),
    _Wording("found unknown escape character", "", "a backslash means something in double quotes", "write two (\\\\), or use single quotes"),
    _Wording("did not find expected ',' or ']'", "", "the [ that opens here is not closed", "close it with ] at the end of its entries", True),
    _Wording("did not find expected ',' or '}'", "", "the { that opens here is not closed", "close it with } at the end of its entries", True),
    _Wording("did not find expected node content", "", "a value is missing here", "look for a surplus comma or an open bracket"),
    _Wording("block sequence entries are not allowed", "", "a list begins with its dash on a line of its own", "put the - on the next line, two spaces further in, or write [a, b]"),
    _Wording("did not find expected '-' indicator", "", "this line doesn't belong to the list above it", "begin it with -, or indent it like the key it belongs to"),
    _Wording("did not find expected <document start>", "", "this line is less indented than the first line of the file", "begin the first line and this one in the same column"),
    _Wording("found character that cannot start any token", "", "a value can't begin with this character", "put the value in quotes"),
    _Wording("expected comment or line break", "block scalar", "the text after | or > begins on the next line", "move it down, two spaces further in"),
    _Wording("found a tab character", "", "there is a tab here", "use plain spaces"),
    _Wording("directive", "directive", "a line that begins with % is a directive, which definitions don't have", "remove the line"),
    _Wording("incompatible YAML document", "", "definitions are YAML 1.2", "remove the %YAML line"),
    _Wording("alphabetic or numeric", "alias", "a value can't begin with *", "put the value in quotes"),
    _Wording("alphabetic or numeric", "anchor", "a value can't begin with &", "put the value in quotes"),
    _Wording("tag", "", "a value can't begin with !", "put the value in quotes"),
)  # fmt: skip


def explained(error: yaml.MarkedYAMLError, file: str, lines: tuple[str, ...]) -> Diagnostic:
    """Turn the parser's own words into a diagnostic that says what to do."""
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    wording = next((one for one in _WORDINGS if one.problem in problem and one.context in context), None)
    if wording is not None and wording.at_start and error.context_mark is not None:
        mark = error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    if line >= len(lines) or (
        line and line == len(lines) - 1 and not lines[line]
    ):  # past the end: the last line there is
        line = max((number for number, text in enumerate(lines) if text.strip()), default=0)
        column = len(lines[line].rstrip())
    text = lines[line]
    at = error.problem_mark
    if wording is not None and at is not None and "did not find expected ','" in problem and at.line == line:
        column = at.column
        closing = "]" if "]" in problem else "}"
        message, hint = f"a comma or {closing} is expected here", _QUOTE_IT
        wording = None
    elif wording is not None:
        message, hint = wording.message, wording.hint
    elif "mapping values are not allowed" in problem:
        message, hint = _surplus_colon(line, column, lines)
        if message == _MISSING_SPACE:
            column = _end_of_first_word(lines, line)[1]
            line = _end_of_first_word(lines, line)[0]
            text = lines[line]
    elif "did not find expected key" in problem:
        message, hint = _misplaced(text, column)
    else:
        message, hint = "this line can't be read", _QUOTE_IT
    near = lines[min(error.problem_mark.line, len(lines) - 1)] if error.problem_mark is not None else ""
    if any(mark_ in _CURLY for mark_ in text + near):
        hint += '; “ and ” quote nothing here, use the straight "'
    length = (
        1 if wording is None or not wording.at_start or "colon" not in wording.message else len(text.rstrip()) - column
    )
    return Diagnostic("YAML001", message, Place(file, line + 1, column + 1, max(1, length)), hint)


_MISSING_SPACE: Final = "a space is missing after the colon"


def _end_of_first_word(lines: tuple[str, ...], line: int) -> tuple[int, int]:
    """Return line and column of the colon without a space, in this line or the nearest one above that has words."""
    for number in range(line, -1, -1):
        found = re.match(r"\s*(?:- )?[\w-]+(:)\S", lines[number])
        if found:
            return number, found.start(1)
        if number != line and lines[number].strip():
            break
    return line, 0


def _surplus_colon(line: int, column: int, lines: tuple[str, ...]) -> tuple[str, str]:
    """Three causes of one complaint: a colon in a text, a colon without its space, a line too far in."""
    before = lines[line][:column]
    if re.search(r":\s+\S", before):
        return "there is a second colon in this line", 'a text with a colon in it stands in quotes: "…"'
    above = next((text for text in reversed(lines[:line]) if text.strip() and not text.strip().startswith("#")), "")
    if re.match(r"\s*(?:- )?[\w-]+:[^\s]", above) and ": " not in above:
        return _MISSING_SPACE, 'write "key: value"'
    if len(before) - len(before.lstrip()) > len(above) - len(above.lstrip()):
        return (
            "this line is further in than the line above allows",
            "indent it like its neighbours; a key that holds other keys has nothing after its colon",
        )
    return "a colon is not expected here", _QUOTE_IT


def _misplaced(text: str, column: int) -> tuple[str, str]:
    """Say why no key begins here: something follows a closed value, or the line is indented like none above."""
    if text[:column].strip():
        before = text[:column].rstrip()
        if before.endswith(("'", '"')):
            return (
                "something follows after the closing quote",
                "put the whole text in quotes; within single quotes write '' for '",
            )
        return "nothing can follow here", "look for a bracket too many before this place"
    return "this line is not indented like the lines it belongs to", "begin keys of one mapping in the same column"
