"""One shape for every fault of a file: code, place, message, hint, drawn with a caret.

A check returns diagnostics; it neither raises nor prints. Format: docs/reference/diagnostics.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

UNSEEN: Final = re.compile(
    "[^\t\n\r -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # what YAML itself forbids
    "|[\u200b\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]"  # what hides or reorders the text that is read
)
"""Characters that may not stand in a definition, and never reach a terminal: they could move its cursor."""


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
    """One fault (or warning) at one place; `code` is stable, `hint` says what to do next."""

    code: str
    message: str
    place: Place
    hint: str = ""
    severity: Severity = Severity.ERROR

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
        if self.hint:
            block.append(f"{margin}= hint: {self.hint}")
        return "\n".join(block)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort by place, then code, and drop exact repeats, so that a run always prints the same."""
    return sorted(set(diagnostics), key=lambda one: (one.place, one.code, one.message))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None when none is near."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def did_you_mean(word: str, known: Sequence[str], what: str) -> str:
    """Write the hint for an unknown name: the nearest right word, then all of them (at most twelve)."""
    names = sorted(known)
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    near = nearest(word, names)
    listing = f"{what}: {listed}" if names else f"there are no {what}"
    return f'did you mean "{near}"? {listing}' if near else listing
