"""`passerelle case …`: launch and run referrals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.dates import draw_dates
from cli.output import day, err, out, rows, show_json
from engine.application.casework import Moved
from engine.bootstrap import Application, build
from engine.errors import WrongUse
from engine.settings import Settings
from engine.source import read
from engine.values import SuspensionReason

app = typer.Typer(help="Launch and run referrals.", no_args_is_help=True)

Ref = Annotated[str, typer.Argument(metavar="REF", help="The case's reference, such as 7K3Q-9FX4-T")]
As = Annotated[str, typer.Option("--as", metavar="ID", help="The actor who does it")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON")]
Key = Annotated[str | None, typer.Option("--key", help="A word of yours that makes a repeat harmless")]
Step = Annotated[str | None, typer.Option("--step", help="Which step, where two open ones have the same")]
Language = Annotated[str, typer.Option("--language", help="en or fr")]


@contextmanager
def application() -> Iterator[Application]:
    """Open the product with the settings of the environment, and close it."""
    opened = build(Settings.read())
    try:
        yield opened
    finally:
        opened.close()


def pairs(given: list[str], what: str) -> dict[str, str]:
    """Read NAME=VALUE pairs; raises WrongUse."""
    read_: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name or not value:
            raise WrongUse(f'"{one}" is not of the form {what}')
        read_[name] = value
    return read_


def _moved(moved: Moved, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "ref": moved.ref, "seq": moved.seq, "action": moved.name, "steps": list(moved.steps),
                "outcome": moved.outcome, "repeated": moved.repeated,
            }
        )  # fmt: skip
        return
    again = " (done before; nothing was done again)" if moved.repeated else ""
    out.print(f"[green]✓[/] {escape(moved.ref)} · entry {moved.seq} · {escape(moved.name)}{again}")
    where = f"closed: {moved.outcome}" if moved.outcome else f"now at: {moved.steps[0]}"
    out.print(f"  {escape(where)}")


@app.command(
    epilog="Example: passerelle case launch adult-return --from FR --to AL --fact is_child=false --as fr-first-contact"
)
def launch(
    sop: Annotated[str, typer.Argument(metavar="SOP", help="A published procedure, such as adult-return")],
    origin_from: Annotated[str, typer.Option("--from", metavar="CC", help="Country where the person is now")],
    to: Annotated[str, typer.Option("--to", metavar="CC", help="Country of return")],
    actor: As,
    fact: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A fact known at launch")] = None,
    party: Annotated[list[str] | None, typer.Option("--actor", metavar="ROLE=ID", help="Who stands for a role")] = None,
    json: Json = False,
) -> None:
    """Begin a referral; prints its reference. Refuses, naming them, roles for which nobody can be told."""
    with application() as house:
        facts, given = pairs(fact or [], "NAME=VALUE"), pairs(party or [], "ROLE=ID")
        moved = house.casework.launch(sop, origin_from.upper(), to.upper(), actor, facts, given)
        if json:
            show_json(house.queries.case(moved.ref))
        else:
            out.print(moved.ref)
            _warn_of(len(house.casework.load(moved.ref).sop.sop.not_confirmed))


def _warn_of(count: int) -> None:
    """Say beside the answer, not in it, that some rules of these countries are not confirmed."""
    if count:
        points = "1 point of this procedure is" if count == 1 else f"{count} points of this procedure are"
        err.print(f"! {points} not confirmed; `case show` tells each at the step where it matters", soft_wrap=True)


@app.command("list", epilog="Example: passerelle case list --mine fr-case-manager")
def list_(
    mine: Annotated[str | None, typer.Option(metavar="ID", help="Only where it is this actor's turn")] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only what is late, or where somebody must be called")
    ] = False,
    json: Json = False,
) -> None:
    """Work lists. A case that can't be read is listed as such; the exit code is then 3."""
    with application() as house:
        found = house.queries.cases(mine, overdue)
    if json:
        show_json(found)
        _end(found)
        return
    if not found:
        out.print("Nothing waits here." if mine or overdue else "There is no case.")
    rows((f"[bold]{one['ref']}[/]", _listed(one)) for one in found)
    _end(found)


def _end(found: Sequence[Mapping[str, Any]]) -> None:
    """Leave with the exit code of a fault where a case could not be read; the others have been listed."""
    if not all(one["readable"] for one in found):
        raise typer.Exit(3)


def _listed(one: Mapping[str, Any]) -> str:
    if not one["readable"]:
        return f"{one['sop']} ({one['step']})\n[red]it can't be read:[/] {escape(one['reason'])}"
    due = f" · due {day(one['due_at'])} UTC" if one["due_at"] else ""
    where = f"{one['sop']} {one['from']}→{one['to']}  {escape(one['title'])} ({one['step']}){due}"
    late = [f"[red]late:[/] {', '.join(one['late'])}"] if one["late"] else []
    calls = (f"[red]call[/] {escape(call['actor'])}: {escape(call['reason'])} ({call['step']})" for call in one["call"])
    return "\n".join((where, *late, *calls))


@app.command(epilog="Example: passerelle case show 7K3Q-9FX4-T --json")
def show(ref: Ref, json: Json = False, language: Language = "en") -> None:
    """One case: steps, actions open and closed with reasons, deadlines, parties, records."""
    with application() as house:
        found = house.queries.case(ref, language)
    show_json(found) if json else draw_case(found)


def draw_case(found: Mapping[str, Any]) -> None:
    """Write a case for people: where it stands and what is late first, what nobody asks for now last."""
    state = f"closed: {found['outcome']}" if found["outcome"] else f"phase {found['phase']}"
    out.print(f"[bold]{found['ref']}[/]  {found['sop']} v{found['version']}  {found['from']}→{found['to']}  {state}")
    if found["muted"]:
        out.print(f"[bold]Do not contact:[/] {', '.join(found['muted'])}", soft_wrap=True)
    rows((_stands(one) for one in found["standing"] if not one["idle"]), "Stands at")
    rows((_unconfirmed(one) for one in found["not_confirmed"]), "Not confirmed; ask before you rely on it")
    rows((_due(one) for one in found["deadlines"] if one["state"] == "late"), "Late")
    rows((_due(one) for one in found["deadlines"] if one["state"] != "late"), "Due")
    rows(
        ((one["on"], f"{one['action']}: {escape(one['text'])}") for one in found["foreseen"]),
        "Too old on the planned day",
    )
    here, beside, other = ([one for one in found["actions"] if one["reach"] in reach] for reach in _REACHES)
    for title, among in (("Open now", here), ("Open beside it", beside)):
        rows((_open(one) for one in among if one["allowed"]), title)
    for title, among in (("Not yet", here), ("Not yet, beside it", beside)):
        rows((_closed(one) for one in among if not one["allowed"]), title)
    rows((_open(one) for one in other if one["allowed"]), "Open at any time")
    waiting = ", ".join(one["action"] for one in other if not one["allowed"])
    rows([("", waiting)] if waiting else [], "Not now; `case why` tells what each of them asks for")
    rows((_record(one) for one in found["records"]), "Records (UTC)")
    rows(((role, _party(one)) for role, one in found["parties"].items()), "Parties")


_REACHES = (("here",), ("beside",), ("idle", "everywhere", "reopen"))


def _stands(one: Mapping[str, Any]) -> tuple[str, str]:
    title = f"[bold]{escape(one['title'])}[/]" if one["line"] == "main" else escape(one["title"])
    who = f" · {', '.join(one['responsible'])}" if one["responsible"] else ""
    taken_up = f" · taken up by {', '.join(one['acknowledged_by'])}" if one["acknowledged_by"] else ""
    note = f"\n{escape(one['note'])}" if one["note"] else ""
    return one["step"], f"{title}{who}{taken_up}{note}"


def _unconfirmed(one: Mapping[str, Any]) -> tuple[str, str]:
    return one["country"] or "–", escape(one["text"])


def _party(one: Mapping[str, Any]) -> str:
    return f"{escape(one['actor'])}\n{escape(one['note'])}" if one["note"] else escape(one["actor"])


def _due(one: Mapping[str, Any]) -> tuple[str, str]:
    names = (one["step"], "" if one["name"] == "due" else one["name"])
    held = " · stands still while the case is paused" if one["state"] == "held" else ""
    if one["suspended"]:
        held = f" · suspended since {day(one['suspended']['since'])} UTC"
    said = [f"{' · '.join(filter(None, names))}{held}", *(f"! {escape(doubt)}" for doubt in one["doubts"])]
    return ("not due" if one["suspended"] else f"{day(one['due_at'])} UTC"), "\n".join(said)


def _open(one: Mapping[str, Any]) -> tuple[str, str]:
    return f"[green]{one['action']}[/]", f"{escape(one['title'])} · {', '.join(one['by'])}"


def _closed(one: Mapping[str, Any]) -> tuple[str, str]:
    missing = (f"✗ {escape(why['text'])}" + _who(why["who"]) for why in one["blockers"])
    return one["action"], "\n".join((escape(one["title"]), *missing))


def _who(roles: Sequence[str]) -> str:
    return f" → {', '.join(roles)}" if roles else ""


def _record(one: Mapping[str, Any]) -> tuple[str, str]:
    counts = " · draft" if one["draft"] else "" if one["counts"] else " · counts no more"
    return f"{one['seq']:>3}  {day(one['at'])}", f"{one['form']} · {one['by']}{counts}"


@app.command(epilog="Example: passerelle case why 7K3Q-9FX4-T depart · passerelle case why 7K3Q-9FX4-T --deadline wish")
def why(
    ref: Ref,
    action: Annotated[str | None, typer.Argument(metavar="[ACTION]", help="Why this action is open or not")] = None,
    actor: Annotated[str | None, typer.Option("--as", metavar="ID")] = None,
    deadline: Annotated[
        str | None,
        typer.Option(metavar="STEP", help="Why the deadlines of this step, or safeguard, are due when they are"),
    ] = None,
    json: Json = False,
    language: Language = "en",
) -> None:
    """Every requirement of an action, met or not, in one sentence each, and who can meet it; or a date, day by day."""
    if (action is None) == (deadline is None):
        raise WrongUse("name an action, or a step with --deadline")
    with application() as house:
        if deadline is not None:
            dates = house.queries.why_date(ref, deadline)
            show_json(dates) if json else draw_dates(dates)
            return
        found = house.queries.why(ref, action or "", actor, language)
    if json:
        show_json(found)
        return
    if not found:
        out.print("Nothing stands against it: the action asks for nothing more.")
    for one in found:
        mark = "[green]✓[/]" if one["met"] else "[red]✗[/]"
        out.print(f"{mark} {escape(one['text'])}{'' if one['met'] else _who(one['who'])}", soft_wrap=True)


@app.command(
    epilog="Example: passerelle case record 7K3Q-9FX4-T informed_consent.return --file consent.yaml --as fr-case-manager"
)
def record(
    ref: Ref,
    form: Annotated[str, typer.Argument(metavar="FORM", help="A form, or form.part")],
    file: Annotated[Path, typer.Option("--file", metavar="F", help="The completed form, YAML or JSON")],
    actor: As,
    key: Key = None,
    json: Json = False,
) -> None:
    """Record a completed form; wrong fields are named one by one."""
    fields = read_fields(file)
    with application() as house:
        _moved(house.casework.record(ref, form, fields, actor, key), json)


def read_fields(file: Path) -> Mapping[str, object]:
    """Read a completed form: one flat mapping, in YAML or JSON."""
    try:
        text = file.read_bytes()
    except OSError as why:
        raise WrongUse(f"{file} can't be read: {why.strerror}") from None
    source, found = read(text, str(file))
    if source is None or found:
        raise WrongUse(f"{file} is not well-formed", [f"line {one.place.line}: {one.message}" for one in found])
    if not isinstance(source.value, dict):
        raise WrongUse(f"{file} must hold the form's fields: name: value")
    return source.value


@app.command(epilog="Example: passerelle case act 7K3Q-9FX4-T accept --as fr-case-manager --key 2026-03-02-accept")
def act(
    ref: Ref,
    action: Annotated[str, typer.Argument(metavar="ACTION")],
    actor: As,
    step: Step = None,
    note: Annotated[str, typer.Option(help="For the history; sealed")] = "",
    key: Key = None,
    assign: Annotated[
        str | None, typer.Option(metavar="ID", help="The new actor, where the action asks for one")
    ] = None,
    json: Json = False,
) -> None:
    """Take an action. A refusal names everything that is missing, and who can meet it."""
    with application() as house:
        _moved(house.casework.take(ref, action, actor, step, assign, note, key), json)


@app.command(epilog="Example: passerelle case assign 7K3Q-9FX4-T housing_provider=al-housing")
def assign(
    ref: Ref,
    pair: Annotated[str, typer.Argument(metavar="ROLE=ID")],
    actor: Annotated[str, typer.Option("--as", metavar="ID", help="Who does it; nobody for a coordinator")] = "",
    json: Json = False,
) -> None:
    """Let another actor stand for a role."""
    ((role, to),) = pairs([pair], "ROLE=ID").items()
    with application() as house:
        _moved(house.casework.assign(ref, role, to, actor), json)


@app.command(epilog="Example: passerelle case ack 7K3Q-9FX4-T --as al-receiving-worker")
def ack(ref: Ref, actor: As, step: Step = None, json: Json = False) -> None:
    """Say "we have it"."""
    with application() as house:
        _moved(house.casework.acknowledge(ref, actor, step), json)


Muted = Annotated[str, typer.Option("--role", metavar="ROLE", help="Only this role; else nobody of the case")]
Why = Annotated[str, typer.Option("--note", help="Why; for the history, sealed")]


@app.command(
    epilog="Example: passerelle case mute 7K3Q-9FX4-T --role person --note 'phone is watched' --as fr-case-manager"
)
def mute(ref: Ref, note: Why, actor: As, role: Muted = "", key: Key = None, json: Json = False) -> None:
    """Let nobody be contacted: it would be dangerous. What is queued is cancelled, and no reminder goes out."""
    with application() as house:
        _moved(house.casework.mute(ref, role, actor, note, key=key), json)


@app.command(epilog="Example: passerelle case unmute 7K3Q-9FX4-T --role person --note 'new phone' --as fr-case-manager")
def unmute(ref: Ref, note: Why, actor: As, role: Muted = "", key: Key = None, json: Json = False) -> None:
    """Let people be told again; whoever's turn it is hears of it."""
    with application() as house:
        _moved(house.casework.mute(ref, role, actor, note, off=True, key=key), json)


Clock = Annotated[str, typer.Argument(metavar="STEP", help="The step whose deadline it is")]


@app.command(epilog="Example: passerelle case suspend 7K3Q-9FX4-T wish --reason hospital --as fr-case-manager")
def suspend(
    ref: Ref,
    step: Clock,
    reason: Annotated[str, typer.Option("--reason", help="; ".join(f"{one}: {one.words}" for one in SuspensionReason))],
    actor: As,
    note: Annotated[str, typer.Option(help="For the history; sealed")] = "",
    key: Key = None,
    json: Json = False,
) -> None:
    """Stop the clock of a step's deadline. What is left of it is kept, and not the date; nobody is reminded meanwhile."""
    with application() as house:
        _moved(house.casework.suspend(ref, step, reason, actor, note, key), json)


@app.command(epilog="Example: passerelle case resume 7K3Q-9FX4-T wish --as fr-case-manager")
def resume(
    ref: Ref,
    step: Clock,
    actor: As,
    note: Annotated[str, typer.Option(help="For the history; sealed")] = "",
    key: Key = None,
    json: Json = False,
) -> None:
    """Let the clock of a step's deadline go on, with what was left of it."""
    with application() as house:
        _moved(house.casework.resume(ref, step, actor, note, key), json)


@app.command(epilog="Example: passerelle case correct 7K3Q-9FX4-T 12 --why 'wrong date' --as fr-case-manager")
def correct(
    ref: Ref,
    seq: Annotated[int, typer.Argument(metavar="SEQ", help="The entry's number in the history")],
    why: Annotated[str, typer.Option("--why", help="The reason; kept with the new entry")],
    actor: As,
    json: Json = False,
) -> None:
    """Set a mistaken record, or the latest action, right by a new entry; nothing is erased."""
    with application() as house:
        _moved(house.corrections.correct(ref, seq, why, actor), json)


@app.command(epilog="Example: passerelle case history 7K3Q-9FX4-T")
def history(ref: Ref, json: Json = False) -> None:
    """What happened, hash-chained."""
    with application() as house:
        found = house.queries.history(ref)
    if json:
        show_json(found)
        return
    rows((f"{one['seq']:>3}  {day(one['at'])}", _happened(one)) for one in found)


def _happened(one: Mapping[str, Any]) -> str:
    move = "" if one["move"] in ("action", one["action"]) else f" ({one['move']})"
    who = " · ".join(filter(None, (one["actor"], one["role"]))) or "by itself"
    entered = f"→ {', '.join(one['entered'])}" if one["entered"] else ""
    note = f"“{escape(one['note'])}”" if one["note"] else ""
    return "\n".join(filter(None, (f"[bold]{escape(one['action'])}[/]{move} · {who}", entered, note)))


@app.command(epilog="Example: passerelle case messages 7K3Q-9FX4-T --json")
def messages(ref: Ref, json: Json = False) -> None:
    """Who was told what, when, by which channel, and whether it arrived."""
    with application() as house:
        found = house.queries.messages(ref)
    if json:
        show_json(found)
        return
    rows((f"{one['seq']:>3}  {day(one['queued_at'])}  {one['state']:<9}", _told(one)) for one in found)


def _told(one: Mapping[str, Any]) -> str:
    to = f"{one['actor']} ({one['country']})" if one["country"] else one["actor"]
    return f"{one['template']} → {to} · {one['step']}" + (f"\n{escape(one['reason'])}" if one["reason"] else "")
