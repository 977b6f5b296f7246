"""SOP206: a field or a fact is compared with a value that it can never have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.forms.model import FieldType, FormField
from engine.forms.record import typed
from engine.sop.checks.base import Check, outline
from engine.sop.checks.countries import COUNTRIES
from engine.sop.load import SopFile
from engine.sop.mentions import field_uses
from engine.sop.model import Fact, FactRequirement, FormRequirement, Safeguard, While
from engine.sop.outline import Outline, Path


def _fault(value: str, one: FormField | Fact) -> tuple[str, str] | None:
    """Return what is wrong with a value and a hint, or None."""
    if one.type is FieldType.COUNTRY:
        return None if value in COUNTRIES else ("is not a country", _COUNTRY)
    try:
        typed(one.type, value, one.choices)
    except ValueError:
        if one.type is FieldType.CHOICE:
            return "is none of its choices", did_you_mean(value, tuple(one.choices or ()), "choices")
        return _WRITTEN[one.type]
    return None


_COUNTRY: Final = "write the two capital letters of ISO 3166-1; Great Britain is GB, Greece GR"

_WRITTEN: Final = {
    FieldType.BOOLEAN: ("is not true or false", "write true or false"),
    FieldType.NUMBER: ("is not a number", "write a number, e.g. 12 or 2.5"),
    FieldType.DATE: ("is not a date", "write the date as 2026-03-31"),
}


def _facts(file: SopFile) -> Iterator[tuple[str, tuple[str, ...], Path]]:
    """Give every fact with the values it is compared with or set to."""
    drawn = outline(file)

    def compared(values: Mapping[str, Iterable[str]], path: Path) -> Iterator[tuple[str, tuple[str, ...], Path]]:
        for name, some in values.items():
            yield name, tuple(some), (*path, name)

    for name, fact in file.sop.facts.items():
        if fact.default is not None:
            yield name, (fact.default,), ("facts", name, "default")
        for other, value in fact.implied_by.items():
            yield other, (value,), ("facts", name, "implied_by", other)
    for condition in drawn.conditions:
        if isinstance(condition.requirement, FactRequirement):
            yield from compared(condition.requirement.fact, (*condition.path, "fact"))
    for offer in (*drawn.offers, *drawn.everywhere):
        for name, set_to in offer.action.sets.items():
            if set_to is not None:
                yield name, (set_to,), (*offer.path, "sets", name)
    for name, action in file.sop.everywhere.items():
        if isinstance(action.while_, While):
            yield from compared(action.while_.fact, ("everywhere", name, "while", "fact"))
    for n, safeguard in enumerate(file.sop.safeguards):
        if isinstance(safeguard, Safeguard):
            for key, scope in (("in", safeguard.in_), ("while", safeguard.while_)):
                if isinstance(scope, While):
                    yield from compared(scope.fact, ("safeguards", n, key, "fact"))


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    yield from _countries(file)
    yield from _listed(file, drawn)
    for use in field_uses(drawn):
        part = drawn.parts.get(use.form)
        field = part.fields.get(use.field) if part is not None else None
        if field is not None:
            yield from _compare(file, f"{use.form}.{use.field}", field, use.values, use.path)
    for name, values, path in _facts(file):
        fact = file.sop.facts.get(name)
        if fact is not None:
            yield from _compare(file, name, fact, values, path)


def _countries(file: SopFile) -> Iterator[Diagnostic]:
    """Find places of a corridor that are no countries."""
    for key in ("destination", "origin"):
        for n, country in enumerate(getattr(file.sop, key)):
            if country not in COUNTRIES:
                yield Diagnostic("SOP206", f'"{country}" is not a country', file.marks.value((key, n)), _COUNTRY)


def _listed(file: SopFile, drawn: Outline) -> Iterator[Diagnostic]:
    """Find entries of lists that the field they are compared with can never have: nothing would be barred by them."""
    for condition in drawn.conditions:
        one = condition.requirement
        part = drawn.parts.get(one.form) if isinstance(one, FormRequirement) else None
        if part is None or not isinstance(one, FormRequirement):
            continue
        for name, listed in (*one.in_list.items(), *one.not_in_list.items()):
            if name in part.fields and listed in file.sop.lists:
                field = part.fields[name]
                yield from _compare(file, f"{one.form}.{name}", field, file.sop.lists[listed], ("lists", listed))


def _compare(
    file: SopFile, name: str, one: FormField | Fact, values: tuple[str, ...], path: Path
) -> Iterator[Diagnostic]:
    for n, value in enumerate(values):
        if (fault := _fault(value, one)) is not None:
            at = file.marks.value((*path, n))
            yield Diagnostic("SOP206", f'"{value}" {fault[0]}: "{name}" is a {one.type}', at, fault[1])


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{form: consent.return, where: {decision: yes}}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP206",
    title="A value that can never be",
    reason="A requirement that compares with a misspelt choice is never met, and the person waits for nothing.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("yes", "[given, refused]"),
    run=_run,
)
