"""What a record has to say so that requirements hold, and where it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.cases.case import record_key
from engine.forms.model import FormField
from engine.forms.record import typed
from engine.sop import model as m
from engine.sop.requirements import Scope, values_of
from engine.values import Value


@dataclass(frozen=True, slots=True)
class Answers:
    """What a record has to say: field -> allowed and barred values, fields that repeat another form's, signatures."""

    allowed: Mapping[str, tuple[Value, ...]]
    barred: Mapping[str, frozenset[Value]]
    same: tuple[tuple[str, str, str], ...] = ()
    signers: tuple[str, ...] = ()

    def with_(self, other: Answers) -> Answers:
        """Return what satisfies both."""
        allowed = dict(self.allowed)
        for name, values in other.allowed.items():
            allowed[name] = tuple(one for one in allowed[name] if one in values) if name in allowed else values
        barred = {**self.barred, **{name: self.barred.get(name, frozenset()) | v for name, v in other.barred.items()}}
        signers = tuple(dict.fromkeys((*self.signers, *other.signers)))
        return Answers(allowed, barred, (*self.same, *other.same), signers)


NOTHING: Final = Answers({}, {})


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a record counts: its part, and for a keyed one who receives it and for what."""

    part: str
    role: str | None = None
    purpose: str | None = None
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", record_key(self.part, self.role, self.purpose))


def answers_of(one: m.FormRequirement, scope: Scope) -> Answers:
    """Return what a record must say to meet a requirement, its values typed and in the order written."""
    part = scope.parts[one.form]
    allowed = {name: _typed(part.fields[name], values) for name, values in one.where.items()}
    for name, listed in one.in_list.items():
        values = _typed(part.fields[name], scope.sop.lists[listed])
        allowed[name] = tuple(value for value in allowed.get(name, values) if value in values)
    barred = {name: values_of(part, name, scope.sop.lists[listed]) for name, listed in one.not_in_list.items()}
    same = one.same_as or {}
    pairs = {same.rpartition(".")[2]: same} if isinstance(same, str) else same
    split = ((own, *other.rpartition(".")[::2]) for own, other in pairs.items())
    return Answers(allowed, barred, tuple(split), one.signed_by)


def _typed(field: FormField, written: Iterable[str]) -> tuple[Value, ...]:
    return tuple(typed(field.type, text, field.choices) for text in written)


def slot_of(one: m.FormRequirement) -> Slot:
    """Return where the record counts that a requirement asks for."""
    return Slot(one.form) if one.for_ is None else Slot(one.form, one.for_.role, one.for_.purpose)
