"""A proof in people's words: who does what on which day, which form says what, where it could be stopped and by what.

Words come from the titles of the procedure; `Sentences` (`engine.sop.requirements`) says requirements as case workers read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.analysis.counterexample import Happening
from engine.analysis.model_check import Proof, Verdict
from engine.sop import model as m
from engine.sop.compile import REOPEN, CompiledSop
from engine.sop.outline import Path, outline_of
from engine.sop.requirements import Sentences, words
from engine.values import Strength, Value, rfc3339

BINDING = frozenset({Strength.LAW, Strength.SOFT_LAW})


def is_binding(safeguard: m.Safeguard) -> bool:
    """Whether a safeguard rests on law or soft law."""
    return any(one.strength in BINDING for one in safeguard.basis)


def summary(proof: Proof) -> str:
    """Say in one line what is known of a safeguard that does not hold."""
    name = f'safeguard "{proof.safeguard.id}"'
    match proof.verdict:
        case Verdict.BROKEN:
            return f"{name} is broken"
        case Verdict.VACUOUS:
            return f"{name} protects nothing: what it speaks of can never happen"
        case Verdict.UNDECIDED:
            return f"{name} could not be decided"
    return f"{name} holds"


def hint(proof: Proof) -> str:
    """Say what to do next."""
    match proof.verdict:
        case Verdict.BROKEN:
            return (
                proof.reason
                or "this path leads there; mend the procedure where it is stopped first, never the safeguard"
            )
        case Verdict.VACUOUS:
            return f"{proof.reason} Is a name or a condition not as it was meant?"
    return proof.reason


def path(proof: Proof, sop: CompiledSop, language: str = "en") -> Iterator[str]:
    """Yield a line for each move of a counterexample."""
    sentences = Sentences(sop.scope, language)
    for one in proof.counterexample:
        yield f"day {one.day:<4}{_said(one, sop, sentences, language)}"


def places(proof: Proof, sop: CompiledSop) -> Iterator[Path]:
    """Yield for each move of a counterexample where it stands in the file: the action, the form's entry, else the step."""
    drawn = outline_of(sop.sop, sop.forms)
    everywhere = {offer.name: offer.path for offer in drawn.everywhere}
    for one in proof.counterexample:
        spot = drawn.by_name.get(one.step)
        offers = {offer.name: offer.path for offer in spot.offers} if spot is not None else {}
        records = {record.part: record.path for record in spot.records} if spot is not None else {}
        own = records if one.kind == "record" else {**everywhere, **offers} if one.kind == "action" else {}
        step = spot.path if spot is not None else ("start",)
        yield proof.stops if one.kind == "moment" and proof.stops else own.get(one.name, step)


def remedy(proof: Proof, sop: CompiledSop, language: str = "en") -> Iterator[tuple[str, str]]:
    """Yield each requirement that would stop the path: as it is written, and as a sentence."""
    sentences = Sentences(sop.scope, language)
    for one in proof.missing:
        yield flow(one.model_dump(by_alias=True, exclude_defaults=True, mode="json")), sentences.of(one)


def taken(proof: Proof) -> tuple[tuple[str, str], ...]:
    """Return the actions of a counterexample as (step, action), to be drawn over the procedure."""
    return tuple((one.step, one.name) for one in proof.counterexample if one.kind == "action")


def shapes(proof: Proof) -> list[dict[str, object]]:
    """Return a counterexample as plain values, for programs."""
    return [
        {
            "step": one.step,
            "action": one.name,
            "kind": one.kind,
            "by": one.by or None,
            "records": _record(one) if one.kind == "record" else None,
            "facts": dict(one.facts),
            "at": rfc3339(one.at),
        }
        for one in proof.counterexample
    ]


def _record(one: Happening) -> dict[str, object]:
    record: dict[str, object] = {**one.fields, "signed_on": one.signed_on.isoformat() if one.signed_on else None}
    if one.signed_by:
        record["signed_by"] = list(one.signed_by)
    if one.receiver is not None:
        record["for"] = {"role": one.receiver[0], "purpose": one.receiver[1]}
    return {one.name: record}


def _said(one: Happening, sop: CompiledSop, sentences: Sentences, language: str) -> str:
    who = sentences.role(one.by) if one.by else "The system"
    match one.kind:
        case "launch":
            known = ", ".join(
                f"{_fact(sop, name, language)}: {_plain(value)}" for name, value in one.facts.items() if value
            )
            return f"The case begins at “{sentences.step(one.step)}”" + (f" ({known})" if known else "")
        case "record":
            return f"{who} records {_form(one, sop, sentences, language)}"
        case "acknowledge":
            return f"{who} acknowledges “{sentences.step(one.step)}”"
        case "assign":
            return f"Another actor stands for: {sentences.role(one.name)}"
        case "moment":
            return f"Here the safeguard does not hold: {one.name}" if one.name else "From here no way leads there"
    if one.name == REOPEN:
        return f"{who} reopens “{sentences.step(one.step)}”"
    return f"{who}: {sentences.action(one.name)} ({one.name}, at “{sentences.step(one.step)}”)"


def _form(one: Happening, sop: CompiledSop, sentences: Sentences, language: str) -> str:
    part = sop.parts[one.name]
    read = sop.reads.get(one.name, frozenset())
    said = []
    for name, value in one.fields.items():
        if name in read:
            choices = part.fields[name].choices or {}
            shown = words(choices[value], language) if isinstance(value, str) and value in choices else _plain(value)
            said.append(f"{words(part.fields[name].title, language)}: {shown}")
    if one.receiver is not None:
        said.insert(0, f"for {sentences.role(one.receiver[0])}")
    if one.signed_by:
        said.append("signed by " + " and ".join(sentences.role(role) for role in one.signed_by))
    if one.signed_on is not None and one.signed_on < one.at.date():
        said.append(f"signed {(one.at.date() - one.signed_on).days} days ago")
    return sentences.part(one.name) + (f" ({'; '.join(said)})" if said else "")


def _fact(sop: CompiledSop, name: str, language: str) -> str:
    return words(sop.sop.facts[name].title, language)


def _plain(value: Value) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def flow(value: object) -> str:
    """Write plain values as YAML in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
