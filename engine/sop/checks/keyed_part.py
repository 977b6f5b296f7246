"""SOP207: a keyed part is required without its key, another with one, or for a purpose it doesn't know."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.mentions import field_uses
from engine.sop.model import FormRequirement


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for condition in drawn.conditions:
        one = condition.requirement
        part = drawn.parts.get(one.form) if isinstance(one, FormRequirement) else None
        if part is None or not isinstance(one, FormRequirement):
            continue
        if part.keyed is None:
            if one.for_ is not None:
                message = f'"{one.form}" is recorded once for a case, not for a receiver and a purpose'
                yield Diagnostic("SOP207", message, file.marks.key((*condition.path, "for")), "leave out `for`")
            continue
        purposes = tuple(part.keyed.purposes)
        if one.for_ is None:
            if condition.holder == "share":
                continue
            message = f'"{one.form}" is recorded for each receiver and purpose: say which is required'
            hint = f"add `for: {{role: …, purpose: …}}`; purposes: {', '.join(purposes)}"
            yield Diagnostic("SOP207", message, file.marks.value((*condition.path, "form")), hint)
        elif one.for_.purpose not in purposes:
            message = f'"{one.form}" has no purpose "{one.for_.purpose}"'
            at = file.marks.value((*condition.path, "for", "purpose"))
            yield Diagnostic("SOP207", message, at, did_you_mean(one.for_.purpose, purposes, "purposes"))
    for use in field_uses(drawn):
        part = drawn.parts.get(use.form)
        if part is not None and part.keyed is not None and use.date:
            message = (
                f'"{use.form}" is recorded for each receiver and purpose: nothing says whose "{use.field}" is read'
            )
            yield Diagnostic("SOP207", message, file.marks.value(use.path), "name a field of a part without a key")


CHECK = Check(
    code="SOP207",
    title="A keyed part without its key",
    reason=(
        "A consent to share counts for one receiver and one purpose. Required without saying which, it would stand for"
        " receivers the person never agreed to. In `share_when` the key may be left out: there it is the receiver at hand."
    ),
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{form: consent.sharing, where: {decision: given}}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    good="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish:
        to: closed
        by: [case_manager]
        requires: [{form: consent.sharing, for: {role: receiving_worker, purpose: support}, where: {decision: given}}]
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    run=_run,
)
