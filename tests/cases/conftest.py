"""A case on a procedure of a few lines: played move by move, without a store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.calendars.almanac import shipped
from engine.cases.case import Acknowledge, Assign, Case, Enter, Facts, Fire, Launch, Move, Take, Wake
from engine.cases.decide import Decision, Refusal, begun, decide
from engine.cases.effects import Notify
from engine.cases.replay import standing
from engine.forms.model import Form
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.model import Sop
from engine.source import read

TITLE = {"en": "A", "fr": "A"}
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday, ten o'clock in Paris and in Tirana."""

HEAD = """\
sop: tiny
title: {en: T, fr: T}
destination: [FR]
origin: [AL]
roles:
  worker: {side: destination, title: {en: Worker, fr: A}}
  boss: {side: destination, title: {en: Boss, fr: A}}
  office: {side: destination, kind: authority, title: {en: Office, fr: A}}
  far: {side: origin, title: {en: Far worker, fr: A}}
  further: {side: origin, title: {en: Further worker, fr: A}}
  embassy: {side: origin, kind: consulate, title: {en: Consulate, fr: A}}
  child: {side: person, acts_for: [worker], title: {en: Person, fr: A}}
"""
FORMS = {
    one["form"]: Form.model_validate({"title": TITLE, **one})
    for one in (
        {
            "form": "consent",
            "fields": {
                "says": {"type": "choice", "title": TITLE, "choices": {"yes": TITLE, "no": TITLE}},
                "land": {"type": "country", "title": TITLE},
            },
        },
        {
            "form": "plan",
            "fields": {"on": {"type": "date", "title": TITLE}, "land": {"type": "country", "title": TITLE}},
        },
        {
            "form": "share",
            "keyed": {"purposes": {"help": TITLE}},
            "fields": {"says": {"type": "choice", "title": TITLE, "choices": {"yes": TITLE, "no": TITLE}}},
        },
        {"form": "visit", "fields": {"seen": {"type": "boolean", "title": TITLE}}},
        {
            "form": "risk",
            "parts": {
                "here": {"title": TITLE, "fields": {"low": {"type": "boolean", "title": TITLE}}},
                "there": {"title": TITLE, "fields": {"low": {"type": "boolean", "title": TITLE}}},
            },
        },
    )
}
DESKS = {"worker": "w", "boss": "b", "office": "o", "far": "f", "further": "g", "embassy": "e"}


def compiled(text: str) -> CompiledSop:
    source, faults = read(HEAD + text, "tiny.yaml")
    assert source is not None, faults
    return compile_sop(Sop.model_validate(source.value), FORMS, "v")


class Play:
    """A case that is moved on; `last` is the last decision, `all` every effect so far."""

    def __init__(self, text: str, by: str = "w", **facts: bool | str) -> None:
        self.sop, self.now = compiled(text), NOW
        self.facts = Facts(shipped().between("FR", "AL"))
        self.case: Case = begun(self.sop, "REF", "FR", "AL", NOW)
        self.last: Decision
        self.all: list[object] = []
        self._does(Launch(by, DESKS, dict(facts)))

    def _does(self, move: Move) -> Play:
        answer = decide(self.sop, self.case, move, self.facts, self.now)
        assert isinstance(answer, Decision), answer
        self.case, self.facts, self.last = answer.case, answer.facts, answer
        self.all += answer.effects
        return self

    def later(self, **time: float) -> Play:
        self.now += timedelta(**time)
        return self

    def take(self, action: str, by: str = "w", step: str | None = None, assign: str | None = None) -> Play:
        return self._does(Take(action, by, step, assign))

    def says(self, part: str, by: str = "w", ago: int = 0, to: str | None = None, signed: tuple[str, ...] = (),
             draft: bool = False, **fields: object) -> Play:  # fmt: skip
        """Record a form that was signed `ago` days ago; `to`: the receiver of a keyed one."""
        signed_on = self.now.date() - timedelta(days=ago)
        said = {name: value.isoformat() if isinstance(value, date) else value for name, value in fields.items()}
        return self._does(Enter(part, by, signed_on, signed, said, to, "help" if to else None, draft))  # type: ignore[arg-type]

    def acks(self, by: str = "w", step: str | None = None) -> Play:
        return self._does(Acknowledge(by, step))

    def assigns(self, role: str, to: str, by: str = "") -> Play:
        return self._does(Assign(role, to, by))

    def fires(self, action: str, step: str) -> Play:
        return self._does(Fire(action, step))

    def wakes(self) -> Play:
        return self._does(Wake())

    def refuses(self, action: str, by: str = "w", step: str | None = None) -> Refusal:
        answer = decide(self.sop, self.case, Take(action, by, step), self.facts, self.now)
        assert isinstance(answer, Refusal), answer
        return answer

    def allows(self, action: str, by: str = "w", step: str | None = None) -> bool:
        return isinstance(decide(self.sop, self.case, Take(action, by, step), self.facts, self.now), Decision)

    def timed(self, action: str, step: str) -> bool:
        return isinstance(decide(self.sop, self.case, Fire(action, step), self.facts, self.now), Decision)

    def told(self) -> dict[str, str]:
        """Who was told by the last move, and in which words."""
        return {one.role: one.template for one in self.last.effects if isinstance(one, Notify) and not one.withheld}

    def withheld(self) -> set[str]:
        return {one.role for one in self.last.effects if isinstance(one, Notify) and one.withheld}

    def due(self) -> dict[str, datetime]:
        """Everything that is due now, "step/name" -> instant, as the rows of the store would stand."""
        return {
            f"{one.step}/{one.name}": one.due_at
            for one in standing(self.all, self.now)  # type: ignore[arg-type]
            if not hasattr(one, "steps")
        }


@pytest.fixture
def play() -> Callable[..., Play]:
    """Begin a case: `play(procedure, **facts)`."""
    return Play
