"""The procedure as BPMN 2.0 with diagram interchange, for modellers and for talks with offices that draw in BPMN.

The main line is one pool with a lane for each country; each line alongside is a pool of its own below it. A step is a task, a
step with strands an expanded sub-process that forks; an exclusive gateway gathers what leads to a step, another parts what
leads on; a timed action is a timer on the step's border. Places are those of `layout`, enlarged.

What BPMN has no sign for is said otherwise: an action open everywhere, and a case reopened, is a message that starts at the
step it leads to (that it leaves the step where the case stands is not carried over; with `to: stay` it is named in the
process's documentation only); `resume` is an end named after it. Requirements, forms, facts and deadlines are not carried over.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from engine.analysis.diagram.bpmn_path import draw_path
from engine.analysis.diagram.layout import Box, Card, Frame, Layout, lay_out
from engine.analysis.diagram.routing import Point, Way
from engine.analysis.diagram.words import Arrow, Lane, Overlay, Words
from engine.sop import model as m
from engine.sop.outline import MAIN, Kind, outline_of

WIDER: Final = 2.2
HIGHER: Final = 2.0
"""How much larger than in the picture: a task needs room for its gateways, and the words of its flows beside them."""
EVENT: Final = 24.0
GATEWAY: Final = 30.0
_SPACES: Final = {
    "xmlns:bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "xmlns:bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "xmlns:dc": "http://www.omg.org/spec/DD/20100524/DC",
    "xmlns:di": "http://www.omg.org/spec/DD/20100524/DI",
}


def bpmn(sop: m.Sop, language: str, overlay: Overlay | None = None) -> str:
    """Return `sop` as a BPMN 2.0 file, the path of `overlay` in colour."""
    outline = outline_of(sop)
    said = Words(outline, language)
    return _Model(said, lay_out(said)).whole(overlay or Overlay())


@dataclass(frozen=True, slots=True)
class _Node:
    """A shape: its id, its element's tag and name, where it stands."""

    id: str
    tag: str
    name: str
    box: Box
    inside: str = ""
    """Another element within this one's, such as an event's definition."""
    host: str = ""
    children: _Scope | None = None


@dataclass(frozen=True, slots=True)
class _Flow:
    id: str
    source: _Node
    target: _Node
    name: str
    about: str
    points: tuple[Point, ...]
    label: Box | None = None


@dataclass(slots=True)
class _Scope:
    """A process or a sub-process while it is filled."""

    nodes: list[_Node] = field(default_factory=list)
    flows: list[_Flow] = field(default_factory=list)
    lanes: dict[Lane, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The shapes of one step: what arrows enter, what they leave from, and what its timed actions leave from."""

    card: Card
    entry: _Node
    exit: _Node
    timers: dict[str, _Node]


class _Model:
    def __init__(self, said: Words, layout: Layout) -> None:
        self._said, self._layout, self._outline = said, layout, said.outline
        self._ways = {(way.source, way.action): way for way in layout.all_ways()}

    def whole(self, overlay: Overlay) -> str:
        root = ET.Element("bpmn:definitions", {**_SPACES, "id": "Definitions", "targetNamespace": "urn:passerelle"})
        collaboration = ET.SubElement(root, "bpmn:collaboration", {"id": "Collaboration"})
        plane_of = ET.Element("bpmndi:BPMNDiagram", {"id": "Diagram"})
        plane = ET.SubElement(plane_of, "bpmndi:BPMNPlane", {"id": "Plane", "bpmnElement": "Collaboration"})
        self._pool(
            root, collaboration, plane, "main", self._said.text(self._said.sop.title), self._main(), self._room()
        )
        for frame in self._layout.alongside:
            line = self._outline.lines[frame.key]
            pool = _scaled(frame.box)
            room = Box(pool.x - 22, pool.y, pool.w + 22, pool.h)
            self._pool(root, collaboration, plane, line.name, self._said.line(line), self._beside(frame), room)
        root.append(plane_of)
        draw_path(root, self._said, overlay)
        ET.indent(root)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"

    # ── Pools ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _pool(
        self,
        root: ET.Element,
        collaboration: ET.Element,
        plane: ET.Element,
        key: str,
        name: str,
        scope: _Scope,
        room: Box,
    ) -> None:
        """Write one participant, its process and its shapes."""
        pool, process = f"Pool_{key}", f"Process_{key}"
        ET.SubElement(collaboration, "bpmn:participant", {"id": pool, "name": name, "processRef": process})
        written = ET.SubElement(root, "bpmn:process", {"id": process, "isExecutable": "false"})
        if key == "main":
            self._document(written)
        _shape(plane, pool, room, {"isHorizontal": "true"})
        if scope.lanes:
            lanes = ET.SubElement(written, "bpmn:laneSet", {"id": "Lanes"})
            for band in self._layout.lanes:
                lane = ET.SubElement(lanes, "bpmn:lane", {"id": f"Lane_{band.lane}", "name": band.label})
                for node in scope.lanes.get(band.lane, ()):
                    ET.SubElement(lane, "bpmn:flowNodeRef").text = node
                box = _scaled(band.box)
                _shape(
                    plane, f"Lane_{band.lane}", Box(room.x + 30, box.y, room.w - 30, box.h), {"isHorizontal": "true"}
                )
        _write(written, plane, scope)

    def _room(self) -> Box:
        bands = [_scaled(band.box) for band in self._layout.lanes]
        left, right = bands[0].x - 30, bands[0].right
        return Box(left, bands[0].y, right - left, bands[-1].bottom - bands[0].y)

    def _document(self, process: ET.Element) -> None:
        listed = [f"{called} → {leads} ({while_})" for _, called, leads, while_ in self._said.everywhere()]
        if listed:
            said = ET.SubElement(process, "bpmn:documentation")
            said.text = "\n".join([self._said.own("everywhere"), *listed])

    def _main(self) -> _Scope:
        scope = _Scope(lanes={})
        messages: dict[str, list[str]] = {}
        for name, action in self._said.sop.everywhere.items():
            messages.setdefault(action.to, []).append(self._said.action(name, action))
        self._line(scope, MAIN, self._layout.cards, messages)
        return scope

    def _beside(self, frame: Frame) -> _Scope:
        scope = _Scope()
        self._line(scope, frame.key, frame.cards, {})
        return scope

    # ── Lines ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _line(self, scope: _Scope, key: str, cards: Sequence[Card], messages: dict[str, list[str]]) -> None:
        """Draw the steps of a line and its arrows; `messages`: step -> what else may begin there."""
        line = self._outline.lines[key]
        arrows = {card.step: self._gathered(self._said.arrows(card.step)) for card in cards}
        if line.kind is not Kind.STRAND:
            for card in cards:
                for arrow in self._said.arrows(card.step):
                    if arrow.reopens and arrow.target is not None:
                        said = f"{arrow.said}: {self._said.step(card.step)}"
                        messages.setdefault(arrow.target, []).append(said)
        has_end = any(self._outline.by_name[card.step].step.end is not None for card in cards)
        stops = line.start if not has_end and line.kind is Kind.ALONGSIDE else None
        drawn: dict[str, _Drawn] = {}
        for card in cards:
            own, first = arrows[card.step], len(scope.nodes)
            arriving = sum(arrow.target == card.step for many in arrows.values() for arrow in many)
            starting = (card.step == line.start) + (card.step in messages)
            leaving = sum(not arrow.timed for arrow in own) + (card.step == stops)
            drawn[card.step] = self._step(scope, card, arriving + starting, leaving, own)
            self._begin(scope, drawn[card.step], card.step == line.start, messages.get(card.step, ()), line.kind)
            if card.step == stops:
                self._ends_otherwise(scope, drawn[card.step], self._said.own("closed"), "closed")
            if key == MAIN:
                scope.lanes.setdefault(card.lane, []).extend(node.id for node in scope.nodes[first:])
        for card in cards:
            first = len(scope.nodes)
            leaving = sum(not arrow.timed for arrow in arrows[card.step]) + (card.step == stops)
            for arrow in arrows[card.step]:
                self._arrow(scope, drawn, arrow, leaving > 1)
            if key == MAIN:
                scope.lanes[card.lane].extend(node.id for node in scope.nodes[first:])

    @staticmethod
    def _gathered(arrows: Iterable[Arrow]) -> list[Arrow]:
        """One flow for all actions that lead from a step to the same place; what reopens is said elsewhere."""
        found: dict[tuple[str | None, bool], Arrow] = {}
        for arrow in arrows:
            if arrow.reopens:
                continue
            known = found.get((arrow.target, arrow.timed))
            joined = arrow if known is None else replace(known, said=f"{known.said} / {arrow.said}")
            found[arrow.target, arrow.timed] = joined
        return list(found.values())

    def _task(self, card: Card) -> _Node:
        """Draw the step itself: an end event, a sub-process with its strands, or a task between room for gateways."""
        box, name, key = _scaled(card.box), self._said.step(card.step), f"Step_{card.step}"
        if self._outline.by_name[card.step].step.end is not None:
            middle = Box(box.x + (box.w - EVENT) / 2, box.y + (box.h - EVENT) / 2, EVENT, EVENT)
            return _Node(key, "endEvent", name, middle)
        if card.strands:
            frames = [_scaled(frame.box) for frame in card.strands]
            top, bottom = frames[0].y - 8, max(frame.bottom for frame in frames) + 6
            body = Box(box.x + 6, top, box.w - 12, bottom - top)
            return _Node(key, "subProcess", name, body, children=self._strands(card))
        body = Box(box.x + 70, box.y + 4, box.w - 90 - GATEWAY - _label_room(box), box.h - 8)
        return _Node(key, "userTask", name, body)

    def _step(self, scope: _Scope, card: Card, arriving: int, leaving: int, arrows: Sequence[Arrow]) -> _Drawn:
        """Draw a step with the gateways it needs and the timers on its border."""
        box, task = _scaled(card.box), self._task(card)
        entry = exit_ = task
        if arriving > 1:
            y = box.y + 5 if card.strands else box.y + box.h / 2 - GATEWAY / 2
            entry = _Node(f"Join_{card.step}", "exclusiveGateway", "", Box(box.x + 34, y, GATEWAY, GATEWAY))
            scope.nodes.append(entry)
            _join(scope, entry, task, f"Into_{card.step}")
        scope.nodes.append(task)
        if leaving > 1:
            y = (_higher(card.ports[0].label.y) + box.bottom) / 2 if card.strands else box.y + box.h / 2
            split = Box(box.right - _label_room(box) - GATEWAY - 10, y - GATEWAY / 2, GATEWAY, GATEWAY)
            exit_ = _Node(f"Split_{card.step}", "exclusiveGateway", self._said.own("which"), split)
            scope.nodes.append(exit_)
            _join(scope, task, exit_, f"OutOf_{card.step}")
        timers = {}
        for number, arrow in enumerate(arrow for arrow in arrows if arrow.timed):
            at = Box(task.box.right - (number + 1) * (EVENT + 8), task.box.bottom - EVENT / 2, EVENT, EVENT)
            timer = _Node(
                f"Timer_{card.step}_{arrow.action}", "boundaryEvent", arrow.said, at, "timerEventDefinition", task.id
            )
            timers[arrow.action] = timer
            scope.nodes.append(timer)
        return _Drawn(card, entry, exit_, timers)

    def _strands(self, card: Card) -> _Scope:
        """Fill a step with its strands: one start, a fork if there are several, each strand from its first step on."""
        scope = _Scope()
        for frame in card.strands:
            self._line(scope, frame.key, frame.cards, {})
        first = _scaled(card.strands[0].box)
        start = _Node(
            f"Start_in_{card.step}", "startEvent", self._said.own("begin"), Box(first.x + 6, first.y + 6, 20, 20)
        )
        begins = start
        scope.nodes.append(start)
        if len(card.strands) > 1:
            begins = _Node(f"Fork_{card.step}", "parallelGateway", "", Box(first.x + 40, first.y + 4, 24, 24))
            scope.nodes.append(begins)
            _join(scope, start, begins, f"ToFork_{card.step}")
        by_id = {node.id: node for node in scope.nodes}
        for frame in card.strands:
            name = self._outline.lines[frame.key].start
            into = by_id.get(f"Join_{name}") or by_id.get(f"Step_{name}")
            if into is not None:
                points = _into_strand(begins.box, _scaled(frame.box), into.box)
                scope.flows.append(_Flow(f"Begin_{name}", begins, into, "", "", points))
        return scope

    def _begin(self, scope: _Scope, step: _Drawn, starts: bool, messages: Sequence[str], kind: Kind) -> None:
        box, name = _scaled(step.card.box), step.card.step
        if starts and kind is not Kind.STRAND:
            start = _Node(
                f"Start_{name}", "startEvent", self._said.own("begin"), Box(box.x + 5, box.y + 4, EVENT, EVENT)
            )
            scope.nodes.append(start)
            _join(scope, start, step.entry, f"Begin_{name}")
        if messages:
            at = Box(box.x + 5, box.bottom - EVENT - 4, EVENT, EVENT)
            if step.card.strands:  # below its strands there is room at the left; the entry is above them
                at = Box(box.x + 72, box.y + 8, EVENT, EVENT)
            said = " / ".join(dict.fromkeys(messages))
            start = _Node(f"Message_{name}", "startEvent", said, at, "messageEventDefinition")
            scope.nodes.append(start)
            _join(scope, start, step.entry, f"Message_to_{name}")

    def _ends_otherwise(self, scope: _Scope, step: _Drawn, name: str, why: str) -> _Node:
        """Let a step lead to an end that is no step of its line: the case closed, or back to where it stood."""
        box = _scaled(step.card.box)
        # Below the gateway that parts the ways: words stand at its right, the task at its left.
        at = Box(box.right - _label_room(box) - GATEWAY - 7, box.bottom - EVENT - 2, EVENT, EVENT)
        end = _Node(f"End_{why}_{step.card.step}", "endEvent", name, at)
        scope.nodes.append(end)
        if why == "closed":
            scope.flows.append(_straight(step.exit, end, f"Flow_{why}_{step.card.step}", ""))
        return end

    def _arrow(self, scope: _Scope, drawn: dict[str, _Drawn], arrow: Arrow, is_choice: bool) -> None:
        source = drawn[arrow.source]
        leaves = source.timers.get(arrow.action, source.exit)
        said = arrow.said if is_choice and not arrow.timed else ""
        about = "" if said or arrow.timed else arrow.said
        name = f"Flow_{arrow.source}_{arrow.action}"
        if arrow.target is None:
            end = self._ends_otherwise(scope, source, self._said.own("resume"), "resume")
            flow = _straight(leaves, end, name, said)
            scope.flows.append(_Flow(flow.id, flow.source, flow.target, said, about, flow.points))
            return
        target = drawn[arrow.target]
        row = _row(source.card, arrow.action)
        points = _along(self._ways[arrow.source, arrow.action], row, leaves, target, is_choice)
        scope.flows.append(_Flow(name, leaves, target.entry, said, about, points, row if said else None))


def _along(way: Way, row: Box, leaves: _Node, target: _Drawn, is_choice: bool) -> tuple[Point, ...]:
    """Follow the picture's way, but leave from the shape, below the flow's words, and come in from above the target's card."""
    tracks = [(x * WIDER, _higher(y)) for x, y in way.points[1:-1]]
    shape, first, last = leaves.box, tracks[0][0], tracks[-1][0]
    middle = shape.y + shape.h / 2
    if leaves.host:
        lead = [
            (shape.x + shape.w / 2, shape.bottom),
            (shape.x + shape.w / 2, shape.bottom + 6),
            (first, shape.bottom + 6),
        ]
    elif is_choice:
        lead = [(shape.right, middle), (shape.right + 8, middle), (shape.right + 8, row.bottom), (first, row.bottom)]
    else:
        lead = [(shape.right, middle), (first, middle)]
    over = _scaled(target.card.box).y - 8
    entry = target.entry.box
    into = entry.x + (entry.w / 2 if entry.w <= GATEWAY else 16)
    return (*lead, *tracks[1:-1], (last, over), (into, over), (into, entry.y))


def _into_strand(fork: Box, frame: Box, into: Box) -> tuple[Point, ...]:
    """Lead along the strands' titles and down the left edge of one of them, where no shape stands."""
    edge, height = frame.x + 9, into.y + into.h / 2
    if edge > fork.right:
        middle = fork.y + fork.h / 2
        return (fork.right, middle), (edge, middle), (edge, height), (into.x, height)
    below = fork.bottom + 6
    return (
        (fork.x + fork.w / 2, fork.bottom),
        (fork.x + fork.w / 2, below),
        (edge, below),
        (edge, height),
        (into.x, height),
    )


def _join(scope: _Scope, source: _Node, target: _Node, name: str) -> None:
    scope.flows.append(_straight(source, target, name, ""))


def _straight(source: _Node, target: _Node, name: str, said: str) -> _Flow:
    """Lead from border to border: sideways where the shapes lie beside each other, else from below to above or back."""
    a, b = source.box, target.box
    points: tuple[Point, ...]
    if a.right <= b.x:
        points = ((a.right, a.y + a.h / 2), (b.x, _within(a.y + a.h / 2, b)))
    elif b.right <= a.x:
        points = ((a.x, a.y + a.h / 2), (b.right, _within(a.y + a.h / 2, b)))
    elif a.bottom <= b.y:
        points = ((a.x + a.w / 2, a.bottom), (min(max(a.x + a.w / 2, b.x + 4), b.right - 4), b.y))
    else:
        points = ((a.x + a.w / 2, a.bottom), (b.x + b.w / 2, b.y))
    if source.tag == "subProcess":  # a gateway stands below its strands, at the right
        points = ((b.x + b.w / 2, a.bottom), (b.x + b.w / 2, b.y))
    return _Flow(name, source, target, said, "", points)


def _within(y: float, box: Box) -> float:
    """The height nearest to `y` at which a shape can be met: a gateway or event only in its middle."""
    return box.y + box.h / 2 if box.w <= GATEWAY else min(max(y, box.y + 4), box.bottom - 4)


def _scaled(box: Box) -> Box:
    return Box(box.x * WIDER, _higher(box.y), box.w * WIDER, _higher(box.h))


def _higher(y: float) -> float:
    return y * HIGHER


def _label_room(card: Box) -> float:
    """How wide, at the right of a card, the words of its flows may be."""
    return 160.0 if card.w > 400 else 120.0


def _row(card: Card, action: str) -> Box:
    """Where the words of an action stand: in its row, right of the gateway."""
    box, label = _scaled(card.box), next(port.label for port in card.ports if port.arrow.action == action)
    wide = _label_room(box)
    return Box(box.right - wide, _higher(label.y) - 3, wide - 4, _higher(label.box.h))


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _write(parent: ET.Element, plane: ET.Element, scope: _Scope) -> None:
    into: dict[str, list[str]] = {}
    out_of: dict[str, list[str]] = {}
    for flow in scope.flows:
        into.setdefault(flow.target.id, []).append(flow.id)
        out_of.setdefault(flow.source.id, []).append(flow.id)
    for node in scope.nodes:
        looks = {"id": node.id, **({"name": node.name} if node.name else {})}
        if node.host:
            looks["attachedToRef"] = node.host
        element = ET.SubElement(parent, f"bpmn:{node.tag}", looks)
        for flow_id in into.get(node.id, ()):
            ET.SubElement(element, "bpmn:incoming").text = flow_id
        for flow_id in out_of.get(node.id, ()):
            ET.SubElement(element, "bpmn:outgoing").text = flow_id
        if node.inside:
            ET.SubElement(element, f"bpmn:{node.inside}", {"id": f"{node.id}_definition"})
        looks = {"isExpanded": "true"} if node.children is not None else {}
        if node.tag == "exclusiveGateway":
            looks = {"isMarkerVisible": "true"}
        _shape(plane, node.id, node.box, looks)
        if node.children is not None:
            _write(element, plane, node.children)
    for flow in scope.flows:
        looks = {"id": flow.id, "sourceRef": flow.source.id, "targetRef": flow.target.id}
        element = ET.SubElement(parent, "bpmn:sequenceFlow", looks | ({"name": flow.name} if flow.name else {}))
        if flow.about:
            ET.SubElement(element, "bpmn:documentation").text = flow.about
        edge = ET.SubElement(plane, "bpmndi:BPMNEdge", {"id": f"{flow.id}_di", "bpmnElement": flow.id})
        for x, y in flow.points:
            ET.SubElement(edge, "di:waypoint", {"x": f"{x:.0f}", "y": f"{y:.0f}"})
        if flow.label is not None:
            _bounds(ET.SubElement(edge, "bpmndi:BPMNLabel"), flow.label)


def _shape(plane: ET.Element, name: str, box: Box, looks: dict[str, str]) -> None:
    shape = ET.SubElement(plane, "bpmndi:BPMNShape", {"id": f"{name}_di", "bpmnElement": name, **looks})
    _bounds(shape, box)


def _bounds(parent: ET.Element, box: Box) -> None:
    bounds = {"x": box.x, "y": box.y, "width": box.w, "height": box.h}
    ET.SubElement(parent, "dc:Bounds", {key: f"{value:.0f}" for key, value in bounds.items()})
