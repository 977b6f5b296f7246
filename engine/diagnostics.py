"""One shape for every fault of a file: code, place, message, hint, drawn with a caret.

A check returns diagnostics; it neither raises nor prints. Format: docs/reference/diagnostics.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import islice
from typing import Final

UNSEEN: Final = re.compile(
    "[^\t\n\r -~"  # all but what YAML itself allows, and of this what hides or reorders the text that is read
    "\u00a0-\u200a\u200c-\u2027\u202f-\u205f\u2061-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Characters that may not stand in a definition, and never reach a terminal: they could move its cursor."""


_COMPARED: Final = 500
_LISTED: Final = 20


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file: 1-based line and column, and how many characters the caret underlines."""

    file: str
    line: int = 1
    column: int = 1
    length: int = 1


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault (or warning) at one place; `code` is stable, `hint` says what to do next.

    `also`: further places with the same cause, in order: a name that is used in five lines is mended once.
    """

    code: str
    message: str
    place: Place
    hint: str = ""
    severity: Severity = Severity.ERROR
    also: tuple[Place, ...] = ()

    def draw(self, line: str) -> str:
        """Return the block a person reads; `line` is the text of the file's line at `place`."""
        number, column = self.place.line, self.place.column
        margin = " " * max(3, len(str(number)) + 1)
        head = f"{self.place.file}:{number}:{column}: {self.message} [{self.code}]"
        if self.severity is not Severity.ERROR:
            head = f"{self.place.file}:{number}:{column}: {self.severity}: {self.message} [{self.code}]"
        shown = UNSEEN.sub("\N{REPLACEMENT CHARACTER}", line.rstrip("\r\n")).replace("\t", " ")
        width = max(1, min(self.place.length, max(1, len(shown) - column + 1)))
        if len(shown) > 160:
            start = max(0, min(column - 40, len(shown) - 120))
            shown, column = shown[start : start + 120], column - start
            width = min(width, max(1, 120 - column + 1))
        caret = " " * (column - 1) + "^" + "~" * (width - 1)
        block = [head, f"{margin}|", f"{str(number).rjust(len(margin) - 1)} | {shown}", f"{margin}| {caret}"]
        if self.also:
            block.append(f"{margin}= also: {self._further()}")
        if self.hint:
            block.append(f"{margin}= hint: {self.hint}")
        return "\n".join(block)

    def _further(self) -> str:
        """Name the lines with the same cause, by file where it is another."""
        by_file: dict[str, list[int]] = {}
        for one in self.also:
            by_file.setdefault(one.file, []).append(one.line)
        listed = []
        for file, numbers in by_file.items():
            lines = list(dict.fromkeys(numbers))
            shown = ", ".join(map(str, lines[:_LISTED])) + (", …" if len(lines) > _LISTED else "")
            where = "" if file == self.place.file else f" of {file}"
            listed.append(f"line{'s' if len(lines) > 1 else ''} {shown}{where}")
        return "; ".join(listed)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort by place, then code, and drop exact repeats, so that a run always prints the same."""
    return sorted(set(diagnostics), key=lambda one: (one.place, one.code, one.message))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None when none is near. Of very many words only the first are compared."""
    return next(iter(get_close_matches(word, list(islice(known, _COMPARED)), n=1, cutoff=0.6)), None)


def did_you_mean(word: str, known: Sequence[str], what: str) -> str:
    """Write the hint for an unknown name: the nearest right word, then all of them (at most twelve)."""
    names = sorted(known)
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    near = nearest(word, names)
    listing = f"{what}: {listed}" if names else f"there are no {what}"
    return f'did you mean "{near}"? {listing}' if near else listing
