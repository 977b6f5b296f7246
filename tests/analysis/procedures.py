"""Small procedures made by chance, with everything that the language has, and one made of text; for the tests of the checker."""

from __future__ import annotations

from random import Random
from typing import Any

from engine.forms.model import Form
from engine.sop import model as m
from engine.sop.compile import CompiledSop, compile_sop

TITLE = {"en": "Title"}

FORMS: dict[str, Any] = {
    "consent": {
        "form": "consent",
        "title": TITLE,
        "fields": {
            "decision": {"type": "choice", "title": TITLE, "choices": {"yes": TITLE, "no": TITLE}},
            "place": {"type": "text", "title": TITLE, "required": False},
        },
    },
    "risk": {
        "form": "risk",
        "title": TITLE,
        "parts": {
            "here": {"title": TITLE, "fields": {"ok": {"type": "boolean", "title": TITLE}}},
            "there": {
                "title": TITLE,
                "fields": {"ok": {"type": "boolean", "title": TITLE}, "on": {"type": "date", "title": TITLE}},
            },
        },
    },
    "share": {
        "form": "share",
        "title": TITLE,
        "keyed": {"purposes": {"referral": TITLE}},
        "fields": {"decision": {"type": "choice", "title": TITLE, "choices": {"yes": TITLE, "no": TITLE}}},
    },
}
PARTS = ("consent", "risk.here", "risk.there", "share")
ROLES = {"worker": {"side": "destination", "title": TITLE}, "far": {"side": "origin", "title": TITLE}}


def compiled(raw: dict[str, Any], forms: dict[str, Any] = FORMS) -> CompiledSop:
    """Compile a procedure written as plain values, with the forms above or others; what is not said of it is filled in."""
    whole = {
        "sop": "small", "title": TITLE, "destination": ["FR"], "origin": ["AL"], "roles": ROLES, "share_when": [], **raw
    }  # fmt: skip
    known = {name: Form.model_validate(form) for name, form in forms.items()}
    return compile_sop(m.Sop.model_validate(titled(whole)), known, "small")


def titled(value: Any) -> Any:
    """Give every step a title."""
    if isinstance(value, dict):
        found = {key: titled(inner) for key, inner in value.items()}
        steps = found.get("steps")
        if isinstance(steps, dict) and all(isinstance(step, dict) for step in steps.values()):
            found["steps"] = {name: {"title": TITLE, **step} for name, step in steps.items()}
        return found
    return [titled(inner) for inner in value] if isinstance(value, list) else value


class Chance:
    """Makes procedures; the same seed makes the same one."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.steps: list[str] = []
        self.actions: list[str] = []

    def procedure(self) -> dict[str, Any]:
        """Return a procedure as plain values."""
        random = self._random
        main = [f"s{number}" for number in range(random.randint(2, 4))]
        strands = {
            name: [f"{name}{n}" for n in range(random.randint(2, 3))] for name in ("t", "u")[: random.randint(0, 2)]
        }
        beside = [f"b{number}" for number in range(random.randint(0, 3))]
        self.steps = [*main, "end", *(step for steps in strands.values() for step in steps), *beside]
        self.actions = [f"a{number}" for number in range(6)]
        holder = random.choice(main)
        steps = {name: self._step([*main, "end"]) for name in main}
        if strands:
            steps[holder]["strands"] = {name: self._line(line) for name, line in strands.items()}
        steps["end"] = {"end": "over"}
        if random.random() < 0.4:
            steps["end"]["reopens"] = {"to": random.choice(main), "by": ["worker"], "requires": self._requires(0.3)}
        raw: dict[str, Any] = {"start": "s0", "steps": steps}
        if random.random() < 0.4:
            steps["rest"] = {
                "pause": True,
                "responsible": ["worker"],
                "actions": {"go_on": {"to": "resume", "by": ["worker"]}},
            }
            if random.random() < 0.5:
                steps["rest"]["actions"]["leave"] = {"to": random.choice(main), "by": ["worker"]}
        raw["facts"] = {
            "child": {
                "type": "boolean",
                "title": TITLE,
                **({"implied_by": {"doubt": "true"}} if random.random() < 0.5 else {}),
            },
            "doubt": {"type": "boolean", "title": TITLE},
        }
        if beside:
            line = self._line(beside)
            line["after_end"] = random.random() < 0.4
            raw["alongside"] = {"beside": line}
        raw["everywhere"] = {
            f"e{number}": self._everywhere(main, "rest" in steps) for number in range(random.randint(0, 2))
        }
        return raw

    def requirement(self, deep: bool = True) -> dict[str, Any]:
        """Return one requirement."""
        random = self._random
        kinds = ["form", "form", "form", "fact", "at", "step_done", "waited", "taken", "acknowledged", "dated"]
        match random.choice([*kinds, "any_of", "none_of"] if deep else kinds):
            case "form":
                return self._form()
            case "fact":
                return {"fact": {random.choice(["child", "doubt"]): random.choice(["true", "false"])}}
            case "at":
                return {"at": random.sample(self.steps, random.randint(1, 2))}
            case "step_done":
                return {"step_done": random.choice(self.steps), **self._since()}
            case "waited":
                return {"waited": {"since": random.choice(self.steps), "at_least": random.choice(["2 days", "9 days"])}}
            case "dated":
                return {"waited": {"from": {"form": "risk.there", "field": "on"}, "at_least": "3 days"}}
            case "taken":
                bound = random.choice([{"at_most": random.randint(0, 2)}, {"at_least": random.randint(1, 2)}])
                return {"taken": {"action": random.choice(self.actions), **bound, **self._since()}}
            case "acknowledged":
                return {"acknowledged": {"by": random.choice(["worker", "far"]), "of": random.choice(self.steps)}}
            case kind:
                return {kind: [self.requirement(False) for _ in range(random.randint(1, 2))]}

    def _form(self) -> dict[str, Any]:
        random = self._random
        part = random.choice(PARTS)
        asked: dict[str, Any] = {"form": part}
        if part == "share":
            asked["for"] = {"role": "far", "purpose": "referral"}
        if random.random() < 0.7:
            asked["where"] = (
                {"decision": random.choice(["yes", "no"])} if part in ("consent", "share") else {"ok": "true"}
            )
        if part == "consent" and random.random() < 0.2:
            asked["where"] = {"place": "home"}
        if random.random() < 0.3:
            asked["not_older_than"] = "5 days"
        if random.random() < 0.2:
            asked["signed_by"] = ["worker"]
        if random.random() < 0.2:
            asked["or_absent"] = True
        return asked

    def _since(self) -> dict[str, str]:
        random = self._random
        return {"since": random.choice([*self.steps, *self.actions])} if random.random() < 0.4 else {}

    def _requires(self, often: float) -> list[dict[str, Any]]:
        random = self._random
        return [self.requirement() for _ in range(random.randint(1, 2))] if random.random() < often else []

    def _line(self, steps: list[str]) -> dict[str, Any]:
        made = {name: self._step(steps) for name in steps[:-1]}
        made[steps[-1]] = {"end": "done"} if len(steps) > 1 else self._step(steps)
        if len(steps) > 1 and self._random.random() < 0.4:
            made[steps[-1]]["reopens"] = {"to": steps[0], "by": ["worker"]}
        return {"start": steps[0], "title": TITLE, "steps": made}

    def _step(self, targets: list[str]) -> dict[str, Any]:
        random = self._random
        forms = [self._entry(part) for part in random.sample(PARTS, random.randint(0, 3))]
        actions = random.sample(self.actions, random.randint(1, 2))
        return {
            "responsible": random.sample(["worker", "far"], random.randint(1, 2)),
            "forms": forms,
            "actions": {name: self._action(random.choice(targets)) for name in actions},
            **({"phase": random.choice(["early", "late"])} if random.random() < 0.6 else {}),
        }

    def _entry(self, part: str) -> dict[str, Any]:
        return {"form": part, "requires": self._requires(0.3)}

    def _action(self, to: str) -> dict[str, Any]:
        random = self._random
        action: dict[str, Any] = {"to": to, "by": ["worker"], "requires": self._requires(0.6)}
        if random.random() < 0.2:
            action["voids"] = random.sample(["consent", "risk", "share"], 1)
        if random.random() < 0.2:
            action["sets"] = {random.choice(["child", "doubt"]): random.choice(["true", "false"])}
        if random.random() < 0.1:
            action["reassign"] = "far"
        elif random.random() < 0.15 and to != "stay":
            action["by"] = ["system"]
            action["automatic"] = {"after": "3 days"}
        return action

    def _everywhere(self, main: list[str], pauses: bool) -> dict[str, Any]:
        random = self._random
        action = self._action(random.choice([*main, "end", "stay", *(["rest"] * 2 if pauses else [])]))
        action.pop("automatic", None)
        action["by"] = ["worker"]
        covered = random.choice(
            ["any", {"phases": ["early"]}, {"steps": random.sample(self.steps, 2)}, {"fact": {"child": "false"}}]
        )
        return {**action, "while": covered}
