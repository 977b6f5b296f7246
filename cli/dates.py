"""How a date is explained on a terminal: what is counted from when on, then each day with what it counts as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape

from cli.output import out, rows


def draw_dates(found: Sequence[Mapping[str, Any]]) -> None:
    """Write why each of these deadlines is due when it is, as `case why REF --deadline STEP` shows it."""
    for one in found:
        name = " · ".join(filter(None, (one["step"], "" if one["name"] == "due" else one["name"])))
        local = datetime.fromisoformat(one["due_at"]).astimezone(ZoneInfo(one["time_zone"]))
        due = f"{local:%a %Y-%m-%d %H:%M} in {one['time_zone']}"
        stop = one["suspended"]
        out.print(f"[bold]{escape(name)}[/]  {'suspended; was due ' if stop else 'due '}{due}", soft_wrap=True)
        cut_off = f", cut-off {one['cut_off']}" if one["cut_off"] else ""
        whose = f" of {one['calendar']} ({', '.join(one['countries'])})"
        out.print(f"  {one['length']} from {escape(one['origin_is'])}, in the calendar{whose}{cut_off}", soft_wrap=True)
        if not one["days"]:
            out.print("  its date is not known yet")
        rows((_day(line["day"]), _said(line)) for line in one["days"])
        for doubt in one["doubts"]:
            out.print(f"[yellow]![/] {escape(doubt)}", soft_wrap=True)


def _day(day: str) -> str:
    return f"  {date.fromisoformat(day):%a} {day}"


def _said(line: Mapping[str, Any]) -> str:
    number = f"{line['counted']:>3}" if line["counted"] is not None else "  –"
    return f"{number}  {escape(line['why'])}"
