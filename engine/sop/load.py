"""file -> Sop, or all its diagnostics in one run: what it extends is merged first, then the whole is typed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.diagnostics import Diagnostic
from engine.sop.extend import extended
from engine.sop.faults import validated
from engine.sop.model import Sop
from engine.sop.shelf import Shelf, find_root, load_form, read_file
from engine.source import Marks

__all__ = ["Shelf", "SopFile", "find_root", "load_form", "load_sop"]


@dataclass(frozen=True, slots=True)
class SopFile:
    """A procedure as loaded, with what stands beside it and the place of each of its parts."""

    sop: Sop
    shelf: Shelf
    marks: Marks
    file: str
    lines: tuple[str, ...]


def load_sop(path: Path, shelf: Shelf) -> tuple[SopFile | None, list[Diagnostic]]:
    """Read one procedure.

    Returns:
        The procedure, or None where it has faults that leave no sound model; and every fault found.
    """
    source, found = read_file(path)
    if source is None:
        return None, found
    root, faults = extended(source.marks.root, shelf)
    found += faults
    marks = Marks(source.marks.file, root)
    sop, faults = validated(Sop, root.plain(), marks)
    found += faults
    return (None if sop is None else SopFile(sop, shelf, marks, str(path), source.lines)), found
