"""What changes between two procedures, as a list of sentences: what it does, what it is about, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel

from engine.forms.model import Basis, Form, FormPart, Title
from engine.sop.model import Sop
from engine.sop.requirements import Scope, Sentences, words
from engine.values import Duration


class Effect(StrEnum):
    """What a change does."""

    WEAKER = "weaker"
    GONE = "gone"
    CHANGED = "changed"
    NEW = "new"
    STRONGER = "stronger"


class Subject(StrEnum):
    """What a change is about, the gravest first."""

    SAFEGUARD = "safeguard"
    SHARING = "sharing"
    REQUIREMENT = "requirement"
    DEADLINE = "deadline"
    ACTION = "action"
    STEP = "step"
    ROLE = "role"
    FACT = "fact"
    LIST = "list"
    FORM = "form"
    PROCEDURE = "procedure"


GUARDING: Final = frozenset({Subject.SAFEGUARD, Subject.SHARING, Subject.REQUIREMENT})
"""What says under which conditions something may happen: gone is weaker, new is stronger."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `at` is the step, form, role or safeguard it is about, by its name; `text` says it in a sentence."""

    effect: Effect
    subject: Subject
    at: str
    text: str

    @property
    def group(self) -> Effect:
        """Where it is listed: what guards and is gone stands with what is weaker, what guards and is new with what is stronger."""
        if self.subject in GUARDING and self.effect is Effect.GONE:
            return Effect.WEAKER
        if self.subject in GUARDING and self.effect is Effect.NEW:
            return Effect.STRONGER
        return self.effect


class Side:
    """One of the two procedures, with its forms and its words."""

    def __init__(self, sop: Sop, forms: Mapping[str, Form], language: str) -> None:
        self.sop, self.forms, self.language = sop, forms, language
        self.parts: dict[str, FormPart] = {
            name: part for form in forms.values() for name, part in form.all_parts().items()
        }
        self.say = Sentences(Scope(sop, forms, self.parts, {}, {}), language)

    def title(self, text: Mapping[str, str]) -> str:
        return f"“{words(dict(text), self.language)}”"

    def step(self, name: str) -> str:
        return f"“{self.say.step(name)}”"

    def role(self, name: str) -> str:
        return {"any": "any party", "system": "the system", "environment": "what the world does"}.get(
            name, self.say.role(name)
        )

    def roles(self, names: Iterable[str]) -> str:
        return listed(self.role(name) for name in names)


class Changes:
    """Collects changes while two procedures are gone through side by side."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old, self.new = old, new
        self.found: list[Change] = []

    def add(self, effect: Effect, subject: Subject, at: str, text: str) -> None:
        self.found.append(Change(effect, subject, at, text[:1].upper() + text[1:] + "."))

    def fields(self, subject: Subject, at: str, who: str, old: BaseModel, new: BaseModel, said: Iterable[str]) -> None:
        """Say in general words what differs in each key of a mapping that nobody has said in better ones (`said`)."""
        told = set(said)
        for name, field in type(old).model_fields.items():
            before, now = getattr(old, name), getattr(new, name)
            if name not in told and before != now:
                if field.annotation in _TEXTS:
                    before, now = self._read(before, now)
                self.value(subject, at, f"{_WORDS.get(name, field.alias or name)} of {who}", before, now)

    def _read(self, before: Any, now: Any) -> tuple[Any, Any]:
        """Return two texts as one reads them; where they differ in other languages only, whole."""
        was, becomes = ((one or {}).get(self.new.language) for one in (before, now))
        return (before, now) if was == becomes else (was, becomes)

    def value(self, subject: Subject, at: str, what: str, before: Any, now: Any) -> None:
        """Say that one value takes the place of another; of lists and mappings, what comes and what goes."""
        if _is_list(before) and _is_list(now):
            come, gone = [one for one in now if one not in before], [one for one in before if one not in now]
            parts = [f"{word} {listed(map(shown, ones))}" for word, ones in (("without", gone), ("with", come)) if ones]
            self.add(Effect.CHANGED, subject, at, f"{what}: now {' and '.join(parts) or 'in another order'}")
        elif isinstance(before, Mapping) and isinstance(now, Mapping) and before and now:
            for key in dict.fromkeys([*before, *now]):
                if before.get(key) != now.get(key):
                    was, becomes = shown(before.get(key)), shown(now.get(key))
                    self.add(Effect.CHANGED, subject, at, f"{what} ({key}) changes from {was} to {becomes}")
            if dict(before) == dict(now):
                self.add(Effect.CHANGED, subject, at, f"{what}: now in another order")
        else:
            self.add(Effect.CHANGED, subject, at, f"{what} changes from {shown(before)} to {shown(now)}")

    def names(self, subject: Subject, at: str, old: Sequence[str], new: Sequence[str], come: str, gone: str) -> None:
        """Say which roles come and which go."""
        for effect, names, side, text in (
            (Effect.GONE, [one for one in old if one not in new], self.old, gone),
            (Effect.NEW, [one for one in new if one not in old], self.new, come),
        ):
            if names:
                self.add(effect, subject, at, text.format(roles=side.roles(names)))
        if old != new and set(old) == set(new):
            self.add(Effect.CHANGED, subject, at, f"{come.format(roles=self.new.roles(new))}, in another order")


_TEXTS: Final = (Title, Title | None)
"""How a model says that a value is a text in each language."""

_WORDS: Final = {
    "title": "the title", "note": "the note", "code": "the number", "basis": "the ground", "guidance": "the guidance",
    "phase": "the phase", "remind": "the reminders", "escalate": "the escalations", "calendar": "the calendar",
    "from_": "the origin", "end": "the outcome", "kind": "the kind", "side": "the side", "acts_for": "those who act for it",
    "from_step": "the step from which it is needed,", "choices": "the choices", "default": "the default", "type": "the type",
    "sets": "the facts set", "voids": "what is voided", "automatic": "the timing", "start": "the start", "while_": "the scope",
    "sop": "the id", "help": "the help", "reopens": "the reopening", "destination": "the countries of destination",
    "until": "what meets it", "foresee": "what is foreseen",
    "cut_off": "the cut-off hour", "suspend_for": "the reasons for which the clock may stand still,",
    "origin": "the countries of origin", "to": "the target", "by": "those who may", "series": "the series",
}  # fmt: skip


def shown(value: Any) -> str:
    """Write any value of a definition so that people can read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or (isinstance(value, (tuple, dict)) and not value):
        return "nothing"
    if isinstance(value, Basis):
        where = ", ".join(part for part in (value.source, value.article) if part) or "no source"
        firm = str(value.strength).replace("_", " ") + ("" if value.confirmed else ", not confirmed")
        return f"“{where}” ({firm}{': ' + value.note if value.note else ''})"
    if isinstance(value, BaseModel):
        said = [
            f"{field.alias or name} {shown(getattr(value, name))}"
            for name, field in type(value).model_fields.items()
            if getattr(value, name) != field.get_default(call_default_factory=True)
        ]
        return "(" + ", ".join(said) + ")"
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key}: {shown(one)}" for key, one in value.items()) + ")"
    if isinstance(value, tuple):
        return listed(map(shown, value))
    return f"“{value}”" if isinstance(value, str) else str(value)


def listed(said: Iterable[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    *most, last = list(said) or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last


def lengths(old: Duration, new: Duration) -> str:
    """Write how a length changes: "from 30 to 10 days"."""
    return f"from {old.count if old.unit is new.unit and old.count != 1 else old} to {new}"


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple)
