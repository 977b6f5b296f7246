"""Requirements as propositional logic: what the checker asks of a configuration, without the case.

A requirement becomes a formula over leaves. A leaf is one elementary question (does the newest record of this part say that; does
the case stand there; was this taken so often), and two requirements that ask the same have the same leaf: that is how a guard is
seen to imply a safeguard without looking at a single state. `cubes` brings a formula into disjunctive normal form.

Terms: docs/glossary.md, "safeguard". Meaning of each leaf: `engine.sop.requirements`, which cases run on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

from engine.sop import model as m
from engine.sop.compile import MAIN, CompiledSop
from engine.sop.requirements import Scope, fact_values, slot, values_of, with_series
from engine.values import Unit, Value

MOST_CUBES = 4_000
"""A formula that falls apart into more cases than this is not looked at: the safeguard is not decided."""


MOST_COMPARED = 400
"""So many cubes are compared with one another, to leave out those that say nothing more."""


class TooLarge(Exception):
    """A limit of the checker was met; the text says which."""


# ── Leaves ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Says:
    """The record that counts in a slot has these values, this age (days) and these signatures; nothing asked: there is one.

    `listed` and `barred`: field -> values it must, or must not, be among (a missing field is neither).
    """

    slot: str
    part: str
    role: str | None = None
    where: tuple[tuple[str, frozenset[Value]], ...] = ()
    listed: tuple[tuple[str, frozenset[Value]], ...] = ()
    barred: tuple[tuple[str, frozenset[Value]], ...] = ()
    days: int | None = None
    signers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Same:
    """A field of one record says the same as a field of another."""

    slot: str
    field: str
    other: str
    other_field: str


@dataclass(frozen=True, slots=True)
class Knows:
    """A fact has one of these values."""

    fact: str
    values: frozenset[Value]


@dataclass(frozen=True, slots=True)
class At:
    """The case stands at one of these steps."""

    steps: frozenset[str]


@dataclass(frozen=True, slots=True)
class StepDone:
    step: str
    since: str | None


@dataclass(frozen=True, slots=True)
class TakenOften:
    """An action was taken at least `times` times (since the last `since`)."""

    action: str
    since: str | None
    times: int


@dataclass(frozen=True, slots=True)
class Elapsed:
    """So long ago a step was last entered, or a date on a form lies."""

    step: str | None
    part: str | None
    field: str | None
    length: str


@dataclass(frozen=True, slots=True)
class HasAcknowledged:
    step: str
    role: str


@dataclass(frozen=True, slots=True)
class SeriesOver:
    step: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The main step is an end."""


Leaf = Says | Same | Knows | At | StepDone | TakenOften | Elapsed | HasAcknowledged | SeriesOver | Closed


def written(one: object) -> str:
    """Write a leaf (or what else is frozen) the same in every run, whatever the order of its sets: for sorting."""
    if isinstance(one, frozenset):
        return "{" + ", ".join(sorted(map(written, one))) + "}"
    if isinstance(one, tuple):
        return "(" + ", ".join(map(written, one)) + ")"
    if is_dataclass(one):
        return f"{type(one).__name__}({', '.join(written(getattr(one, part.name)) for part in fields(one))})"
    return repr(one)


# ── Formulas ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Formula:
    """A leaf, negated or not, or several formulas of which `all` or some must hold; no parts and `all`: true."""

    leaf: Leaf | None = None
    positive: bool = True
    parts: tuple[Formula, ...] = ()
    all: bool = True

    def negated(self) -> Formula:
        if self.leaf is not None:
            return Formula(self.leaf, not self.positive)
        return Formula(parts=tuple(part.negated() for part in self.parts), all=not self.all)

    def leaves(self) -> Iterator[Leaf]:
        if self.leaf is not None:
            yield self.leaf
        for part in self.parts:
            yield from part.leaves()


TRUE = Formula()
FALSE = Formula(all=False)


def both(formulas: Iterable[Formula]) -> Formula:
    """All of these hold."""
    return Formula(parts=tuple(formulas))


def either(formulas: Iterable[Formula]) -> Formula:
    """One of these holds."""
    return Formula(parts=tuple(formulas), all=False)


Cube = Mapping[Leaf, bool]
"""A conjunction: each leaf with the answer it must have."""


def cubes(formula: Formula) -> list[dict[Leaf, bool]]:
    """Return the formula as a disjunction of cubes; none: it can't hold. Raises TooLarge."""
    if formula.leaf is not None:
        return [{formula.leaf: formula.positive}]
    if not formula.all:
        found = [cube for part in formula.parts for cube in cubes(part)]
        return _bounded(found)
    product: list[dict[Leaf, bool]] = [{}]
    for part in sorted(formula.parts, key=lambda one: one.leaf is None):
        choices = cubes(part)
        product = _bounded([{**one, **other} for one in product for other in choices if _agree(one, other)])
        if len(choices) > 1 and len(product) > len(choices):
            product = _absorbed(product)
    return product


def _absorbed(found: list[dict[Leaf, bool]]) -> list[dict[Leaf, bool]]:
    """Leave out every cube that asks all that another one asks, and more."""
    kept: list[dict[Leaf, bool]] = []
    for cube in sorted(found, key=len)[:MOST_COMPARED]:
        asked = cube.items()
        if not any(one.items() <= asked for one in kept):
            kept.append(cube)
    return kept + sorted(found, key=len)[MOST_COMPARED:]


def _agree(one: Cube, other: Cube) -> bool:
    return all(one.get(leaf, answer) == answer for leaf, answer in other.items())


def _bounded(found: list[dict[Leaf, bool]]) -> list[dict[Leaf, bool]]:
    if len(found) > MOST_CUBES:
        raise TooLarge(f"a requirement falls apart into more than {MOST_CUBES} cases")
    return found


# ── From requirements ────────────────────────────────────────────────────────────────────────────────────────────


class Reader:
    """Turns the requirements of one procedure into formulas."""

    def __init__(self, sop: CompiledSop) -> None:
        self._sop = sop
        self._scope: Scope = sop.scope
        self._ends: dict[str, dict[str, frozenset[str]]] = {}
        for name, step in sop.steps.items():
            if step.model.end is not None:
                known = self._ends.setdefault(step.line, {})
                known[step.model.end] = known.get(step.model.end, frozenset()) | {name}

    def all(self, requirements: Iterable[m.Requirement], step: str | None = None) -> Formula:
        """All of these hold; `step` is where they are asked (for `strands: done` and `series: done`)."""
        return both(self.one(requirement, step) for requirement in requirements)

    def one(self, requirement: m.Requirement, step: str | None = None) -> Formula:
        match requirement:
            case m.FormRequirement():
                asked: list[Leaf] = [self.says(requirement)]
                for same in _sames(requirement):
                    asked += [Says(same.other, same.other), same]
                return both(map(Formula, asked))
            case m.FactRequirement():
                return both(
                    Formula(Knows(name, self._values(name, values))) for name, values in requirement.fact.items()
                )
            case m.StrandsRequirement(strands="done"):
                if step is None:
                    return both(self._not_running(strand) for own in self._sop.strands_of.values() for strand in own)
                return both(self._ended(strand) for strand in self._sop.strands_of.get(step, ()))
            case m.StrandsRequirement(strands=named) if isinstance(named, dict):
                return both(self._ended(strand, outcomes) for strand, outcomes in named.items())
            case m.AtRequirement(at=steps):
                return Formula(At(frozenset(steps)))
            case m.StepDoneRequirement():
                return Formula(StepDone(requirement.step_done, requirement.since))
            case m.WaitedRequirement(waited=waited):
                return _elapsed(waited)
            case m.TakenRequirement(taken=taken):
                if taken.at_most is not None:
                    return Formula(TakenOften(taken.action, taken.since, taken.at_most + 1), positive=False)
                return Formula(TakenOften(taken.action, taken.since, taken.at_least or 1))
            case m.AcknowledgedRequirement(acknowledged=given):
                return Formula(HasAcknowledged(given.of, given.by))
            case m.SeriesRequirement():
                if step is None:
                    return both(self._series_over(name) for name in with_series(self._scope.sop))
                return Formula(SeriesOver(step))
            case m.AnyOfRequirement():
                return either(self.one(part, step) for part in requirement.any_of)
            case m.NoneOfRequirement():
                return both(self._none(part, step) for part in requirement.none_of)
        raise TypeError(f"unknown requirement {requirement!r}")

    def says(self, one: m.FormRequirement) -> Says:
        part = self._sop.parts[one.form]
        lists = self._scope.sop.lists

        def listed(named: Mapping[str, str]) -> tuple[tuple[str, frozenset[Value]], ...]:
            return tuple(sorted(((name, frozenset[Value](lists[given])) for name, given in named.items()), key=_first))

        where = sorted(((name, values_of(part, name, values)) for name, values in one.where.items()), key=_first)
        age = one.not_older_than
        return Says(
            slot=slot(one), part=one.form, role=one.for_.role if one.for_ else None, where=tuple(where),
            listed=listed(one.in_list), barred=listed(one.not_in_list),
            days=None if age is None else age.count * (7 if age.unit is Unit.WEEK else 1), signers=frozenset(one.signed_by),
        )  # fmt: skip

    def covered(self, covered: m.While | str | None) -> Formula:
        """A configuration is covered: all keys hold, any step of it will do.

        `any` does not cover a closed case; of its steps only the end and what goes on after it count.
        """
        if covered is None or isinstance(covered, str):
            return Formula(Closed(), positive=False)
        asked = [self._stands(frozenset(named)) for named in (covered.steps, covered.at) if named]
        if covered.phases:
            phases = frozenset(covered.phases)
            asked.append(
                self._stands(frozenset(name for name, step in self._sop.steps.items() if step.phase in phases))
            )
        asked += [Formula(Knows(name, self._values(name, values))) for name, values in covered.fact.items()]
        return both(asked)

    def _stands(self, among: frozenset[str]) -> Formula:
        steps = self._sop.steps
        lasting = frozenset(
            name for name in among if steps[name].after_end or (steps[name].line == MAIN and steps[name].is_end)
        )
        return either(
            [
                both([Formula(Closed(), positive=False), Formula(At(among))]),
                both([Formula(Closed()), Formula(At(lasting))]),
            ]
        )

    def _none(self, one: m.Requirement, step: str | None) -> Formula:
        """Denied, and what it would be read from is known: a record exists, a date was given."""
        if isinstance(one, m.AnyOfRequirement):
            return both(self._none(part, step) for part in one.any_of)
        denied = self.one(one, step).negated()
        if isinstance(one, m.FormRequirement) and not one.or_absent:
            return both([Formula(Says(slot(one), one.form)), denied])
        if isinstance(one, m.WaitedRequirement) and one.waited.from_ is not None:
            return both([Formula(Says(one.waited.from_.form, one.waited.from_.form)), denied])
        return denied

    def _values(self, name: str, written: Iterable[str]) -> frozenset[Value]:
        return fact_values(self._scope.sop, name, written)

    def _not_running(self, strand: str) -> Formula:
        """Where a case stands at another step, a strand is not there, and so does not run (asked by what is open everywhere)."""
        steps = self._sop.steps.items()
        return Formula(
            At(frozenset(name for name, one in steps if one.line == strand and not one.is_end)), positive=False
        )

    def _series_over(self, step: str) -> Formula:
        return either([Formula(At(frozenset({step})), positive=False), Formula(SeriesOver(step))])

    def _ended(self, strand: str, outcomes: Iterable[str] | None = None) -> Formula:
        known = self._ends.get(strand, {})
        steps = [known.get(outcome, frozenset()) for outcome in (known if outcomes is None else outcomes)]
        return Formula(At(frozenset[str]().union(*steps)))


def _first(pair: tuple[str, frozenset[Value]]) -> str:
    return pair[0]


def _sames(one: m.FormRequirement) -> Iterator[Same]:
    if one.same_as is None:
        return
    pairs = {one.same_as.rpartition(".")[2]: one.same_as} if isinstance(one.same_as, str) else one.same_as
    for own, named in pairs.items():
        other, _, field = named.rpartition(".")
        yield Same(slot(one), own, other, field)


def _elapsed(waited: m.Waited) -> Formula:
    if waited.from_ is None:
        return Formula(Elapsed(waited.since, None, None, str(waited.at_least)))
    dated = Elapsed(None, waited.from_.form, waited.from_.field, str(waited.at_least))
    return both([Formula(Says(waited.from_.form, waited.from_.form)), Formula(dated)])
