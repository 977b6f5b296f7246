"""What stands beside the procedures: forms, documents, safeguards, other procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.diagnostics import Diagnostic
from engine.forms.model import Form


@dataclass(frozen=True, slots=True)
class Shelf:
    forms: Mapping[str, Form]
    documents: frozenset[str]
    safeguards: Mapping[str, object]
    sops: Mapping[str, Path]

    @classmethod
    def of(cls, root: Path) -> tuple[Shelf, list[Diagnostic]]:
        raise NotImplementedError
