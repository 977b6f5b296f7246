"""The picture as SVG: one file without fonts, scripts or links of its own, so that it can be mailed, printed and read aloud.

Colours say whose step it is and which way an arrow goes; each is also said by place, by a dash or by words, for those who
don't see it. Every text stands on its ground with a contrast of 4.5 or more (WCAG 2.2, 1.4.3). Each card
carries a tooltip with who is responsible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from engine.analysis.diagram.layout import MARGIN, MARK, Anchor, Box, Card, Entry, Frame, Label, Layout, Look, lay_out
from engine.analysis.diagram.metrics import FAMILY, width
from engine.analysis.diagram.routing import Kind, Point, Way
from engine.analysis.diagram.words import Lane, Overlay, Words
from engine.sop.model import Sop
from engine.sop.outline import outline_of

INK: Final = "#1f2933"
SOFT: Final = "#47525f"
PAPER: Final = "#ffffff"
GROUNDS: Final[Mapping[Lane, str]] = {Lane.DESTINATION: "#e9f1fa", Lane.SHARED: "#f3eef8", Lane.ORIGIN: "#eaf5ec"}
EDGES: Final[Mapping[Lane, str]] = {Lane.DESTINATION: "#2a5d97", Lane.SHARED: "#6a4a92", Lane.ORIGIN: "#2c6e43"}
END: Final = "#36434f"
PAUSE: Final = "#fdf6e3"
ARROWS: Final[Mapping[Kind, str]] = {Kind.FORWARD: "#33475b", Kind.BACK: "#a04a1a", Kind.REOPENS: "#6b7280"}
PATH: Final = "#b3125a"
HARM: Final = "#5c0a12"
BADGE: Final = "#ffd766"

TEXTS_ON_GROUNDS: Final = (
    (INK, PAPER), (SOFT, PAPER), (INK, PAUSE), (SOFT, PAUSE), (PAPER, END), (PAPER, PATH), (PAPER, HARM), (INK, BADGE),
    *((INK, ground) for ground in GROUNDS.values()), *((PAPER, edge) for edge in EDGES.values()),
)  # fmt: skip
"""Every colour of words with the colour behind it."""


def svg(sop: Sop, language: str, overlay: Overlay | None = None) -> str:
    """Return the picture of `sop` as a whole SVG file, `overlay` drawn over it."""
    return drawn(Words(outline_of(sop), language), overlay or Overlay())


def drawn(said: Words, overlay: Overlay) -> str:
    """Return the picture as a whole SVG file, in the words given."""
    return _Drawing(said, lay_out(said), overlay).whole()


class _Drawing:
    def __init__(self, said: Words, layout: Layout, overlay: Overlay) -> None:
        self._said, self._layout, self._overlay = said, layout, overlay
        self._numbers: dict[tuple[str, str], list[int]] = {}
        for number, (step, action) in enumerate(overlay.path, start=1):
            self._numbers.setdefault((step, action), []).append(number)
        self._visited = {step for step, _ in overlay.path}

    def whole(self) -> str:
        signs, high = self._signs(self._layout.foot)
        wide, high = self._layout.size[0], high + MARGIN
        title = self._said.text(self._said.sop.title)
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(wide)} {_n(high)}" width="{_n(wide)}" '
            f'height="{_n(high)}" role="img" aria-labelledby="title what" xml:lang={quoteattr(self._said.language)} '
            f'font-family="{FAMILY}" fill="{INK}">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="what">{escape(self._said.own("what"))}</desc>',
            self._markers(),
            f'<rect width="{_n(wide)}" height="{_n(high)}" fill="{PAPER}"/>',
            *self._ground(),
            *(_words(label) for label in (*self._layout.heading, *self._layout.captions)),
            *(line for frame in self._layout.alongside for line in self._frame(frame)),
            *(line for way in self._layout.ways for line in self._way(way)),
            *(line for card in self._layout.cards for line in self._card(card)),
            *(line for entry in self._layout.everywhere for line in self._entry(entry)),
            *self._over(),
            *signs,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def _markers(self) -> str:
        heads = {**{kind.value: colour for kind, colour in ARROWS.items()}, "path": PATH}
        drawn = "".join(
            f'<marker id="{name}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
            f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5L8 4L0 7.5Z" fill="{colour}"/></marker>'
            for name, colour in heads.items()
        )
        return f"<defs>{drawn}</defs>"

    # ── Lanes and columns ────────────────────────────────────────────────────────────────────────────────────────

    def _ground(self) -> Iterator[str]:
        top = self._layout.columns[0].box.y
        for band in self._layout.lanes:
            yield _rect(band.box, GROUNDS[band.lane])
            yield _rect(Box(band.box.x, band.box.y, 34, band.box.h), EDGES[band.lane])
            said, size = band.label, 20.0
            while width(said, size, True) > band.box.h - 12 and size > 8:
                size -= 0.5
            x, y = band.box.x + 17 + size * 0.36, band.box.y + band.box.h / 2
            yield (
                f'<text transform="translate({_n(x)} {_n(y)}) rotate(-90)" text-anchor="middle" font-size="{_n(size)}" '
                f'font-weight="bold" fill="{PAPER}">{escape(said)}</text>'
            )
        for column in self._layout.columns:
            yield _line([(column.box.x, top + 4), (column.box.right, top + 4)], SOFT, 2)
            yield _words(column.heading)

    # ── Steps ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _card(self, card: Card) -> Iterator[str]:
        step = self._said.outline.by_name[card.step].step
        about = [self._said.step(card.step)]
        if step.responsible:
            about.append(f"{self._said.own('by')}: {self._said.roles(step.responsible)}")
        yield f"<g id={quoteattr('step-' + card.step)}><title>{escape(' — '.join(about))}</title>"
        if card.look is Look.END:
            yield _rect(card.box, END, radius=min(card.box.h / 2, 15))
            yield _rect(_inset(card.box, 2.5), "none", PAPER, 1.2, radius=min(card.box.h / 2, 13))
        else:
            yield _rect(card.box, PAUSE if card.look is Look.PAUSE else PAPER, EDGES[card.lane], 1.4, radius=5)
            yield _rect(Box(card.box.x, card.box.y + 5, 4, card.box.h - 10), EDGES[card.lane])
        ink = PAPER if card.look is Look.END else INK
        yield _words(card.title, ink)
        if card.starts:
            yield _dot((card.title.x - MARK + 4, card.title.y + card.title.leading / 2 + 0.5), 4, ink)
        elif card.look is Look.PAUSE:
            yield _bars((card.title.x - MARK + 1, card.title.y + card.title.leading / 2 - 4))
        for row in card.rows:
            yield _dot((row.x - 5, row.y + row.leading / 2), 1.4, ink)
            yield _words(row, ink)
        if card.ports and card.look is not Look.END:
            y = card.ports[0].label.y - 3
            yield _line([(card.box.x + 10, y), (card.box.right - 6, y)], "#c9d1d9", 1)
        for port in card.ports:
            yield _words(port.label, ink)
            if port.arrow.timed:
                yield _clock((port.label.box.x - 8, port.label.y + port.label.leading / 2))
        for frame in card.strands:
            yield from self._frame(frame)
        yield "</g>"

    def _frame(self, frame: Frame) -> Iterator[str]:
        yield _rect(frame.box, "#f7f9fb", "#9aa5b1", 1, radius=4)
        yield _words(frame.title, SOFT)
        for way in frame.ways:
            yield from self._way(way)
        for card in frame.cards:
            yield from self._card(card)

    def _entry(self, entry: Entry) -> Iterator[str]:
        yield _rect(entry.box, "#f7f9fb", "#9aa5b1", 1, radius=4)
        x, y = entry.box.x + 16, entry.box.y + 17
        yield _circle((x, y), 7, "none", SOFT, 1.4)
        yield _line([(x - 3, y), (x + 3, y)], SOFT, 1.4, head="")
        yield _line([(x, y - 3), (x, y + 3)], SOFT, 1.4, head="")
        for number, label in enumerate(entry.labels):
            yield _words(label, INK if number < 2 else SOFT)

    # ── Arrows ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _way(self, way: Way) -> Iterator[str]:
        dash = ' stroke-dasharray="4 3"' if way.kind is Kind.REOPENS else ""
        thick = 1.5 if way.kind is Kind.FORWARD else 1.2
        yield _path(way.points, ARROWS[way.kind], thick, way.kind.value, dash)

    # ── What is drawn over it ────────────────────────────────────────────────────────────────────────────────────

    def _over(self) -> Iterator[str]:
        cards = {card.step: card for card in self._layout.all_cards()}
        for step in sorted(self._visited & cards.keys()):
            card = cards[step]
            yield _rect(_inset(card.box, -2), "none", PATH, 2.4, radius=7)
        ways = {(way.source, way.action): way for way in self._layout.all_ways()}
        for taken in self._numbers:
            if taken in ways:
                yield _path(ways[taken].points, PATH, 2.6, "path", "")
        entries = {entry.action: entry for entry in self._layout.everywhere}
        listed: dict[str, list[int]] = {}
        for (step, action), numbers in self._numbers.items():
            if (step, action) in ways:
                yield from _number_at(ways[step, action].points[0], self._signed(numbers), self._fill(numbers))
            elif step in cards:
                at = (cards[step].box.x, cards[step].box.y)
                yield from _badge(at, self._signed(numbers), self._fill(numbers), PAPER)
            if (step, action) not in ways and action in entries:
                listed.setdefault(action, []).extend(numbers)
        for action, numbers in listed.items():
            box = entries[action].box
            yield _rect(box, "none", PATH, 2.4, radius=4)
            yield from _badge((box.x, box.y), self._signed(sorted(numbers)), self._fill(numbers), PAPER)
        for step, count in sorted(self._overlay.counts.items()):
            if step in cards and count:
                box = cards[step].box
                yield from _badge((box.right - 14, box.y), str(count), BADGE, INK, SOFT)

    def _is_harm(self, numbers: Sequence[int]) -> bool:
        return bool(self._overlay.harm) and len(self._overlay.path) in numbers

    def _signed(self, numbers: Sequence[int]) -> str:
        """Write numbers of the path; the last one before a harm carries a sign."""
        return "·".join(str(number) for number in numbers) + (" !" if self._is_harm(numbers) else "")

    def _fill(self, numbers: Sequence[int]) -> str:
        return HARM if self._is_harm(numbers) else PATH

    # ── The explanation of the signs ─────────────────────────────────────────────────────────────────────────────

    def _signs(self, top: float) -> tuple[list[str], float]:
        """Explain the signs that this picture uses, in a row that breaks at the edge."""
        cards, ways = self._layout.all_cards(), self._layout.all_ways()
        shown: list[tuple[str, str]] = [("start", self._said.own("start"))]
        shown += [(kind.value, self._said.own({"forward": "later"}.get(kind.value, kind.value)))
                  for kind in Kind if any(way.kind is kind for way in ways)]  # fmt: skip
        for sign, used in (
            ("timed", any(port.arrow.timed for card in cards for port in card.ports)),
            ("pause", any(card.look is Look.PAUSE for card in cards)),
            ("end", any(card.look is Look.END for card in cards)),
            ("path", bool(self._overlay.path)),
            ("harm", bool(self._overlay.harm)),
            ("cases", any(self._overlay.counts.values())),
        ):
            shown += [(sign, self._said.own(sign).format(self._overlay.harm))] if used else []
        lines, x, y = [], MARGIN, top + 10
        for sign, said in shown:
            wide = 34 + width(said, 12) * 1.1 + 24
            if x + wide > self._layout.size[0] and x > MARGIN:
                x, y = MARGIN, y + 24
            lines += [_sign(sign, x, y), _words(Label((said,), x + 34, y - 8, 12, 16), SOFT)]
            x += wide
        return lines, y + 12


# ── Shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sign(sign: str, x: float, y: float) -> str:
    if sign in ARROWS:
        kind = Kind(sign)
        dash = ' stroke-dasharray="4 3"' if kind is Kind.REOPENS else ""
        return _path([(x, y), (x + 26, y)], ARROWS[kind], 1.5, sign, dash)
    return {
        "start": lambda: _dot((x + 20, y), 4, INK),
        "timed": lambda: _clock((x + 20, y)),
        "pause": lambda: _bars((x + 16, y - 4)),
        "end": lambda: _rect(Box(x + 6, y - 7, 22, 14), END, radius=7),
        "path": lambda: _dot((x + 20, y), 7, PATH),
        "harm": lambda: _dot((x + 20, y), 7, HARM),
        "cases": lambda: _rect(Box(x + 8, y - 8, 20, 16), BADGE, SOFT, 1, radius=8),
    }[sign]()


def _n(value: float) -> str:
    """Write a length: one decimal at most, and no more than needed."""
    return f"{value:.1f}".rstrip("0").rstrip(".") if value else "0"


def _rect(box: Box, fill: str, edge: str = "", thick: float = 0, radius: float = 0) -> str:
    round_ = f' rx="{_n(radius)}"' if radius else ""
    stroke = f' stroke="{edge}" stroke-width="{_n(thick)}"' if edge else ""
    return f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.w)}" height="{_n(box.h)}"{round_} fill="{fill}"{stroke}/>'


def _inset(box: Box, by: float) -> Box:
    return Box(box.x + by, box.y + by, box.w - 2 * by, box.h - 2 * by)


def _circle(at: Point, radius: float, fill: str, edge: str, thick: float) -> str:
    return (
        f'<circle cx="{_n(at[0])}" cy="{_n(at[1])}" r="{_n(radius)}" fill="{fill}" stroke="{edge}" '
        f'stroke-width="{_n(thick)}"/>'
    )


def _dot(at: Point, radius: float, fill: str) -> str:
    return f'<circle cx="{_n(at[0])}" cy="{_n(at[1])}" r="{_n(radius)}" fill="{fill}"/>'


def _bars(at: Point) -> str:
    x, y = at
    return _rect(Box(x, y, 3, 9), INK) + _rect(Box(x + 5, y, 3, 9), INK)


def _clock(at: Point) -> str:
    x, y = at
    hands = f'<path d="M{_n(x)} {_n(y - 3)}V{_n(y)}H{_n(x + 2.5)}" fill="none" stroke="{INK}" stroke-width="1.1"/>'
    return _circle(at, 4.6, "none", INK, 1.1) + hands


def _line(points: Sequence[Point], colour: str, thick: float, head: str = "") -> str:
    return _path(points, colour, thick, head, "")


def _path(points: Sequence[Point], colour: str, thick: float, head: str, dash: str) -> str:
    """Draw a line through `points` with rounded corners, and an arrow's head at its end if one is named."""
    points = _without_repeats(points)
    drawn = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for before, corner, after in zip(points[:-2], points[1:-1], points[2:], strict=True):
        radius = min(5.0, _distance(before, corner) / 2, _distance(corner, after) / 2)
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        drawn.append(f"L{_n(start[0])} {_n(start[1])}Q{_n(corner[0])} {_n(corner[1])} {_n(end[0])} {_n(end[1])}")
    drawn.append(f"L{_n(points[-1][0])} {_n(points[-1][1])}")
    marker = f' marker-end="url(#{head})"' if head else ""
    return f'<path d="{"".join(drawn)}" fill="none" stroke="{colour}" stroke-width="{_n(thick)}"{dash}{marker}/>'


def _without_repeats(points: Iterable[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in points:
        if not kept or _distance(kept[-1], point) > 0.01:
            kept.append(point)
    return kept


def _distance(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(start: Point, end: Point, length: float) -> Point:
    whole = _distance(start, end) or 1.0
    return start[0] + (end[0] - start[0]) * length / whole, start[1] + (end[1] - start[1]) * length / whole


def _badge(at: Point, said: str, fill: str, ink: str, edge: str = PAPER) -> Iterator[str]:
    """Draw numbers in a pill around a point."""
    wide = max(18.0, width(said, 11, True) * 1.1 + 10)
    yield _rect(Box(at[0] - wide / 2, at[1] - 9, wide, 18), fill, edge, 1.2, radius=9)
    yield _words(Label((said,), at[0], at[1] - 8, 11, 16, True, Anchor.MIDDLE), ink)


def _number_at(edge: Point, said: str, fill: str) -> Iterator[str]:
    """Draw numbers where an arrow leaves its card, beside the words of its action."""
    wide = max(15.0, width(said, 10, True) * 1.1 + 7)
    yield _rect(Box(edge[0] - 3, edge[1] - 7.5, wide, 15), fill, PAPER, 1, radius=7.5)
    yield _words(Label((said,), edge[0] - 3 + wide / 2, edge[1] - 6.5, 10, 13, True, Anchor.MIDDLE), PAPER)


def _words(label: Label, ink: str = INK) -> str:
    anchor = "" if label.anchor is Anchor.START else f' text-anchor="{label.anchor}"'
    bold = ' font-weight="bold"' if label.bold else ""
    first = label.y + label.leading / 2 + label.size * 0.36
    lines = "".join(
        f'<tspan x="{_n(label.x)}" y="{_n(first + number * label.leading)}">{escape(line)}</tspan>'
        for number, line in enumerate(label.lines)
    )
    return f'<text font-size="{_n(label.size)}"{bold}{anchor} fill="{ink}">{lines}</text>'
