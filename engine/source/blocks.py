"""A text that can't be read as a whole, read block by block, so that its first fault doesn't hide the others.

A block is what stands below a key of the file, or below a key (or dash) one level further in: a step, a role, a safeguard.
Neighbours are read together as far as they can be. A block in which reading stopped is opened, and what stands within it is read
in the same way, but for the part with the fault: what else seems wrong there may follow from it.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from engine.diagnostics import Diagnostic
from engine.source.careful import MAX_FAULTS, careful
from engine.source.text import split_lines

Block: TypeAlias = tuple[int, int]
"""Its first line (from 0) and the line after its last."""

STOPPED: Final = "YAML001"
"""The code of the one fault after which the parser can't go on."""

_KEY: Final = re.compile(r"[\w\"'][^:#]*:(?=\s|$)")
_HEADING: Final = re.compile(r"[\w\"'][^:#]*:\s*(#.*)?$")
_ENTRY: Final = re.compile(r" *(- |-$|[\w\"'][^:#]*:(?=\s|$))")

_OF_THE_TEXT: Final = frozenset({STOPPED, "YAML006", "YAML007", "YAML009", "YAML011"})
"""Faults that can be seen in a block alone."""


def further(text: str, file: str, told: Iterable[Diagnostic], spoilt: frozenset[int] = frozenset()) -> list[Diagnostic]:
    """Return the faults of the blocks in which none is told yet; `spoilt`: lines (from 1) that can't be read as they are."""
    reader = _Blocks(split_lines(text), file, sorted(spoilt | {one.place.line for one in told}))
    reader.read(reader.outer())
    return reader.found[:MAX_FAULTS]


class _Blocks:
    def __init__(self, lines: Sequence[str], file: str, faulty: list[int]) -> None:
        self._lines, self._file, self._faulty = lines, file, faulty
        self.found: list[Diagnostic] = []

    def read(self, blocks: Sequence[Block], within: bool = False) -> None:
        """Read blocks that stand beside one another; `within`: they are parts of one, and are not opened further."""
        number = 0
        while number < len(blocks) and len(self.found) < MAX_FAULTS:
            last = number
            while last < len(blocks) and not self._is_faulty(blocks[last]):
                last += 1
            if last == number:
                if not within:
                    self.read(self._inner(blocks[number]), within=True)
                number += 1
            elif self._is_readable(blocks[number][0], blocks[last - 1][1]):
                number = last
            # else: the block in which reading stopped is a faulty one now

    def _is_faulty(self, block: Block) -> bool:
        return bisect_right(self._faulty, block[0]) < bisect_right(self._faulty, block[1])

    def _is_readable(self, start: int, end: int) -> bool:
        """Read these lines; where that stops, remember the line."""
        _, faults = careful("\n".join(self._lines[start:end]), self._file)
        lowered = [replace(one, place=replace(one.place, line=one.place.line + start)) for one in faults]
        self.found += [one for one in lowered if one.code in _OF_THE_TEXT]
        if not lowered or lowered[-1].code != STOPPED:
            return True
        insort(self._faulty, lowered[-1].place.line)
        return False

    def outer(self) -> list[Block]:
        """Return the blocks of the file."""
        starts = [number for number, line in enumerate(self._lines) if _KEY.match(line)]
        return list(zip(starts, [*starts[1:], len(self._lines)], strict=False))

    def _inner(self, block: Block) -> list[Block]:
        """Return the blocks within a block, below its heading; none where its key has a value in its own line."""
        start, end = block
        lines = self._lines
        written = [n for n in range(start + 1, end) if lines[n].strip() and not lines[n].lstrip().startswith("#")]
        if not written or not _HEADING.match(lines[start]) or not _ENTRY.match(lines[written[0]]):
            return []
        depth = _depth(lines[written[0]])
        starts = [n for n in written if _depth(lines[n]) <= depth and _ENTRY.match(lines[n])]
        return list(zip(starts, [*starts[1:], end], strict=True))


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
