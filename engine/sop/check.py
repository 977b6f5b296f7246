"""Load a procedure and run every check over it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from engine.diagnostics import Diagnostic, in_order
from engine.sop.checks import CHECKS
from engine.sop.load import SopFile, load_sop
from engine.sop.shelf import Shelf
from engine.source import MAX_FAULTS


def check_file(path: Path, shelf: Shelf) -> tuple[SopFile | None, list[Diagnostic]]:
    """Return the procedure, where it could be loaded, and every fault found, in the order of the file.

    Of very many faults so many are told as a person can mend at once; what they are drawn from stays bounded so, too.
    """
    loaded, found = load_sop(path, shelf)
    if loaded is None:
        return None, found
    said = (one for check in CHECKS for one in check(loaded))
    found = in_order([*found, *islice(said, MAX_FAULTS)])
    if next(said, None) is not None:
        message = "there are more faults; they are told when these are mended"
        found.append(Diagnostic("SOP199", message, found[-1].place))
    return loaded, found
