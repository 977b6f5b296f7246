"""A path to harm as a scenario file: what the checker found, in a form that is played again and kept.

On the procedure as it was, the story runs to the harm and does not pass; once the procedure bars the path, it passes, and it stays
beside the others so that nobody takes the bar away unseen.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from engine.analysis.counterexample import Happening
from engine.analysis.model_check import Proof
from engine.analysis.report import path as in_words
from engine.application.scenarios.desks import desk_of
from engine.application.scenarios.model import FallsDue, Lies
from engine.sop import model as m
from engine.sop.compile import CompiledSop
from engine.values import Side, rfc3339


def file_name(proof: Proof, sop: CompiledSop) -> str:
    """Return the name of the file for a broken safeguard: the procedure's id, then the safeguard's."""
    return f"{sop.sop.sop}-{proof.safeguard.id}.yaml"


def as_story(proof: Proof, sop: CompiledSop, procedure: Path, folder: Path) -> str:
    """Return the scenario file of a broken safeguard's path, for `folder`.

    Args:
        procedure: the file of the procedure; the story names it as seen from `folder`.
    Raises:
        ValueError: the proof has no path; a safeguard can be broken by what is written alone.
    """
    if not proof.counterexample:
        raise ValueError("there is no path to write")
    launch, *moves = proof.counterexample
    origin = next((one for one in sop.sop.origin if one != sop.sop.destination[0]), sop.sop.origin[0])
    first = next(name for name, role in sop.sop.roles.items() if role.side is not Side.PERSON)
    facts = {name: value for name, value in launch.facts.items() if value is not None}
    lines = [
        f"# How safeguard {proof.safeguard.id} can be broken, as `passerelle sop check` found it.",
        "# This story passes only where that cannot happen: keep it, and mend the procedure.",
        f"scenario: {file_name(proof, sop).removesuffix('.yaml')}",
        f"title: {_flow(_title(proof.safeguard.id))}",
        f"harm: {_flow({'safeguard': proof.safeguard.id, 'lies': str(_lies(proof))})}",
        f"sop: {sop.sop.sop}",
        f"procedure: {_flow(Path(os.path.relpath(procedure.resolve(), folder.resolve())).as_posix())}",
        f"from: {sop.sop.destination[0]!r}",
        f"to: {origin!r}",
        f"falls_due: {FallsDue.AS_TOLD}",
        f"launch: {_flow({'at': rfc3339(launch.at), 'as': first, **({'facts': facts} if facts else {})})}",
    ]
    said = list(in_words(proof, sop))
    events = [
        f"  # {words}\n  - {_flow(event)}" for words, event in zip(said[1:], _events(moves, sop), strict=False) if event
    ]
    lines += ["events:", *events] if events else ["events: []"]
    if moves and moves[-1].kind == "moment":
        lines.append(f"  # {said[-1]}")
    return "\n".join(lines) + "\n"


def _title(safeguard: str) -> dict[str, str]:
    return {"en": f"A path on which {safeguard} is broken", "fr": f"Un parcours qui viole {safeguard}"}


def _lies(proof: Proof) -> Lies:
    """Say where the harm lies: what is told to somebody is no event, and a state of a case is none either."""
    safeguard = proof.safeguard
    spoken = (*(safeguard.before or ()), *(safeguard.never or ()))
    heard = any(isinstance(one, m.EventPattern) and (one.tell or one.show) for one in spoken)
    by_a_move = proof.counterexample[-1].kind != "moment" and safeguard.kind in ("before", "never")
    return Lies.IN_THE_LAST_EVENT if by_a_move and not heard else Lies.WHERE_IT_ENDS


def _events(moves: list[Happening], sop: CompiledSop) -> Iterator[dict[str, Any] | None]:
    """Yield each move as an event of a scenario file; a moment is none."""
    assigned = 1
    for one in moves:
        at = {"at": rfc3339(one.at)}
        match one.kind:
            case "record":
                yield {**at, "record": one.name, "as": one.by, "with": _record(one)}
            case "acknowledge":
                yield {**at, "ack": one.step or one.name, "as": one.by}
            case "action" if not one.by:
                yield {**at, "fire": one.name, "step": one.step}
            case "action":
                event = {**at, "act": one.name, "as": one.by, "step": one.step}
                role = _reassigned(one, sop)
                if role is not None:
                    assigned += 1
                    event["assign"] = desk_of(role, assigned)
                yield event
            case _:
                yield None


def _reassigned(one: Happening, sop: CompiledSop) -> str | None:
    step = sop.steps.get(one.step)
    action = (step.actions.get(one.name) if step is not None else None) or sop.everywhere.get(one.name)
    return None if action is None else action.model.reassign


def _record(one: Happening) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if one.signed_on is not None:
        said["signed_on"] = one.signed_on.isoformat()
    if one.signed_by:
        said["signed_by"] = list(one.signed_by)
    if one.receiver is not None:
        said["for"] = {"role": one.receiver[0], "purpose": one.receiver[1]}
    return {
        **said,
        **{name: value.isoformat() if isinstance(value, date) else value for name, value in one.fields.items()},
    }


def _flow(value: Any) -> str:
    """Write plain values as YAML in one line, each text quoted where it must be."""
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1_000_000)
    return written.removesuffix("\n...\n").removesuffix("\n")
