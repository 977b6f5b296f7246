"""`passerelle case …`: launch and run referrals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.output import day, out, show_json, table
from engine.application.casework import Moved
from engine.bootstrap import Application, build
from engine.errors import WrongUse
from engine.settings import Settings
from engine.source import read

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


@app.command("list", epilog="Example: passerelle case list --mine fr-case-manager")
def list_(
    mine: Annotated[str | None, typer.Option(metavar="ID", help="Only where it is this actor's turn")] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only what is late, or where somebody must be called")
    ] = False,
    json: Json = False,
) -> None:
    """Work lists."""
    with application() as house:
        found = house.queries.cases(mine, overdue)
    if json:
        show_json(found)
        return
    rows = [
        (one["ref"], one["sop"], f"{one['from']}→{one['to']}", one["outcome"] or one["step"], day(one["due_at"]), one["late"],
         [f"call {call['actor']} ({call['reason']})" for call in one["call"]])
        for one in found
    ]  # fmt: skip
    table(("case", "procedure", "way", "stands at", "due (UTC)", "late", "for a person"), rows)


@app.command(epilog="Example: passerelle case show 7K3Q-9FX4-T --json")
def show(ref: Ref, json: Json = False, language: Language = "en") -> None:
    """One case: steps, actions open and closed with reasons, deadlines, parties, records."""
    with application() as house:
        found = house.queries.case(ref, language)
    show_json(found) if json else draw_case(found)


def draw_case(found: Mapping[str, Any]) -> None:
    """Write a case for people."""
    state = f"closed: {found['outcome']}" if found["outcome"] else f"phase {found['phase']}"
    out.print(f"[bold]{found['ref']}[/]  {found['sop']} v{found['version']}  {found['from']}→{found['to']}  {state}")
    out.print(f"stands at: {escape(', '.join(found['steps']))}", soft_wrap=True)
    allowed = [one for one in found["actions"] if one["allowed"]]
    closed = [one for one in found["actions"] if not one["allowed"]]
    table(
        ("action", "what it is", "by", "at"),
        [(a["action"], a["title"], a["by"], a["step"]) for a in allowed],
        "\nOpen now",
    )
    rows = [(a["action"], why["text"], why["who"]) for a in closed for why in a["blockers"]]
    table(("action", "what is missing", "who can meet it"), rows, "\nNot yet")
    late = [(d["step"], d["name"], day(d["due_at"]), d["state"]) for d in found["deadlines"]]
    table(("step", "what", "due (UTC)", "state"), late, "\nDeadlines")
    table(("form", "entry", "recorded (UTC)", "by", "counts"), [
        (r["form"], r["seq"], day(r["at"]), r["by"], "draft" if r["draft"] else "yes" if r["counts"] else "no")
        for r in found["records"]
    ], "\nRecords")  # fmt: skip
    table(
        ("role", "actor", "country"),
        [(role, p["actor"], p["country"]) for role, p in found["parties"].items()],
        "\nParties",
    )


@app.command(epilog="Example: passerelle case why 7K3Q-9FX4-T depart --as fr-return-operator")
def why(
    ref: Ref,
    action: Annotated[str, typer.Argument(metavar="ACTION")],
    actor: Annotated[str | None, typer.Option("--as", metavar="ID")] = None,
    json: Json = False,
    language: Language = "en",
) -> None:
    """Every requirement of an action, met or not, in one sentence each, and who can meet it."""
    with application() as house:
        found = house.queries.why(ref, action, actor, language)
    if json:
        show_json(found)
        return
    if not found:
        out.print("Nothing stands against it: the action asks for nothing more.")
    for one in found:
        mark = "[green]✓[/]" if one["met"] else "[red]✗[/]"
        who = f"  → {', '.join(one['who'])}" if one["who"] and not one["met"] else ""
        out.print(f"{mark} {escape(one['text'] + who)}", soft_wrap=True)


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
    rows = [(e["seq"], day(e["at"]), e["actor"], e["move"], e["action"], _change(e), e["note"]) for e in found]
    table(("#", "at (UTC)", "who", "move", "what", "now at", "note"), rows)


def _change(entry: Mapping[str, Any]) -> str:
    return ", ".join(step for step in entry["to"] if step not in entry["from"])


@app.command(epilog="Example: passerelle case messages 7K3Q-9FX4-T --json")
def messages(ref: Ref, json: Json = False) -> None:
    """Who was told what, when, by which channel, and whether it arrived."""
    with application() as house:
        found = house.queries.messages(ref)
    if json:
        show_json(found)
        return
    rows = [
        (
            m["seq"],
            day(m["queued_at"]),
            m["template"],
            f"{m['actor']} ({m['country']})",
            m["step"],
            m["state"],
            m["reason"],
        )
        for m in found
    ]
    table(("#", "queued (UTC)", "kind", "to", "step", "state", "why"), rows)
