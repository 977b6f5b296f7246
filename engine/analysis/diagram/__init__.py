"""A procedure as a picture or as a file for other tools; one module per format.

All formats say the same words of the same outline (`words`); SVG and BPMN share one layout (`layout`, `routing`, `metrics`).
The picture is drawn from the table that the engine runs, so it cannot say anything else. Same procedure, same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from engine.analysis.diagram.bpmn import bpmn
from engine.analysis.diagram.dot import dot
from engine.analysis.diagram.mermaid import mermaid
from engine.analysis.diagram.overview import overview
from engine.analysis.diagram.scxml import scxml
from engine.analysis.diagram.svg import drawn, svg
from engine.analysis.diagram.words import Overlay, Words
from engine.sop.model import Sop
from engine.sop.outline import outline_of


class Format(StrEnum):
    """In which a procedure can be drawn."""

    SVG = "svg"
    MERMAID = "mermaid"
    DOT = "dot"
    SCXML = "scxml"
    BPMN = "bpmn"


SUFFIXES: Final[Mapping[str, Format]] = {
    ".svg": Format.SVG, ".mmd": Format.MERMAID, ".dot": Format.DOT, ".gv": Format.DOT, ".scxml": Format.SCXML,
    ".bpmn": Format.BPMN,
}  # fmt: skip
"""What a file's name says of its format."""

MODELS: Final = frozenset({Format.SCXML, Format.BPMN})
"""Formats that other tools run or edit: only a sound procedure can be written so. BPMN takes a path in colour, SCXML nothing."""

_PICTURES: Final[Mapping[Format, Callable[[Sop, str, Overlay | None], str]]] = {
    Format.SVG: svg, Format.MERMAID: mermaid, Format.DOT: dot, Format.BPMN: bpmn,
}  # fmt: skip


def draw_overview(sop: Sop, language: str, overlay: Overlay | None = None) -> str:
    """Return `sop` at a glance, as SVG: what each country does in each phase; of `overlay` the numbers of cases."""
    seen = overview(sop)
    counts = seen.counted(overlay.counts) if overlay is not None else {}
    return drawn(Words(outline_of(seen.sop), language, seen.listed), Overlay(counts=counts))


def draw(sop: Sop, format: Format, language: str, overlay: Overlay | None = None) -> str:
    """Return `sop` in a format, its words in `language`, `overlay` drawn over it; SCXML leaves it out, BPMN its counts."""
    if format is Format.SCXML:
        return scxml(sop, language)
    return _PICTURES[format](sop, language, overlay)


__all__ = ["MODELS", "SUFFIXES", "Format", "Overlay", "draw", "draw_overview"]
