"""`passerelle calendar …`: what is free in each country, for those who keep the definitions."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.cases import Json, application
from cli.output import out, rows, show_json, table
from engine.application.calendars import CheckedCalendar, calendar_named, check_calendars, propose_calendar
from engine.application.procedures import drawn
from engine.calendars.almanac import Almanac
from engine.calendars.model import CountryCalendar
from engine.errors import WrongUse
from engine.settings import Settings
from engine.values import rfc3339

app = typer.Typer(help="Working days, holidays and time zones of each country.", no_args_is_help=True)

Country = Annotated[str, typer.Argument(metavar="CC", help="A country in two capital letters, such as FR")]

_YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?")


def _almanac() -> Almanac:
    return Almanac.read(Settings.read().definitions / "calendars")


@app.command("list", epilog="Example: passerelle calendar list")
def list_(json: Json = False) -> None:
    """Every country with a calendar: how far it is known, and whether it is confirmed."""
    almanac = _almanac()
    found = [almanac.calendar_of(country).known for country in almanac.countries()]
    if json:
        show_json([_head(one) for one in found])
        return
    cells = [
        (
            one.calendar, str(one.status), _years(one), ", ".join(one.weekend or ()) or "not confirmed", one.zone_name,
            str(sum(day.estimated for day in one.holidays.values())),
        )
        for one in found
    ]  # fmt: skip
    table(("country", "status", "years", "weekend", "time zone", "estimated"), cells)


@app.command(epilog="Example: passerelle calendar show MA --year 2026")
def show(
    country: Country,
    year: Annotated[int | None, typer.Option(help="Only the days of this year; the present one unless named")] = None,
    json: Json = False,
) -> None:
    """One country: its weekend, zones, office hours, sources, and what is free in a year. Estimated dates are marked."""
    known = calendar_named(_almanac(), country.upper())
    wanted = year or _today().year
    if known.years is not None and not known.years.first <= wanted <= known.years.last:
        raise WrongUse(f"the calendar of {known.calendar} knows the years {_years(known)}, not {wanted}")
    if json:
        show_json({**_head(known), "year": wanted, "days": _days(known, wanted)})
        return
    hours = known.office_hours
    out.print(f"[bold]{known.calendar}[/]  {known.status}  years {_years(known)}")
    rows(
        [
            ("weekend", ", ".join(known.weekend or ()) or "not confirmed"),
            ("time zones", ", ".join(known.time_zones)),
            ("office hours", f"{hours.opens:%H:%M}-{hours.closes:%H:%M}" if hours else "not confirmed"),
            *((f"{part} from", escape(text)) for part, text in known.sources if text),
            *([("note", escape(known.note))] if known.note else []),
        ]
    )
    rows(((f"{one['day']} {_weekday(one['day'])}", _said(one)) for one in _days(known, wanted)), str(wanted))


@app.command(epilog="Example: passerelle calendar check sop_definitions/calendars")
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH…", help="Files, or folders of calendars; those in use unless named"),
    ] = None,
    json: Json = False,
) -> None:
    """Every fault of the calendars, and which of them end soon. Exit code 1 where something is wrong."""
    settings = Settings.read()
    folders = paths or [settings.definitions / "calendars"]
    checked = [one for path in folders for one in check_calendars(path, _today())]
    if json:
        show_json([_checked(one) for one in checked])
    else:
        for one in checked:
            for block in drawn(one.found):
                print(block + "\n")
        sound = sum(one.is_sound for one in checked)
        unsure = [one.known.calendar for one in checked if one.known is not None and not one.known.is_confirmed]
        print(f"{'✓' if sound == len(checked) else '✗'} {sound} of {len(checked)} calendars can be used")
        if unsure:
            print(f"  not confirmed: {', '.join(unsure)}")
    if not all(one.is_sound for one in checked):
        raise typer.Exit(1)


@app.command(epilog="Example: passerelle calendar propose MA --years 2036-2040 --write")
def propose(
    countries: Annotated[list[str], typer.Argument(metavar="CC…", help="Countries in two capital letters")],
    years: Annotated[str, typer.Option(metavar="FIRST-LAST", help="Years to add, such as 2036-2040")],
    write: Annotated[bool, typer.Option("--write", help="Write the files; without this, only show them")] = False,
) -> None:
    """Propose the holidays of more years, from the library `holidays`. What a file says already stays as it is."""
    found = _YEARS.fullmatch(years)
    if found is None:
        raise WrongUse(f'"{years}" is not a span of years: one looks like 2036-2040')
    first, last = int(found[1]), int(found[2] or found[1])
    folder = Settings.read().definitions / "calendars"
    for country in countries:
        text = propose_calendar(folder, country.upper(), first, last, _today(), write=write)
        if write:
            out.print(f"✓ {folder / f'{country.lower()}.yaml'}", soft_wrap=True)
        else:
            print(text, end="")


@app.command(epilog="Example: passerelle calendar apply")
def apply(json: Json = False) -> None:
    """Count open deadlines anew where a calendar has changed; each that moves has an entry in its case's history.

    Every sweep does the same. Exit code 1 where a file has faults, or a case could not be counted.
    """
    with application() as house:
        done = house.recounting.run()
    if json:
        show_json(
            {
                "changed": {country: list(said) for country, said in done.causes.items()},
                "moved": [
                    {"ref": ref, "step": one.step, "name": one.name, "was": rfc3339(one.was), "now": rfc3339(one.now)}
                    for ref, moved in done.moved.items()
                    for one in moved
                ],
                "stuck": list(done.stuck),
                "faulty": list(done.faulty),
            }
        )
    else:
        for country in done.faulty:
            out.print(f"[red]✗[/] the calendar of {country} has faults and was not taken up: passerelle calendar check")
        for ref in done.stuck:
            out.print(f"[red]✗[/] {ref} could not be counted anew; it keeps its dates")
        for said in done.causes.values():
            out.print(f"· {escape('; '.join(said))}", soft_wrap=True)
        count = sum(map(len, done.moved.values()))
        out.print(f"✓ {count} deadlines of {len(done.moved)} cases have moved")
    if done.faulty or done.stuck:
        raise typer.Exit(1)


@app.command(epilog="Example: passerelle calendar schema > calendar.schema.json")
def schema() -> None:
    """The JSON Schema of calendar files, for editors."""
    from engine.calendars.schema import calendar_schema

    show_json(calendar_schema())


def _today() -> date:
    return Settings.read().clock().now().date()


def _head(known: CountryCalendar) -> dict[str, Any]:
    years, hours = known.years, known.office_hours
    return {
        "country": known.calendar,
        "status": str(known.status),
        "years": None if years is None else [years.first, years.last],
        "weekend": None if known.weekend is None else list(known.weekend),
        "time_zones": list(known.time_zones),
        "office_hours": None if hours is None else {"opens": f"{hours.opens:%H:%M}", "closes": f"{hours.closes:%H:%M}"},
        "estimated": sum(day.estimated for day in known.holidays.values()),
        "sources": {part: text for part, text in known.sources if text},
        "note": known.note,
    }


def _days(known: CountryCalendar, year: int) -> list[dict[str, Any]]:
    """List what is not as in any week: `kind` is holiday, half day or worked day."""
    days: list[dict[str, Any]] = [
        *({"day": day, "kind": "holiday", "name": one.name, "estimated": one.estimated}
          for day, one in known.holidays.items()),
        *({"day": day, "kind": "half day", "name": one.name, "estimated": False} for day, one in known.half_days.items()),
        *({"day": day, "kind": "worked day", "name": words, "estimated": False} for day, words in known.worked_days.items()),
    ]  # fmt: skip
    of_year = sorted((one for one in days if one["day"].year == year), key=lambda one: one["day"])
    return [{**one, "day": one["day"].isoformat()} for one in of_year]


def _said(one: dict[str, Any]) -> str:
    kind = "" if one["kind"] == "holiday" else f" · {one['kind']}"
    return f"{escape(one['name'])}{kind}{' · estimated' if one['estimated'] else ''}"


def _weekday(day: str) -> str:
    return datetime.fromisoformat(day).strftime("%a")


def _years(known: CountryCalendar) -> str:
    return f"{known.years.first}-{known.years.last}" if known.years is not None else "not confirmed"


def _checked(one: CheckedCalendar) -> dict[str, Any]:
    return {
        "file": str(one.path),
        "sound": one.is_sound,
        "diagnostics": [
            {
                "code": found.code, "severity": str(found.severity), "message": found.message, "file": found.place.file,
                "line": found.place.line, "column": found.place.column, "hint": found.hint,
            }
            for found in one.found
        ],
    }  # fmt: skip
