"""`passerelle sop …`: for those who write procedures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli import editing, migrating
from cli.cases import Json, Language, application
from cli.explaining import say_explanation, say_rights, shape_explanation, shape_rights
from cli.harms import harm_of, kept, story_of
from cli.output import day, out, show_json, table
from cli.rehearsal import rehearse
from cli.sarif import sarif
from cli.stories import play
from engine.analysis.diagram import MODELS, SUFFIXES, Format, Overlay, draw, draw_overview
from engine.analysis.model_check import UNTOLD, Verdict
from engine.analysis.report import shapes
from engine.application.ports import RecordedProof
from engine.application.procedures import Checked, Proofs, check, explained
from engine.diagnostics import Severity
from engine.errors import NotAllowed, WrongUse
from engine.settings import Settings
from engine.sop.requirements import words
from engine.values import rfc3339

app = typer.Typer(
    help="Check, draw, edit, rehearse, publish and migrate procedures.",
    no_args_is_help=True,
)
app.command(
    "simulate", epilog="Example: passerelle sop simulate sop_definitions/sops/adult-return.yaml --staff case_manager=20"
)(rehearse)
app.command("test", epilog="Example: passerelle sop test sop_definitions/scenarios")(play)
app.add_typer(editing.app)
app.add_typer(migrating.app)


@app.command("check", epilog="Example: passerelle sop check sop_definitions/sops/adult-return.yaml --explain")
def check_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders of definitions")],
    format: Annotated[str, typer.Option(help="text, json or sarif")] = "text",
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what guards each safeguard, and what each requirement guards")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep each path to harm as a story for `sop test`, in this folder"),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--draw", metavar="DIR", help="Draw each path to harm, in this folder")
    ] = None,
) -> None:
    """Structure, every check and every safeguard. Exit code 1 where something is wrong.

    A safeguard holds, is broken (with a path to the harm and the line where it could be stopped), or could not be decided.
    """
    if format not in ("text", "json", "sarif"):
        raise WrongUse(f'"{format}" is not a format: text, json or sarif')
    if explain and format == "sarif":
        raise WrongUse("--explain is for text and json; SARIF holds findings only")
    today = Settings.read().clock().now().date()
    proofs = Proofs()
    checked = [proofs.of(one) for path in paths for one in check(path, today)]
    written = kept(checked, save, picture)
    if format == "json":
        show_json([_shape(one, explain) for one in checked])
    elif format == "sarif":
        show_json(sarif(checked, Path.cwd()))
    else:
        for one in checked:
            _say(one, explain)
        for file in written:
            out.print(f"written: {file}", soft_wrap=True)
    if not all(one.is_sound for one in checked):
        raise typer.Exit(1)


def _shape(one: Checked, explaining: bool) -> dict[str, object]:
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
                "also": [{"file": one.file, "line": one.line, "column": one.column} for one in found.also],
            }
            for found in (*one.found, *(found for found, _ in one.findings()))
        ],
        "safeguards": _safeguards(one),
        "not_confirmed": [
            {"id": name, "country": point.country, "steps": list(point.at), "text": words(point.note, "en")}
            for name, point in (sop.not_confirmed.items() if sop is not None else ())
        ],
        **(shape_rights(one.file) if one.file is not None else {}),
        **(shape_explanation(one.file, explained(one)) if explaining and one.file is not None else {}),
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
            "reason": f"It protects nothing. {proof.reason}" if proof.verdict is Verdict.VACUOUS else proof.reason,
            "counterexample": shapes(proof),
        }
        for proof in one.proofs
    ]


def _say(one: Checked, explaining: bool) -> None:
    for block in one.drawn():
        print(block + "\n")
    errors = sum(found.severity is Severity.ERROR for found in one.found)
    if one.file is None or errors or one.elsewhere:
        built_on = "what it is built on has faults, told where they stand"
        print(f"✗ {one.path}: " + (f"{errors} to mend" if errors else built_on))
        return
    sop = one.file.sop
    steps = len(sop.steps) + sum(len(line.steps) for step in sop.steps.values() for line in step.strands.values())
    steps += sum(len(line.steps) for line in sop.alongside.values())
    mark, warned = "✓" if one.is_sound else "✗", "warning" if len(one.found) == 1 else "warnings"
    print(f"{mark} {one.path}: {steps} steps, {len(sop.roles)} roles, {len(one.found)} {warned}")
    if one.proofs:
        print(f"  {len(one.proofs)} safeguards: {counted(proof.verdict for proof in one.proofs)}")
        untold = sum(proof.reason == UNTOLD for proof in one.proofs)
        if untold:
            print(f"  of {untold} it was not found out whether what they speak of ever happens; JSON says of which")
    if sop.not_confirmed:
        by_country = Counter(point.country or "both countries" for point in sop.not_confirmed.values())
        listed = ", ".join(f"{count} of {country}" for country, count in by_country.items())
        print(f"  {len(sop.not_confirmed)} not confirmed: {listed}")
    for line in (*say_rights(one.file), *(say_explanation(one, explained(one)) if explaining else ())):
        print(f"  {line}")


@app.command("draw", epilog="Example: passerelle sop draw sop_definitions/sops/adult-return.yaml -o adult.svg")
def draw_(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="One procedure's file")],
    format: Annotated[
        str | None, typer.Option(help=f"{', '.join(Format)}; else as FILE's name ends; else mermaid")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write it")] = None,
    language: Language = "en",
    cases: Annotated[bool, typer.Option("--cases", help="Show how many open cases stand at each step")] = False,
    overview: Annotated[
        bool, typer.Option("--overview", help="At a glance: what each country does in each phase (svg)")
    ] = False,
    harm: Annotated[
        str | None, typer.Option(metavar="SAFEGUARD", help="Show the path on which this safeguard is broken")
    ] = None,
    story: Annotated[Path | None, typer.Option(metavar="FILE", help="Show the way that this story goes")] = None,
) -> None:
    """The diagram of a procedure: phases as columns, the two countries as lanes."""
    wanted = Format.SVG if overview and format is None and output is None else _format(format, output)
    if overview and wanted is not Format.SVG:
        raise WrongUse(f"--overview is drawn as svg, not as {wanted}")
    if cases and wanted in MODELS:
        raise WrongUse(f"--cases is for pictures; {wanted} holds the procedure alone")
    if wanted is Format.SCXML and (harm or story):
        raise WrongUse("--harm and --story are for pictures and BPMN; scxml holds the procedure alone")
    if sum(bool(one) for one in (cases, harm, story)) > 1:
        raise WrongUse("--cases, --harm and --story: one picture shows one of them")
    if overview and (harm or story):
        raise WrongUse("--harm and --story are drawn over the whole picture, not over --overview")
    if path.is_dir():
        raise WrongUse(f"{path} is a folder: name one procedure's file")
    (checked,) = check(path)
    if checked.file is None or (wanted in MODELS and not checked.is_sound):
        raise NotAllowed(f"{path} can't be drawn: it has faults.", checked.drawn())
    sop = checked.file.sop
    if language not in sop.title:
        raise WrongUse(f'{path} has no words in "{language}"', [f"languages: {', '.join(sop.title)}"])
    over = _live(sop.sop) if cases else None
    if harm is not None:
        over = harm_of(checked, harm)
    elif story is not None:
        over = story_of(checked, story)
    drawn = draw_overview(sop, language, over) if overview else draw(sop, wanted, language, over)
    if output is None:
        print(drawn, end="")
        return
    try:
        output.write_text(drawn, encoding="utf-8")
    except OSError as why:
        raise WrongUse(f"{output} can't be written: {why.strerror}") from None
    out.print(f"✓ {output}", soft_wrap=True)


def _format(named: str | None, output: Path | None) -> Format:
    """Find out what to draw: as named, as the file's name ends, else Mermaid, which reads well on a terminal."""
    if named is not None:
        if named not in list(Format):
            raise WrongUse(f'"{named}" is not a format: {", ".join(Format)}')
        return Format(named)
    if output is None:
        return Format.MERMAID
    suffix = output.suffix.lower()
    if suffix not in SUFFIXES:
        raise WrongUse(f'"{output}" does not say what to draw', [f"end it in {', '.join(SUFFIXES)}, or give --format"])
    return SUFFIXES[suffix]


def _live(sop: str) -> Overlay:
    with application() as house:
        return Overlay(counts=house.queries.standing(sop))


@app.command("schema", epilog="Example: passerelle sop schema --into sop_definitions/schema")
def schema(
    form: Annotated[bool, typer.Option("--form", help="The schema of form files")] = False,
    kind: Annotated[str, typer.Option(help="sop, layer, form, safeguard or scenario: the files it is for")] = "sop",
    into: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write all schemas as files there")] = None,
) -> None:
    """The JSON Schemas for editors: one printed, or all written where the first line of each file finds them."""
    from engine.application.scenarios.schema import scenario_schema
    from engine.sop.schema import form_schema, layer_schema, safeguard_schema, sop_schema

    kinds: dict[str, Callable[[], dict[str, object]]] = {
        "sop": sop_schema, "layer": layer_schema, "form": form_schema, "safeguard": safeguard_schema,
        "scenario": scenario_schema,
    }  # fmt: skip
    if kind not in kinds:
        raise WrongUse(f'"{kind}" is not a kind of file: {", ".join(kinds)}')
    if into is None:
        show_json(kinds["form" if form else kind]())
        return
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, made in kinds.items():
            file = into / f"{name}.schema.json"
            file.write_text(json.dumps(made(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            out.print(f"✓ {file}", soft_wrap=True)
    except OSError as why:
        raise WrongUse(f"{into} can't be written: {why.strerror}") from None


@app.command("publish", epilog="Example: passerelle sop publish sop_definitions/sops/adult-return.yaml")
def publish(path: Path, json: Json = False) -> None:
    """Freeze a version; from then on it never changes, and cases can be launched on it.

    Refused where a safeguard that rests on law or soft law is broken or could not be decided.
    """
    with application() as house:
        version = house.procedures.publish(path)
        proofs = house.store.proofs().get(version.hash, ())
    if json:
        show_json({"sop": version.sop, "version": version.number, "hash": version.hash, "proof": _proof(proofs)})
        return
    out.print(f"✓ {version.sop} v{version.number} ({version.hash[:12]})")
    unsafe = [one.safeguard for one in proofs if one.verdict != Verdict.HOLDS]
    if unsafe:
        said = "published all the same, for neither law nor soft law asks for it; it does not hold"
        out.print(f"[yellow]![/] {said}: {escape(', '.join(unsafe))}", soft_wrap=True)


@app.command("list", epilog="Example: passerelle sop list")
def list_(json: Json = False) -> None:
    """Versions, and how many open cases each has."""
    with application() as house:
        versions, cases, proofs = house.store.versions(), house.store.open_cases(), house.store.proofs()
    if json:
        show_json([
            {"sop": one.sop, "version": one.number, "hash": one.hash, "published_at": rfc3339(one.published_at),
             "open_cases": cases.get(one.hash, 0), "proof": _proof(proofs.get(one.hash, ()))}
            for one in versions
        ])  # fmt: skip
        return
    if not versions:
        out.print("No procedure is published yet: passerelle sop publish PATH", soft_wrap=True)
        return
    rows = [
        (one.sop, one.number, one.hash[:12], day(rfc3339(one.published_at)), cases.get(one.hash, 0),
         counted(proof.verdict for proof in proofs.get(one.hash, ())) or "not on record")
        for one in versions
    ]  # fmt: skip
    table(("procedure", "version", "hash", "published (UTC)", "open cases", "safeguards"), rows)


def _proof(proofs: Sequence[RecordedProof]) -> dict[str, object] | None:
    """Say what was known when a version was published: all its safeguards were proved in one run."""
    if not proofs:
        return None
    first = proofs[0]
    return {
        "engine": first.engine,
        "proved_at": rfc3339(first.proved_at),
        "budget": {"states": first.states, "seconds": first.seconds},
        "safeguards": [
            {"id": one.safeguard, "verdict": one.verdict, "explored": one.explored, "reason": one.reason}
            for one in proofs
        ],
    }


def counted(verdicts: Iterable[str]) -> str:
    """Count verdicts in words: "51 holds, 1 broken"."""
    counts = Counter(verdicts)
    said = {verdict: "protects nothing" if verdict is Verdict.VACUOUS else str(verdict) for verdict in Verdict}
    return ", ".join(f"{counts[verdict]} {word}" for verdict, word in said.items() if counts[verdict])
