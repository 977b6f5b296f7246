"""The procedure as a state chart in W3C SCXML: the machine alone, for tools that run or compare state charts.

Carried over: steps, strands as parallel regions, lines alongside, actions, `everywhere` with what `while` says of phases and
steps, pauses with `resume` (a deep history), ends and `reopens`, and that a closed case stands still but for lines marked
`after_end`. Not carried over: requirements, facts, roles, forms, deadlines, messages; a timed action is an event like any other.

An action is the event `<step>.<action>`, an `everywhere` action `everywhere.<action>`, reopening `<step>.reopen`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from engine.analysis.diagram.words import REOPEN, Words
from engine.sop import model as m
from engine.sop.outline import MAIN, Kind, Line, Outline, Spot, outline_of

_CASE, _MAIN, _OPEN, _RUNNING, _CLOSED, _LEFT = "case.", "main.", "open.", "running.", "closed.", "left."
"""States of the chart's own; no step's name holds a dot."""
_WHILE_OPEN: Final = f"In('{_OPEN}')"
EVERYWHERE: Final = "everywhere"


def scxml(sop: m.Sop, language: str) -> str:
    """Return the state chart of `sop`; titles stand in comments, in `language`."""
    return "\n".join(_Chart(Words(outline_of(sop), language)).lines()) + "\n"


class _Chart:
    def __init__(self, said: Words) -> None:
        self._said = said
        self._outline: Outline = said.outline
        self._sop = said.sop

    def lines(self) -> Iterator[str]:
        title = self._said.text(self._sop.title).replace("--", "––")
        yield '<?xml version="1.0" encoding="UTF-8"?>'
        yield f"<!-- {escape(title)} -->"
        yield (
            f'<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name={quoteattr(self._sop.sop)} '
            f'datamodel="ecmascript" initial="{_CASE}">'
        )
        yield f'  <parallel id="{_CASE}">'
        yield from _in(2, self._main())
        for key in self._outline.alongside:
            yield from _in(2, self._alongside(self._outline.lines[key]))
        yield "  </parallel>"
        yield "</scxml>"

    def _main(self) -> Iterator[str]:
        line = self._outline.lines[MAIN]
        spots = [self._outline.by_name[name] for name in line.steps]
        running = [spot for spot in spots if spot.step.end is None and not spot.step.pause]
        pauses = [spot for spot in spots if spot.step.pause]
        ends = [spot for spot in spots if spot.step.end is not None]
        yield f'<state id="{_MAIN}" initial="{_OPEN}">'
        yield f'  <state id="{_OPEN}" initial="{_RUNNING}">'
        yield from _in(2, self._everywhere())
        yield f'    <state id="{_RUNNING}" initial="{line.start}">'
        for spot in running:
            yield from _in(3, self._step(spot))
        if pauses:
            yield f'      <history id="{_LEFT}" type="deep"><transition target="{line.start}"/></history>'
        yield "    </state>"
        for spot in pauses:
            yield from _in(2, self._step(spot))
        yield "  </state>"
        if ends:
            yield f'  <state id="{_CLOSED}" initial="{ends[0].name}">'
            for spot in ends:
                yield from _in(2, self._step(spot))
            yield "  </state>"
        yield "</state>"

    def _alongside(self, line: Line) -> Iterator[str]:
        after_end = self._sop.alongside[line.name].after_end
        yield from self._region(line, None if after_end else _WHILE_OPEN)

    def _region(self, line: Line, condition: str | None = None) -> Iterator[str]:
        yield f'<state id="line.{line.name}" initial="{line.start}">'
        for name in line.steps:
            yield from _in(1, self._step(self._outline.by_name[name], condition))
        yield "</state>"

    def _step(self, spot: Spot, condition: str | None = None) -> Iterator[str]:
        said = self._said.text(spot.step.title).replace("--", "––")
        keys = self._outline.strands_of.get(spot.name, ())
        kind = "parallel" if keys else "state"
        yield f'<{kind} id="{spot.name}">'
        yield f"  <!-- {escape(said)} -->"
        for offer in spot.offers:
            to = {m.STAY: None, m.RESUME: _LEFT}.get(offer.action.to, offer.action.to)
            yield "  " + _transition(f"{spot.name}.{offer.name}", to, condition)
        if spot.step.reopens is not None:
            # The end of a line comes back only in an open case, that of the main line only in a closed one.
            only = None if spot.kind is Kind.MAIN else _WHILE_OPEN
            yield "  " + _transition(f"{spot.name}.{REOPEN}", spot.step.reopens.to, only)
        for key in keys:
            yield from _in(1, self._region(self._outline.lines[key]))
        yield f"</{kind}>"

    def _everywhere(self) -> Iterator[str]:
        for name, action in self._sop.everywhere.items():
            to = None if action.to == m.STAY else action.to
            conditions = [self._covered(action.while_)]
            if to is not None and self._outline.by_name[to].step.pause:
                conditions.append(f"In('{_RUNNING}')")  # a paused case can't be paused again
            condition = " && ".join(one for one in conditions if one)
            yield _transition(f"{EVERYWHERE}.{name}", to, condition or None)

    def _covered(self, scope: str | m.While) -> str | None:
        """Say as a condition which configurations `while` covers: all keys hold, any step of the configuration will do."""
        if isinstance(scope, str):
            return None
        keys = []
        if scope.phases:
            keys.append([spot.name for spot in self._outline.spots if spot.phase in scope.phases])
        keys += [list(names) for names in (scope.steps, scope.at) if names]
        return " && ".join(_any(names) for names in keys) or None


def _any(names: Iterable[str]) -> str:
    return "(" + " || ".join(f"In('{name}')" for name in names) + ")"


def _transition(event: str, to: str | None, condition: str | None) -> str:
    target = f' target="{to}"' if to is not None else ""
    only = f" cond={quoteattr(condition)}" if condition else ""
    return f'<transition event="{event}"{target}{only}/>'


def _in(depth: int, lines: Iterable[str]) -> Iterator[str]:
    pad = "  " * depth
    for line in lines:
        yield pad + line
