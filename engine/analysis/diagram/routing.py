"""The ways of arrows: in channels between columns, in streets between lanes, in the gutter beside a stack of steps.

A net is all arrows of one kind that enter one target from one side. It has one track in each channel it uses and one in a
street, if any of its arrows comes from further away; so arrows to one target run together, and arrows to different targets
never lie on each other. Tracks are given greedily, short stretches first, over intervals that must not meet.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeAlias, TypeVar

Point: TypeAlias = tuple[float, float]
_K = TypeVar("_K", bound=Hashable)

TRACK: Final = 7.0
"""Between two arrows that run side by side."""
CLEAR: Final = 4.0
"""What keeps apart two stretches that may not lie on one another."""
SIDE: Final = 14.0
"""Between a card and the first track beside it: room for an arrow's head."""


class Kind(StrEnum):
    """Which way an arrow goes through the procedure; each kind is drawn in its own manner."""

    FORWARD = "forward"
    BACK = "back"
    REOPENS = "reopens"


@dataclass(frozen=True, slots=True)
class Ends:
    """What an arrow joins; `y` is the height of its action's row in the source's card."""

    source: str
    action: str
    target: str
    y: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Way:
    """The points an arrow runs through, from its action's row to its target's edge."""

    source: str
    action: str
    target: str
    kind: Kind
    points: tuple[Point, ...]

    def moved(self, dx: float, dy: float) -> Way:
        points = tuple((x + dx, y + dy) for x, y in self.points)
        return Way(self.source, self.action, self.target, self.kind, points)


@dataclass(frozen=True, slots=True)
class Grid:
    """What is placed: widths of columns, and each step's (column, lane, width, height), in the order of the stack."""

    columns: Sequence[float]
    cells: Mapping[str, tuple[int, int, float, float]]
    lanes: int
    gap: float


@dataclass(frozen=True, slots=True)
class Placed:
    """Where it all came to stand."""

    at: Mapping[str, Point]
    columns: tuple[tuple[float, float], ...]
    lanes: tuple[tuple[float, float], ...]
    ways: tuple[Way, ...]
    right: float
    bottom: float


def tracks(stretches: Mapping[_K, tuple[float, float]]) -> dict[_K, int]:
    """Give each stretch the lowest track on which it meets no other; short ones come first and so stay near.

    >>> tracks({"a": (0, 10), "b": (2, 4), "c": (20, 30)})
    {'b': 0, 'a': 1, 'c': 0}
    """
    taken: list[list[tuple[float, float]]] = []
    given: dict[_K, int] = {}
    for key, (low, high) in sorted(stretches.items(), key=lambda one: (one[1][1] - one[1][0], one[1])):
        number = next(
            (n for n, used in enumerate(taken) if all(high + CLEAR < a or b + CLEAR < low for a, b in used)), len(taken)
        )
        if number == len(taken):
            taken.append([])
        taken[number].append((low, high))
        given[key] = number
    return {key: given[key] for key in sorted(given, key=lambda key: stretches[key][1] - stretches[key][0])}


def gutter_ways(
    ends: Sequence[Ends], rows: Mapping[str, tuple[float, float]], edge: float
) -> tuple[tuple[Way, ...], float]:
    """Route the arrows of one stack in the gutter on its right; returns the ways and how wide the gutter is."""
    entries = _entries({(end.target, end.kind): rows[end.target] for end in ends})
    stretches = {
        key: _span([entries[key], *(end.y for end in ends if (end.target, end.kind) == key)])
        for key in dict.fromkeys((end.target, end.kind) for end in ends)
    }
    given = tracks(stretches)
    ways = []
    for end in ends:
        key = (end.target, end.kind)
        x, y = edge + SIDE + given[key] * TRACK, entries[key]
        ways.append(Way(end.source, end.action, end.target, end.kind, ((edge, end.y), (x, end.y), (x, y), (edge, y))))
    return tuple(ways), (SIDE + max(given.values(), default=0) * TRACK + 2 if ends else 2.0)


def _entries(rows: Mapping[tuple[str, Kind], tuple[float, float]]) -> dict[tuple[str, Kind], float]:
    """Spread the kinds of arrows that enter a card on its right over the height of its title."""
    found = {}
    for (target, kind), (top, bottom) in rows.items():
        kinds = [one for one in Kind if (target, one) in rows]
        found[target, kind] = top + (bottom - top) * (kinds.index(kind) + 1) / (len(kinds) + 1)
    return found


def _span(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


_Net: TypeAlias = tuple[str, Kind, bool]
"""Target, kind, and whether it enters on the left."""


def plan_ways(
    grid: Grid, ends: Sequence[Ends], rows: Mapping[str, tuple[float, float]], *, left: float, top: float
) -> Placed:
    """Place the cards of the main line and route its arrows.

    Args:
        rows: step -> from where to where, in its card, arrows may enter.
        left, top: where the first column and the first street begin.
    """
    return _Planner(grid, ends, rows).plan(left, top)


class _Planner:
    def __init__(self, grid: Grid, ends: Sequence[Ends], rows: Mapping[str, tuple[float, float]]) -> None:
        self._grid, self._ends, self._rows = grid, ends, rows
        self._nets: dict[_Net, list[Ends]] = {}
        for end in ends:
            self._nets.setdefault(self._net(end), []).append(end)
        self._heights = self._lane_heights()

    def plan(self, left: float, top: float) -> Placed:
        rough = self._tops([0.0] * (self._grid.lanes + 1), top)
        rough_ys = self._ys(rough)
        streets = {net: self._street(net, rough, rough_ys) for net in self._nets}
        given = self._street_tracks(streets)
        highs = [
            22 + TRACK * max((given[net] + 1 for net, one in streets.items() if one == n), default=0)
            for n in range(self._grid.lanes + 1)
        ]
        lanes = self._tops(highs, top)
        ys = self._ys(lanes)
        entry = self._entry_heights(ys)
        starts = [top, *(y + h for y, h in zip(lanes, self._heights, strict=True))]
        street_y = {
            net: starts[number] + 14 + given[net] * TRACK for net, number in streets.items() if number is not None
        }
        tracks_left, tracks_right = self._channel_tracks(ys, entry, street_y)
        xs, channels = self._xs(left, tracks_left, tracks_right)
        at = {
            name: (xs[column] + (self._grid.columns[column] - w) / 2, ys[name])
            for name, (column, _, w, _) in self._grid.cells.items()
        }

        def track_x(net: _Net, channel: int) -> float:
            begin, end = channels[channel]
            if self._enters_from_left(net, channel):
                return end - SIDE - tracks_right[channel][net] * TRACK
            return begin + SIDE + tracks_left[channel][net] * TRACK

        ways = [self._way(end, at, entry, street_y, track_x) for end in self._ends]
        bottom = lanes[-1] + self._heights[-1] + highs[-1]
        return Placed(
            at=at,
            columns=tuple((xs[n], wide) for n, wide in enumerate(self._grid.columns)),
            lanes=self._bands(top, bottom, lanes),
            ways=tuple(ways),
            right=channels[-1][1],
            bottom=bottom,
        )

    # ── Nets ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _column(self, step: str) -> int:
        return self._grid.cells[step][0]

    def _net(self, end: Ends) -> _Net:
        return end.target, end.kind, self._column(end.source) < self._column(end.target)

    def _channel(self, net: _Net) -> int:
        """The channel from which a net enters its target; channel n lies right of column n."""
        return self._column(net[0]) - (1 if net[2] else 0)

    def _enters_from_left(self, net: _Net, channel: int) -> bool:
        return net[2] and channel == self._channel(net)

    def _remote(self, net: _Net) -> list[Ends]:
        return [end for end in self._nets[net] if self._column(end.source) != self._channel(net)]

    # ── Heights ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _lane_heights(self) -> list[float]:
        stacks: dict[tuple[int, int], float] = {}
        for column, lane, _, height in self._grid.cells.values():
            above = stacks.get((column, lane))
            stacks[column, lane] = height if above is None else above + self._grid.gap + height
        return [max((h for (_, n), h in stacks.items() if n == lane), default=0.0) for lane in range(self._grid.lanes)]

    def _tops(self, streets: Sequence[float], top: float) -> list[float]:
        """Where each lane's cards begin, given how high the street above each lane is."""
        tops, y = [], top
        for street, height in zip(streets, self._heights, strict=False):
            tops.append(y + street)
            y += street + height
        return tops

    def _ys(self, lanes: Sequence[float]) -> dict[str, float]:
        below: dict[tuple[int, int], float] = {}
        ys = {}
        for name, (column, lane, _, height) in self._grid.cells.items():
            y = below.get((column, lane), lanes[lane])
            ys[name] = y
            below[column, lane] = y + height + self._grid.gap
        return ys

    def _bands(self, top: float, bottom: float, lanes: Sequence[float]) -> tuple[tuple[float, float], ...]:
        """Lanes meet in the middle of the street between them."""
        ends = [y + h for y, h in zip(lanes, self._heights, strict=True)]
        borders = [top, *((a + b) / 2 for a, b in zip(ends[:-1], lanes[1:], strict=True)), bottom]
        return tuple((a, b - a) for a, b in pairwise(borders))

    # ── Streets ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _street(self, net: _Net, lanes: Sequence[float], ys: Mapping[str, float]) -> int | None:
        """Choose the street that makes the shortest way; None where all arrows come from the channel beside."""
        remote = self._remote(net)
        if not remote:
            return None
        heights = [ys[net[0]] + self._rows[net[0]][0], *(ys[end.source] + end.y for end in remote)]
        streets = [lanes[0], *(y + h for y, h in zip(lanes, self._heights, strict=True))]
        return min(range(len(streets)), key=lambda n: sum(abs(y - streets[n]) for y in heights))

    def _street_tracks(self, streets: Mapping[_Net, int | None]) -> dict[_Net, int]:
        given: dict[_Net, int] = {}
        for number in range(self._grid.lanes + 1):
            # A stretch is counted in channels: widths are not known yet, and two that share a channel may meet in it.
            stretches = {
                net: _span([10.0 * self._channel(net), *(10.0 * self._column(end.source) for end in self._remote(net))])
                for net, one in streets.items()
                if one == number
            }
            given.update(tracks(stretches))
        return given

    # ── Channels ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _entry_heights(self, ys: Mapping[str, float]) -> dict[_Net, float]:
        found: dict[_Net, float] = {}
        busy: dict[int, list[float]] = {}
        for end in self._ends:
            busy.setdefault(self._column(end.source), []).append(ys[end.source] + end.y)
        on_right = _entries({(net[0], net[1]): self._rows[net[0]] for net in self._nets if not net[2]})
        for net in self._nets:
            if not net[2]:
                found[net] = ys[net[0]] + on_right[net[0], net[1]]
                busy.setdefault(self._column(net[0]), []).append(found[net])
        entered: dict[str, list[float]] = {}
        for net in self._nets:
            if net[2]:
                taken = entered.setdefault(net[0], [])
                found[net] = self._on_the_left(net[0], ys, [*busy.get(self._channel(net), ()), *taken])
                taken.append(found[net])
        return found

    def _on_the_left(self, target: str, ys: Mapping[str, float], busy: Sequence[float]) -> float:
        """Enter beside the title, but level with nothing that comes from the other side of the channel."""
        top, bottom = self._rows[target]
        middle = ys[target] + (top + bottom) / 2
        height = self._grid.cells[target][3]
        choices = [middle + step for n in range(int(height)) for step in (n, -n)]
        inside = [y for y in choices if ys[target] + 5 <= y <= ys[target] + height - 5]
        near = [y for y in busy if ys[target] - CLEAR <= y <= ys[target] + height + CLEAR]
        return max(inside, key=lambda y: min([CLEAR, *(abs(y - other) for other in near)]))

    def _channel_tracks(
        self, ys: Mapping[str, float], entry: Mapping[_Net, float], street_y: Mapping[_Net, float]
    ) -> tuple[list[dict[_Net, int]], list[dict[_Net, int]]]:
        """Tracks of each channel: from its left edge on, and (for what enters the next column) from its right edge on."""
        left: list[dict[_Net, tuple[float, float]]] = [{} for _ in self._grid.columns]
        right: list[dict[_Net, tuple[float, float]]] = [{} for _ in self._grid.columns]
        for net, members in self._nets.items():
            heights: dict[int, list[float]] = {self._channel(net): [entry[net]]}
            for end in members:
                heights.setdefault(self._column(end.source), []).append(ys[end.source] + end.y)
            for channel, own in heights.items():
                if net in street_y:  # the street joins all channels that the net uses
                    own.append(street_y[net])
                (right if self._enters_from_left(net, channel) else left)[channel][net] = _span(own)
        return [tracks(one) for one in left], [tracks(one) for one in right]

    def _xs(
        self, left: float, on_left: Sequence[Mapping[_Net, int]], on_right: Sequence[Mapping[_Net, int]]
    ) -> tuple[list[float], list[tuple[float, float]]]:
        xs, channels, x = [], [], left
        for column, wide in enumerate(self._grid.columns):
            xs.append(x)
            used = sum(max(given[column].values(), default=-1) + 1 for given in (on_left, on_right))
            end = x + wide + 2 * SIDE + (used + 1) * TRACK
            channels.append((x + wide, end))
            x = end
        return xs, channels

    # ── Ways ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _way(
        self,
        end: Ends,
        at: Mapping[str, Point],
        entry: Mapping[_Net, float],
        street_y: Mapping[_Net, float],
        track_x: Callable[[_Net, int], float],
    ) -> Way:
        net = self._net(end)
        own, target = self._column(end.source), self._channel(net)
        x, y = at[end.source][0] + self._grid.cells[end.source][2], at[end.source][1] + end.y
        into = at[end.target][0] + (0 if net[2] else self._grid.cells[end.target][2])
        last = track_x(net, target)
        points = [(x, y)]
        if own != target:
            first, street = track_x(net, own), street_y[net]
            points += [(first, y), (first, street), (last, street)]
        else:
            points.append((last, y))
        points += [(last, entry[net]), (into, entry[net])]
        return Way(end.source, end.action, end.target, end.kind, tuple(points))
