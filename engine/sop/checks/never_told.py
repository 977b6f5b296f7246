"""SOP312: share_when says of no receiver abroad when it may be told."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check
from engine.sop.load import SopFile
from engine.values import OFFICIAL_KINDS, Side


def _run(file: SopFile) -> Iterator[Diagnostic]:
    when = file.sop.share_when
    if not isinstance(when, dict):
        return
    for name, role in file.sop.roles.items():
        abroad = role.side in (Side.ORIGIN, Side.TRANSIT) or role.kind in OFFICIAL_KINDS
        if abroad and not any(key is not None and str(key) in when for key in (name, role.kind, role.side)):
            message = f'share_when never lets "{name}" be told anything'
            keys = dict.fromkeys(str(key) for key in (name, role.kind, role.side) if key is not None)
            hint = f"add {' or '.join(keys)} to share_when"
            yield Diagnostic("SOP312", message, file.marks.key(("roles", name)), hint, Severity.WARNING)


CHECK = Check(
    code="SOP312",
    title="A role that can never be told",
    reason="It would wait for a message that is always withheld.",
    severity=Severity.WARNING,
    bad="""\
share_when:
  destination: [{form: consent.sharing, for: {role: receiving_worker, purpose: support}, where: {decision: given}}]
""",
    good="""\
share_when:
  origin: [{form: consent.sharing, for: {role: receiving_worker, purpose: support}, where: {decision: given}}]
""",
    run=_run,
)
