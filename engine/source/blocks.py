"""A text that can't be read as a whole, read block by block, so that its first fault doesn't hide the others.

A block is what stands below a key of the file, or below a key (or dash) one level further in: a step, a role, a safeguard. Each is
read by itself. A block in which a fault is known already is passed over: what else seems wrong there may follow from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from engine.diagnostics import Diagnostic
from engine.source.careful import MAX_FAULTS, careful
from engine.source.text import split_lines

_KEY: Final = re.compile(r"[\w\"'][^:#]*:(?=\s|$)")
_HEADING: Final = re.compile(r"[\w\"'][^:#]*:\s*(#.*)?$")
_ENTRY: Final = re.compile(r" *(- |-$|[\w\"'][^:#]*:(?=\s|$))")

_OF_THE_TEXT: Final = frozenset({"YAML001", "YAML006", "YAML007", "YAML009", "YAML011"})
"""Faults that can be seen in a block alone."""


def further(text: str, file: str, told: Iterable[Diagnostic], spoilt: frozenset[int] = frozenset()) -> list[Diagnostic]:
    """Return the faults of the blocks in which none is told yet; `spoilt`: lines (from 1) that can't be read as they are."""
    lines = split_lines(text)
    taken = spoilt | {one.place.line for one in told}
    found: list[Diagnostic] = []
    for start, end in _blocks(lines):
        if not taken.isdisjoint(range(start + 1, end + 1)):
            continue
        _, faults = careful("\n".join(lines[start:end]), file)
        found += [_lower(one, start) for one in faults if one.code in _OF_THE_TEXT]
        if len(found) >= MAX_FAULTS:
            break
    return found[:MAX_FAULTS]


def _lower(fault: Diagnostic, lines: int) -> Diagnostic:
    return replace(fault, place=replace(fault.place, line=fault.place.line + lines))


def _blocks(lines: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Give the first line (from 0) of each block and the line after its last."""
    starts = [number for number, line in enumerate(lines) if _KEY.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        inner = _inner(lines, start, end)
        yield from zip([start, *inner], [*inner, end], strict=True)


def _inner(lines: tuple[str, ...], start: int, end: int) -> list[int]:
    """Return where the blocks within a block begin; none where its key has a value in its own line."""
    written = [n for n in range(start + 1, end) if lines[n].strip() and not lines[n].lstrip().startswith("#")]
    if not written or not _HEADING.match(lines[start]) or not _ENTRY.match(lines[written[0]]):
        return []
    depth = _depth(lines[written[0]])
    return [n for n in written if _depth(lines[n]) <= depth and _ENTRY.match(lines[n])]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
