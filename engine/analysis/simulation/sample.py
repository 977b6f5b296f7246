"""What a field says where nothing asks for a certain value: what some requirement of the procedure asks for, else what fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from random import Random
from typing import Final, TypeAlias

from engine.analysis.simulation.answers import Answers, answers_of
from engine.analysis.simulation.life import Life
from engine.forms.model import FieldType, FormField
from engine.sop import model as m
from engine.sop.compile import CompiledSop
from engine.values import Value

AHEAD: Final = 30
"""A date to which time is counted (a departure, a last day) lies up to so many days ahead; any other date is today's."""


class Sample:
    """From what a field is filled: `fixed` values, those that some requirement of the procedure asks for, else any that fit.

    Without `fixed` values it is a date, drawn anew with every record, or a text that nothing asks for.
    """

    def __init__(
        self, field: FormField, asked: tuple[Value, ...], countries: tuple[str, ...], lies_ahead: bool
    ) -> None:
        self._field, self._countries = field, countries
        self._ahead = AHEAD if lies_ahead else 0
        self.fixed = asked or self._of_type()

    def draw(self, life: Life, random: Random) -> Value:
        """Return a value where there are no fixed ones."""
        if self._field.type is not FieldType.DATE:
            return "as told"
        if not self._ahead:
            return life.signing_date
        return (life.today + timedelta(days=random.randint(0, self._ahead))).isoformat()

    def allowed(self, answers: Answers, name: str) -> tuple[Value, ...] | None:
        """Return the values that a record may have here, as far as they can be listed; None: any."""
        allowed, barred = answers.allowed.get(name, self.fixed), answers.barred.get(name)
        if barred is not None:
            allowed = tuple(one for one in allowed or self._of_type() or ("something else",) if one not in barred)
            return allowed or tuple(one for one in self._of_type() if one not in barred)
        return allowed if allowed or name in answers.allowed else None

    def _of_type(self) -> tuple[Value, ...]:
        match self._field.type:
            case FieldType.BOOLEAN:
                return (True, False)
            case FieldType.CHOICE:
                return tuple(self._field.choices or ())
            case FieldType.NUMBER:
                low = int(self._field.min or 0)
                return tuple(range(low, low + 10)) if self._field.max is None else (low, int(self._field.max))
            case FieldType.COUNTRY:
                return self._countries
            case _:
                return ()


Filling: TypeAlias = tuple[str, tuple[Value, ...] | None, Sample]
"""A field, the values it may have (None: it is drawn), and its sample."""


def asked_for(sop: CompiledSop) -> dict[tuple[str, str], tuple[Value, ...]]:
    """Collect, for every field, the values that some requirement asks for, in the order of the file."""
    found: dict[tuple[str, str], dict[Value, None]] = {}
    ready = [entry.guards for step in sop.steps.values() for entry in step.entries]
    ready += [action.guards for action in sop.every_action()]
    for one in (one for own in ready for guarded in own for one in _positive([guarded.requirement])):
        for name, values in answers_of(one, sop.scope).allowed.items():
            found.setdefault((one.form, name), {}).update(dict.fromkeys(values))
    return {where: tuple(values) for where, values in found.items()}


def dates_ahead(sop: CompiledSop) -> set[tuple[str | None, str | None]]:
    """Name the date fields to which time is counted: those of deadlines with `before`, and those of timed actions."""
    found: set[tuple[str | None, str | None]] = set()
    for step in sop.steps.values():
        due = step.model.due
        if due is not None and due.before is not None and due.from_ is not None:
            found.add((due.from_.form, due.from_.field))
        for action in step.model.actions.values():
            if action.automatic is not None and action.automatic.from_ is not None:
                found.add((action.automatic.from_.form, action.automatic.from_.field))
    return found


def _positive(requirements: Iterable[m.Requirement]) -> Iterator[m.FormRequirement]:
    """Yield what is asked of forms, without what `none_of` asks them not to say."""
    for one in requirements:
        if isinstance(one, m.FormRequirement):
            yield one
        elif isinstance(one, m.AnyOfRequirement):
            yield from _positive(one.any_of)
