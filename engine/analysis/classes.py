"""The finite classes of what a record can say: values that no requirement tells apart are one class.

A slot (a form part, with its receiver where it is keyed) is seen through the questions that are asked of it. Each field falls
into the classes that those questions tell apart, so do the signatures and the age; a class of the slot is one of each. A set of
classes is a bit mask: bit 0 is "no record". Ages stand apart, because time alone moves a record from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, combinations, product

from engine.analysis.logic import Says, TooLarge
from engine.forms.model import FieldType, FormPart
from engine.values import Value

ABSENT = 1
"""The mask of "no record"."""

MOST_CLASSES = 2_000

MISSING: object = object()
"""Stands for a field that was left out."""

OTHER: object = object()
"""Stands for any value that no question names."""


@dataclass(frozen=True, slots=True)
class Said:
    """One class of a record: a value for each field that is asked of, signatures, and the number of its age class."""

    fields: tuple[tuple[str, object], ...]
    signers: frozenset[str]
    age: int


@dataclass(slots=True)
class SlotClasses:
    """The classes of one slot under a set of questions.

    Attributes:
        classes: class number n has the bit 1 << (n + 1).
        limits: the ages (days) that are told apart, ascending; age class k is "older than limits[k - 1], at most limits[k]".
    """

    key: str
    part: FormPart
    questions: tuple[Says, ...]
    classes: list[Said] = field(init=False)
    limits: tuple[int, ...] = field(init=False)
    present: int = field(init=False)
    masks: dict[Says, int] = field(init=False)
    _older: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.limits = tuple(sorted({one.days for one in self.questions if one.days is not None}))
        names = sorted({name for one in self.questions for name, _ in chain(one.where, one.listed, one.barred)})
        choices = [[(name, value) for value in self._values(name)] for name in names]
        signers = sorted({role for one in self.questions for role in one.signers})
        signed = [frozenset(some) for size in range(len(signers) + 1) for some in combinations(signers, size)]
        ages = len(self.limits) + 1
        count = len(signed) * ages
        for values in choices:
            count *= len(values)
        if count > MOST_CLASSES:
            raise TooLarge(f"more than {MOST_CLASSES} kinds of record are told apart for {self.key}")
        self.classes = [
            Said(fields, some, age) for *fields_, some, age in product(*choices, signed, range(ages))
            for fields in [tuple(fields_)]
        ]  # fmt: skip
        self.present = ((1 << len(self.classes)) - 1) << 1
        # The ages of one class stand side by side, so growing older is moving up within a run of `ages` bits.
        self._older = [
            sum(1 << (start + later + 1) for later in range(said.age, ages))
            for number, said in enumerate(self.classes)
            for start in [number - said.age]
        ]
        self.masks = {one: self.mask(one) for one in self.questions}

    def mask(self, question: Says) -> int:
        """Return the classes of which the answer to `question` is yes."""
        return sum(1 << (number + 1) for number, said in enumerate(self.classes) if _yes(question, said, self.limits))

    def aged(self, mask: int) -> int:
        """Return the classes that these can become when only time passes."""
        if not self.limits:
            return mask
        found = mask & ABSENT
        for number, older in enumerate(self._older):
            if mask >> (number + 1) & 1:
                found |= older
        return found

    def _values(self, name: str) -> list[object]:
        """Return one value of each class of a field."""
        known = self.part.fields[name]
        asked = [values for one in self.questions for own, values in chain(one.where, one.listed, one.barred) if own == name]
        if known.type is FieldType.BOOLEAN:
            every: Iterable[object] = (True, False)
        elif known.type is FieldType.CHOICE and not any(one.listed or one.barred for one in self.questions):
            every = list(known.choices or {})
        else:
            every = [*sorted(set[Value]().union(*asked), key=str), OTHER]
        if not known.required:
            every = [*every, MISSING]
        apart: dict[tuple[object, ...], object] = {}
        for value in every:
            apart.setdefault((value is MISSING, *(value in values for values in asked)), value)
        return list(apart.values())


def _yes(question: Says, said: Said, limits: tuple[int, ...]) -> bool:
    fields = dict(said.fields)
    if any(fields[name] not in values for name, values in chain(question.where, question.listed)):
        return False
    if any(fields[name] is MISSING or fields[name] in values for name, values in question.barred):
        return False
    if question.days is not None and said.age > limits.index(question.days):
        return False
    return question.signers <= said.signers


def bits(mask: int) -> Iterable[int]:
    """Yield the single bits of a mask, lowest first."""
    while mask:
        low = mask & -mask
        yield low
        mask ^= low
