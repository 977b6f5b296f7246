"""Procedures made by chance, so small that every case of theirs can be played; each has a few of the things the language has.

A seed chooses which: strands, a line alongside, actions open everywhere, a pause, reopening, the world, timed actions, waits, ages
of records, dates on forms, voids, facts that actions set or that follow from others, a series, another actor for a role.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from tests.analysis.procedures import TITLE

THINGS = (
    "strands", "strands", "beside", "beside", "everywhere", "everywhere", "pause", "reopens", "world", "timed", "waits", "ages",
    "dates", "voids", "facts", "implied", "series", "reassign", "acknowledged", "counts", "done", "entries", "self",
)  # fmt: skip
WHOLE = ("consent", "risk.here", "risk.there", "share")


class Small:
    """Makes one procedure and its safeguards; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"small {seed}")
        random = self._random
        self.has = set(random.sample(THINGS, random.randint(1, 4)))
        self.main = [f"s{n}" for n in range(random.randint(1, 3))]
        self.strands = {
            name: [f"{name}{n}" for n in range(random.randint(1, 2))] + [f"{name}_end"]
            for name in ("t", "u")[: random.randint(1, 2) if "strands" in self.has else 0]
        }
        self.beside = [f"b{n}" for n in range(2)] if "beside" in self.has else []
        self.lines = [*self.strands.values(), *([self.beside] if self.beside else [])]
        self.steps = [*self.main, "end", *(step for line in self.lines for step in line)]
        self.actions = ["a0", "a1", "a2", "a3"][: len(self.main) + 1]
        self.everywhere = ["e0", "e1"][: random.randint(1, 2)] if "everywhere" in self.has else []
        if "pause" in self.has:
            self.everywhere.append("pause")
            self.steps.append("rest")
        if "world" in self.has:
            self.everywhere.append("removal")
        parts = ["consent", "risk.here"]
        parts += ["risk.there"] if "dates" in self.has else []
        parts += ["share"] if "reassign" in self.has else []
        self.parts = random.sample(parts, min(len(parts), random.randint(1, 2)))
        self.parts += ["risk.there"] if "dates" in self.has and "risk.there" not in self.parts else []

    # ── The procedure ───────────────────────────────────────────────────────────────────────────────────────────

    def procedure(self, safeguards: int = 3) -> dict[str, Any]:
        """Return a procedure with safeguards, as plain values."""
        random = self._random
        steps = {name: self._step([*self.main, "end", "end"], self.actions) for name in self.main}
        steps["end"] = {"end": "over"}
        if self.strands:
            held = {name: self._line(line) for name, line in self.strands.items()}
            steps[random.choice(self.main)]["strands"] = held
        if "reopens" in self.has:
            steps["end"]["reopens"] = {
                "to": random.choice(self.main),
                "by": ["worker"],
                "requires": self._requires(0.3),
            }
        if "pause" in self.has:
            targets = ["resume", random.choice(["resume", "end", "s0"])]
            steps["rest"] = {**self._step(targets, ["go_on", "leave"]), "pause": True}
        if "series" in self.has:
            visits: dict[str, Any] = {"at": ["1 day"], "forms": [random.choice(self.parts[:1])]}
            if random.random() < 0.5:
                visits["requires"] = [self.requirement(False)]
            steps["s0"]["series"] = {"visit": visits}
            for action in steps["s0"]["actions"].values():
                if random.random() < 0.5:
                    action["requires"] = [{"series": "done"}]
        facts: dict[str, Any] = {"child": {"type": "boolean", "title": TITLE}}
        if "implied" in self.has:
            facts["doubt"] = {"type": "boolean", "title": TITLE}
            facts["child"]["implied_by"] = {"doubt": "true"}
        raw: dict[str, Any] = {"start": "s0", "facts": facts, "steps": steps}
        if self.beside:
            raw["alongside"] = {"beside": {**self._line(self.beside), "after_end": random.random() < 0.4}}
        raw["everywhere"] = {name: self._open_everywhere(name) for name in self.everywhere}
        raw["safeguards"] = [{"id": f"g{n}", **self._safeguard(raw)} for n in range(safeguards)]
        return raw

    def _asked(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return a safeguard that some action keeps, by itself at least: it asks what the action does."""
        random = self._random
        found = [(name, one) for name, action in _actions(raw) for one in action["requires"]]
        name, one = random.choice(found) if found else (random.choice(self.actions), self.requirement())
        happened = {"record": one["form"], "where": one["where"]} if one.get("where") and "form" in one else None
        if happened and random.random() < 0.4:
            return {"before": name, "happened": happened}
        return {"before": name, "require": [one]}

    def _step(self, targets: list[str], names: list[str]) -> dict[str, Any]:
        random = self._random
        return {
            "responsible": random.sample(["worker", "far"], random.choice([1, 1, 2])),
            "forms": [self._entry(part) for part in self.parts if random.random() < 0.6],
            "actions": {
                name: self._action(random.choice(targets)) for name in random.sample(names, random.choice([1, 1, 2]))
            },
            **({"phase": random.choice(["early", "late"])} if random.random() < 0.5 else {}),
        }

    def _entry(self, part: str) -> dict[str, Any]:
        return {"form": part, "requires": self._requires(0.5 if "entries" in self.has else 0)}

    def _line(self, steps: list[str]) -> dict[str, Any]:
        random = self._random
        made = {name: self._step(steps, self.actions) for name in steps[:-1]}
        made[steps[-1]] = {"end": "done"}
        if "reopens" in self.has and random.random() < 0.5:
            made[steps[-1]]["reopens"] = {"to": steps[0], "by": ["worker"]}
        return {"start": steps[0], "title": TITLE, "steps": made}

    def _action(self, to: str) -> dict[str, Any]:
        random = self._random
        action: dict[str, Any] = {"to": to, "by": [random.choice(["worker", "worker", "far"])]}
        action["requires"] = self._requires(0.6)
        if "voids" in self.has and random.random() < 0.4:
            action["voids"] = [random.choice(self.parts)]
        if random.random() < (0.5 if "facts" in self.has or "implied" in self.has else 0.05):
            named = ["child", "doubt"] if "implied" in self.has else ["child"]
            action["sets"] = {random.choice(named): random.choice(["true", "false"])}
        if "reassign" in self.has and random.random() < 0.3:
            action["reassign"] = "far"
        elif "timed" in self.has and to not in ("stay", "resume") and random.random() < 0.4:
            action["by"], action["automatic"] = ["system"], {"after": "1 day"}
            if "risk.there" in self.parts and random.random() < 0.5:
                action["automatic"]["from"] = {"form": "risk.there", "field": "on"}
        return action

    def _open_everywhere(self, name: str) -> dict[str, Any]:
        random = self._random
        action = self._action("rest" if name == "pause" else random.choice([*self.main, "end", "stay", "stay"]))
        if action.pop("automatic", None):
            action["by"] = ["worker"]
        if name == "removal":
            action.pop("reassign", None)
            action |= {"by": ["environment"], "noted_by": ["worker"]}
        covered: list[Any] = [
            "any",
            {"phases": ["early"]},
            {"steps": [random.choice(self.steps)]},
            {"fact": {"child": "false"}},
        ]
        action["while"] = random.choice(covered)
        if self.strands and random.random() < 0.2:
            action["requires"] = [{"strands": "done"}]
        return action

    def _requires(self, often: float) -> list[dict[str, Any]]:
        random = self._random
        return [self.requirement() for _ in range(random.choice([1, 1, 2]))] if random.random() < often else []

    # ── Requirements ────────────────────────────────────────────────────────────────────────────────────────────

    def requirement(self, deep: bool = True) -> dict[str, Any]:
        """Return one requirement, of the kinds that this procedure has."""
        random = self._random
        kinds = ["form", "form", "form", "fact", "at"]
        kinds += [
            kind for kind in ("done", "acknowledged", "counts", "waits", "dates") if kind in self.has for _ in "12"
        ]
        kinds += ["strands"] if self.strands else []
        kinds += ["any_of", "none_of"] if deep else []
        match random.choice(kinds):
            case "form":
                return self._form()
            case "fact":
                return {"fact": {"child": random.choice(["true", "false"])}}
            case "at":
                return {"at": random.sample(self.steps, random.randint(1, 2))}
            case "done":
                return {"step_done": random.choice(self.steps), **self._since()}
            case "acknowledged":
                return {"acknowledged": {"by": random.choice(["worker", "far"]), "of": random.choice(self.steps)}}
            case "counts":
                bound = random.choice([{"at_most": random.randint(0, 1)}, {"at_least": random.randint(1, 2)}])
                return {"taken": {"action": random.choice([*self.actions, *self.everywhere]), **bound, **self._since()}}
            case "waits":
                return {"waited": {"since": random.choice(self.steps), "at_least": "2 days"}}
            case "dates":
                return {"waited": {"from": {"form": "risk.there", "field": "on"}, "at_least": "1 day"}}
            case "strands":
                name = random.choice(list(self.strands))
                return {"strands": random.choice(["done", {name: ["done"]}])}
            case kind:
                return {kind: [self.requirement(False) for _ in range(random.randint(1, 2))]}

    def _form(self) -> dict[str, Any]:
        random = self._random
        part = random.choice(self.parts)
        asked: dict[str, Any] = {"form": part}
        if part == "share":
            asked["for"] = {"role": "far", "purpose": "referral"}
        if random.random() < 0.7:
            answers = {"decision": random.choice(["yes", "no"])} if part in ("consent", "share") else {"ok": "true"}
            asked["where"] = {"place": "home"} if part == "consent" and random.random() < 0.2 else answers
        if "ages" in self.has and random.random() < 0.5:
            asked["not_older_than"] = random.choice(["1 day", "1 day", "2 days"])
        if random.random() < 0.1:
            asked["signed_by"] = ["worker"]
        if random.random() < 0.3:
            asked["or_absent"] = True
        return asked

    def _since(self) -> dict[str, str]:
        random = self._random
        return {"since": random.choice([*self.steps, *self.actions])} if random.random() < 0.4 else {}

    # ── Safeguards ──────────────────────────────────────────────────────────────────────────────────────────────

    def _safeguard(self, raw: dict[str, Any]) -> dict[str, Any]:
        random = self._random
        kinds: list[dict[str, Any]] = [
            {"before": self._events(), "require": [self.requirement()]},
            *(self._asked(raw) for _ in range(4)),
            {"before": self._events(), "happened": self._events()},
            {"before": self._events(), "happened": self._events(), "since": self._events()},
            {"before": self._events(), "require": [self.requirement()], "happened": self._events()},
            {"never": self._events(), "while": self._covered()},
            {"always": [self.requirement()]},
            {"in": self._covered(), "available": random.choice([*self.actions, *self.everywhere])},
            {"after": self._events(), "eventually": self._events()},
            {"after": self._events(), "eventually": self._events()},
            {"from": "any", "reachable": random.sample(self.steps, random.randint(1, 2))},
            {"from": "any", "reachable": ["end"]},
            {"before": {"tell": "far"}, "require": [self.requirement()]},
            {"before": {"show": self.parts[0], "to": "far"}, "require": [self.requirement()]},
        ]
        chosen = random.choice(kinds)
        if random.random() < 0.25:
            chosen["if"] = {"fact": {"child": random.choice(["true", "false"])}}
        return chosen

    def _events(self) -> list[Any]:
        random = self._random
        return [self._some_event() for _ in range(random.choice([1, 1, 1, 2]))]

    def _some_event(self) -> Any:
        random = self._random
        part = random.choice(self.parts)
        answers = {"decision": random.choice(["yes", "no"])} if part in ("consent", "share") else {"ok": "true"}
        return random.choice(
            [
                random.choice([*self.actions, *self.everywhere]),
                random.choice(self.actions),
                {"enter": random.choice(self.steps)},
                {"leave": random.choice(self.steps)},
                {"record": part, **({"where": answers} if random.random() < 0.6 else {})},
                {"acknowledge": random.choice(self.steps)},
            ]
        )

    def _covered(self) -> Any:
        random = self._random
        return random.choice(
            [
                "any",
                {"at": random.sample(self.steps, random.randint(1, 2))},
                {"steps": [random.choice(self.steps)]},
                {"phases": [random.choice(["early", "late"])]},
                {"fact": {"child": random.choice(["true", "false"])}},
                {"at": [random.choice(self.steps)], "fact": {"child": random.choice(["true", "false"])}},
            ]
        )


def _actions(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every action of a procedure with its name."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            if key in ("actions", "everywhere"):
                yield from value.items()
            yield from _actions(value)
