"""`passerelle sop diff, format, new, rename`: what changes between procedures, and in their files, for those who write them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from cli.cases import Json, application
from cli.output import out, rows, show_json
from engine.analysis.comparison import Effect
from engine.application.comparing import compare_named
from engine.application.editing import begin_variant, lay_out
from engine.application.procedures import drawn
from engine.application.renaming import plan_renaming
from engine.settings import Settings
from engine.sop.renaming import Renamed

app = typer.Typer()

_HEADS: Final = {
    Effect.WEAKER: "Weaker: less is asked or guarded",
    Effect.GONE: "Gone",
    Effect.CHANGED: "Changed",
    Effect.NEW: "New",
    Effect.STRONGER: "Stronger: more is asked or guarded",
}


@app.command("diff", epilog="Example: passerelle sop diff adult-return adult-return-gr-al")
def diff(
    a: Annotated[str, typer.Argument(help="A file, a procedure's id, or a published version: adult-return@1")],
    b: Annotated[str, typer.Argument(help="What it is compared with, named likewise")],
    language: Annotated[str, typer.Option(help="The language of the titles")] = "en",
    json: Json = False,
) -> None:
    """What changes for people from A to B, the gravest first. A renamed step is one gone and one new."""
    with ExitStack() as stack:
        definitions = Settings.read().definitions
        changes = compare_named(
            a, b, lambda: stack.enter_context(application()).store.versions(), language, definitions
        )
    if json:
        show_json([{"effect": one.effect, "about": one.subject, "at": one.at, "text": one.text} for one in changes])
        return
    for effect, head in _HEADS.items():
        listed = [(one.subject.value, escape(one.text)) for one in changes if one.group is effect]
        rows(listed, head)
    if not changes:
        out.print("nothing changes")


@app.command("format", epilog="Example: passerelle sop format sop_definitions --check")
def format_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders of definitions")],
    check: Annotated[
        bool, typer.Option("--check", help="Only say which files have another layout; write nothing")
    ] = False,
) -> None:
    """One layout for every file: indentation, spaces, empty lines. Words and comments stay as they are.

    A file with faults is told and left alone. Exit code 1 where there was one, or where --check found a file with another layout.
    """
    files = [file for path in paths for file in lay_out(path, write=not check)]
    faulty = [file for file in files if file.faults]
    others = [file for file in files if not file.was_kept and not file.faults]
    for file in faulty:
        for block in drawn(file.faults):
            print(block + "\n")
        print(f"✗ {file.path}: left as it is")
    for file in others:
        print(f"! {file.path}: another layout" if check else f"✓ {file.path}: laid out")
    kept = sum(file.was_kept for file in files)
    print(f"{kept} of {len(files)} files had the layout already")
    if faulty or (check and others):
        raise typer.Exit(1)


@app.command(
    "new",
    epilog="Example: passerelle sop new adult-return-be-al --from adult-return --layer al --destination BE",
)
def new(
    id: Annotated[str, typer.Argument(help="The id of the variant")],
    base: Annotated[str, typer.Option("--from", metavar="BASE", help="The procedure it extends: its file, or its id")],
    destination: Annotated[list[str] | None, typer.Option(metavar="CC", help="Country where the person is")] = None,
    origin: Annotated[list[str] | None, typer.Option(metavar="CC", help="Country the person returns to")] = None,
    layer: Annotated[list[str] | None, typer.Option(metavar="ID", help="A country layer; brings its country")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Beside the base")] = None,
) -> None:
    """A corridor variant to start from: sound as it is, with comments that say what may be changed."""
    definitions = Settings.read().definitions
    text = begin_variant(id, base, definitions, destination or (), origin or (), output, layer or ())
    if output is None:
        print(text, end="")
    else:
        out.print(f"✓ {escape(str(output))}")


@app.command(
    "rename", epilog="Example: passerelle sop rename sop_definitions/sops/adult-return.yaml step wish decision --apply"
)
def rename(
    path: Annotated[Path, typer.Argument(help="The procedure that declares it")],
    kind: Annotated[Renamed, typer.Argument(help="What it is")],
    old: str,
    new: str,
    apply: Annotated[bool, typer.Option("--apply", help="Write it; without this, only show the places")] = False,
    json: Json = False,
) -> None:
    """Another name, everywhere it is used: in the procedure, in those that extend it, in forms, scenarios and desks beside it.

    Published versions and their cases keep the old name. Exit code 1 where the name is taken or can't be changed here.
    """
    plan = plan_renaming(path, kind, old, new)
    if apply:
        plan.apply()
    if json:
        places = [
            {"file": one.place.file, "line": one.place.line, "column": one.place.column, "text": one.saying}
            for one in plan.places
        ]
        shape = {"kind": kind, "old": old, "new": new, "applied": apply, "places": places, "notes": list(plan.notes)}
        show_json(shape)
        return
    for one in plan.places:
        print(f'{one.place.file}:{one.place.line}:{one.place.column}: {one.saying} "{new if apply else old}"')
    for note in plan.notes:
        print(f"! {note}")
    counted = f"{len(plan.places)} places, {len(plan.files)} file{'s' if len(plan.files) > 1 else ''}"
    print(f"✓ {counted} changed" if apply else f"{counted}; nothing is written yet: --apply writes")
