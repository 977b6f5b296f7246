"""`passerelle sop simulate`: a rehearsal with simulated cases, as a process designer reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cli.cases import Json
from cli.output import err, out, show_json, table
from engine.analysis.simulation.pace import ASSUMED, OF_DUE
from engine.analysis.simulation.report import Report, RoleShown, days, share
from engine.analysis.simulation.run import MOST_ACTIONS, simulate
from engine.analysis.simulation.setting import BEGINS_ON, Setting
from engine.analysis.simulation.years import without_end
from engine.application.procedures import check
from engine.calendars.almanac import shipped
from engine.errors import NotAllowed, WrongUse
from engine.sop.compile import CompiledSop, compile_sop

LONGEST = 12
"""How many steps the table shows; --json has all of them."""

Number = TypeVar("Number", int, float)


def rehearse(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A procedure")],
    cases: Annotated[int, typer.Option(metavar="N", help="How many cases")] = 1000,
    seed: Annotated[int, typer.Option(metavar="S", help="The same seed gives the same answer, to the byte")] = 1,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="CC", help="Where the person is; else the first")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="CC", help="Where the person returns to; else the first")] = None,
    arrivals: Annotated[float, typer.Option(metavar="N", help="New cases in a week, on average")] = 5.0,
    staff: Annotated[
        list[str] | None, typer.Option(metavar="role=N", help="On how many cases a role can work at once")
    ] = None,
    rate: Annotated[
        list[str] | None, typer.Option(metavar="action=N", help="How often a year it happens to a case by itself")
    ] = None,
    begin: Annotated[str, typer.Option(metavar="DATE", help="The day on which it begins")] = BEGINS_ON.isoformat(),
    json: Json = False,
) -> None:
    """A rehearsal with simulated cases: how long, where cases wait and for whom, deadlines missed, outcomes."""
    sop = _compiled(path)
    setting = Setting(
        from_ or sop.sop.destination[0],
        to or sop.sop.origin[0],
        cases,
        seed,
        arrivals,
        _day(begin),
        _numbers("--staff", staff, int),
        _numbers("--rate", rate, float),
    ).checked(sop)
    calendars = without_end(shipped().between(setting.destination, setting.origin))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("cases"))
    with Progress(*columns, console=err, disable=json or not err.is_terminal, transient=True) as progress:
        bar = progress.add_task("Simulating", total=cases)
        report = simulate(sop, setting, calendars, lambda over: progress.update(bar, completed=over))
    if json:
        show_json(report.as_json())
    else:
        _show(report)


def _compiled(path: Path) -> CompiledSop:
    if path.is_dir():
        raise WrongUse(f"{path} is a folder: name one procedure.")
    (checked,) = check(path)
    if checked.file is None or not checked.is_sound:
        raise NotAllowed(f"{path} can't be rehearsed: it has faults.", checked.drawn())
    return compile_sop(checked.file.sop, checked.file.shelf.forms, "rehearsal")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUse(f'"{text}" is not a date: one looks like 2026-03-02') from None


def _numbers(option: str, given: Sequence[str] | None, kind: Callable[[str], Number]) -> dict[str, Number]:
    """Read NAME=NUMBER pairs."""
    found: dict[str, Number] = {}
    for one in given or ():
        name, sign, number = one.partition("=")
        try:
            found[name] = kind(number)
        except ValueError:
            raise WrongUse(f'{option} "{one}" is not understood: write a name, "=" and a number') from None
        if not sign:
            raise WrongUse(f'{option} "{one}" is not understood: write a name, "=" and a number')
    return found


# ── As people read it ────────────────────────────────────────────────────────────────────────────────────────────


def _show(report: Report) -> None:
    setting, lengths = report.setting, sorted(report.lengths)
    out.print(f"[bold]{escape(report.title)}[/]", soft_wrap=True)
    out.print(
        f"{_counted(setting['cases'], 'simulated case')}, {setting['from']} → {setting['to']}, {setting['per_week']:g} new a week "
        f"from {setting['begins_on']}; seed {setting['seed']}.",
        soft_wrap=True,
    )
    if lengths:
        out.print(
            f"From launch to end: half of the cases within [bold]{days(lengths, 0.5)} days[/], nine in ten within "
            f"{days(lengths, 0.9)}; the shortest {days(lengths, 0)}, the longest {days(lengths, 1)}.",
            soft_wrap=True,
        )
    ended = sum(report.outcomes.values())
    outcomes = sorted(report.outcomes.items(), key=lambda one: (-one[1], one[0]))
    _table("How cases end", ("outcome", "cases", "share"), [(n, c, _percent(share(c, ended))) for n, c in outcomes])
    _unfinished(report)
    _table("Where cases stay longest", *_steps(report))
    missed = [one for one in report.steps if one.tally.late]
    missed.sort(key=lambda one: (-one.tally.late / one.tally.dated, one.step))
    rows = [
        (one.title, one.role_title, one.country, one.tally.dated, _percent(share(one.tally.late, one.tally.dated)))
        for one in missed[:LONGEST]
    ]
    _table("Deadlines missed most", ("step", "for whom", "country", "times due", "late"), rows)
    _table("By role and country", *_roles(report))
    _overloaded(report.roles)
    out.print("\nHalf, 90%: so many of the stays, or waits in the queue, are no longer than that.", soft_wrap=True)
    _assumed(report)


def _steps(report: Report) -> tuple[list[str], list[tuple[object, ...]]]:
    """Draw up the table of the longest stays; the queue is a column where staff was given."""
    longest = sorted(report.steps, key=lambda one: (-(_median(one.tally.stays) or 0), one.step))[:LONGEST]
    queues = bool(report.setting["staff"])
    heads = ["step", "for whom", "country", "stays", *SPREAD, *(QUEUE if queues else ()), "late"]
    rows = [
        (
            one.title, one.role_title, one.country, len(one.tally.stays), *_spread(one.tally.stays),
            *(_spread(one.tally.queued) if queues else ()), _percent(share(one.tally.late, one.tally.dated)),
        )
        for one in longest
    ]  # fmt: skip
    return heads, rows


def _roles(report: Report) -> tuple[list[str], list[tuple[object, ...]]]:
    queues = bool(report.setting["staff"])
    heads = ["for whom", "country", "stays", *SPREAD, *((*QUEUE, "staff") if queues else ()), "at work on"]
    rows = [
        (
            one.title, one.country, len(one.stays), *_spread(one.stays),
            *((*_spread(one.queued), "enough" if one.staff is None else one.staff) if queues else ()), one.at_once,
        )
        for one in report.roles
    ]  # fmt: skip
    return heads, rows


SPREAD = ("days (half)", "days (90%)")
QUEUE = ("queue (half)", "queue (90%)")


def _spread(lengths: Sequence[float]) -> tuple[float | None, float | None]:
    ordered = sorted(lengths)
    return days(ordered, 0.5), days(ordered, 0.9)


def _median(stays: Sequence[float]) -> float | None:
    return days(sorted(stays), 0.5)


def _percent(part: float | None) -> str:
    return "–" if part is None else f"{part:.0%}"


def _table(title: str, heads: Sequence[str], found: Sequence[Sequence[object]]) -> None:
    if found:
        out.print(f"\n[bold]{title}[/]")
        table(heads, found)


def _unfinished(report: Report) -> None:
    for one in report.stuck:
        out.print(
            f"\n[bold red]{_counted(one.cases, 'case')} stuck[/] at “{escape(one.title)}”: no action there can be taken.",
            soft_wrap=True,
        )
        for reason in one.why:
            out.print(f"  · {escape(reason)}", soft_wrap=True)
    if report.cut:
        where = ", ".join(f"“{escape(one.title)}” ({one.cases:,})" for one in report.cut[:3])
        out.print(
            f"\n[bold red]{_counted(sum(one.cases for one in report.cut), 'case')} came to no end[/] within {MOST_ACTIONS:,} "
            f"actions or twenty years and went no further; most at {where}.",
            soft_wrap=True,
        )


def _overloaded(roles: Sequence[RoleShown]) -> None:
    for one in roles:
        if one.staff is not None and one.at_once is not None and one.at_once > one.staff:
            out.print(
                f"[bold red]{escape(one.title)} can't keep up[/]: the work that comes in is work on {one.at_once:g} cases at "
                f"once, and the staff is {one.staff}. Its queue only grows.",
                soft_wrap=True,
            )


def _assumed(report: Report) -> None:
    """Say what was given, and what had to be assumed: lengths and chances."""
    known = {
        source: [one.title for one in report.steps if one.takes == source] for source in ("given", "due", "assumed")
    }
    even = [one.title for one in report.steps if one.even]
    low, typical, high = (f"{part:.0%}" for part in OF_DUE)
    least, mostly, most = (f"{length:g}" for length in ASSUMED)
    out.print("\n[bold]What this rests on[/]")
    for what, titles in (
        ("Length as the step says (`takes`)", known["given"]),
        (f"Length from the deadline, {low}, {typical} and {high} of it", known["due"]),
        (f"Length assumed, {least}, {mostly} and {most} days, for neither is given", known["assumed"]),
        ("Ways out that are equally likely, for no action has a `chance`", even),
    ):
        if titles:
            out.print(f"  · {what}: {_counted(len(titles), 'step')} ({escape(_some(titles))})", soft_wrap=True)


def _some(titles: Sequence[str]) -> str:
    return "; ".join((*titles[:3], "…") if len(titles) > 3 else titles)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
