"""SOP204: a form or a part of a form is named that does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.sop.checks.base import Check, Wrong, named, once, outline
from engine.sop.load import SopFile
from engine.sop.mentions import Sort


def _run(file: SopFile) -> Iterator[Diagnostic]:
    return once("SOP204", file, _wrong(file))


def _wrong(file: SopFile) -> Iterator[Wrong]:
    drawn = outline(file)
    forms = file.shelf.forms
    for mention in named(file):
        if mention.sort is not Sort.FORM or mention.word in drawn.parts:
            continue
        form, _, part = mention.word.partition(".")
        if form not in forms:
            hint = partial(did_you_mean, form, tuple(forms), "forms")
            yield Wrong(mention, f'"{form}", which does not exist', hint)
        elif part:
            hint = partial(did_you_mean, part, tuple(forms[form].parts), "parts")
            yield Wrong(mention, f'"{mention.word}", but form "{form}" has no part "{part}"', hint)
        elif mention.exact:
            hint = partial("name a part: {}".format, ", ".join(drawn.whole(form)))
            yield Wrong(mention, f'"{form}" as a whole, but its parts are recorded and read one by one', hint)


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{form: consent.returning}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP204",
    title="A form, or a part of one, that does not exist",
    reason="What can't be recorded can't be required: the action would stay shut for ever.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("consent.returning", "consent.return"),
    run=_run,
)
