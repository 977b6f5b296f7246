"""The procedure as a graph for Graphviz: phases and strands as clusters, sides as colours.

Graphviz lays it out in its own way; whoever wants lanes draws the SVG. A step with strands is a node in the cluster of its
strands, so that its own arrows have an end to stand on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from engine.analysis.diagram.words import Lane, Overlay, Words
from engine.sop.model import Sop
from engine.sop.outline import MAIN, outline_of

_COLOURS: Final = {Lane.DESTINATION: "#2a5d97", Lane.SHARED: "#6a4a92", Lane.ORIGIN: "#2c6e43"}


def dot(sop: Sop, language: str, overlay: Overlay | None = None) -> str:
    """Return the graph of `sop` in the DOT language."""
    said = Words(outline_of(sop), language)
    drawn = overlay or Overlay()
    lines = [
        f"digraph {_quoted(sop.sop)} {{",
        f"  label={_quoted(said.text(sop.title))}; labelloc=t; fontsize=20; rankdir=LR; compound=true;",
        '  graph [fontname="Helvetica"]; edge [fontname="Helvetica", fontsize=9];',
        '  node [fontname="Helvetica", fontsize=10, shape=box, style="rounded,filled", fillcolor=white];',
        *_main(said, drawn),
        *(line for key in said.outline.alongside for line in _line(said, key, drawn, 1)),
        *_everywhere(said, drawn),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _main(said: Words, overlay: Overlay) -> Iterator[str]:
    outline = said.outline
    phases = dict.fromkeys(outline.by_name[name].phase for name in outline.main_steps())
    for phase in phases:
        names = [name for name in outline.main_steps() if outline.by_name[name].phase == phase]
        if phase is None:
            for name in names:
                yield from _step(said, name, overlay, 1)
            continue
        yield f"  subgraph {_quoted('cluster phase ' + phase)} {{"
        yield f"    label={_quoted(said.phase(phase))}; style=dashed; color=gray60;"
        for name in names:
            yield from _step(said, name, overlay, 2)
        yield "  }"
    yield from _begins(said, MAIN, 1)
    yield from _arrows(said, outline.main_steps(), overlay, 1)


def _step(said: Words, name: str, overlay: Overlay, depth: int) -> Iterator[str]:
    keys = said.outline.strands_of.get(name, ())
    if keys:
        pad = "  " * depth
        yield f"{pad}subgraph {_quoted('cluster step ' + name)} {{"
        yield f'{pad}  label=""; style=solid; color="{_COLOURS[said.lane(name)]}";'
        yield f"{pad}  {_node(said, name, overlay)}"
        for key in keys:
            yield from _line(said, key, overlay, depth + 1)
        yield f"{pad}}}"
    else:
        yield "  " * depth + _node(said, name, overlay)


def _line(said: Words, key: str, overlay: Overlay, depth: int) -> Iterator[str]:
    pad = "  " * depth
    line = said.outline.lines[key]
    yield f"{pad}subgraph {_quoted('cluster line ' + key)} {{"
    yield f"{pad}  label={_quoted(said.line(line))}; style=dotted; color=gray40;"
    for name in line.steps:
        yield f"{pad}  {_node(said, name, overlay)}"
    yield from _begins(said, key, depth + 1)
    yield from _arrows(said, line.steps, overlay, depth + 1)
    yield f"{pad}}}"


def _node(said: Words, name: str, overlay: Overlay) -> str:
    step = said.outline.by_name[name].step
    label = said.step(name)
    if overlay.counts.get(name):
        label = f"{label} ({overlay.counts[name]})"
    looks = [f"label={_quoted(label)}", f'color="{_COLOURS[said.lane(name)]}"']
    if step.end is not None:
        looks += ["peripheries=2", "fillcolor=gray90"]
    if any(step_ == name for step_, _ in overlay.path):
        looks += ["penwidth=3"]
    return f"{_quoted(name)} [{', '.join(looks)}];"


def _begins(said: Words, key: str, depth: int) -> Iterator[str]:
    line = said.outline.lines[key]
    if line.start in line.steps:
        start = _quoted(f"start of {key}")
        yield "  " * depth + f'{start} [shape=point, width=0.12, label=""]; {start} -> {_quoted(line.start)};'


def _arrows(said: Words, steps: Sequence[str], overlay: Overlay, depth: int) -> Iterator[str]:
    numbers: dict[tuple[str, str], list[str]] = {}
    for number, taken in enumerate(overlay.path, start=1):
        numbers.setdefault(taken, []).append(str(number))
    for name in steps:
        for arrow in said.arrows(name):
            label = f"⏱ {arrow.said}" if arrow.timed else arrow.said
            looks = ["style=dashed"] if arrow.reopens or arrow.target is None else []
            taken_as = numbers.get((arrow.source, arrow.action))
            if taken_as:
                label = f"{'·'.join(taken_as)}. {label}"
                looks += ['color="#b3125a"', "penwidth=3"]
            looks.insert(0, f"label={_quoted(label)}")
            target = arrow.source if arrow.target is None else arrow.target
            yield "  " * depth + f"{_quoted(name)} -> {_quoted(target)} [{', '.join(looks)}];"


def _everywhere(said: Words, overlay: Overlay) -> Iterator[str]:
    listed = list(said.everywhere())
    if not listed:
        return
    taken: dict[str, list[str]] = {}
    for number, (_, action) in enumerate(overlay.path, start=1):
        taken.setdefault(action, []).append(str(number))
    rows = [said.own("everywhere")]
    for name, called, leads, while_ in listed:
        first = f"{'·'.join(taken[name])}. " if name in taken else ""
        rows.append(f"{first}{called} → {leads} ({while_})")
    label = "".join(_escaped(row) + "\\l" for row in rows)
    yield f'  "open everywhere" [shape=note, style=filled, fillcolor="#f7f9fb", label="{label}"];'


def _escaped(text: str) -> str:
    return " ".join(text.split("\n")).replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
