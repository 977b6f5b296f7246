"""A checked SOP becomes machines and tables: the only module that knows the library `transitions`.

One `transitions.Machine` for the main line, each strand and each line alongside; shared by all cases of a version, read-only,
without auto transitions, without a registered model, without callbacks. A decision moves a throw-away `Cursor` through it, so
that the machine holds no case and a definition holds nothing that could be executed. Whether an action may be taken is asked
of the guards before the machine moves; the machine knows only where each action leads.

Terms: docs/glossary.md. Why flat machines: docs/decisions/0003-one-flat-machine-per-line.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from transitions import Machine

from engine.forms.model import Form, FormPart
from engine.sop import model as m
from engine.sop.requirements import (
    Guard,
    Predicate,
    Scope,
    View,
    fact_values,
    flattened,
    grows_old,
    guards,
    own_reads,
    values_of,
)
from engine.values import OFFICIAL_KINDS, Side, Value

MAIN: Final = "main"
REOPEN: Final = "reopen"

Key = TypeVar("Key")
Item = TypeVar("Item")


class Cursor:
    """What a machine moves: where one line of one case stands, for the time of one decision."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


@dataclass(frozen=True, slots=True)
class CompiledAction:
    """An action made ready. `step` is where it is offered; None for `everywhere`, whose `covers` says where it is open."""

    name: str
    step: str | None
    line: str
    model: m.Action
    by: frozenset[str]
    guards: tuple[Guard, ...]
    sets: tuple[tuple[str, Value | None], ...]
    covers: Predicate | None = None

    key: str = field(init=False)
    """What tells this action from others of its name."""
    is_timed: bool = field(init=False)
    is_environment: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{self.step}.{self.name}" if self.step else self.name)
        object.__setattr__(self, "is_timed", self.model.automatic is not None)
        object.__setattr__(self, "is_environment", m.ENVIRONMENT in self.by)


@dataclass(frozen=True, slots=True)
class CompiledEntry:
    """A form part that can be recorded at a step: by whom, and what must hold first."""

    part: str
    step: str
    by: frozenset[str]
    guards: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class CompiledForesight:
    """What a step looks ahead to. `ageing`: what the actions meant for the planned day ask for, and grows old."""

    model: m.Foresight
    ageing: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """A step with all that is asked of it at run time; `parent` is the main step that holds a strand's step."""

    name: str
    model: m.Step
    line: str
    alongside: bool
    parent: str | None
    phase: str | None
    idle: bool
    actions: Mapping[str, CompiledAction]
    entries: tuple[CompiledEntry, ...]
    series_guards: Mapping[str, tuple[Guard, ...]]
    reopens: tuple[Guard, ...] | None
    after_end: bool
    foresight: CompiledForesight | None
    announced: tuple[CompiledAction, ...] = field(init=False)
    """The actions of which people are told once they become allowed."""
    recordable: Mapping[str, tuple[CompiledEntry, ...]] = field(init=False)
    """Form part -> its entries here."""

    def __post_init__(self) -> None:
        told = () if self.idle else (one for one in self.actions.values() if not (one.is_environment or one.is_timed))
        object.__setattr__(self, "announced", tuple(told))
        parts = dict.fromkeys(entry.part for entry in self.entries)
        own = {part: tuple(entry for entry in self.entries if entry.part == part) for part in parts}
        object.__setattr__(self, "recordable", own)

    @property
    def is_end(self) -> bool:
        return self.model.end is not None


@dataclass(frozen=True, slots=True)
class Watch:
    """A safeguard that arms a deadline of the case (`within`): its clock, and the facts that narrow it."""

    id: str
    rule: m.DeadlineRule
    when: tuple[Guard, ...]


@dataclass(frozen=True, slots=True)
class Trigger:
    """An event that arms a watch or ends it; `where`: what the fields of a record must say."""

    watch: Watch
    arms: bool
    where: tuple[tuple[str, frozenset[Value]], ...] = ()


@dataclass(frozen=True, slots=True)
class CompiledSop:
    """One version of a procedure, ready to run.

    Attributes:
        version: content hash.
        share: role -> guards that must hold before it is told across the border, or, for an official body, at all;
            None where nothing allows it.
        reads: form part -> the fields that any requirement looks at; only these are held with a case.
        counted: action -> how many of its last takings a requirement needs.
        clocked: steps with a deadline, a timed action, a series or a planned day.
        share_reads: form parts and facts on which it depends who may be told.
        acts_for: roles of the person -> the roles that enter its acts.
        counted_in: form part -> the steps whose series it is recorded for.
        dated_by: form part -> the steps whose clocks count from a date on it.
        counts_from: step -> the other steps whose clocks count from its entry.
        senders: step -> the roles that bring a case there: responsible for a step before it, or taking an action that leads there.
        watched: event, as (kind, name) -> what it arms or ends.
        watches_from: form part or step -> the watches whose clock counts from it.
    """

    sop: m.Sop
    forms: Mapping[str, Form]
    parts: Mapping[str, FormPart]
    version: str
    scope: Scope
    steps: Mapping[str, CompiledStep]
    everywhere: Mapping[str, CompiledAction]
    machines: Mapping[str, Machine]
    starts: Mapping[str, str]
    strands_of: Mapping[str, tuple[str, ...]]
    share: Mapping[str, tuple[Guard, ...] | None]
    reads: Mapping[str, frozenset[str]]
    counted: Mapping[str, int]
    official: frozenset[str]
    default_facts: Mapping[str, Value]
    clocked: frozenset[str]
    share_reads: frozenset[str]
    acts_for: Mapping[str, frozenset[str]]
    counted_in: Mapping[str, tuple[str, ...]]
    dated_by: Mapping[str, tuple[str, ...]]
    counts_from: Mapping[str, tuple[str, ...]]
    senders: Mapping[str, tuple[str, ...]]
    watched: Mapping[tuple[str, str], tuple[Trigger, ...]]
    watches_from: Mapping[str, tuple[Watch, ...]]
    implied: tuple[tuple[str, tuple[tuple[str, frozenset[Value]], ...]], ...] = field(default=())

    def entries_of(self, step: str, part: str) -> tuple[CompiledEntry, ...]:
        """Return who may record `part` at `step`, and when; empty if it is not recorded there."""
        return self.steps[step].recordable.get(part, ())

    def parts_of(self, form: str) -> tuple[str, ...]:
        """Return the parts a name stands for: itself, or every part of a form that has parts."""
        return (form,) if form in self.parts else tuple(self.forms[form].all_parts())

    def every_action(self) -> Iterator[CompiledAction]:
        """Yield the actions of all steps, then those open everywhere."""
        for step in self.steps.values():
            yield from step.actions.values()
        yield from self.everywhere.values()

    def target(self, action: CompiledAction, at: str) -> str:
        """Return where `action` leads from step `at`, by the machine of its line."""
        cursor = Cursor(at)
        self.machines[action.line].events[action.name].trigger(cursor)
        return cursor.state


def compile_sop(sop: m.Sop, forms: Mapping[str, Form], version: str) -> CompiledSop:
    """Compile a checked SOP; `version` is its content hash, `forms` the forms it uses by id."""
    parts = {name: part for form in forms.values() for name, part in form.all_parts().items()}
    strands_of = {name: tuple(step.strands) for name, step in sop.steps.items() if step.strands}
    ends = {name: step.end for name, _, step in _all_steps(sop) if step.end is not None}
    scope = Scope(sop, forms, parts, strands_of, ends)
    compiler = _Compiler(sop, forms, scope)
    steps = {one.name: one for one in compiler.steps()}
    watches = [(one, compiler.watch(one)) for one in _armed(sop)]
    return CompiledSop(
        sop=sop,
        forms=forms,
        parts=parts,
        version=version,
        scope=scope,
        steps=steps,
        everywhere={name: compiler.everywhere(name, action) for name, action in sop.everywhere.items()},
        machines={line: _machine(sop, line, own) for line, own in _lines(sop).items()},
        starts={name: strand.start for name, strand in _strands(sop)},
        strands_of=strands_of,
        share={role: compiler.share(role) for role in sop.roles},
        reads=_reads(sop),
        counted=_counted(sop),
        official=frozenset(name for name, role in sop.roles.items() if role.kind in OFFICIAL_KINDS),
        default_facts={
            name: next(iter(fact_values(sop, name, [fact.default])))
            for name, fact in sop.facts.items()
            if fact.default is not None
        },
        clocked=frozenset(name for name, _, step in _all_steps(sop) if _is_clocked(step)),
        share_reads=_share_reads(sop),
        acts_for={name: frozenset(role.acts_for) for name, role in sop.roles.items() if role.side is Side.PERSON},
        counted_in=_series_of(sop, parts, forms),
        dated_by=_grouped(sop, lambda origin: origin.form),
        counts_from=_grouped(sop, lambda origin: getattr(origin, "enter", None)),
        senders=_senders(sop),
        watched=_watched(compiler, watches),
        watches_from=_gathered((origin, watch) for _, watch in watches for origin in _counted_from(watch.rule)),
        implied=tuple(
            (name, tuple((other, fact_values(sop, other, [value])) for other, value in fact.implied_by.items()))
            for name, fact in sop.facts.items()
            if fact.implied_by
        ),
    )


def _strands(sop: m.Sop) -> Iterator[tuple[str, m.Strand]]:
    for step in sop.steps.values():
        yield from step.strands.items()
    yield from sop.alongside.items()


def _lines(sop: m.Sop) -> dict[str, tuple[str, Mapping[str, m.Step]]]:
    """Name every line: its start and its steps."""
    lines: dict[str, tuple[str, Mapping[str, m.Step]]] = {MAIN: (sop.start, sop.steps)}
    lines.update({name: (strand.start, strand.steps) for name, strand in _strands(sop)})
    return lines


def _all_steps(sop: m.Sop) -> Iterator[tuple[str, str, m.Step]]:
    for line, (_, steps) in _lines(sop).items():
        for name, step in steps.items():
            yield name, line, step


def _machine(sop: m.Sop, line: str, own: tuple[str, Mapping[str, m.Step]]) -> Machine:
    """Build the machine of one line; an action that stays or resumes changes no step of it."""
    start, steps = own
    moves: list[dict[str, Any]] = []
    for name, step in steps.items():
        for action, declared in step.actions.items():
            moves.append({"trigger": action, "source": name, "dest": _destination(declared)})
        if step.reopens is not None:
            moves.append({"trigger": REOPEN, "source": name, "dest": step.reopens.to})
    if line == MAIN:
        running = [name for name, step in steps.items() if step.end is None]
        for action, declared in sop.everywhere.items():
            moves.append({"trigger": action, "source": running, "dest": _destination(declared)})
    return Machine(model=None, states=list(steps), transitions=moves, initial=start, auto_transitions=False)


def _destination(action: m.Action) -> str | None:
    return None if action.to in (m.STAY, m.RESUME) else action.to


def _every_requirement(sop: m.Sop) -> Iterator[m.Requirement]:
    for _, _, step in _all_steps(sop):
        for action in step.actions.values():
            yield from flattened(action.requires)
        for entry in step.forms:
            yield from flattened(entry.requires)
        for series in step.series.values():
            yield from flattened(series.requires)
        if step.reopens is not None:
            yield from flattened(step.reopens.requires)
    for everywhere in sop.everywhere.values():
        yield from flattened(everywhere.requires)
    shares = sop.share_when.values() if isinstance(sop.share_when, dict) else [sop.share_when]
    for requirements in shares:
        yield from flattened(requirements)


def _reads(sop: m.Sop) -> dict[str, frozenset[str]]:
    """Collect the fields that anything looks at: requirements, deadlines, series, timed actions."""
    found: dict[str, set[str]] = {}
    for requirement in _every_requirement(sop):
        for part, name in own_reads(requirement):
            found.setdefault(part, set()).add(name)
    for _, _, step in _all_steps(sop):
        for origin in _origins(step):
            if origin.form is not None and origin.field is not None:
                found.setdefault(origin.form, set()).add(origin.field)
    for safeguard in _armed(sop):
        for event, _ in _events(safeguard):
            if isinstance(event, m.EventPattern) and event.record is not None and event.where:
                found.setdefault(event.record, set()).update(event.where)
        if isinstance(safeguard.from_, m.Origin) and safeguard.from_.form and safeguard.from_.field:
            found.setdefault(safeguard.from_.form, set()).add(safeguard.from_.field)
    return {part: frozenset(names) for part, names in found.items()}


def _origins(step: m.Step) -> Iterator[m.Origin | m.FieldOfForm]:
    """Yield from what the clocks of a step count, where that is not its own entry."""
    clocks = [step.due, *step.series.values(), *(action.automatic for action in step.actions.values())]
    for clock in clocks:
        if clock is not None and clock.from_ is not None:
            yield clock.from_
    if step.foresee is not None:
        yield step.foresee.on


def _is_clocked(step: m.Step) -> bool:
    return bool(step.due or step.series or step.foresee or any(action.automatic for action in step.actions.values()))


def _grouped(sop: m.Sop, by: Callable[[m.Origin | m.FieldOfForm], str | None]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, _, step in _all_steps(sop):
        for origin in _origins(step):
            key = by(origin)
            if key is not None and name not in found.setdefault(key, []):
                found[key].append(name)
    return {key: tuple(names) for key, names in found.items()}


def _senders(sop: m.Sop) -> dict[str, tuple[str, ...]]:
    """Find who brings a case to each step; entering a step with strands enters the start of each. Nobody tells the person."""
    found = []
    for _, _, step in _all_steps(sop):
        for action in step.actions.values():
            entered = sop.steps.get(action.to)
            starts = [strand.start for strand in entered.strands.values()] if entered is not None else []
            roles = [role for role in (*step.responsible, *action.by) if role in sop.roles]
            told = [role for role in roles if sop.roles[role].side is not Side.PERSON]
            found += [(name, role) for name in (action.to, *starts) for role in told]
    return {step: tuple(dict.fromkeys(roles)) for step, roles in _gathered(found).items()}


def _share_reads(sop: m.Sop) -> frozenset[str]:
    found: set[str] = set()
    for requirements in sop.share_when.values() if isinstance(sop.share_when, dict) else [sop.share_when]:
        for one in flattened(requirements):
            if isinstance(one, m.FormRequirement):
                found |= {one.form, *(part for part, _ in own_reads(one))}
            elif isinstance(one, m.FactRequirement):
                found |= set(one.fact)
    return frozenset(found)


def _armed(sop: m.Sop) -> Iterator[m.Safeguard]:
    """Yield the safeguards whose `within` arms a deadline."""
    for one in sop.safeguards:
        if isinstance(one, m.Safeguard) and one.within is not None:
            yield one


def _events(safeguard: m.Safeguard) -> Iterator[tuple[m.Event, bool]]:
    """Yield each X and Y with whether it arms; Y first, so that what is both ends a deadline and arms the next."""
    for event in safeguard.eventually or ():
        yield event, False
    for event in safeguard.after or ():
        yield event, True


def _watched(
    compiler: _Compiler, watches: Iterable[tuple[m.Safeguard, Watch]]
) -> dict[tuple[str, str], tuple[Trigger, ...]]:
    return _gathered(
        (key, Trigger(watch, arms, where))
        for safeguard, watch in watches
        for event, arms in _events(safeguard)
        for key, where in compiler.event(event)
    )


def _counted_from(rule: m.DeadlineRule) -> Iterator[str]:
    for name in (rule.from_.form, rule.from_.enter) if rule.from_ is not None else ():
        if name is not None:
            yield name


def _gathered(pairs: Iterable[tuple[Key, Item]]) -> dict[Key, tuple[Item, ...]]:
    found: dict[Key, list[Item]] = {}
    for key, item in pairs:
        found.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in found.items()}


def _series_of(sop: m.Sop, parts: Mapping[str, FormPart], forms: Mapping[str, Form]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, _, step in _all_steps(sop):
        for series in step.series.values():
            for form in series.forms:
                for part in [form] if form in parts else forms[form].all_parts():
                    found.setdefault(part, []).append(name)
    return {part: tuple(dict.fromkeys(names)) for part, names in found.items()}


def _counted(sop: m.Sop) -> dict[str, int]:
    counted: dict[str, int] = {}
    for one in _every_requirement(sop):
        since: str | None = None
        if isinstance(one, m.TakenRequirement):
            needed = (one.taken.at_most or 0) + 1 if one.taken.at_least is None else one.taken.at_least
            counted[one.taken.action] = max(needed, counted.get(one.taken.action, 1))
            since = one.taken.since
        elif isinstance(one, m.StepDoneRequirement):
            since = one.since
        if since is not None:
            counted.setdefault(since, 1)
    return counted


def _stands_among(steps: frozenset[str], view: View) -> bool:
    return view.stands_among(steps)


class _Compiler:
    def __init__(self, sop: m.Sop, forms: Mapping[str, Form], scope: Scope) -> None:
        self._sop, self._forms, self._scope = sop, forms, scope
        outer = {line: step.phase for step in sop.steps.values() for line in step.strands}
        self._phases = {name: step.phase or outer.get(line) for name, line, step in _all_steps(sop)}

    def steps(self) -> Iterator[CompiledStep]:
        for name, step in self._sop.steps.items():
            yield self._step(name, step, MAIN, None)
            for line, strand in step.strands.items():
                for inner, inner_step in strand.steps.items():
                    yield self._step(inner, inner_step, line, name)
        for line, strand in self._sop.alongside.items():
            for inner, inner_step in strand.steps.items():
                yield self._step(inner, inner_step, line, None, strand)

    def _step(
        self, name: str, step: m.Step, line: str, parent: str | None, beside: m.Strand | None = None
    ) -> CompiledStep:
        scope = self._within(name)
        responsible = frozenset(step.responsible)
        entries = [
            CompiledEntry(part, name, frozenset(entry.by) or responsible, guards(entry.requires, scope))
            for entry in step.forms
            for part in self.parts(entry.form)
        ]
        entries += [
            CompiledEntry(part, name, responsible, ())
            for series in step.series.values()
            for form in series.forms
            for part in self.parts(form)
            if not any(entry.part == part for entry in entries)
        ]
        return CompiledStep(
            name=name,
            model=step,
            line=line,
            alongside=beside is not None,
            parent=parent,
            phase=self._phases[name],
            idle=beside is not None and beside.start == name,
            actions={action: self._action(action, declared, name, line) for action, declared in step.actions.items()},
            entries=tuple(entries),
            series_guards={series: guards(declared.requires, scope) for series, declared in step.series.items()},
            reopens=None if step.reopens is None else guards(step.reopens.requires, scope),
            after_end=beside is not None and beside.after_end,
            foresight=None if step.foresee is None else self._foresight(step.foresee),
        )

    def _foresight(self, foresight: m.Foresight) -> CompiledForesight:
        everywhere = self._sop.everywhere.get(foresight.for_)
        offered = [(name, step.actions.get(foresight.for_)) for name, _, step in _all_steps(self._sop)]
        ageing = [
            guard
            for name, action in (*offered, (None, everywhere))
            for guard in guards(() if action is None else action.requires, self._within(name))
            if grows_old(guard.requirement)
        ]
        return CompiledForesight(foresight, tuple(ageing))

    def parts(self, form: str) -> list[str]:
        """A form with parts, named as a whole, stands for each of them."""
        return [form] if form in self._scope.parts else list(self._forms[form].all_parts())

    def _within(self, step: str | None) -> Scope:
        scope = self._scope
        return Scope(scope.sop, scope.forms, scope.parts, scope.strands_of, scope.ends, step)

    def _action(self, name: str, action: m.Action, step: str | None, line: str) -> CompiledAction:
        sets = [
            (fact, None if value is None else next(iter(fact_values(self._sop, fact, [value]))))
            for fact, value in action.sets.items()
        ]
        ready = guards(action.requires, self._within(step))
        return CompiledAction(name, step, line, action, frozenset(action.by), ready, tuple(sets))

    def everywhere(self, name: str, action: m.EverywhereAction) -> CompiledAction:
        ready = self._action(name, action, None, MAIN)
        return CompiledAction(name, None, MAIN, action, ready.by, ready.guards, ready.sets, self._covers(action.while_))

    def _covers(self, covered: m.While | str) -> Callable[[View], bool]:
        """Say which configurations `while` covers: all keys must hold, any step of the configuration will do."""
        if isinstance(covered, str):
            return lambda view: True
        tests: list[Predicate] = []
        if covered.phases:
            phases = frozenset(covered.phases)
            within = frozenset(name for name, phase in self._phases.items() if phase in phases)
            tests.append(lambda view: view.stands_among(within))
        for named in (covered.steps, covered.at):
            if named:
                tests.append(partial(_stands_among, frozenset(named)))
        if covered.fact:
            wanted = tuple((name, fact_values(self._sop, name, values)) for name, values in covered.fact.items())
            tests.append(lambda view: all(view.fact(name) in allowed for name, allowed in wanted))
        return tests[0] if len(tests) == 1 else lambda view: all(test(view) for test in tests)

    def watch(self, safeguard: m.Safeguard) -> Watch:
        origin = safeguard.from_ if isinstance(safeguard.from_, m.Origin) else None
        rule = m.DeadlineRule.model_validate(
            {"within": safeguard.within, "from": origin, "escalate": safeguard.escalate}
        )
        when = () if safeguard.if_ is None else guards([safeguard.if_], self._scope)
        return Watch(safeguard.id, rule, when)

    def event(self, event: m.Event) -> Iterator[tuple[tuple[str, str], tuple[tuple[str, frozenset[Value]], ...]]]:
        """Yield what an event is called when it happens, and what a record must say then; being shown a form is no event."""
        if isinstance(event, str):
            yield ("action", event), ()
        elif event.record is not None:
            for part in self.parts(event.record):
                known = self._scope.parts[part]
                yield (
                    ("record", part),
                    tuple((name, values_of(known, name, written)) for name, written in event.where.items()),
                )
        elif event.tell is not None:
            for role, known_role in self._sop.roles.items():
                if event.tell in (role, known_role.side, known_role.kind):
                    yield ("tell", role), ()
        else:
            for kind in ("enter", "leave", "acknowledge"):
                step = getattr(event, kind)
                if step is not None:
                    yield (kind, step), ()

    def share(self, role: str) -> tuple[Guard, ...] | None:
        """Find what must hold before this role is told: by role, else by kind, else by side; None: nothing allows it."""
        asked = self._sop.asked_before_telling(role)
        return None if asked is None else guards((self._received(one, role) for one in asked), self._scope)

    def _received(self, one: m.Requirement, role: str) -> m.Requirement:
        """Read what `share_when` asks for the receiver at hand: a keyed part without its key is its own, for any purpose."""
        match one:
            case m.FormRequirement(for_=None) if (keyed := self._scope.parts[one.form].keyed) is not None:
                receivers = (m.ForReceiver(role=role, purpose=purpose) for purpose in keyed.purposes)
                return m.AnyOfRequirement(any_of=tuple(one.model_copy(update={"for_": key}) for key in receivers))
            case m.AnyOfRequirement(any_of=some):
                return m.AnyOfRequirement(any_of=tuple(self._received(part, role) for part in some))
            case m.NoneOfRequirement(none_of=none):
                return m.NoneOfRequirement(none_of=tuple(self._received(part, role) for part in none))
        return one
