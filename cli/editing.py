"""`passerelle sop format …`: what changes the files of procedures, for those who write them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.application.editing import bring_into_form
from engine.application.procedures import drawn

app = typer.Typer()


@app.command("format", epilog="Example: passerelle sop format sop_definitions --check")
def format_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders of definitions")],
    check: Annotated[bool, typer.Option("--check", help="Only say which files lack the form; write nothing")] = False,
) -> None:
    """One form for every file: indentation, spaces, empty lines. Words and comments stay as they are.

    A file with faults is told and left alone. Exit code 1 where there was one, or where --check found a file without the form.
    """
    forms = [form for path in paths for form in bring_into_form(path, write=not check)]
    faulty = [form for form in forms if form.faults]
    lacking = [form for form in forms if not form.had_it and not form.faults]
    for form in faulty:
        for block in drawn(form.faults):
            print(block + "\n")
        print(f"✗ {form.path}: left as it is")
    for form in lacking:
        print(f"! {form.path}: not in form" if check else f"✓ {form.path}: brought into form")
    had_it = sum(form.had_it for form in forms)
    print(f"{had_it} of {len(forms)} files had the form already")
    if faulty or (check and lacking):
        raise typer.Exit(1)
