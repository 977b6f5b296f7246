"""`passerelle sop migrate`: open cases go over to another version, for those who write procedures and those who coordinate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.cases import Json, application, pairs
from cli.output import out, rows, show_json
from engine.application.fates import Fate
from engine.application.migration import Applied, Plan, Undone
from engine.errors import WrongUse
from engine.values import rfc3339

app = typer.Typer()


@app.command("migrate", epilog="Example: passerelle sop migrate adult-return --to 2")
def migrate(
    sop: Annotated[str, typer.Argument(metavar="ID", help="The procedure's id")],
    to: Annotated[int | None, typer.Option("--to", metavar="V", help="The version to which the cases go")] = None,
    case: Annotated[
        list[str] | None, typer.Option(metavar="REF", help="Only this case; more than once for more")
    ] = None,
    renamed: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="KIND:OLD=NEW", help="What is called otherwise there: step, action, form or fact"
        ),
    ] = None,
    fact: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A fact that is new, for all cases")
    ] = None,
    party: Annotated[
        list[str] | None, typer.Option("--actor", metavar="ROLE=ID", help="Who stands for a new role")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this, only say what would happen")] = False,
    plan: Annotated[
        str | None,
        typer.Option("--plan", metavar="CODE", help="With --apply: only if this dry run still holds"),
    ] = None,
    undo: Annotated[
        str | None,
        typer.Option("--undo", metavar="RUN", help="Take a run back where a case has not moved since"),
    ] = None,
    json: Json = False,
) -> None:
    """Open cases go over to another version: which can move, which stay and why, and what changes for people.

    Without --apply nothing is changed. Exit code 1 where a case stays, or can't go back.
    """
    if (to is None) is (undo is None):
        raise WrongUse("Say either --to V, or --undo RUN.")
    if plan is not None and not apply:
        raise WrongUse("--plan goes with --apply.")
    with application() as house:
        if undo is not None:
            back = house.migrations.undo(sop, undo)
            _end(_show_undone(sop, undo, back, json))
            return
        facts, given = pairs(fact or [], "NAME=VALUE"), pairs(party or [], "ROLE=ID")
        planned = house.migrations.plan(sop, to or 0, case or (), renamed or (), facts, given)
        run, done = (
            house.migrations.apply(planned, plan) if apply else (None, [Applied(one, False) for one in planned.fates])
        )
    if json:
        show_json(_shape(sop, planned, run, done))
    else:
        _say(planned, run, done)
    _end(all(one.fate.moves for one in done))


def _end(is_yes: bool) -> None:
    if not is_yes:
        raise typer.Exit(1)


# ── For programs ─────────────────────────────────────────────────────────────────────────────────────────────────


def _shape(sop: str, plan: Plan, run: str | None, done: Sequence[Applied]) -> dict[str, Any]:
    return {
        "sop": sop,
        "to": plan.target.number,
        "plan": plan.code,
        "run": run,
        "there_already": plan.there,
        "cases": [_case(one) for one in done],
    }


def _case(one: Applied) -> dict[str, Any]:
    fate = one.fate
    return {
        "ref": fate.ref,
        "from": fate.number,
        "moves": fate.moves,
        "changed_meanwhile": one.changed,
        "reasons": [{"code": why.code, "text": why.text} for why in fate.reasons],
        "begins": list(fate.begun),
        "deadlines": [
            {"step": due.step, "name": due.name, "kind": due.kind, "old": _maybe(due.old), "new": _maybe(due.new)}
            for due in fate.deadlines
        ],
        "series": [
            {"step": one.step, "series": one.series, "old": list(one.old), "new": list(one.new)} for one in fate.series
        ],
        "acknowledgements_lapsed": [{"step": step, "role": role} for step, role in fate.lapsed],
        "opens": [{"step": offer.step, "action": offer.action} for offer in fate.opens],
        "shuts": [
            {"step": offer.step, "action": offer.action, "blockers": list(offer.blockers)} for offer in fate.shuts
        ],
        "messages": [
            {"role": word.role, "actor": word.actor, "kind": word.kind, "template": word.template, "step": word.step,
             "withheld": word.withheld}
            for word in fate.messages
        ],
        "silenced": list(fate.silenced),
    }  # fmt: skip


def _maybe(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


# ── For people ───────────────────────────────────────────────────────────────────────────────────────────────────


def _say(plan: Plan, run: str | None, done: Sequence[Applied]) -> None:
    rows((f"[bold]{one.fate.ref}[/]", "\n".join(_lines(one, plan.target.number, run is not None))) for one in done)
    moving = sum(one.fate.moves for one in done)
    stays = f", {len(done) - moving} stay" if moving < len(done) else ""
    there = f"; {plan.there} there already" if plan.there else ""
    if run is None:
        out.print(f"{moving} of {len(done)} open cases would move to v{plan.target.number}{stays}{there}.")
        if moving:
            out.print(f"Nothing is done yet: --apply --plan {plan.code} does exactly this.", soft_wrap=True)
    else:
        out.print(f"✓ {moving} of {len(done)} open cases moved to v{plan.target.number}{stays}{there}.")
        if moving:
            out.print(
                f"  run {run}; to take it back: passerelle sop migrate {plan.target.sop} --undo {run}", soft_wrap=True
            )


def _lines(one: Applied, number: int, is_done: bool) -> Iterator[str]:
    fate = one.fate
    if not fate.moves:
        yield f"[yellow]stays[/] on v{fate.number}" + _meanwhile(one)
        yield from (f"✗ {escape(why.text)}" for why in fate.reasons)
        return
    yield f"[green]{'moved' if is_done else 'moves'}[/] v{fate.number} → v{number}" + _meanwhile(one)
    yield from (f"begins: {step}" for step in fate.begun)
    yield from _deadlines(fate)
    for series in fate.series:
        yield f"{series.step} · {series.series}: {', '.join(series.new) or 'none'}, was {', '.join(series.old) or 'none'}"
    yield from (f"counts as acknowledged no longer: {step} by {role}" for step, role in fate.lapsed)
    yield from (f"becomes possible: {offer.action} ({offer.step})" for offer in fate.opens)
    for offer in fate.shuts:
        yield f"no longer possible: {offer.action} ({offer.step})"
        yield from (f"  ✗ {escape(text)}" for text in offer.blockers)
    for word in fate.messages:
        held = " · withheld" if word.withheld else ""
        yield f"{'told' if is_done else 'is told'}: {word.role} ({word.actor}), {word.template} · {word.step}{held}"
    yield from (f"may be told no longer: {role}" for role in fate.silenced)


def _meanwhile(one: Applied) -> str:
    return " · somebody moved it meanwhile; this is what was decided then" if one.changed else ""


def _deadlines(fate: Fate) -> Iterator[str]:
    for due in fate.deadlines:
        name = " · ".join(part for part in (due.step, "" if due.name == "due" else due.name) if part)
        match due.old, due.new:
            case None, datetime() as new:
                yield f"{name}: due {_day(new)}, which was not due"
            case datetime() as old, None:
                yield f"{name}: due no longer, was {_day(old)}"
            case datetime() as old, datetime() as new if old == new:
                yield f"{name}: due {_day(new)} as before, with other reminders"
            case datetime() as old, datetime() as new:
                yield f"{name}: due {_day(new)}, was {_day(old)}"


def _day(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _show_undone(sop: str, run: str, back: Iterable[Undone], json: bool) -> bool:
    listed = list(back)
    if json:
        cases = [{"ref": one.ref, "to": one.number, "undone": not one.reason, "reason": one.reason} for one in listed]
        show_json({"sop": sop, "run": run, "cases": cases})
    else:
        rows((f"[bold]{one.ref}[/]", _undone(one)) for one in listed)
        gone = sum(not one.reason for one in listed)
        out.print(f"{'✓ ' if gone == len(listed) else ''}{gone} of {len(listed)} cases stand as they stood before.")
    return not any(one.reason for one in listed)


def _undone(one: Undone) -> str:
    return f"[yellow]stays[/]  {escape(one.reason)}" if one.reason else f"[green]back[/] on v{one.number}"
