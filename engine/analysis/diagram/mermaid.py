"""A procedure for Mermaid (stateDiagram-v2), which many wikis and repositories show as a picture.

Strands are drawn side by side in their step, lines alongside beside the main one, and what is open everywhere as a note, so that
it does not draw an arrow from every step. Mermaid lays it out in its own way; whoever wants lanes draws the SVG.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.analysis.diagram.words import Overlay, Words
from engine.sop.model import Sop
from engine.sop.outline import MAIN, Line, outline_of


def mermaid(sop: Sop, language: str, overlay: Overlay | None = None) -> str:
    """Return the diagram of `sop` as text for Mermaid."""
    said, drawn = Words(outline_of(sop), language), overlay or Overlay()
    outline = said.outline
    lines = ["stateDiagram-v2", f"  %% {_plain(said.text(sop.title))}", "  direction TB"]
    lines += _line(said, outline.lines[MAIN], drawn, 1)
    for key in outline.alongside:
        line = outline.lines[key]
        lines.append(f'  state "{_plain(said.line(line))}" as {line.name}__line {{')
        lines += _line(said, line, drawn, 2)
        lines.append("  }")
    lines += _everywhere(said)
    visited = sorted({step for step, _ in drawn.path} & outline.by_name.keys())
    if visited:
        lines.append("  classDef path stroke:#b3125a,stroke-width:3px")
        lines.append(f"  class {','.join(visited)} path")
    return "\n".join(lines) + "\n"


def _line(said: Words, line: Line, overlay: Overlay, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for name in line.steps:
        count = f" ({overlay.counts[name]})" if overlay.counts.get(name) else ""
        yield f'{pad}state "{_plain(said.step(name))}{count}" as {name}'
    for name in line.steps:
        keys = said.outline.strands_of.get(name, ())
        if keys:
            yield f"{pad}state {name} {{"
            for number, key in enumerate(keys):
                if number:
                    yield f"{pad}  --"
                yield from _line(said, said.outline.lines[key], overlay, depth + 1)
            yield f"{pad}}}"
    if line.start in line.steps:
        yield f"{pad}[*] --> {line.start}"
    for name in line.steps:
        for arrow in said.arrows(name):
            numbers = "·".join(
                str(number) for number, taken in enumerate(overlay.path, start=1) if taken == (name, arrow.action)
            )
            label = f"{numbers}. " if numbers else ""
            label += f"⏱ {_plain(arrow.said)}" if arrow.timed else _plain(arrow.said)
            yield f"{pad}{name} --> {name if arrow.target is None else arrow.target}: {label}"
        if said.outline.by_name[name].step.end is not None:
            yield f"{pad}{name} --> [*]"


def _everywhere(said: Words) -> Iterator[str]:
    listed = list(said.everywhere())
    start = said.outline.lines[MAIN].start
    if not listed or start not in said.outline.by_name:
        return
    yield f"  note right of {start}"
    yield f"    {said.own('everywhere')}"
    for _, called, leads, _ in listed:
        yield f"    {_plain(called)} → {_plain(leads)}"
    yield "  end note"


def _plain(text: str) -> str:
    """Write words so that no character of them means anything to Mermaid."""
    # A semicolon ends a statement, even as part of a character's code.
    said = text.replace("; ", ", ").replace(";", ",")
    for character, instead in (("#", "#35;"), ('"', "#quot;"), (":", "#58;"), ("{", "("), ("}", ")")):
        said = said.replace(character, instead)
    return " ".join(said.split())
