"""SOP315: a shared safeguard is neither taken up nor said not to apply, or both."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.sop.checks.base import Check
from engine.sop.load import SopFile


def _run(file: SopFile) -> Iterator[Diagnostic]:
    declined, shelf = file.sop.not_applicable, file.shelf.safeguards
    if not file.taken and not declined:
        return
    taken = {name for one in file.taken for name in one.safeguards}
    known = {name for shared in shelf.values() for name in shared.statements}
    for name in declined:
        if name not in shelf and name not in known:
            message = f'"{name}" is said not to apply, and there is no such shared safeguard'
            hint = did_you_mean(name, sorted({*shelf, *known}), "shared safeguards")
            yield Diagnostic("SOP315", message, file.marks.key(("not_applicable", name)), hint)
        elif name in taken or (name in shelf and not taken.isdisjoint(shelf[name].statements)):
            message = f'"{name}" is taken up and said not to apply'
            yield Diagnostic("SOP315", message, file.marks.key(("not_applicable", name)), "keep one of the two")
    for shared in shelf.values():
        if shared.name in declined:
            continue
        left = [name for name in shared.statements if name not in taken and name not in declined]
        if not left:
            continue
        whole = len(left) == len(shared.statements)
        names = [shared.name] if whole else left
        message = f"{', '.join(names)}: neither taken up nor said not to apply"
        hint = f"add a use, or the reason: not_applicable: {{{names[0]}: …}}"
        place = file.marks.key(("not_applicable",) if declined else ("safeguards",))
        yield Diagnostic("SOP315", message, place, hint, Severity.WARNING)


CHECK = Check(
    code="SOP315",
    title="A shared right that is left out in silence",
    reason="A right that all procedures share would be missing here, and nobody would know whether it was meant.",
    severity=Severity.ERROR,
    bad="""\
not_applicable:
  always-a-way-out: This procedure has one step.
safeguards:
  - {use: always-a-way-out, where: {ends: [closed]}}
""",
    good="""\
safeguards:
  - {use: always-a-way-out, where: {ends: [closed]}}
""",
    run=_run,
)
