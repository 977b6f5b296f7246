"""Findings as SARIF 2.1.0, the form that code hosts and editors read (OASIS, sarif-v2.1.0)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from engine.actors import load as desks
from engine.analysis.model_check import Proof
from engine.analysis.report import path, places, remedy
from engine.application.procedures import MEANINGS, Checked
from engine.calendars import load as calendars
from engine.diagnostics import Diagnostic, Place
from engine.notifications import words as messages
from engine.sop import faults
from engine.sop.checks import CHECKS
from engine.sop.compile import compile_sop
from engine.source import CODES
from engine.values import rfc3339

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(checked: Iterable[Checked], root: Path) -> dict[str, Any]:
    """Return the log of one run; files below `root` are named relative to it.

    A safeguard that does not hold is a result of its own, the path to the harm its code flow. One that could not be decided is
    an error like one that is broken: a host may hide any other kind.
    """
    told: list[tuple[Diagnostic, dict[str, Any]]] = []
    for file in checked:
        told += [(one, {}) for one in file.found]
        told += [(found, _proved(file, proof, root)) for found, proof in file.findings()]
    rules = _rules({one.code for one, _ in told})
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {"name": "passerelle", "version": version("passerelle"), "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [{**_result(one, index, root), **more} for one, more in told],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(codes: Iterable[str]) -> Sequence[dict[str, Any]]:
    """Describe the codes that were found, in their order."""
    said: Mapping[str, str] = {**CODES, **faults.CODES, **desks.CODES, **calendars.CODES, **messages.CODES, **MEANINGS}
    checks = {one.code: one for one in CHECKS}
    rules = []
    for code in sorted(codes):
        check = checks.get(code)
        text = check.title if check is not None else said.get(code, code)
        rule: dict[str, Any] = {"id": code, "shortDescription": {"text": text}}
        if check is not None:
            rule["fullDescription"] = {"text": check.reason}
        rules.append(rule)
    return rules


def _result(one: Diagnostic, index: Mapping[str, int], root: Path) -> dict[str, Any]:
    result = {
        "ruleId": one.code,
        "ruleIndex": index[one.code],
        "level": str(one.severity),
        "message": {"text": f"{one.message}\n{one.hint}" if one.hint else one.message},
        "locations": [_location(one.place, root)],
    }
    if one.also:
        result["relatedLocations"] = [_location(place, root, "Here too") for place in one.also]
    return result


def _proved(file: Checked, proof: Proof, root: Path) -> dict[str, Any]:
    """Return what a result says beside its finding: which safeguard it is, the path to the harm, and where it could be stopped."""
    assert file.file is not None
    sop, marks = file.file.sop, file.file.marks
    told: dict[str, Any] = {
        "partialFingerprints": {"safeguard/v1": f"{sop.sop}:{proof.safeguard.id}"},
        "properties": {"safeguard": proof.safeguard.id, "verdict": str(proof.verdict), "explored": proof.explored},
    }
    if not proof.counterexample:
        return told
    compiled = compile_sop(sop, file.file.shelf.forms, "")
    moves = zip(path(proof, compiled), places(proof, compiled), proof.counterexample, strict=True)
    locations = [
        {
            "location": _location(marks.key(where), root, line),
            "executionOrder": number,
            "executionTimeUtc": rfc3339(one.at.astimezone(UTC)),
            "importance": "essential" if one.kind in ("action", "moment") else "important",
        }
        for number, (line, where, one) in enumerate(moves, 1)
    ]
    kind = "The shortest path" if proof.is_shortest else "The shortest path found"
    told["codeFlows"] = [{"message": {"text": f"{kind} to the harm"}, "threadFlows": [{"locations": locations}]}]
    if proof.stops:
        stopped = [f"{sentence} ({written})" for written, sentence in remedy(proof, compiled)]
        text = " ".join(["It could be stopped here.", *(f"What would stop it: {one}" for one in stopped)])
        told["relatedLocations"] = [_location(marks.key(proof.stops), root, text)]
    return told


def _location(place: Place, root: Path, message: str = "") -> dict[str, Any]:
    region = {"startLine": place.line, "startColumn": place.column, "endColumn": place.column + place.length}
    located: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(Path(place.file), root)}, "region": region}
    }
    if message:
        located["message"] = {"text": message}
    return located


def _uri(file: Path, root: Path) -> str:
    file, root = file.resolve(), root.resolve()
    return quote(file.relative_to(root).as_posix()) if file.is_relative_to(root) else file.as_uri()
