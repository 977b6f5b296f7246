"""The finite classes of what a record can say: values that no requirement tells apart are one class.

A slot (a form part, with its receiver where it is keyed) is seen through the questions that are asked of it. Each field falls
into the classes that those questions tell apart, so do the signatures and the age; a class of the slot is one of each. A set of
classes is a bit mask: bit 0 is "no record". Ages stand apart, because time alone moves a record from one to the next; so does
whether a keyed record counts, which it does only while the actor it names stands for the receiving role.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, combinations, product
from math import prod

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
    """One class of a record: a value for each field that is asked of, signatures, whether it counts, its age class."""

    fields: tuple[tuple[str, object], ...]
    signers: frozenset[str]
    counts: bool
    age: int


@dataclass(slots=True, eq=False)
class SlotClasses:
    """The classes of one slot under a set of questions.

    Attributes:
        classes: class number n has the bit 1 << (n + 1).
        limits: the ages (days) that are told apart, ascending; age class k is "older than limits[k - 1], at most limits[k]".
        present: what a new record can be.
    """

    part: FormPart
    questions: tuple[Says, ...]
    receiver: str | None = None
    classes: list[Said] = field(init=False)
    limits: tuple[int, ...] = field(init=False)
    present: int = field(init=False)
    _older: list[int] = field(init=False)
    _others: list[int] = field(init=False)
    _masks: dict[Says, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.limits = tuple(sorted({one.days for one in self.questions if one.days is not None}))
        names = sorted({name for one in self.questions for name, _ in chain(one.where, one.listed, one.barred)})
        choices = [[(name, value) for value in self._values(name)] for name in names]
        signers = sorted({role for one in self.questions for role in one.signers})
        signed = [frozenset(some) for size in range(len(signers) + 1) for some in combinations(signers, size)]
        counting = [True] if self.receiver is None else [True, False]
        ages = len(self.limits) + 1
        if prod(map(len, choices)) * len(signed) * len(counting) * ages > MOST_CLASSES:
            raise TooLarge(f"more than {MOST_CLASSES} kinds of record are told apart for one form")
        self.classes = [
            Said(said, some, counts, age)
            for said in product(*choices)
            for some in signed
            for counts in counting
            for age in range(ages)
        ]
        self.present = sum(2 << number for number, said in enumerate(self.classes) if said.counts)
        # The ages of one class stand side by side, so growing older is moving up within a run of `ages` bits; a record that
        # counts and the same that does not are one run apart.
        self._older = [
            sum(2 << later for later in range(number, number + ages - said.age))
            for number, said in enumerate(self.classes)
        ]
        self._others = [
            2 << (number + ages if said.counts else number - ages) for number, said in enumerate(self.classes)
        ]

    def mask(self, question: Says) -> int:
        """Return the classes of which the answer to `question` is yes."""
        known = self._masks.get(question)
        if known is None:
            yes = (number for number, said in enumerate(self.classes) if says_yes(question, said, self.limits))
            known = self._masks[question] = sum(2 << number for number in yes)
        return known

    def aged(self, mask: int) -> int:
        """Return the classes that these can become when only time passes."""
        if not self.limits:
            return mask
        found = mask & ABSENT
        for number, older in enumerate(self._older):
            if mask >> (number + 1) & 1:
                found |= older
        return found

    def handed_on(self, mask: int) -> int:
        """Return what these can become when another actor stands for the receiver: what counted counts no more, or again."""
        if self.receiver is None:
            return 0
        return sum(other for number, other in enumerate(self._others) if mask >> (number + 1) & 1)

    def lapsed(self, mask: int) -> int:
        """Return what these become when a new actor has been named for the receiver, who may be one that it had before."""
        if self.receiver is None:
            return mask
        again = sum(
            2 << number for number, said in enumerate(self.classes) if not said.counts and mask >> (number + 1) & 1
        )
        return mask & ABSENT | again | self.handed_on(mask)

    def of(self, mask: int) -> Said | None:
        """Return a class of the mask, the freshest first; None if it holds no record that counts."""
        found = [said for number, said in enumerate(self.classes) if mask >> (number + 1) & 1 and said.counts]
        return min(found, key=lambda said: said.age, default=None)

    def _values(self, name: str) -> list[object]:
        """Return one value of each class of a field."""
        known = self.part.fields[name]
        asked = [
            values for one in self.questions for own, values in chain(one.where, one.listed, one.barred) if own == name
        ]
        if known.type is FieldType.BOOLEAN:
            every: Iterable[object] = (True, False)
        elif known.type is FieldType.CHOICE:
            every = list(known.choices or {})
        else:
            every = [*sorted(set[Value]().union(*asked), key=str), OTHER]
        if not known.required:
            every = [*every, MISSING]
        apart: dict[tuple[object, ...], object] = {}
        for value in every:
            apart.setdefault((value is MISSING, *(value in values for values in asked)), value)
        return list(apart.values())


def says_yes(question: Says, said: Said, limits: tuple[int, ...]) -> bool:
    if question.role is not None and not said.counts:
        return False
    fields = dict(said.fields)
    if any(fields[name] not in values for name, values in chain(question.where, question.listed)):
        return False
    if any(fields[name] is MISSING or fields[name] in values for name, values in question.barred):
        return False
    if question.days is not None and said.age > limits.index(question.days):
        return False
    return question.signers <= said.signers
