"""`passerelle actor …` and `passerelle form …`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.cases import Json, application
from cli.output import err, out, show_json, table
from engine.actors.load import load_actors
from engine.actors.model import Actor, Way
from engine.diagnostics import did_you_mean
from engine.errors import UnknownName, WrongUse
from engine.settings import Settings
from engine.sop.load import Shelf
from engine.values import Level

actors = typer.Typer(help="The people and desks who are told.", no_args_is_help=True)
forms = typer.Typer(help="The practical tools.", no_args_is_help=True)


@actors.command("add", epilog="Example: passerelle actor add --file sop_definitions/actors/sample-fr.yaml")
def add(
    file: Annotated[Path | None, typer.Option("--file", help="A YAML file of desks")] = None,
    id: Annotated[str, typer.Option("--id", help="Short name, such as fr-shelter")] = "",
    name: Annotated[str, typer.Option(help="As people know it")] = "",
    country: Annotated[str, typer.Option(metavar="CC")] = "",
    role: Annotated[list[str] | None, typer.Option(help="A role it stands for; may be given again")] = None,
    mail: Annotated[str, typer.Option(help="Mail address")] = "",
    language: Annotated[str, typer.Option()] = "en",
    level: Annotated[Level, typer.Option(help="How much a message may say")] = Level.DISCREET,
    daily: Annotated[bool, typer.Option("--daily", help="One list a day in place of single messages")] = False,
    weekly: Annotated[bool, typer.Option("--weekly", help="On Monday a list of what is late in its cases")] = False,
) -> None:
    """Add desks from a file, or one desk."""
    if file is not None:
        new = load_actors(file)
    else:
        missing = [
            f"--{key}" for key, value in {"id": id, "name": name, "country": country, "role": role}.items() if not value
        ]
        if missing:
            raise WrongUse(f"Missing: {', '.join(missing)} (or --file).")
        ways = (Way(kind="mail", address=mail),) if mail else ()
        new = (
            Actor(
                id=id, name=name, sample=False, country=country, roles=tuple(role or ()), language=language, level=level,
                channels=ways, daily=daily, weekly=weekly, enabled=True,
            ),
        )  # fmt: skip
    with application() as house:
        house.people.add(new)
    out.print(f"✓ {len(new)} added: {', '.join(one.id for one in new)}")


@actors.command("list", epilog="Example: passerelle actor list --json")
def list_actors(json: Json = False) -> None:
    """All actors."""
    with application() as house:
        found = house.people.all()
    if json:
        show_json([one.model_dump(mode="json", exclude={"channels"}) for one in found])
        return
    rows = [(one.id, one.name, one.country, one.roles, one.level, "" if one.enabled else "disabled") for one in found]
    table(("id", "name", "country", "roles", "level", ""), rows)


@actors.command("show", epilog="Example: passerelle actor show fr-case-manager")
def show_actor(id: str, json: Json = False) -> None:
    """One actor, with its channels."""
    with application() as house:
        found = house.people.find(id)
    if json:
        show_json(found.model_dump(mode="json", by_alias=True))
        return
    table(
        ("", ""),
        [(key, value) for key, value in found.model_dump(mode="json").items() if key not in ("channels", "absences")],
    )
    table(("channel", "address"), [(way.kind, way.address) for way in found.channels], "\nChannels")
    if found.absences:
        away = [(str(one.first), str(one.last), one.deputy) for one in found.absences]
        table(("from", "to", "deputy"), away, "\nAbsences")


@actors.command("disable", epilog="Example: passerelle actor disable fr-case-manager")
def disable(id: str) -> None:
    """Let an actor be told nothing any more; what waits for it becomes a task for a person."""
    with application() as house:
        house.people.disable(id)
    out.print(f"✓ {id} is disabled")


@actors.command(
    "absent",
    epilog="Example: passerelle actor absent fr-lawyer --from 2026-08-03 --to 2026-08-21 --deputy fr-other-lawyer",
)
def absent(
    id: str,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day away, such as 2026-08-03")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last day away")],
    deputy: Annotated[str, typer.Option(metavar="ID", help="Who is told, and may act, on these days")],
) -> None:
    """Let a deputy be told and act while an actor is away, both days included."""
    days = [_day(first, "--from"), _day(last, "--to")]
    with application() as house:
        house.people.absent(id, days[0], days[1], deputy)
    out.print(f"✓ From {days[0]} to {days[1]} {deputy} is told, and may act, in place of {id}")


@actors.command("back", epilog="Example: passerelle actor back fr-lawyer")
def back(id: str) -> None:
    """End an actor's absences, also those to come."""
    with application() as house:
        house.people.back(id)
    out.print(f"✓ {id} is told again")


@actors.command("feed", epilog="Example: passerelle actor feed fr-case-manager")
def feed(
    id: str,
    revoke: Annotated[bool, typer.Option("--revoke", help="Let the address open nothing any more")] = False,
    print_: Annotated[bool, typer.Option("--print", help="Print the dates themselves, as an .ics file")] = False,
) -> None:
    """A secret address under which a calendar program reads an actor's dates; a new one ends the earlier one."""
    if revoke and print_:
        raise WrongUse("--revoke and --print: one of them.")
    with application() as house:
        if print_:
            print(house.feeds.dates(id), end="")
        elif revoke:
            out.print("✓ the address opens nothing any more" if house.feeds.end(id) else "There was no address.")
        else:
            print(house.feeds.make(id))
            err.print("Whoever has this address can read the dates. It is shown once; --revoke ends it.")


def _day(written: str, option: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise WrongUse(f'{option}: "{written}" is no date.', ["a date is written 2026-08-03"]) from None


def _shelf() -> Shelf:
    shelf, _ = Shelf.of(Settings.read().definitions)
    return shelf


@forms.command("list", epilog="Example: passerelle form list")
def list_forms(json: Json = False) -> None:
    """All forms."""
    found = sorted(_shelf().forms.values(), key=lambda form: form.form)
    if json:
        show_json([{"form": one.form, "title": one.title, "parts": sorted(one.all_parts())} for one in found])
        return
    table(("form", "title", "parts"), [(one.form, one.title["en"], list(one.parts)) for one in found])


@forms.command("show", epilog="Example: passerelle form show informed_consent")
def show_form(id: str, json: Json = False, language: Annotated[str, typer.Option()] = "en") -> None:
    """One form: its parts and fields."""
    known = _shelf().forms
    form = known.get(id.partition(".")[0])
    if form is None:
        raise UnknownName(f'There is no form "{id}".', [did_you_mean(id, list(known), "forms")])
    if json:
        show_json(form.model_dump(mode="json", by_alias=True))
        return
    out.print(f"[bold]{form.form}[/]  {form.title.get(language) or form.title['en']}")
    for name, part in form.all_parts().items():
        if name != id and "." in id:
            continue
        rows = [
            (key, field.title.get(language) or field.title["en"], field.type, list(field.choices or ()),
             "" if field.required else "may be left out")
            for key, field in part.fields.items()
        ]  # fmt: skip
        table(("field", "question", "type", "answers", ""), rows, f"\n{name}")
