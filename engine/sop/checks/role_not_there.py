"""SOP307: a role acts at a step where it can never be: it becomes known only later, or on another path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.outline import Kind, Outline


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    later = {name: role.from_step for name, role in file.sop.roles.items() if role.from_step in drawn.by_name}
    for spot in drawn.spots:
        named = spot.step.responsible
        if named and drawn.stands(spot.name) and not any(_is_known(drawn, later, role, spot.name) for role in named):
            message = f'step "{spot.name}" is the responsibility only of "{named[0]}", who is not yet known there'
            hint = f'"{named[0]}" is known from step "{later[named[0]]}"'
            yield Diagnostic("SOP307", message, file.marks.value((*spot.path, "responsible")), hint)
    for offer in drawn.offers:
        if offer.at is None or not drawn.stands(offer.at):
            continue
        own = offer.action.by
        if not any(_is_known(drawn, later, role, offer.at) for role in own):
            message = f'action "{offer.name}" is taken only by "{own[0]}", who is not yet known at step "{offer.at}"'
            hint = f'"{own[0]}" is known from step "{later[own[0]]}"'
            yield Diagnostic("SOP307", message, file.marks.value((*offer.path, "by")), hint)


def _is_known(drawn: Outline, later: Mapping[str, str | None], role: str, at: str) -> bool:
    return role not in later or _can_be(drawn, later[role] or "", at)


def _can_be(drawn: Outline, known_from: str, at: str) -> bool:
    """Whether a case that has come to `known_from` can stand at `at` then or later."""
    first, then = drawn.by_name[known_from], drawn.by_name[at]
    if Kind.ALONGSIDE in (first.kind, then.kind) and first.line != then.line:
        return True
    if first.line == then.line:
        return at in drawn.after(known_from)
    start, end = first.parent or first.name, then.parent or then.name
    return end in drawn.after(start)


CHECK = Check(
    code="SOP307",
    title="A role that is never there",
    reason="The action would wait for somebody who does not exist yet.",
    severity=Severity.ERROR,
    bad="""\
roles:
  case_manager: {side: destination, title: {en: Case manager, fr: Référent}}
  receiving_worker: {side: origin, from_step: after, title: {en: Receiving worker, fr: Référent d'accueil}}
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: after, by: [receiving_worker]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
  after:
    title: {en: After, fr: Après}
    responsible: [case_manager]
    actions: {on: {to: closed, by: [case_manager]}}
""",
    good="""\
roles:
  case_manager: {side: destination, title: {en: Case manager, fr: Référent}}
  receiving_worker: {side: origin, from_step: after, title: {en: Receiving worker, fr: Référent d'accueil}}
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: after, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
  after:
    title: {en: After, fr: Après}
    responsible: [case_manager]
    actions: {on: {to: closed, by: [receiving_worker]}}
""",
    run=_run,
)
