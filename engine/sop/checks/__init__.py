"""Checks of structure, one per file; each takes a loaded SOP and gives diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from engine.diagnostics import Diagnostic
from engine.sop.load import SopFile

CHECKS: Final[tuple[Callable[[SopFile], Iterable[Diagnostic]], ...]] = ()
