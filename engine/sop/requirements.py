"""The closed vocabulary of requirements: what each asks of a case, in one predicate and in one sentence.

A requirement is never text that is run. `Guard` binds one of the models of `engine.sop.model` to a predicate over a `View`
of the case, to the fields it reads, and to the roles who can meet it. A question about something not yet known (a date that no
form has given) holds in neither sense: it is simply not met. Meaning: docs/reference/sop-language.md, "Exact meaning" 3 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from engine.forms.model import Form, FormPart
from engine.forms.record import typed
from engine.sop import model as m
from engine.values import Duration, Text, Unit, Value


class Seen(Protocol):
    """A record that counts, as far as the procedure reads it."""

    @property
    def signed_on(self) -> str: ...
    @property
    def signed_by(self) -> tuple[str, ...]: ...
    @property
    def fields(self) -> dict[str, Value]: ...
    @property
    def actor(self) -> str | None: ...


class View(Protocol):
    """What a predicate may ask of a case at an instant."""

    def record(self, key: str) -> Seen | None: ...
    def fact(self, name: str) -> Value | None: ...
    def party(self, role: str) -> str | None: ...
    def stands_among(self, steps: frozenset[str]) -> bool: ...
    def strand_step(self, strand: str) -> str | None: ...
    def done_after(self, step: str, since: str | None) -> bool: ...
    def times_taken(self, action: str, since: str | None) -> int: ...
    def entered_at(self, step: str) -> datetime | None: ...
    def acknowledged(self, step: str, role: str) -> bool: ...
    def series_over(self, step: str) -> bool: ...
    def age(self, signed_on: str) -> int: ...
    def over(self, length: Duration, since: datetime | date) -> bool: ...


Predicate = Callable[[View], bool]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a requirement stands: its procedure, the forms, and the step whose action, form or series asks it."""

    sop: m.Sop
    forms: Mapping[str, Form]
    parts: Mapping[str, FormPart]
    strands_of: Mapping[str, tuple[str, ...]]
    ends: Mapping[str, str]
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """A requirement made ready: `reads` are (form part, field) pairs, `waits` the waits whose end may make it hold."""

    requirement: m.Requirement
    holds: Predicate
    reads: frozenset[tuple[str, str]] = field(default=frozenset())
    waits: tuple[m.Waited, ...] = ()


def guards(requirements: Iterable[m.Requirement], scope: Scope) -> tuple[Guard, ...]:
    """Make each requirement ready, in the order written."""
    return tuple(guard(one, scope) for one in requirements)


def guard(requirement: m.Requirement, scope: Scope) -> Guard:
    """Bind one requirement of a checked SOP to its predicate.

    Raises KeyError or ValueError for a name or value that the checks would have found: a definition is checked first.
    """
    parts = tuple(flattened([requirement]))
    looked_at = frozenset(pair for one in parts for pair in own_reads(one))
    waits = tuple(one.waited for one in parts if isinstance(one, m.WaitedRequirement))
    return Guard(requirement, _predicate(requirement, scope), looked_at, waits)


def flattened(requirements: Iterable[m.Requirement]) -> Iterator[m.Requirement]:
    """Yield every requirement, those inside `any_of` and `none_of` included."""
    for one in requirements:
        yield one
        if isinstance(one, m.AnyOfRequirement):
            yield from flattened(one.any_of)
        elif isinstance(one, m.NoneOfRequirement):
            yield from flattened(one.none_of)


def grows_old(requirement: m.Requirement) -> bool:
    """Whether time alone may end what a requirement asks for, by the age of a record."""
    forms = (one for one in flattened([requirement]) if isinstance(one, m.FormRequirement))
    return any(one.not_older_than is not None for one in forms)


def own_reads(one: m.Requirement) -> Iterator[tuple[str, str]]:
    """Yield each (form part, field) that the requirement itself looks at, not those inside it."""
    if isinstance(one, m.FormRequirement):
        for name in (*one.where, *one.in_list, *one.not_in_list):
            yield one.form, name
        for own, part, other in _same(one):
            yield one.form, own
            yield part, other
    elif isinstance(one, m.WaitedRequirement) and one.waited.from_ is not None:
        yield one.waited.from_.form, one.waited.from_.field


def slot(requirement: m.FormRequirement) -> str:
    """Name the slot of the record it asks for (compare `engine.cases.case.record_key`)."""
    receiver = requirement.for_
    return requirement.form if receiver is None else f"{requirement.form}>{receiver.role}:{receiver.purpose}"


def _same(requirement: m.FormRequirement) -> list[tuple[str, str, str]]:
    """List `same_as` as (own field, other form part, its field)."""
    same = requirement.same_as
    if same is None:
        return []
    pairs = {same.rpartition(".")[2]: same} if isinstance(same, str) else same
    return [(own, *_split(other)) for own, other in pairs.items()]


def _split(field_name: str) -> tuple[str, str]:
    part, _, name = field_name.rpartition(".")
    return part, name


def values_of(part: FormPart, name: str, written: Iterable[str]) -> frozenset[Value]:
    """Give written values the type of the field they are compared with."""
    known = part.fields[name]
    return frozenset(typed(known.type, text, known.choices) for text in written)


def fact_values(sop: m.Sop, name: str, written: Iterable[str]) -> frozenset[Value]:
    """Give written values the type of the fact they are compared with."""
    known = sop.facts[name]
    return frozenset(typed(known.type, text, known.choices) for text in written)


def _predicate(requirement: m.Requirement, scope: Scope) -> Predicate:
    match requirement:
        case m.FormRequirement():
            return _form(requirement, scope)
        case m.FactRequirement():
            wanted = tuple((name, fact_values(scope.sop, name, values)) for name, values in requirement.fact.items())
            if len(wanted) == 1:
                ((only, allowed),) = wanted
                return lambda view: view.fact(only) in allowed
            return lambda view: all(view.fact(name) in allowed for name, allowed in wanted)
        case m.StrandsRequirement():
            return _strands(requirement, scope)
        case m.AtRequirement(at=steps):
            among = frozenset(steps)
            return lambda view: view.stands_among(among)
        case m.StepDoneRequirement(step_done=step, since=since):
            return lambda view: view.done_after(step, since)
        case m.WaitedRequirement(waited=waited):
            return _waited(waited)
        case m.TakenRequirement(taken=taken):
            return _taken(taken)
        case m.AcknowledgedRequirement(acknowledged=asked):
            return lambda view: view.acknowledged(asked.of, asked.by)
        case m.SeriesRequirement():
            return _series(scope)
        case m.AnyOfRequirement():
            some = tuple(_predicate(one, scope) for one in requirement.any_of)
            return lambda view: any(holds(view) for holds in some)
        case m.NoneOfRequirement():
            none = tuple(_negated(one, scope) for one in requirement.none_of)
            return lambda view: all(fails(view) for fails in none)
    raise TypeError(f"unknown requirement {requirement!r}")


def _form(requirement: m.FormRequirement, scope: Scope) -> Predicate:
    key, part = slot(requirement), scope.parts[requirement.form]
    receiver = requirement.for_.role if requirement.for_ else None
    where = tuple((name, values_of(part, name, written)) for name, written in requirement.where.items())
    oldest = requirement.not_older_than
    days = None if oldest is None else oldest.count * (7 if oldest.unit is Unit.WEEK else 1)
    signers = frozenset(requirement.signed_by)
    same = tuple(_same(requirement))
    lists = tuple(
        (name, values_of(part, name, scope.sop.lists[listed])) for name, listed in requirement.in_list.items()
    )
    barred = tuple(
        (name, values_of(part, name, scope.sop.lists[listed])) for name, listed in requirement.not_in_list.items()
    )

    def counts(view: View) -> bool:
        record = view.record(key)
        if record is None or (receiver is not None and (record.actor is None or record.actor != view.party(receiver))):
            return False
        fields = record.fields
        for name, allowed in where:
            if fields.get(name) not in allowed:
                return False
        if days is not None and view.age(record.signed_on) > days:
            return False
        return not signers or signers.issubset(record.signed_by)

    if not (same or lists or barred):
        return counts

    def counts_and_compares(view: View) -> bool:
        if not counts(view):
            return False
        record = view.record(key)
        fields = record.fields if record is not None else {}
        for own, other_part, other in same:
            reference = view.record(other_part)
            if reference is None or own not in fields or reference.fields.get(other) != fields[own]:
                return False
        return all(fields.get(name) in listed for name, listed in lists) and all(
            name in fields and fields[name] not in listed for name, listed in barred
        )

    return counts_and_compares


def _negated(requirement: m.Requirement, scope: Scope) -> Predicate:
    """Under `none_of` a form must not match, and a record must exist, unless `or_absent`; a date must be known."""
    if isinstance(requirement, m.AnyOfRequirement):
        none = tuple(_negated(one, scope) for one in requirement.any_of)
        return lambda view: all(fails(view) for fails in none)
    holds = _predicate(requirement, scope)
    if isinstance(requirement, m.FormRequirement) and not requirement.or_absent:
        key = slot(requirement)
        return lambda view: view.record(key) is not None and not holds(view)
    if isinstance(requirement, m.WaitedRequirement) and requirement.waited.from_ is not None:
        part, name = requirement.waited.from_.form, requirement.waited.from_.field

        def known_and_not_over(view: View) -> bool:
            record = view.record(part)
            return record is not None and name in record.fields and not holds(view)

        return known_and_not_over
    return lambda view: not holds(view)


def _strands(requirement: m.StrandsRequirement, scope: Scope) -> Predicate:
    ends = scope.ends
    if requirement.strands == "done":
        if scope.step is None:
            # Asked by an action open everywhere: it means the strands of whatever step the case stands at.
            every = tuple(strand for own in scope.strands_of.values() for strand in own)
            return lambda view: all((at := view.strand_step(strand)) is None or at in ends for strand in every)
        strands = scope.strands_of.get(scope.step, ())
        return lambda view: all(view.strand_step(strand) in ends for strand in strands)
    wanted = tuple((strand, frozenset(outcomes)) for strand, outcomes in requirement.strands.items())
    return lambda view: all(ends.get(view.strand_step(strand) or "") in outcomes for strand, outcomes in wanted)


def _series(scope: Scope) -> Predicate:
    step = scope.step
    if step is None:
        # Asked by a safeguard, or by what is open everywhere: the series of whatever steps the case stands at.
        every = tuple((name, frozenset({name})) for name in with_series(scope.sop))
        return lambda view: all(not view.stands_among(here) or view.series_over(name) for name, here in every)
    return lambda view: view.series_over(step)


def with_series(sop: m.Sop) -> Iterator[str]:
    """Yield the steps at which something comes round."""
    strands = [strand for step in sop.steps.values() for strand in step.strands.values()]
    for steps in (sop.steps, *(strand.steps for strand in (*strands, *sop.alongside.values()))):
        yield from (name for name, step in steps.items() if step.series)


def _waited(waited: m.Waited) -> Predicate:
    length = waited.at_least
    if waited.from_ is not None:
        part, name = waited.from_.form, waited.from_.field

        def since_date(view: View) -> bool:
            record = view.record(part)
            given = record.fields.get(name) if record is not None else None
            return isinstance(given, str) and view.over(length, date.fromisoformat(given))

        return since_date
    step = waited.since or ""

    def since_entry(view: View) -> bool:
        entered = view.entered_at(step)
        return entered is not None and view.over(length, entered)

    return since_entry


def _taken(taken: m.Taken) -> Predicate:
    action, since = taken.action, taken.since
    if taken.at_most is not None:
        most = taken.at_most
        return lambda view: view.times_taken(action, since) <= most
    least = taken.at_least or 0
    return lambda view: view.times_taken(action, since) >= least


# ── In people's words ────────────────────────────────────────────────────────────────────────────────────────────


def words(text: Text, language: str) -> str:
    """Choose the words in `language`, else English, else whatever there is."""
    return text.get(language) or text.get("en") or next(iter(text.values()))


_WORDS = {
    "en": {
        "form": "{form} is on record", "where": "{field} is {values}", "and": " and ", "or": " or ",
        "age": "signed at most {age} ago", "signed": "signed by {roles}", "for": "for {role} ({purpose})",
        "same": "{field} is the same as in {other}", "in": "{field} is on the list “{list}”",
        "not_in": "{field} is given and not on the list “{list}”", "fact": "{fact} is {values}",
        "strands": "every strand of this step has ended", "strand": "the strand “{strand}” has ended with {values}",
        "at": "the case stands at {steps}", "done": "“{step}” has been completed", "since": " since {since}",
        "waited": "{length} have passed since {since}", "most": "“{action}” was taken at most {n} times",
        "least": "“{action}” was taken at least {n} times", "ack": "{role} has acknowledged “{step}”",
        "series": "every visit of the series is recorded or has lapsed", "any": "one of these: {all}",
        "none": "none of these: {all}", "yes": "yes", "no": "no",
    },
    "fr": {
        "form": "« {form} » est au dossier", "where": "{field} : {values}", "and": " et ", "or": " ou ",
        "age": "signé il y a au plus {age}", "signed": "signé par {roles}", "for": "pour {role} ({purpose})",
        "same": "{field} est identique à {other}", "in": "{field} figure dans la liste « {list} »",
        "not_in": "{field} est indiqué et ne figure pas dans la liste « {list} »", "fact": "{fact} : {values}",
        "strands": "chaque volet de cette étape est terminé", "strand": "le volet « {strand} » s'est terminé par {values}",
        "at": "le dossier se trouve à {steps}", "done": "« {step} » a été menée à bien", "since": " depuis {since}",
        "waited": "{length} se sont écoulés depuis {since}", "most": "« {action} » a été faite au plus {n} fois",
        "least": "« {action} » a été faite au moins {n} fois", "ack": "{role} a accusé réception de « {step} »",
        "series": "chaque visite de la série est consignée ou caduque", "any": "l'un de ceux-ci : {all}",
        "none": "aucun de ceux-ci : {all}", "yes": "oui", "no": "non",
    },
}  # fmt: skip


class Sentences:
    """Says requirements in one sentence each, in one language."""

    def __init__(self, scope: Scope, language: str) -> None:
        self._scope, self._language = scope, language
        self._words = _WORDS.get(language, _WORDS["en"])
        self._steps: dict[str, m.Step] = {}
        self._actions: dict[str, m.Action] = dict(scope.sop.everywhere)
        lines = [scope.sop.steps, *(strand.steps for strand in scope.sop.alongside.values())]
        lines += [strand.steps for step in scope.sop.steps.values() for strand in step.strands.values()]
        for line in lines:
            self._steps.update(line)
            for step in line.values():
                self._actions.update(step.actions)

    def of(self, requirement: m.Requirement) -> str:
        """Return the requirement as a sentence that says what must hold."""
        sentence = self._plain(requirement)
        return sentence[0].upper() + sentence[1:] + "."

    def step(self, name: str) -> str:
        known = self._steps.get(name)
        return words(known.title, self._language) if known else name

    def role(self, name: str) -> str:
        known = self._scope.sop.roles.get(name)
        return words(known.title, self._language) if known else name

    def action(self, name: str) -> str:
        known = self._actions.get(name)
        return words(known.title, self._language) if known and known.title else name.replace("_", " ")

    def part(self, name: str) -> str:
        form = self._scope.forms.get(name.partition(".")[0])
        part = self._scope.parts.get(name)
        if form is None or part is None:
            return name
        title = words(form.title, self._language)
        return f"{title} – {words(part.title, self._language)}" if form.parts else title

    def _say(self, key: str, **said: object) -> str:
        return self._words[key].format(**said)

    def _plain(self, one: m.Requirement) -> str:
        match one:
            case m.FormRequirement():
                return self._form(one)
            case m.FactRequirement():
                return self._words["and"].join(self._fact(name, values) for name, values in one.fact.items())
            case m.StrandsRequirement(strands="done"):
                return self._words["strands"]
            case m.StrandsRequirement(strands=named) if isinstance(named, dict):
                return self._words["and"].join(
                    self._say("strand", strand=strand, values=self._or(outcomes)) for strand, outcomes in named.items()
                )
            case m.AtRequirement():
                return self._say("at", steps=self._or(f"“{self.step(step)}”" for step in one.at))
            case m.StepDoneRequirement():
                return self._say("done", step=self.step(one.step_done)) + self._since(one.since)
            case m.WaitedRequirement(waited=waited):
                origin = waited.from_
                since = self.step(waited.since or "") if origin is None else self._field(origin.form, origin.field)
                return self._say("waited", length=waited.at_least, since=f"“{since}”")
            case m.TakenRequirement(taken=taken):
                key, n = ("most", taken.at_most) if taken.at_most is not None else ("least", taken.at_least)
                return self._say(key, action=self.action(taken.action), n=n) + self._since(taken.since)
            case m.AcknowledgedRequirement(acknowledged=asked):
                return self._say("ack", role=self.role(asked.by), step=self.step(asked.of))
            case m.AnyOfRequirement():
                return self._say("any", all="; ".join(self._plain(part) for part in one.any_of))
            case m.NoneOfRequirement():
                return self._say("none", all="; ".join(self._plain(part) for part in one.none_of))
            case _:
                return self._words["series"]

    def _form(self, one: m.FormRequirement) -> str:
        said = [self._say("form", form=self.part(one.form))]
        part = self._scope.parts.get(one.form)
        if one.for_ is not None:
            purpose = one.for_.purpose
            if part and part.keyed and purpose in part.keyed.purposes:
                purpose = words(part.keyed.purposes[purpose], self._language)
            said[0] += " " + self._say("for", role=self.role(one.for_.role), purpose=purpose)
        for name, values in one.where.items():
            shown = [self._value(part, name, value) for value in values]
            said.append(self._say("where", field=self._field(one.form, name), values=self._or(shown)))
        if one.not_older_than is not None:
            said.append(self._say("age", age=one.not_older_than))
        if one.signed_by:
            said.append(self._say("signed", roles=self._words["and"].join(self.role(role) for role in one.signed_by)))
        for own, other, name in _same(one):
            said.append(self._say("same", field=self._field(one.form, own), other=f"{self.part(other)}: {name}"))
        for key, lists in (("in", one.in_list), ("not_in", one.not_in_list)):
            said += [self._say(key, field=self._field(one.form, name), list=listed) for name, listed in lists.items()]
        return ", ".join(said)

    def _fact(self, name: str, values: Iterable[str]) -> str:
        known = self._scope.sop.facts.get(name)
        choices = (known.choices or {}) if known else {}
        shown = [words(choices[value], self._language) if value in choices else self._bool(value) for value in values]
        return self._say("fact", fact=words(known.title, self._language) if known else name, values=self._or(shown))

    def _field(self, part: str, name: str) -> str:
        known = self._scope.parts.get(part)
        return words(known.fields[name].title, self._language) if known and name in known.fields else name

    def _value(self, part: FormPart | None, name: str, value: str) -> str:
        choices = part.fields[name].choices if part and name in part.fields else None
        return words(choices[value], self._language) if choices and value in choices else self._bool(value)

    def _bool(self, value: str) -> str:
        return {"true": self._words["yes"], "false": self._words["no"]}.get(value, value)

    def _since(self, name: str | None) -> str:
        if name is None:
            return ""
        shown = self.step(name) if name in self._steps else self.action(name)
        return self._say("since", since=f"“{shown}”")

    def _or(self, values: Iterable[str]) -> str:
        return self._words["or"].join(values)
