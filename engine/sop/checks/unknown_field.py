"""SOP205: a field is named that the form part does not have, or time is counted from one that is no date."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.forms.model import FieldType
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.mentions import field_uses


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    forms = file.shelf.forms
    for use in field_uses(drawn):
        at = file.marks.key(use.path) if use.key else file.marks.value(use.path)
        part = drawn.parts.get(use.form)
        if part is None:
            if use.path[-1] == "same_as" or (len(use.path) > 1 and use.path[-2] == "same_as"):
                known = tuple(drawn.parts)
                if use.form not in forms or not use.key:
                    message = f'"{use.form}.{use.field}" is a field of a form part "{use.form}", which does not exist'
                    yield Diagnostic("SOP205", message, at, did_you_mean(use.form, known, "form parts"))
            continue
        field = part.fields.get(use.field)
        if field is None:
            hint = did_you_mean(use.field, tuple(part.fields), "fields")
            yield Diagnostic("SOP205", f'"{use.form}" has no field "{use.field}"', at, hint)
        elif use.date and field.type is not FieldType.DATE:
            dates = tuple(name for name, one in part.fields.items() if one.type is FieldType.DATE)
            message = f'time is counted from "{use.form}.{use.field}", which is a {field.type}, not a date'
            yield Diagnostic("SOP205", message, at, did_you_mean(use.field, dates, "dates in this part"))


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [risk]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{form: risk, where: {desicion: safe}}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP205",
    title="A field that the form does not have",
    reason="A missing field never matches, so the requirement could never be met and the deadline never start.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("desicion", "decision"),
    run=_run,
)
