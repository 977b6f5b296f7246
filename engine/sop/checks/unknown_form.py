"""SOP204: a form or a part of a form is named that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.sop.checks.base import Check, named, outline, place
from engine.sop.load import SopFile
from engine.sop.mentions import Sort


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    forms = file.shelf.forms
    for mention in named(file):
        if mention.sort is not Sort.FORM or mention.word in drawn.parts:
            continue
        form, _, part = mention.word.partition(".")
        if form not in forms:
            hint = did_you_mean(form, tuple(forms), "forms")
            yield Diagnostic("SOP204", f'{mention.saying} "{form}", which does not exist', place(file, mention), hint)
        elif part:
            message = f'{mention.saying} "{mention.word}", but form "{form}" has no part "{part}"'
            hint = did_you_mean(part, tuple(forms[form].parts), "parts")
            yield Diagnostic("SOP204", message, place(file, mention), hint)
        elif mention.exact:
            message = f'{mention.saying} "{form}" as a whole, but its parts are recorded and read one by one'
            hint = "name a part: " + ", ".join(drawn.whole(form))
            yield Diagnostic("SOP204", message, place(file, mention), hint)


CHECK = Check(
    code="SOP204",
    title="A form, or a part of one, that does not exist",
    reason="What can't be recorded can't be required: the action would stay shut for ever.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{form: consent.returning}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    good="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{form: consent.return}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    run=_run,
)
