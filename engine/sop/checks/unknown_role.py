"""SOP203: a role is named that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, missing, named, once
from engine.sop.load import SopFile
from engine.sop.mentions import Sort
from engine.values import Kind, Side


def _run(file: SopFile) -> Iterator[Diagnostic]:
    roles = tuple(file.sop.roles)
    known = {Sort.ROLE: (roles, "roles"), Sort.RECEIVER: ((*roles, *Side, *Kind), "roles, sides and kinds")}
    wrong = [
        missing(mention, *known[mention.sort])
        for mention in named(file)
        if mention.sort in known and mention.word not in (*known[mention.sort][0], *mention.words)
    ]
    return once("SOP203", file, wrong)


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    actions:
      finish: {to: closed, by: [case_manger]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP203",
    title="A role that does not exist",
    reason="Nobody stands for it: an action could be taken by no one, or a message would reach no one.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("case_manger", "case_manager], tell: [receiving_worker"),
    run=_run,
)
