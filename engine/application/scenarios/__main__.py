"""Writes docs/reference/scenarios.md: the keys of a scenario file, from their models, and what can be wrong with one."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from engine.application.scenarios.load import CODES
from engine.application.scenarios.model import Event, Expectation, Harm, Launch, Refused, Scenario, ToldTo

_HEAD = """\
# Scenario files

A story of one case: how it begins, dated events, what is expected on the way. `passerelle sop test` plays it on the
engine, in a store of its own that is gone when it ends. How to write one: [write stories](../howto/write-stories.md).
For editors: `passerelle sop schema --kind scenario > scenario.schema.json`.

<!-- made by `python -m engine.application.scenarios > docs/reference/scenarios.md`; a test compares -->
"""
_EVENTS = """
An event has `at`, `as` and one of `record` (with `with`), `act`, `ack`, `assign`, `correct` (with `why`); or `at` and
`sweep`; or `at`, `fire` and `step`; or it is an `expect` alone. `as` and the names under `heard` and `assign` are ids
of desks; `as` and `heard` take a role too, and mean whoever stands for it then.

Between two events time passes: reminders, timed actions and what a date makes allowed come round at their instants.
A timed action that is refused is tried again, after ten minutes at first, then less often, at last every six hours.
"""
_FOOT = """
## What a story passes

A story passes where each move is accepted, or refused as it says, and each `expect` is met. One with `harm` tells a
path on which a safeguard was broken. It passes where a move of it is refused for the procedure's own reasons, or is on
record as a breach. Where the path runs to its end it passes only if the harm `lies: where_it_ends` and the checker
finds that the safeguard holds. Its note says which.

## What stories have tried

- **steps** entered, **actions** taken, by people or by the system;
- **requirements met**, **requirements unmet**: somebody tried the action, or the record, while it held, or did not;
- **safeguards happened**: what one of the kinds `before`, `after` or `in` speaks of came about (of `in`: the action);
- **safeguards refused**: what one of the kinds `before` or `never` speaks of was tried and refused.

The other kinds speak of no single move, and `show` is no event of a story: they are left to the checker. Nothing is
proved by these numbers. They show what no story looks at.

## What can be wrong

Every fault of a file is told in one run, with its place. A file with faults is not played.

| code | meaning |
|---|---|
"""
_ABOUT: tuple[tuple[type[BaseModel], str], ...] = (
    (Scenario, "## The file"), (Launch, "## launch"), (Event, "## events"), (Expectation, "## expect"), (ToldTo, "## told"),
    (Harm, "## harm"),
)  # fmt: skip


def reference() -> str:
    """Return the page."""
    return _HEAD + "".join(_part(model, head) for model, head in _ABOUT) + _FOOT + "\n".join(_codes()) + "\n"


def _part(model: type[BaseModel], head: str) -> str:
    rows = "\n".join(f"| `{key}` | {said} |" for key, said in _keys(model))
    more = _EVENTS if model is Event else ""
    return f"\n{head}\n{more}\n| key | meaning |\n|---|---|\n{rows}\n"


def _keys(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        said = field.description or ""
        if name == "refused":
            said += " (" + ", ".join(f"`{one}`" for one in Refused) + ")"
        yield field.alias or name, said


def _codes() -> Iterator[str]:
    for code, said in CODES.items():
        yield f"| `{code}` | {said} |"
    yield "| `SOP101` to `SOP107` | a fault of its shape, such as an unknown key ([diagnostics](diagnostics.md)) |"
    yield "| `YAML001` to `YAML011` | a fault of its text |"


if __name__ == "__main__":
    print(reference(), end="")
