"""What a story says of its procedure: every name it uses exists, and every value is one that can be.

Names are compared with the procedure as compiled, desks with those of the story; the nearest right word is the hint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from engine.actors.model import Actor
from engine.application.scenarios.load import Story, Told
from engine.application.scenarios.model import Refused
from engine.diagnostics import Diagnostic, Place, did_you_mean
from engine.forms.model import RESERVED
from engine.forms.record import typed
from engine.sop import model as m
from engine.sop.compile import REOPEN, CompiledSop


def wrong_names(story: Story, sop: CompiledSop, desks: Collection[Actor] | None) -> list[Diagnostic]:
    """Return every fault of what a story's own file says of its procedure and desks; None: which desks there are is not known."""
    names = _Names(story, sop, desks)
    return [*names.head(), *(fault for one in story.own for fault in names.event(one))]


class _Names:
    def __init__(self, story: Story, sop: CompiledSop, desks: Collection[Actor] | None) -> None:
        self._story, self._sop = story, sop
        self._desks = None if desks is None else {one.id for one in desks}
        steps = sop.steps.values()
        self._actions = {name for step in steps for name in step.actions} | sop.everywhere.keys() | {REOPEN}
        self._timed = {name for step in steps for name, action in step.actions.items() if action.is_timed}

    def head(self) -> Iterator[Diagnostic]:
        story, sop, marks = self._story, self._sop.sop, self._story.marks
        for country, listed, key in ((story.destination, sop.destination, "from"), (story.origin, sop.origin, "to")):
            if country not in listed:
                hint = f"it goes {key}: {', '.join(listed)}"
                yield Diagnostic("SCN110", f'"{sop.sop}" does not go {key} "{country}"', marks.value((key,)), hint)
        for name, value in story.launch.facts.items():
            place = ("launch", "facts", name)
            if name not in sop.facts:
                yield self._unknown("fact", name, sop.facts, marks.key(place))
                continue
            declared = sop.facts[name]
            try:
                typed(declared.type, value, declared.choices)
            except ValueError as why:
                yield Diagnostic("SCN111", f'fact "{name}" {why}, not "{value}"', marks.value(place))
        for role, desk in story.launch.actors.items():
            if role not in sop.roles:
                yield self._unknown("role", role, sop.roles, marks.key(("launch", "actors", role)))
            yield from self._desk(desk, marks.value(("launch", "actors", role)))
        if story.launch.as_ is not None:
            yield from self._who(story.launch.as_, marks.value(("launch", "as")))
        if story.harm is not None:
            ids = [one.id for one in sop.safeguards if isinstance(one, m.Safeguard)]
            if story.harm.safeguard not in ids:
                yield self._unknown("safeguard", story.harm.safeguard, ids, marks.value(("harm", "safeguard")))

    def event(self, told: Told) -> Iterator[Diagnostic]:
        """Check one event."""
        event = told.event
        if event.as_ is not None and event.refused not in (Refused.NOT_A_PARTY, Refused.ANY):
            yield from self._who(event.as_, self._value(told, "as"))
        for step, path in ((event.step, ("step",)), (event.ack, ("ack",))):
            if step is not None and step not in self._sop.steps:
                yield self._unknown("step", step, self._sop.steps, self._value(told, *path))
        for action, known, key in ((event.act, self._actions, "act"), (event.fire, self._timed, "fire")):
            if action is not None and action not in known:
                yield self._unknown("action" if key == "act" else "timed action", action, known, self._value(told, key))
        if isinstance(event.assign, dict):
            for role, desk in event.assign.items():
                if role not in self._sop.sop.roles:
                    yield self._unknown("role", role, self._sop.sop.roles, told.place("assign", role))
                yield from self._desk(desk, self._value(told, "assign", role))
        elif event.assign is not None:
            yield from self._desk(event.assign, self._value(told, "assign"))
        if event.record is not None:
            yield from self._record(told, event.record)
        yield from self._expected(told)

    def _record(self, told: Told, part: str) -> Iterator[Diagnostic]:
        known = self._sop.parts.get(part)
        if known is None:
            yield self._unknown("form", part, self._sop.parts, self._value(told, "record"))
            return
        if told.event.refused in (Refused.FORM_REFUSED, Refused.ANY):
            return  # that the form is wrong may be the story's very point
        roles = self._sop.sop.roles
        for name, value in (told.event.with_ or {}).items():
            if name == "signed_by":
                signers = value if isinstance(value, tuple) else (value,)
                for role in signers:
                    if role is not None and role not in roles:
                        yield self._unknown("role", str(role), roles, self._value(told, "with", name))
            elif name not in RESERVED and name not in known.fields:
                hint = did_you_mean(name, list(known.fields), "fields")
                yield Diagnostic("SCN110", f'"{part}" has no field "{name}"', told.place("with", name), hint)
            elif name in known.fields and value is not None:
                declared = known.fields[name]
                try:
                    typed(declared.type, value, declared.choices)
                except ValueError as why:
                    yield Diagnostic("SCN111", f'field "{name}" {why}, not "{value}"', self._value(told, "with", name))

    def _expected(self, told: Told) -> Iterator[Diagnostic]:
        wanted = told.event.expect
        if wanted is None:
            return
        for n, step in enumerate(wanted.steps):
            if step not in self._sop.steps:
                yield self._unknown("step", step, self._sop.steps, self._value(told, "expect", "steps", n))
        ends = {one.model.end for one in self._sop.steps.values() if one.model.end is not None}
        if wanted.outcome is not None and wanted.outcome not in ends:
            yield self._unknown("outcome", wanted.outcome, ends, self._value(told, "expect", "outcome"))
        for n, one in enumerate(wanted.told):
            if one.role not in self._sop.sop.roles:
                yield self._unknown(
                    "role", one.role, self._sop.sop.roles, self._value(told, "expect", "told", n, "role")
                )
        for n, role in enumerate(wanted.withheld or ()):
            if role not in self._sop.sop.roles:
                yield self._unknown("role", role, self._sop.sop.roles, self._value(told, "expect", "withheld", n))
        for who in wanted.heard or {}:
            yield from self._who(who, told.place("expect", "heard", who))

    def _desk(self, name: str, place: Place) -> Iterator[Diagnostic]:
        if self._desks is not None and name not in self._desks:
            yield self._unknown("desk", name, self._desks, place)

    def _who(self, name: str, place: Place) -> Iterator[Diagnostic]:
        if self._desks is not None and name not in self._desks and name not in self._sop.sop.roles:
            yield self._unknown("desk or role", name, [*self._desks, *self._sop.sop.roles], place, "desks and roles")

    @staticmethod
    def _value(told: Told, *path: str | int) -> Place:
        return told.marks.value(("events", told.number, *path))

    @staticmethod
    def _unknown(sort: str, word: str, known: Collection[str], place: Place, plural: str = "") -> Diagnostic:
        hint = did_you_mean(word, list(known), plural or f"{sort}s")
        return Diagnostic("SCN110", f'there is no {sort} "{word}"', place, hint)
