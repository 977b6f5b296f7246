"""SOP313: a role, fact or list is declared and never used. One that is misspelt where it is used is told of there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.diagnostics import Diagnostic, Severity, nearest
from engine.sop import model as m
from engine.sop.checks.base import Check, named, outline
from engine.sop.load import SopFile
from engine.sop.mentions import Sort
from engine.sop.model import FormRequirement

_SORTS: Final = {"role": (Sort.ROLE, Sort.RECEIVER), "fact": (Sort.FACT,), "list": (Sort.LIST,)}
_MAX_GUESSES: Final = 20


def _run(file: SopFile) -> Iterator[Diagnostic]:
    used = {(one.sort, one.word) for one in named(file)}
    words = {word for _, word in used}
    conditions = [one.requirement for one in outline(file).conditions]
    spoken = {one.for_.role for one in conditions if isinstance(one, FormRequirement) and one.for_ is not None}
    if any(m.ANY in offer.action.by for offer in (*outline(file).offers, *outline(file).everywhere)):
        spoken |= set(file.sop.roles)
    for what, declared in (("role", file.sop.roles), ("fact", file.sop.facts), ("list", file.sop.lists)):
        unknown = sorted({word for sort, word in used if sort in _SORTS[what] and word not in declared})
        meant = {nearest(word, declared) for word in unknown[:_MAX_GUESSES]}
        for name in declared:
            if name not in words and name not in spoken and name not in meant:
                message = f'{what} "{name}" is declared and never used'
                yield Diagnostic(
                    "SOP313", message, file.marks.key((f"{what}s", name)), "take it out, or use it", Severity.WARNING
                )


CHECK = Check(
    code="SOP313",
    title="A name that nothing uses",
    reason="Either a rule is missing, or the file says more than it means.",
    severity=Severity.WARNING,
    bad="""\
lists:
  no_return: [Somewhere]
""",
    good="""\
facts: {}
lists:
  no_return: [Somewhere]
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [risk]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{form: risk, not_in_list: {place: no_return}}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    run=_run,
)
