"""`passerelle sop test`: a designer's own stories, played on the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.cases import Json
from cli.output import out, show_json, table
from engine.application.procedures import drawn
from passerelle.scenarios import KINDS, Covered, Report, Result, tried


def play(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Scenario files, or folders of them")],
    sop: Annotated[
        list[Path] | None,
        typer.Option("--sop", metavar="FILE", help="Play on this procedure's file, before the one found for its id"),
    ] = None,
    json: Json = False,
) -> None:
    """Play stories on the engine: which go as they are told, and what of the procedure no story tries.

    Each story is played in a store of its own that is gone when it ends; nothing is sent. Exit code 1 where a story does not
    pass or a file has faults.
    """
    report = tried(paths, sop or [], (lambda result: None) if json else _say)
    if json:
        show_json(_shape(report))
    else:
        passed = sum(one.passed for one in report.results)
        out.print(f"\nPassed: {passed} of {len(report.results)}")
        for one in report.covered:
            _cover(one)
    if not report.passed:
        raise typer.Exit(1)


def _say(result: Result) -> None:
    for block in drawn(result.found):
        print(block + "\n")
    mark = "[green]✓[/]" if result.passed else "[red]✗[/]"
    said = f"{result.name or result.path.stem} ({result.played} events)"
    out.print(f"{mark} {escape(said)}", soft_wrap=True)
    if result.note:
        out.print(f"  {escape(result.note)}", soft_wrap=True)


def _cover(one: Covered) -> None:
    out.print()
    table(
        ("tried", "of", "what"),
        [(one.tried(kind), one.totals[kind], kind) for kind in KINDS],
        f"What these stories try of {one.sop}",
    )
    if one.uncovered:
        out.print("\nWhat none of them tries:")
    for missing in one.uncovered:
        out.print(f"  {escape(f'{missing.place.file}:{missing.place.line}: {missing.text}')}", soft_wrap=True)


def _shape(report: Report) -> dict[str, object]:
    return {
        "passed": report.passed,
        "stories": [
            {
                "file": str(one.path), "scenario": one.name, "sop": one.sop, "passed": one.passed, "events": one.played,
                "note": one.note,
                "diagnostics": [
                    {
                        "code": found.code, "severity": str(found.severity), "message": found.message,
                        "file": found.place.file, "line": found.place.line, "column": found.place.column, "hint": found.hint,
                    }
                    for found in one.found
                ],
            }
            for one in report.results
        ],
        "coverage": [
            {
                "sop": one.sop,
                "file": one.file,
                "tried": {kind: {"tried": one.tried(kind), "of": one.totals[kind]} for kind in KINDS},
                "untried": [
                    {"kind": each.kind, "name": each.name, "text": each.text, "file": each.place.file, "line": each.place.line}
                    for each in one.uncovered
                ],
            }
            for one in report.covered
        ],
    }  # fmt: skip
