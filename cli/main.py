"""`passerelle`: all commands together, and the one place where an error becomes an exit code."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Annotated, cast

import click
import typer
from typer.exceptions import TyperException

from cli import calendars, cases, demo, design, desks, work
from cli.output import err, exit_code, show_error
from engine.errors import Fault, PasserelleError, WrongUse

app = typer.Typer(
    name="passerelle",
    help="Runs the procedures that carry trafficked persons home safely. Begin with: passerelle demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(design.app, name="sop")
app.add_typer(cases.app, name="case")
app.add_typer(calendars.app, name="calendar")
app.add_typer(desks.actors, name="actor")
app.add_typer(desks.forms, name="form")
app.add_typer(work.audit, name="audit")
app.add_typer(work.db, name="db")
app.add_typer(work.keys, name="keys")
app.command("demo")(demo.demo)
app.command("deliver")(work.deliver)
app.command("sweep")(work.sweep)
app.command("digest")(work.digest)
app.command("watch")(work.watch)
app.command("serve")(work.serve)


@app.callback()
def _common(
    debug: Annotated[bool, typer.Option("--debug", help="Show where in the program an error arose.")] = False,
) -> None:
    """Hold what concerns every command; `--debug` is read by `run` as well."""


def run() -> None:
    """Run the command of this process and leave with its exit code. No traceback reaches a user without --debug."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that can't show a character must not end the command
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:]
    as_json = "--json" in words or words[-2:] == ["--format", "json"]
    try:
        code = app(standalone_mode=False)
    except PasserelleError as why:
        if "--debug" in words:
            raise
        show_error(why, as_json)
        code = exit_code(why)
    except (click.ClickException, TyperException) as why:
        said = cast("click.ClickException", why)  # Typer carries a Click of its own, whose errors show themselves too
        if as_json:
            show_error(WrongUse(said.format_message()), as_json)
        else:
            said.show()
        code = 2
    except (click.Abort, typer.Abort, KeyboardInterrupt):
        err.print("stopped")
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as why:
        if "--debug" in words:
            raise
        fault = Fault(f"An unforeseen fault ({type(why).__name__}); nothing was half-written.", ["see it with --debug"])
        show_error(fault, as_json)
        code = 3
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    run()
