"""A path drawn over a BPMN file: its shapes and flows take a colour, its steps the numbers of the actions taken at them.

Colours are those of the OMG's "BPMN in Color" and of bpmn.io, which modellers read and others leave alone; no element is added, so
the model stays the one it was.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Final

from engine.analysis.diagram.words import REOPEN, Overlay, Words

STROKE: Final = "#b3125a"
_FILL: Final = "#fbe3ee"
_SPACES: Final = {
    "xmlns:bioc": "http://bpmn.io/schema/bpmn/biocolor/1.0",
    "xmlns:color": "http://www.omg.org/spec/BPMN/non-normative/color/1.0",
}


def draw_path(root: ET.Element, said: Words, overlay: Overlay) -> None:
    """Colour in a BPMN document the steps that a path passes and the flows it takes."""
    if not overlay.path:
        return
    root.attrib.update(_SPACES)
    flows: set[str] = set()
    leaving: dict[str, list[str]] = {}
    steps: set[str] = set()
    for number, (step, action) in enumerate(overlay.path, start=1):
        flow, target = _flow(said, step, action)
        flows.add(flow)
        steps |= {step, target}
        leaving.setdefault(f"Step_{step}", []).append(str(number))
    shapes = {f"Step_{step}" for step in steps}
    for element in root.iter():
        drawn = element.get("bpmnElement", "")
        if drawn in shapes:
            element.attrib.update(_colours(_FILL))
        elif drawn in flows:
            element.attrib.update(_colours())
        numbers = leaving.get(element.get("id", ""))
        if numbers is not None:
            element.set("name", f"{element.get('name', '')} ({'·'.join(numbers)})")


def _flow(said: Words, step: str, action: str) -> tuple[str, str]:
    """Return the flow that an action takes, and the step it leads to (or the one it stays at)."""
    arrows = list(said.arrows(step)) if step in said.outline.by_name else []
    own = next((one for one in arrows if one.action == action), None)
    if own is None or action == REOPEN:
        # Open everywhere, or reopening: drawn as a message that begins where it leads to.
        everywhere = said.sop.everywhere.get(action)
        target = everywhere.to if everywhere is not None else (own.target if own is not None else None) or step
        return f"Message_to_{target}", target if target in said.outline.by_name else step
    first = next(one for one in arrows if (one.target, one.timed, one.reopens) == (own.target, own.timed, False))
    return f"Flow_{step}_{first.action}", own.target or step


def _colours(fill: str = "") -> dict[str, str]:
    looks = {"bioc:stroke": STROKE, "color:border-color": STROKE}
    return looks | {"bioc:fill": fill, "color:background-color": fill} if fill else looks
