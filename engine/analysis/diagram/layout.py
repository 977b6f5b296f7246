"""Where everything stands in the picture: pure geometry, the same for the same procedure and language.

Phases are columns, countries are lanes. A step is a card: its title, and below it a row for each of its actions, so that a
label can never lie on an arrow. From its row the arrow leaves to the right, follows the channel between two columns and, if
its target is further away, a street above or below a lane; arrows to one target share their way like one line of a metro
map. Cards stand in columns and lanes, arrows run in channels and streets only, so nothing overlaps by construction.

The picture and BPMN's diagram interchange are drawn from the same layout. Terms: docs/glossary.md, "step", "strand", "phase".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from engine.analysis.diagram.metrics import SLACK, width, wrap
from engine.analysis.diagram.routing import Ends, Grid, Kind, Way, gutter_ways, plan_ways
from engine.analysis.diagram.words import Arrow, Lane, Words
from engine.sop.outline import MAIN

MARGIN: Final = 24.0
GAP: Final = 18.0
"""Between two cards in a stack: room for a badge."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; y grows downwards."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    def moved(self, dx: float, dy: float) -> Box:
        return Box(self.x + dx, self.y + dy, self.w, self.h)

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def holds(self, other: Box) -> bool:
        return self.x <= other.x and other.right <= self.right and self.y <= other.y and other.bottom <= self.bottom


class Anchor(StrEnum):
    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Label:
    """Words on lines of their own; `x` is where `anchor` says, `y` the top of the first line."""

    lines: tuple[str, ...]
    x: float
    y: float
    size: float
    leading: float
    bold: bool = False
    anchor: Anchor = Anchor.START

    @property
    def box(self) -> Box:
        """The room the words take, with the slack for a wider font."""
        wide = max(width(line, self.size, self.bold) for line in self.lines) * SLACK
        left = {Anchor.START: 0.0, Anchor.MIDDLE: wide / 2, Anchor.END: wide}[self.anchor]
        return Box(self.x - left, self.y, wide, self.leading * len(self.lines))

    def moved(self, dx: float, dy: float) -> Label:
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True, slots=True)
class Port:
    """The row of one action in its step's card; its arrow leaves at (right edge of the card, `y`)."""

    arrow: Arrow
    label: Label
    y: float

    def moved(self, dx: float, dy: float) -> Port:
        return Port(self.arrow, self.label.moved(dx, dy), self.y + dy)


class Look(StrEnum):
    STEP = "step"
    END = "end"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Card:
    """A step as it is drawn, with its strands inside."""

    step: str
    box: Box
    lane: Lane
    look: Look
    title: Label
    starts: bool
    ports: tuple[Port, ...]
    strands: tuple[Frame, ...] = ()
    rows: tuple[Label, ...] = ()
    """What it lists below its title, where it stands for several steps."""

    def moved(self, dx: float, dy: float) -> Card:
        return replace(
            self,
            box=self.box.moved(dx, dy),
            title=self.title.moved(dx, dy),
            ports=tuple(port.moved(dx, dy) for port in self.ports),
            strands=tuple(frame.moved(dx, dy) for frame in self.strands),
            rows=tuple(row.moved(dx, dy) for row in self.rows),
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """A strand or a line alongside: a title, its steps one below the other, its arrows in a gutter on their right."""

    key: str
    box: Box
    title: Label
    cards: tuple[Card, ...]
    ways: tuple[Way, ...]

    def moved(self, dx: float, dy: float) -> Frame:
        return Frame(
            self.key,
            self.box.moved(dx, dy),
            self.title.moved(dx, dy),
            tuple(card.moved(dx, dy) for card in self.cards),
            tuple(way.moved(dx, dy) for way in self.ways),
        )


@dataclass(frozen=True, slots=True)
class Column:
    """A phase."""

    phase: str
    box: Box
    heading: Label


@dataclass(frozen=True, slots=True)
class LaneBand:
    """A country's lane, or what lies between the two; the label runs upwards along its left edge."""

    lane: Lane
    box: Box
    label: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An action open everywhere: what it is called, where it leads and while what, in words."""

    action: str
    box: Box
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole picture. `ways` are the arrows of the main line; those of a strand or line are in its frame."""

    size: tuple[float, float]
    heading: tuple[Label, ...]
    columns: tuple[Column, ...]
    lanes: tuple[LaneBand, ...]
    cards: tuple[Card, ...]
    ways: tuple[Way, ...]
    alongside: tuple[Frame, ...]
    everywhere: tuple[Entry, ...]
    captions: tuple[Label, ...]
    foot: float
    """Where the explanation of the signs may begin."""
    frames: tuple[Frame, ...] = field(default=())

    def all_cards(self) -> tuple[Card, ...]:
        """Every step: the main line's, and those of strands and lines alongside."""
        return self.cards + tuple(card for frame in self.frames for card in frame.cards)

    def all_ways(self) -> tuple[Way, ...]:
        return self.ways + tuple(way for frame in self.frames for way in frame.ways)


@dataclass(frozen=True, slots=True)
class _Style:
    """How large a card and its words are."""

    w: float
    title: float
    title_leading: float
    port: float
    port_leading: float
    pad: float


_MAIN: Final = _Style(w=196, title=13, title_leading=16, port=11, port_leading=13, pad=10)
_GATHERED: Final = _Style(w=156, title=13, title_leading=16, port=11, port_leading=13, pad=10)
_SMALL: Final = _Style(w=164, title=11.5, title_leading=14, port=10.5, port_leading=12.5, pad=8)
MARK: Final = 14.0
"""Room for a sign (a clock, the dot of a start) before a line of words."""


def lay_out(said: Words) -> Layout:
    """Lay out the picture of a procedure."""
    return _LayoutMaker(said).make()


class _LayoutMaker:
    def __init__(self, said: Words) -> None:
        self._said, self._outline = said, said.outline

    def make(self) -> Layout:
        main = self._outline.lines[MAIN]
        style = _GATHERED if self._said.lists else _MAIN
        cards = {name: self._card(name, style, name == main.start) for name in main.steps}
        phases = self._phases()
        number_of = {phase: number for number, phase in enumerate(phases)}
        column_of = {name: number_of[self._column_key(name)] for name in main.steps}
        wides = [0.0] * len(phases)
        for name, column in column_of.items():
            wides[column] = max(wides[column], cards[name].box.w)
        lanes = [lane for lane in Lane if any(card.lane is lane for card in cards.values())]
        grid = Grid(
            columns=wides,
            cells={
                name: (column_of[name], lanes.index(card.lane), card.box.w, card.box.h) for name, card in cards.items()
            },
            lanes=len(lanes),
            gap=GAP,
        )
        # A wide picture is first seen from afar: its headings grow with it.
        far = min(1.8, max(1.0, sum(wide + 60 for wide in grid.columns) / 1800))
        heads = [
            Label(
                wrap(self._heading_words(phase), wide, 14 * far, True),
                wide / 2,
                10,
                14 * far,
                17 * far,
                True,
                Anchor.MIDDLE,
            )
            for phase, wide in zip(phases, grid.columns, strict=True)
        ]
        heading, top = self._heading(far)
        head_h = 18 + max(label.box.h for label in heads)
        order = {name: number for number, name in enumerate(main.steps)}
        ends = [end for name in main.steps for end in self._ends(cards[name], order)]
        entries = {name: _entry_row(card) for name, card in cards.items()}
        placed = plan_ways(grid, ends, entries, left=MARGIN + 46, top=top + head_h)
        standing = tuple(cards[name].moved(*placed.at[name]) for name in main.steps)
        edge = placed.right
        columns = tuple(
            Column(phase, Box(x, top, w, placed.bottom - top), label.moved(x, top))
            for phase, label, (x, w) in zip(phases, heads, placed.columns, strict=True)
        )
        bands = tuple(
            LaneBand(lane, Box(MARGIN, y, edge - MARGIN, h), self._said.own(lane))
            for lane, (y, h) in zip(lanes, placed.lanes, strict=True)
        )
        edge = max(edge, 1000.0)
        alongside, below, captions = self._alongside(edge, placed.bottom + 28, far)
        everywhere, foot, more = self._everywhere(edge, below, far)
        inner = tuple(frame for card in standing for frame in card.strands)
        return Layout(
            size=(edge + MARGIN, foot),
            heading=tuple(heading),
            columns=columns,
            lanes=bands,
            cards=standing,
            ways=placed.ways,
            alongside=alongside,
            everywhere=everywhere,
            captions=captions + more,
            foot=foot,
            frames=inner + alongside,
        )

    # ── Columns and headings ─────────────────────────────────────────────────────────────────────────────────────

    def _column_key(self, name: str) -> str:
        spot = self._outline.by_name[name]
        return spot.phase or ("=ends" if spot.step.end is not None else "=other")

    def _phases(self) -> list[str]:
        """Phases in the order in which the file first names them; ends without a phase come last."""
        keys = list(dict.fromkeys(self._column_key(name) for name in self._outline.main_steps()))
        return sorted(keys, key=lambda key: ("=other", "=ends").index(key) if key.startswith("=") else -1)

    def _heading_words(self, phase: str) -> str:
        return self._said.own(phase[1:]) if phase.startswith("=") else self._said.phase(phase)

    def _heading(self, far: float) -> tuple[list[Label], float]:
        sop = self._said.sop
        title = Label(
            wrap(self._said.text(sop.title), 900 * far, 24 * far, True), MARGIN, MARGIN, 24 * far, 30 * far, True
        )
        countries = f"{', '.join(sop.destination)} → {', '.join(sop.origin)}   ·   {sop.sop}"
        below = Label(wrap(countries, 900 * far, 13 * far), MARGIN, title.box.bottom + 4, 13 * far, 18 * far)
        return [title, below], below.box.bottom + 14

    # ── Cards ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _card(self, name: str, style: _Style, starts: bool) -> Card:
        spot = self._outline.by_name[name]
        frames = [self._frame(key) for key in self._outline.strands_of.get(name, ())]
        grid, inner_w, inner_h = _in_a_grid(frames)
        look = Look.END if spot.step.end is not None else Look.PAUSE if spot.step.pause else Look.STEP
        wide = max(style.w, inner_w + 2 * style.pad)
        marked = starts or look is Look.PAUSE
        room = wide - 2 * style.pad - (MARK if marked else 0)
        lines = wrap(self._said.step(name), room, style.title, bold=True)
        title = Label(
            lines, style.pad + (MARK if marked else 0), style.pad - 1, style.title, style.title_leading, bold=True
        )
        y = style.pad - 1 + max(len(lines) * style.title_leading, 20) + 5
        if frames:
            grid = [frame.moved(style.pad, y + 2) for frame in grid]
            y += inner_h + 8
        rows = []
        for text in self._said.rows(name):
            row = Label(
                wrap(text, wide - 2 * style.pad - 8, style.port), style.pad + 8, y, style.port, style.port_leading
            )
            rows.append(row)
            y = row.box.bottom + 3
        y += 5 if rows else 0
        ports = []
        for arrow in self._said.arrows(name):
            # Beside a card with strands inside, an action's words need not fill the whole width.
            room = min(wide, 340.0) - 2 * style.pad - (MARK if arrow.timed else 0)
            said = wrap(arrow.said, room, style.port)
            high = len(said) * style.port_leading
            label = Label(said, wide - style.pad, y, style.port, style.port_leading, anchor=Anchor.END)
            ports.append(Port(arrow, label, y + high / 2))
            y += high + 3
        high = y + style.pad - (5 if ports else 8)
        lane = self._said.lane(name)
        return Card(name, Box(0, 0, wide, high), lane, look, title, starts, tuple(ports), tuple(grid), tuple(rows))

    def _frame(self, key: str) -> Frame:
        line = self._outline.lines[key]
        cards: list[Card] = []
        pad = 8.0
        title = Label(wrap(self._said.line(line), _SMALL.w, 12, bold=True), pad, 7, 12, 15, True)
        y = title.box.bottom + 8 if any(title.lines) else pad
        for name in line.steps:
            card = self._card(name, _SMALL, name == line.start).moved(pad, y)
            cards.append(card)
            y = card.box.bottom + GAP - 4
        order = {name: number for number, name in enumerate(line.steps)}
        ends = [end for card in cards for end in self._ends(card, order)]
        ways, gutter = gutter_ways(ends, {card.step: _entry_row(card) for card in cards}, pad + _SMALL.w)
        return Frame(key, Box(0, 0, pad + _SMALL.w + gutter + pad, y - GAP + 4 + pad), title, tuple(cards), ways)

    @staticmethod
    def _ends(card: Card, order: Mapping[str, int]) -> Iterable[Ends]:
        for port in card.ports:
            arrow = port.arrow
            if arrow.target is None:
                continue
            kind = Kind.REOPENS if arrow.reopens else Kind.FORWARD
            if kind is Kind.FORWARD and order[arrow.target] <= order[arrow.source]:
                kind = Kind.BACK
            yield Ends(arrow.source, arrow.action, arrow.target, port.y, kind)

    # ── Below the lanes ──────────────────────────────────────────────────────────────────────────────────────────

    def _alongside(self, edge: float, top: float, far: float) -> tuple[tuple[Frame, ...], float, tuple[Label, ...]]:
        frames = [self._frame(key) for key in self._outline.alongside]
        if not frames:
            return (), top, ()
        caption = Label((self._said.own("alongside"),), MARGIN, top, 16 * far, 22 * far, True)
        placed, bottom = _on_shelves(frames, MARGIN, caption.box.bottom + 12, edge)
        return tuple(placed), bottom + 28, (caption,)

    def _everywhere(self, edge: float, top: float, far: float) -> tuple[tuple[Entry, ...], float, tuple[Label, ...]]:
        listed = list(self._said.everywhere())
        if not listed:
            return (), top, ()
        caption = Label((self._said.own("everywhere"),), MARGIN, top, 16 * far, 22 * far, True)
        columns = max(1, int((edge - MARGIN) // 330))
        columns = math.ceil(len(listed) / math.ceil(len(listed) / columns))
        wide = (edge - MARGIN - GAP * (columns - 1)) / columns
        entries, y = [], caption.box.bottom + 12
        for row in range(0, len(listed), columns):
            made = [
                self._entry(one, MARGIN + n * (wide + GAP), y, wide)
                for n, one in enumerate(listed[row : row + columns])
            ]
            high = max(entry.box.h for entry in made)
            entries += [replace(entry, box=replace(entry.box, h=high)) for entry in made]
            y += high + 10
        return tuple(entries), y + 18, (caption,)

    def _entry(self, one: tuple[str, str, str, str], x: float, y: float, wide: float) -> Entry:
        action, called, leads, while_ = one
        room, labels, below = wide - 44, [], y + 8
        for text, size, bold in ((called, 12.0, True), (f"→ {leads}", 11.0, False), (while_, 10.5, False)):
            if text:
                label = Label(wrap(text, room, size, bold), x + 32, below, size, size + 3, bold)
                labels.append(label)
                below = label.box.bottom + 1
        return Entry(action, Box(x, y, wide, below + 7 - y), tuple(labels))


def _entry_row(card: Card) -> tuple[float, float]:
    """Where arrows may enter a card: beside its title, above its first action."""
    return card.box.y + 6, card.title.box.y + max(card.title.box.h, 18) - 1


def _in_a_grid(frames: Sequence[Frame]) -> tuple[list[Frame], float, float]:
    """Place strands side by side, in as many rows as make the whole not much wider than high."""
    if not frames:
        return [], 0, 0
    across = math.ceil(math.sqrt(len(frames)))
    rows = [frames[n : n + across] for n in range(0, len(frames), across)]
    wides = [max(row[n].box.w for row in rows if n < len(row)) for n in range(across)]
    placed, y = [], 0.0
    for row in rows:
        for n, frame in enumerate(row):
            placed.append(frame.moved(sum(wides[:n]) + n * 10, y))
        y += max(frame.box.h for frame in row) + 10
    return placed, sum(wides) + 10 * (across - 1), y - 10


def _on_shelves(frames: Sequence[Frame], left: float, top: float, right: float) -> tuple[list[Frame], float]:
    """Place lines side by side on as few shelves as hold them, evenly filled."""
    room = right - left
    total = sum(frame.box.w + GAP for frame in frames)
    shelves = max(1, math.ceil(total / (room + GAP)))
    while True:
        rows = _shelved(frames, total / shelves + GAP, room)
        if len(rows) <= shelves:
            break
        shelves += 1
    placed, y = [], top
    for row in rows:
        x = left
        for frame in row:
            placed.append(frame.moved(x, y))
            x += frame.box.w + GAP
        y += max(frame.box.h for frame in row) + GAP
    return placed, y - GAP


def _shelved(frames: Sequence[Frame], even: float, room: float) -> list[list[Frame]]:
    rows: list[list[Frame]] = [[]]
    used = 0.0
    for frame in frames:
        if rows[-1] and (used + frame.box.w > room or used + frame.box.w / 2 > even):
            rows.append([])
            used = 0.0
        rows[-1].append(frame)
        used += frame.box.w + GAP
    return rows
