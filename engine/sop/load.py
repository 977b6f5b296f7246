"""file -> Sop, or all its diagnostics in one run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.diagnostics import Diagnostic
from engine.forms.model import Form
from engine.sop.model import Sop
from engine.sop.shelf import Shelf
from engine.source import Marks

__all__ = ["Shelf", "SopFile", "find_root", "load_form", "load_sop"]


@dataclass(frozen=True, slots=True)
class SopFile:
    sop: Sop
    shelf: Shelf
    marks: Marks
    file: str
    lines: tuple[str, ...]


def load_sop(path: Path, shelf: Shelf) -> tuple[SopFile | None, list[Diagnostic]]:
    raise NotImplementedError


def load_form(path: Path) -> tuple[Form | None, list[Diagnostic]]:
    raise NotImplementedError


def find_root(path: Path) -> Path:
    raise NotImplementedError
