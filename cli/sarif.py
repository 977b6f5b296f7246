"""Findings as SARIF 2.1.0, the form that code hosts and editors read (OASIS, sarif-v2.1.0)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from engine.actors import load as desks
from engine.application.procedures import Checked
from engine.diagnostics import Diagnostic
from engine.notifications import words as messages
from engine.sop import faults
from engine.sop.checks import CHECKS
from engine.source import CODES

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(checked: Iterable[Checked], root: Path) -> dict[str, Any]:
    """Return the log of one run; files below `root` are named relative to it."""
    found = [one for file in checked for one in file.found]
    rules = _rules({one.code for one in found})
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {"name": "passerelle", "version": version("passerelle"), "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, index, root) for one in found],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(codes: Iterable[str]) -> Sequence[dict[str, Any]]:
    """Describe the codes that were found, in their order."""
    said: Mapping[str, str] = {**CODES, **faults.CODES, **desks.CODES, **messages.CODES}
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
    place = one.place
    region = {"startLine": place.line, "startColumn": place.column, "endColumn": place.column + place.length}
    artifact = {"uri": _uri(Path(place.file), root)}
    return {
        "ruleId": one.code,
        "ruleIndex": index[one.code],
        "level": str(one.severity),
        "message": {"text": f"{one.message}\n{one.hint}" if one.hint else one.message},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
    }


def _uri(file: Path, root: Path) -> str:
    file, root = file.resolve(), root.resolve()
    return quote(file.relative_to(root).as_posix()) if file.is_relative_to(root) else file.as_uri()
