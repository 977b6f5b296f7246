"""One layout for every definition: the same indentation, spaces and blank lines, whoever wrote it, and every comment kept.

Words, their order, their quotes and the choice between lines and brackets stay the author's; only the white space between
them changes, and brackets that run over several lines become lines. Whether the result says the same, word by word, with
every comment between the same words, is looked at before anybody sees it. Pure: text in, text out.

Why not a library's round trip: docs/decisions/0005-our-own-loader.md. For designers: docs/howto/write-a-procedure.md.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from engine.diagnostics import Diagnostic, Place
from engine.source import read, split_lines
from engine.source.text import MAX_BYTES

CODES: Final = {"FMT001": "the file is written in a way that can't be laid out without changing what it says"}

_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#[^\r\n\u0085]*", re.MULTILINE)
_BREAK: Final = re.compile("\r\n|[\r\n\u0085]")
_INDENT: Final = 2
_NO_COLUMN: Final = MAX_BYTES
"""Beyond all columns: what stood in brackets had none, so that no comment after them is taken into them."""


def formatted(text: bytes | str, file: str) -> tuple[str | None, list[Diagnostic]]:
    """Lay out the text of a definition.

    Returns:
        The text, equal to the one given where that is laid out already; or None and what is wrong with the file.
    """
    source, faults = read(text, file)
    if source is None or faults:
        return None, faults
    again = _Writer(source.text).written()
    after, _ = read(again, file)
    if after is None or after.value != source.value or _pieces(again) != _pieces(source.text):
        message = "this file can't be laid out without changing what it says; it stays as it is"
        hint = "look for a text over several lines with unusual indentation, and write it in one line"
        return None, [Diagnostic("FMT001", message, Place(file), hint)]
    return again, []


def _pieces(text: str) -> list[str]:
    """Return every word and every comment in the order of the text: words as they are meant, comments as they are written."""
    words = [(one.start_mark.index, f"{one.style} {one.value}") for one in _events(text) if _is_word(one)]
    return [said for _, said in sorted([*words, *((one.at, one.text) for one in _comments(text))])]


def _is_word(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent)


def _events(text: str) -> Iterator[Any]:
    """Give the parser's events of a text that is known to be sound."""
    parser: Any = yaml.CBaseLoader(text)
    try:
        while (event := parser.get_event()) is not None:
            yield event
    finally:
        parser.dispose()


# ── What the text is made of ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment. `alone`: nothing but dashes stands before it in its line, and `column` is where that begins."""

    text: str
    at: int
    line: int
    column: int
    alone: bool


@dataclass(slots=True)
class _Part:
    """A word, a list or a mapping, as it stands in the text; a mapping's `inside` are keys and values in turn."""

    event: Any
    end: Any
    inside: list[_Part]

    @property
    def at(self) -> int:
        return int(self.event.start_mark.index)

    @property
    def column(self) -> int:
        return int(self.event.start_mark.column)

    @property
    def is_word(self) -> bool:
        return _is_word(self.event)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.event, yaml.MappingStartEvent)

    @property
    def fits_a_line(self) -> bool:
        """Whether it is written within one line: a word, or brackets that open and close there."""
        in_line = self.event.start_mark.line == self.end.end_mark.line
        return (in_line and (self.is_word or bool(self.event.flow_style))) or not (self.is_word or self.inside)


def _tree(text: str) -> _Part:
    """Put the events of a sound text together. As deep as the file, which has its limit."""
    root: list[_Part] = []
    holders = [root]
    opened: list[_Part] = []
    for event in _events(text):
        if isinstance(event, yaml.CollectionEndEvent):
            holders.pop()
            opened.pop().end = event
        elif isinstance(event, yaml.NodeEvent):
            part = _Part(event, event, [])
            holders[-1].append(part)
            if not part.is_word:
                holders.append(part.inside)
                opened.append(part)
    return root[0]


def _comments(text: str) -> list[_Comment]:
    begins = [0, *(one.end() for one in _BREAK.finditer(text))]
    found: list[_Comment] = []
    done = 0
    for event in (one for one in _events(text) if _is_word(one)):
        start, end = event.start_mark.index, event.end_mark.index
        found += _between(text, done, start, begins)
        head = _BREAK.search(text, start, end)
        if (
            event.style in ("|", ">") and head is not None
        ):  # after the sign a comment may stand; what follows is the text
            found += _between(text, start, head.start(), begins)
        done = end
    return found + _between(text, done, len(text), begins)


def _between(text: str, start: int, end: int, begins: list[int]) -> list[_Comment]:
    found = []
    for one in _COMMENT.finditer(text, start, end):
        line = bisect_right(begins, one.start()) - 1
        before = text[begins[line] : one.start()]
        alone = not before.strip(" \t-")
        column = len(before) - len(before.lstrip()) if alone else len(before)
        found.append(_Comment(one[0].rstrip(), one.start(), line, column, alone))
    return found


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


class _Writer:
    """Writes a text line by line; comments are written when what follows them is."""

    def __init__(self, text: str) -> None:
        self._text, self._source = text, split_lines(text)
        self._comments = _comments(text)
        self._out: list[str] = []
        self._closed = False  # the last line has its comment already, or is not one that can have any
        self._around: list[tuple[int, int]] = []  # the open blocks, outermost first: the column it had, and has now
        self._levels: list[tuple[int, int]] = []  # those that were open around the last line

    def written(self) -> str:
        root = _tree(self._text)
        if root.fits_a_line or root.is_word:
            self._line("", root, self._shown(root))
        else:
            self._block(root, 0, "")
        self._say_comments(len(self._text), 0)
        return "\n".join(self._out) + "\n"

    def _block(self, part: _Part, indent: int, lead: str) -> None:
        """Write a mapping or a list with a line for each entry; `lead` begins the first line, blanks the others."""
        self._around.append((_NO_COLUMN if part.event.flow_style else part.column, indent))
        step = 2 if part.is_mapping else 1
        for number in range(0, len(part.inside), step):
            start = lead if number == 0 else " " * indent
            if part.is_mapping:
                self._entry(part.inside[number], part.inside[number + 1], indent, start)
            else:
                self._item(part.inside[number], indent, start)
        if part.event.flow_style:
            self._say_comments(part.end.start_mark.index, indent)
        self._around.pop()

    def _entry(self, key: _Part, value: _Part, indent: int, start: str) -> None:
        said = f"{start}{self._shown(key)}:"
        if value.fits_a_line or value.is_word:
            shown = self._shown(value, indent + _INDENT)
            self._line(said + (" " if shown else ""), key, shown)
            return
        self._line(said, key, "")
        self._block(value, indent + _INDENT, " " * (indent + _INDENT))

    def _item(self, part: _Part, indent: int, start: str) -> None:
        if part.fits_a_line or part.is_word:
            shown = self._shown(part, indent + _INDENT)
            self._line(start + ("- " if shown else "-"), part, shown)
        else:
            self._block(part, indent + _INDENT, f"{start}- ")

    def _line(self, start: str, part: _Part, shown: str) -> None:
        """Write the line (or lines) that begin with `part`, after the comments and the empty line before it."""
        self._say_comments(part.at, len(start) - len(start.lstrip()))
        self._say_blank(part.event.start_mark.line, part.column)
        self._out += (start + shown).split("\n")
        self._closed, self._levels = False, list(self._around)

    def _shown(self, part: _Part, indent: int = _INDENT) -> str:
        """Return what is written within a line; a text of several lines with `indent` before each further one."""
        if part.is_word:
            return self._word(part, indent)
        shown = [self._shown(one) for one in part.inside]
        if part.is_mapping:
            pairs = zip(shown[::2], shown[1::2], strict=True)
            return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        return "[" + ", ".join(shown) + "]"

    def _word(self, part: _Part, indent: int) -> str:
        text = self._text[part.at : part.event.end_mark.index]
        first, *more = split_lines(text)
        if part.event.style not in ("|", ">"):
            return "\n".join([first.rstrip(), *(f"{' ' * indent}{one.strip()}".rstrip() for one in more)])
        if more and not more[-1].strip():
            more.pop()  # what follows the last line break
        while more and not more[-1].strip() and "+" not in first.partition("#")[0]:
            more.pop()
        least = min((len(one) - len(one.lstrip(" ")) for one in more if one.strip()), default=0)
        self._pass_comments(part.event.end_mark.index, part.at)
        return "\n".join([first.rstrip(), *(f"{' ' * indent}{one[least:]}" if one.strip() else "" for one in more)])

    def _pass_comments(self, until: int, since: int) -> None:
        """Leave out the comment of a block text's first line, which is written with the text."""
        self._comments = [one for one in self._comments if not since < one.at < until]

    def _say_comments(self, until: int, indent: int) -> None:
        """Write the comments before a place: at the end of their line, or on a line of their own in the block they stood in."""
        while self._comments and self._comments[0].at < until:
            one = self._comments.pop(0)
            if not one.alone and self._out and not self._closed:
                self._out[-1] += " " * max(2, one.column - len(self._out[-1])) + one.text
                self._closed = True
                continue
            inside = [now for was, now in self._levels if was <= one.column]
            self._say_blank(one.line, one.column)
            self._out.append(" " * max(indent, *inside, 0) + one.text)
            self._closed = True

    def _say_blank(self, line: int, column: int) -> None:
        """Write one empty line where at least one stood before the line of which this is the beginning."""
        begins = not self._source[line][:column].strip(" \t-")
        if begins and line and not self._source[line - 1].strip() and self._out and self._out[-1]:
            self._out.append("")
