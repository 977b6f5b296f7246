"""Load a procedure and run every check over it."""

from __future__ import annotations

from pathlib import Path

from engine.diagnostics import Diagnostic, in_order
from engine.sop.checks import CHECKS
from engine.sop.load import SopFile, load_sop
from engine.sop.shelf import Shelf


def check_file(path: Path, shelf: Shelf) -> tuple[SopFile | None, list[Diagnostic]]:
    loaded, found = load_sop(path, shelf)
    if loaded is not None:
        for check in CHECKS:
            found.extend(check(loaded))
    return loaded, in_order(found)
