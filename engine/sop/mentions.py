"""Every place where a procedure names something by its name: a step, a role, a form, a fact, a document.

One walk over the file, so that the checks for unknown names are each a few lines and none forgets a place. A mention
carries the words with which a sentence about it begins: 'action "hand_over" leads to step'. Pure.

Where names may stand: docs/reference/sop-language.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.forms.model import Basis
from engine.sop.model import (
    RESUME,
    STAY,
    AcknowledgedRequirement,
    Action,
    AtRequirement,
    DeadlineRule,
    EventPattern,
    EverywhereAction,
    FactRequirement,
    FormRequirement,
    Origin,
    Safeguard,
    Series,
    StepDoneRequirement,
    TakenRequirement,
    WaitedRequirement,
    While,
)
from engine.sop.outline import MAIN, Condition, Outline, Path, Spot


class Sort(StrEnum):
    """What sort of thing is named."""

    STEP = "step"
    STEP_OR_ACTION = "step or action"
    ACTION = "action"
    ROLE = "role"
    RECEIVER = "role, side or kind"
    FORM = "form"
    FACT = "fact"
    LIST = "list"
    PHASE = "phase"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Mention:
    """A name, where it stands, and the beginning of a sentence about it.

    `line` is the line within which a step must be (None: any); `key` says that the name is a key, not a value;
    `exact` that a form must be named to the part; `words` are further words allowed there.
    """

    sort: Sort
    word: str
    path: Path
    saying: str
    line: str | None = None
    key: bool = False
    exact: bool = False
    words: tuple[str, ...] = ()


def mentions(outline: Outline) -> Iterator[Mention]:
    """Give every name that the procedure uses, in the order of the file's parts."""
    sop = outline.sop
    yield Mention(Sort.STEP, sop.start, ("start",), "the procedure starts at step", line=MAIN)
    yield from _bases(sop.basis, ("basis",), "the procedure")
    for name, role in sop.roles.items():
        if role.from_step is not None:
            yield Mention(Sort.STEP, role.from_step, ("roles", name, "from_step"), f'role "{name}" is known from step')
        yield from _roles(role.acts_for, ("roles", name, "acts_for"), f'for "{name}" acts role')
        yield from _bases(role.basis, ("roles", name, "basis"), f'role "{name}"')
    for name in sop.phases:
        yield Mention(Sort.PHASE, name, ("phases", name), "a title is given to phase", key=True)
    for name, fact in sop.facts.items():
        for other in fact.implied_by:
            path: Path = ("facts", name, "implied_by", other)
            yield Mention(Sort.FACT, other, path, f'fact "{name}" follows from fact', key=True)
    for name, open_point in sop.not_confirmed.items():
        for n, step in enumerate(open_point.at):
            path = ("not_confirmed", name, "at", n)
            yield Mention(Sort.STEP, step, path, f'"{name}" is not confirmed at step')
    if isinstance(sop.share_when, dict):
        for receiver in sop.share_when:
            yield Mention(Sort.RECEIVER, receiver, ("share_when", receiver), "share_when speaks of", key=True)
    for line in outline.lines.values():
        if line.key != MAIN:
            yield Mention(Sort.STEP, line.start, (*line.path, "start"), f'"{line.name}" starts at step', line=line.key)
    for spot in outline.spots:
        yield from _step(spot)
    for offer in outline.everywhere:
        yield from _action(offer.name, offer.action, offer.path, MAIN, (STAY,))
        if isinstance(offer.action, EverywhereAction) and isinstance(offer.action.while_, While):
            yield from _while(offer.action.while_, (*offer.path, "while"), f'"{offer.name}" is open')
    for condition in outline.conditions:
        yield from _requirement(condition)
    for n, safeguard in enumerate(sop.safeguards):
        if isinstance(safeguard, Safeguard):
            yield from _safeguard(safeguard, ("safeguards", n))


def _step(spot: Spot) -> Iterator[Mention]:
    step, path, said = spot.step, spot.path, f'step "{spot.name}"'
    yield from _roles(step.responsible, (*path, "responsible"), f"{said} makes responsible role")
    for n, document in enumerate(step.guidance):
        yield Mention(Sort.DOCUMENT, document, (*path, "guidance", n), f"{said} points to document")
    yield from _bases(step.basis, (*path, "basis"), said)
    for n, entry in enumerate(step.forms):
        yield Mention(Sort.FORM, entry.form, (*path, "forms", n, "form"), f"{said} records form")
        yield from _roles(entry.by, (*path, "forms", n, "by"), f'form "{entry.form}" is recorded by role')
    if step.due is not None:
        yield from _due(step.due, (*path, "due"), said)
    if step.foresee is not None:
        foresees = f"{said} looks ahead"
        on, where = step.foresee.on, (*path, "foresee", "on", "form")
        yield Mention(Sort.FORM, on.form, where, f"{foresees} to a date of form", exact=True)
        yield Mention(Sort.ACTION, step.foresee.for_, (*path, "foresee", "for"), f"{foresees} to action")
    if step.takes is not None:
        yield from _bases(step.takes.basis, (*path, "takes", "basis"), f"the time that {said} takes")
    for name, series in step.series.items():
        yield from _series(name, series, (*path, "series", name), said)
    for offer in spot.offers:
        yield from _action(offer.name, offer.action, offer.path, spot.line, (RESUME,) if step.pause else ())
    if step.reopens is not None:
        yield Mention(Sort.STEP, step.reopens.to, (*path, "reopens", "to"), f"{said} reopens to step", line=spot.line)
        yield from _roles(step.reopens.by, (*path, "reopens", "by"), f"{said} is reopened by role", ("any",))


def _action(name: str, action: Action, path: Path, line: str, words: tuple[str, ...]) -> Iterator[Mention]:
    said = f'action "{name}"'
    yield Mention(Sort.STEP, action.to, (*path, "to"), f"{said} leads to step", line=line, words=words)
    yield from _roles(action.by, (*path, "by"), f"{said} is taken by role", ("any", "system", "environment"))
    for n, tell in enumerate(action.tell):
        yield Mention(Sort.ROLE, tell.role, (*path, "tell", n, "role"), f"{said} tells role")
        if tell.without_consent is not None:
            yield from _bases(tell.without_consent.basis, (*path, "tell", n, "without_consent", "basis"), said)
    for fact in action.sets:
        yield Mention(Sort.FACT, fact, (*path, "sets", fact), f"{said} sets fact", key=True)
    for n, form in enumerate(action.voids):
        yield Mention(Sort.FORM, form, (*path, "voids", n), f"{said} voids form")
    if action.reassign is not None:
        yield Mention(Sort.ROLE, action.reassign, (*path, "reassign"), f"{said} asks for a new actor for role")
    if action.automatic is not None and action.automatic.from_ is not None:
        where = (*path, "automatic", "from", "form")
        yield Mention(Sort.FORM, action.automatic.from_.form, where, f"{said} counts from form", exact=True)
    yield from _roles(action.noted_by, (*path, "noted_by"), f"{said} is noted by role")
    yield from _bases(action.basis, (*path, "basis"), said)


def _due(due: DeadlineRule, path: Path, said: str) -> Iterator[Mention]:
    if due.from_ is not None and due.from_.enter is not None:
        yield Mention(Sort.STEP, due.from_.enter, (*path, "from", "enter"), f"the deadline of {said} counts from step")
    if due.from_ is not None and due.from_.form is not None:
        where = (*path, "from", "form")
        yield Mention(Sort.FORM, due.from_.form, where, f"the deadline of {said} counts from form", exact=True)
    for n, rung in enumerate(due.escalate):
        yield from _roles(rung.to, (*path, "escalate", n, "to"), f"the deadline of {said} is escalated to role")
    yield from _bases(due.basis, (*path, "basis"), f"the deadline of {said}")


def _series(name: str, series: Series, path: Path, said: str) -> Iterator[Mention]:
    if series.from_ is not None and series.from_.enter is not None:
        yield Mention(Sort.STEP, series.from_.enter, (*path, "from", "enter"), f'series "{name}" counts from step')
    if series.from_ is not None and series.from_.form is not None:
        where = (*path, "from", "form")
        yield Mention(Sort.FORM, series.from_.form, where, f'series "{name}" counts from form', exact=True)
    for n, form in enumerate(series.forms):
        yield Mention(Sort.FORM, form, (*path, "forms", n), f'series "{name}" of {said} records form')
    yield from _bases(series.basis, (*path, "basis"), f'series "{name}"')


def _while(scope: While, path: Path, said: str) -> Iterator[Mention]:
    for n, phase in enumerate(scope.phases):
        yield Mention(Sort.PHASE, phase, (*path, "phases", n), f"{said} in phase")
    for key in ("steps", "at"):
        for n, step in enumerate(getattr(scope, key)):
            yield Mention(Sort.STEP, step, (*path, key, n), f"{said} at step")
    for fact in scope.fact:
        yield Mention(Sort.FACT, fact, (*path, "fact", fact), f"{said} by fact", key=True)


def _requirement(condition: Condition) -> Iterator[Mention]:
    one, path, said = condition.requirement, condition.path, holder(condition)
    if isinstance(one, FormRequirement):
        yield Mention(Sort.FORM, one.form, (*path, "form"), f"{said} requires form", exact=True)
        if one.for_ is not None:
            yield Mention(Sort.ROLE, one.for_.role, (*path, "for", "role"), f'"{one.form}" is required for role')
        yield from _roles(one.signed_by, (*path, "signed_by"), f'"{one.form}" is to be signed by role')
        for key in ("in_list", "not_in_list"):
            for name, listed in getattr(one, key).items():
                yield Mention(Sort.LIST, listed, (*path, key, name), f'field "{name}" is looked up in list')
    elif isinstance(one, FactRequirement):
        for fact in one.fact:
            yield Mention(Sort.FACT, fact, (*path, "fact", fact), f"{said} requires fact", key=True)
    elif isinstance(one, AtRequirement):
        for n, step in enumerate(one.at):
            yield Mention(Sort.STEP, step, (*path, "at", n), f"{said} requires the case to be at step")
    elif isinstance(one, StepDoneRequirement):
        yield Mention(Sort.STEP, one.step_done, (*path, "step_done"), f"{said} requires the end of step")
        if one.since is not None:
            yield Mention(Sort.STEP_OR_ACTION, one.since, (*path, "since"), f"{said} counts since step or action")
    elif isinstance(one, WaitedRequirement):
        if one.waited.since is not None:
            yield Mention(Sort.STEP, one.waited.since, (*path, "waited", "since"), f"{said} waits since step")
        if one.waited.from_ is not None:
            form = one.waited.from_.form
            yield Mention(Sort.FORM, form, (*path, "waited", "from", "form"), f"{said} waits from form", exact=True)
    elif isinstance(one, TakenRequirement):
        yield Mention(Sort.ACTION, one.taken.action, (*path, "taken", "action"), f"{said} counts action")
        if one.taken.since is not None:
            yield Mention(
                Sort.STEP_OR_ACTION, one.taken.since, (*path, "taken", "since"), f"{said} counts since step or action"
            )
    elif isinstance(one, AcknowledgedRequirement):
        where = (*path, "acknowledged")
        yield Mention(Sort.ROLE, one.acknowledged.by, (*where, "by"), f"{said} waits for the acknowledgement of role")
        yield Mention(Sort.STEP, one.acknowledged.of, (*where, "of"), f"{said} waits for the acknowledgement of step")


def holder(condition: Condition) -> str:
    """Return who holds a requirement, as a sentence begins: 'action "depart"', 'safeguard "inv-01"'."""
    words = {
        "action": f'action "{condition.name}"',
        "entry": f'the record of "{condition.name}"',
        "series": f'series "{condition.name}"',
        "share": f'sharing with "{condition.name}"' if condition.name else "sharing",
        "reopens": f'reopening "{condition.name}"',
        "safeguard": f'safeguard "{condition.name}"',
    }
    return words[condition.holder]


def _safeguard(safeguard: Safeguard, path: Path) -> Iterator[Mention]:
    said = f'safeguard "{safeguard.id}"'
    yield from _bases(safeguard.basis, (*path, "basis"), said)
    for key in ("before", "happened", "since", "after", "eventually", "never"):
        for n, event in enumerate(getattr(safeguard, key) or ()):
            yield from _event(event, (*path, key, n), said)
    for key, scope in (("in", safeguard.in_), ("while", safeguard.while_)):
        if isinstance(scope, While):
            yield from _while(scope, (*path, key), f"{said} speaks of a case")
    if safeguard.available is not None:
        yield Mention(Sort.ACTION, safeguard.available, (*path, "available"), f"{said} promises action")
    for n, step in enumerate(safeguard.reachable):
        yield Mention(Sort.STEP, step, (*path, "reachable", n), f"{said} promises step")
    if safeguard.from_ is not None and safeguard.from_ != "any":
        if safeguard.from_.enter is not None:
            yield Mention(Sort.STEP, safeguard.from_.enter, (*path, "from", "enter"), f"{said} counts from step")
        if safeguard.from_.form is not None:
            where: Path = (*path, "from", "form")
            yield Mention(Sort.FORM, safeguard.from_.form, where, f"{said} counts from form", exact=True)
    for n, rung in enumerate(safeguard.escalate):
        yield from _roles(rung.to, (*path, "escalate", n, "to"), f"{said} escalates to role")
    if safeguard.ignores is not None:
        for n, action in enumerate(safeguard.ignores.actions):
            yield Mention(Sort.ACTION, action, (*path, "ignores", "actions", n), f"{said} speaks of action")
        for n, form in enumerate(safeguard.ignores.forms):
            yield Mention(Sort.FORM, form, (*path, "ignores", "forms", n), f"{said} speaks of form")
        for n, fact in enumerate(safeguard.ignores.facts):
            yield Mention(Sort.FACT, fact, (*path, "ignores", "facts", n), f"{said} speaks of fact")


def _event(event: EventPattern | str, path: Path, said: str) -> Iterator[Mention]:
    said = f"{said} speaks of"
    if isinstance(event, str):
        yield Mention(Sort.ACTION, event, path, f"{said} action")
        return
    for key in ("enter", "leave", "acknowledge"):
        if (step := getattr(event, key)) is not None:
            yield Mention(Sort.STEP, step, (*path, key), f"{said} step")
    if event.record is not None:
        yield Mention(Sort.FORM, event.record, (*path, "record"), f"{said} form", exact=bool(event.where))
    if event.show is not None:
        yield Mention(Sort.FORM, event.show, (*path, "show"), f"{said} form")
    for key in ("tell", "to"):
        if (receiver := getattr(event, key)) is not None:
            yield Mention(Sort.RECEIVER, receiver, (*path, key), said)


def _roles(names: Sequence[str], path: Path, saying: str, words: tuple[str, ...] = ()) -> Iterator[Mention]:
    for n, name in enumerate(names):
        yield Mention(Sort.ROLE, name, (*path, n), saying, words=words)


def _bases(bases: Sequence[Basis], path: Path, said: str) -> Iterator[Mention]:
    for n, basis in enumerate(bases):
        if basis.source is not None:
            yield Mention(Sort.DOCUMENT, basis.source, (*path, n, "source"), f"{said} rests on document")


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A field of a form that the procedure reads: compared with values, looked up, or counted from.

    `form` is as written; `path` leads to the field's name if `key`, else to the value that names it. `values` stand at
    `path` itself. `date` says that time is counted from it.
    """

    form: str
    field: str
    path: Path
    key: bool
    values: tuple[str, ...] = ()
    date: bool = False


def field_uses(outline: Outline) -> Iterator[FieldUse]:
    """Give every field that the procedure reads, with the values it is compared with."""
    for condition in outline.conditions:
        one, path = condition.requirement, condition.path
        if isinstance(one, FormRequirement):
            yield from _form_fields(one, path)
        elif isinstance(one, WaitedRequirement) and one.waited.from_ is not None:
            origin = one.waited.from_
            yield FieldUse(origin.form, origin.field, (*path, "waited", "from", "field"), False, date=True)
    for spot in outline.spots:
        rules: list[tuple[DeadlineRule | Series, Path]] = []
        if spot.step.due is not None:
            rules.append((spot.step.due, (*spot.path, "due")))
        rules += [(series, (*spot.path, "series", name)) for name, series in spot.step.series.items()]
        if spot.step.foresee is not None:
            planned = spot.step.foresee.on
            yield FieldUse(planned.form, planned.field, (*spot.path, "foresee", "on", "field"), False, date=True)
        for rule, path in rules:
            if rule.from_ is not None and rule.from_.form is not None and rule.from_.field is not None:
                yield FieldUse(rule.from_.form, rule.from_.field, (*path, "from", "field"), False, date=True)
    for offer in (*outline.offers, *outline.everywhere):
        if offer.action.automatic is not None and offer.action.automatic.from_ is not None:
            counted = offer.action.automatic.from_
            where = (*offer.path, "automatic", "from", "field")
            yield FieldUse(counted.form, counted.field, where, False, date=True)
    for n, safeguard in enumerate(outline.sop.safeguards):
        if not isinstance(safeguard, Safeguard):
            continue
        if isinstance(safeguard.from_, Origin) and safeguard.from_.form and safeguard.from_.field:
            where = ("safeguards", n, "from", "field")
            yield FieldUse(safeguard.from_.form, safeguard.from_.field, where, False, date=True)
        for key in ("before", "happened", "since", "after", "eventually", "never"):
            for m, event in enumerate(getattr(safeguard, key) or ()):
                if isinstance(event, EventPattern) and event.record is not None:
                    for field, values in event.where.items():
                        spot_path = ("safeguards", n, key, m, "where", field)
                        yield FieldUse(event.record, field, spot_path, True, values)


def _form_fields(one: FormRequirement, path: Path) -> Iterator[FieldUse]:
    for field, values in one.where.items():
        yield FieldUse(one.form, field, (*path, "where", field), True, values)
    for key in ("in_list", "not_in_list"):
        for field in getattr(one, key):
            yield FieldUse(one.form, field, (*path, key, field), True)
    if isinstance(one.same_as, str):
        form, _, field = one.same_as.rpartition(".")
        yield FieldUse(form, field, (*path, "same_as"), False)
        yield FieldUse(one.form, field, (*path, "same_as"), False)
    elif one.same_as is not None:
        for mine, other in one.same_as.items():
            form, _, field = other.rpartition(".")
            yield FieldUse(form, field, (*path, "same_as", mine), False)
            yield FieldUse(one.form, mine, (*path, "same_as", mine), True)
