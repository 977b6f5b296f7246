"""SOP314: share_when asks for nothing before somebody abroad, or an official body, is told."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check
from engine.sop.load import SopFile
from engine.sop.outline import Path
from engine.values import OFFICIAL_KINDS, Side


def _run(file: SopFile) -> Iterator[Diagnostic]:
    when = file.sop.share_when
    for name, role in file.sop.roles.items():
        gated = role.side in (Side.ORIGIN, Side.TRANSIT) or role.kind in OFFICIAL_KINDS
        if gated and file.sop.asked_before_telling(name) == ():
            key = next(
                (str(one) for one in (name, role.kind, role.side) if isinstance(when, dict) and one in when), None
            )
            path: Path = ("share_when",) if key is None else ("share_when", key)
            message = f'"{name}" would be told of every case without any consent'
            hint = "say in share_when what must hold first, e.g. - {form: …, where: {…}}"
            yield Diagnostic("SOP314", message, file.marks.key(path), hint)


CHECK = Check(
    code="SOP314",
    title="Sharing that asks for nothing",
    reason="Nothing may cross the border, or reach an authority, before the person agrees.",
    severity=Severity.ERROR,
    bad="share_when: []\n",
    good="""\
share_when:
  - {form: consent.sharing, where: {decision: given}}
""",
    run=_run,
)
