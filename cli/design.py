"""`passerelle sop …`: for those who write procedures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.cases import Json, application
from cli.output import day, out, show_json, table
from engine.analysis.model_check import Verdict
from engine.analysis.report import shapes
from engine.application.procedures import Checked, check, proved
from engine.diagnostics import Severity
from engine.errors import NotAllowed, WrongUse
from engine.values import rfc3339

app = typer.Typer(help="Check, draw and publish procedures.", no_args_is_help=True)


@app.command("check", epilog="Example: passerelle sop check sop_definitions")
def check_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders of definitions")],
    format: Annotated[str, typer.Option(help="text or json")] = "text",
) -> None:
    """Structure, every check and every safeguard. Exit code 1 where something is wrong.

    A safeguard holds, is broken (with a path to the harm and the line where it could be stopped), or could not be decided.
    """
    if format not in ("text", "json"):
        raise WrongUse(f'"{format}" is not a format: text or json')
    checked = [proved(one) for path in paths for one in check(path)]
    if format == "json":
        show_json([_shape(one) for one in checked])
    else:
        for one in checked:
            _say(one)
    if not all(one.is_sound for one in checked):
        raise typer.Exit(1)


def _shape(one: Checked) -> dict[str, object]:
    sop = one.file.sop if one.file is not None else None
    return {
        "file": str(one.path),
        "sop": sop.sop if sop is not None else None,
        "version": sop.version if sop is not None else None,
        "sound": one.is_sound,
        "diagnostics": [
            {
                "code": found.code, "severity": str(found.severity), "message": found.message, "file": found.place.file,
                "line": found.place.line, "column": found.place.column, "hint": found.hint,
            }
            for found in (*one.found, *(found for found, _ in one.findings()))
        ],
        "safeguards": _safeguards(one),
    }  # fmt: skip


def _safeguards(one: Checked) -> list[dict[str, object]]:
    """Say what is known of each safeguard; one that protects nothing is undecided, and a finding says why."""
    if not one.proofs:
        known = one.file.sop.safeguards if one.file is not None else ()
        return [{"id": getattr(each, "id", getattr(each, "use", "")), "verdict": "not checked"} for each in known]
    return [
        {
            "id": proof.safeguard.id,
            "verdict": str(Verdict.UNDECIDED if proof.verdict is Verdict.VACUOUS else proof.verdict),
            "explored": proof.explored,
            "reason": proof.reason,
            "counterexample": shapes(proof),
        }
        for proof in one.proofs
    ]


def _say(one: Checked) -> None:
    for block in one.drawn():
        print(block + "\n")
    errors = sum(found.severity is Severity.ERROR for found in one.found)
    if one.file is None or errors:
        print(f"✗ {one.path}: {errors} to mend")
        return
    sop = one.file.sop
    steps = len(sop.steps) + sum(len(line.steps) for step in sop.steps.values() for line in step.strands.values())
    steps += sum(len(line.steps) for line in sop.alongside.values())
    mark = "✓" if one.is_sound else "✗"
    print(f"{mark} {one.path}: {steps} steps, {len(sop.roles)} roles, {len(one.found)} warnings")
    if one.proofs:
        counts = {verdict: sum(proof.verdict is verdict for proof in one.proofs) for verdict in Verdict}
        said = ["protects nothing" if verdict is Verdict.VACUOUS else str(verdict) for verdict in Verdict]
        listed = ", ".join(
            f"{counts[verdict]} {word}" for verdict, word in zip(Verdict, said, strict=True) if counts[verdict]
        )
        print(f"  {len(one.proofs)} safeguards: {listed}")


@app.command("draw", epilog="Example: passerelle sop draw sop_definitions/sops/adult-return.yaml -o adult.mmd")
def draw(
    path: Path,
    format: Annotated[str, typer.Option(help="mermaid")] = "mermaid",
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE")] = None,
    language: Annotated[str, typer.Option()] = "en",
) -> None:
    """The diagram of a procedure."""
    from engine.analysis.diagram import mermaid

    if format != "mermaid":
        raise WrongUse(f'"{format}" is not a format: mermaid')
    (checked,) = check(path)[:1]
    if checked.file is None:
        raise NotAllowed(f"{path} can't be drawn: it has faults.", checked.drawn())
    drawn = mermaid(checked.file.sop, language)
    if output is None:
        print(drawn, end="")
    else:
        try:
            output.write_text(drawn, encoding="utf-8")
        except OSError as why:
            raise WrongUse(f"{output} can't be written: {why.strerror}") from None
        out.print(f"✓ {output}")


@app.command("schema", epilog="Example: passerelle sop schema > sop.schema.json")
def schema(form: Annotated[bool, typer.Option("--form", help="The schema of form files")] = False) -> None:
    """The JSON Schema for editors."""
    from engine.sop.schema import form_schema, sop_schema

    show_json(form_schema() if form else sop_schema())


@app.command("publish", epilog="Example: passerelle sop publish sop_definitions/sops/adult-return.yaml")
def publish(path: Path, json: Json = False) -> None:
    """Freeze a version; from then on it never changes, and cases can be launched on it.

    Refused where a safeguard that rests on law or soft law is broken or could not be decided.
    """
    with application() as house:
        version = house.procedures.publish(path)
    if json:
        show_json({"sop": version.sop, "version": version.number, "hash": version.hash})
    else:
        out.print(f"✓ {version.sop} v{version.number} ({version.hash[:12]})")


@app.command("list", epilog="Example: passerelle sop list")
def list_(json: Json = False) -> None:
    """Versions, and how many open cases each has."""
    with application() as house:
        versions, cases = house.store.versions(), house.store.open_cases()
    shapes = [
        {"sop": one.sop, "version": one.number, "hash": one.hash, "published_at": rfc3339(one.published_at),
         "open_cases": cases.get(one.hash, 0)}
        for one in versions
    ]  # fmt: skip
    if json:
        show_json(shapes)
        return
    rows = [(s["sop"], s["version"], str(s["hash"])[:12], day(str(s["published_at"])), s["open_cases"]) for s in shapes]
    table(("procedure", "version", "hash", "published (UTC)", "open cases"), rows)
