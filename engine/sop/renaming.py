"""Where a step, an action, a form, a role or a fact is named: in a procedure, those built on it, and what stands beside.

The names that a procedure uses come from `engine.sop.mentions`, so that none is forgotten; where they are declared, or taken
out by a variant, is read from each file as it was written. A place is where the name itself begins, so that it can be put in
anew without touching anything else. Nothing is written here.

For designers: docs/howto/write-a-procedure.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.diagnostics import Place
from engine.sop import model as m
from engine.sop.checks.base import named, outline, place
from engine.sop.load import SopFile
from engine.sop.mentions import Mention, Sort
from engine.source import Node, Spot


class Renamed(StrEnum):
    """What can be renamed."""

    STEP = "step"
    ACTION = "action"
    FORM = "form"
    ROLE = "role"
    FACT = "fact"


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """A place at which the name stands (for a part of a form, the name with its part), and what is said there."""

    place: Place
    saying: str


def names_of(kind: Renamed, file: SopFile) -> list[str]:
    """Return the names of a kind that a procedure knows, in the order of the file."""
    drawn = outline(file)
    match kind:
        case Renamed.STEP:
            return list(drawn.by_name)
        case Renamed.ACTION:
            return list(dict.fromkeys(offer.name for offer in (*drawn.offers, *drawn.everywhere)))
        case Renamed.FORM:
            return list(file.shelf.forms)
        case Renamed.ROLE:
            return list(file.sop.roles)
        case Renamed.FACT:
            return list(file.sop.facts)


def used_in(kind: Renamed, name: str, file: SopFile) -> Iterator[Occurrence]:
    """Give each place at which a loaded procedure uses the name; those taken from other files lie in them."""
    is_step = name in outline(file).by_name
    for mention in named(file):
        if _is_meant(kind, name, mention, is_step):
            yield Occurrence(place(file, mention), mention.saying)
    for condition in outline(file).conditions if kind is Renamed.FORM else ():
        one = condition.requirement
        if isinstance(one, m.FormRequirement) and one.same_as is not None:
            same = one.same_as
            pairs = [(same, ())] if isinstance(same, str) else [(other, (field,)) for field, other in same.items()]
            for other, rest in pairs:
                if other.partition(".")[0] == name:
                    yield Occurrence(
                        file.marks.value((*condition.path, "same_as", *rest)), f'"{one.form}" is compared with form'
                    )


def _is_meant(kind: Renamed, name: str, mention: Mention, is_step: bool) -> bool:
    match kind, mention.sort:
        case Renamed.FORM, Sort.FORM:
            return mention.word.partition(".")[0] == name
        case (Renamed.STEP, Sort.STEP) | (Renamed.ACTION, Sort.ACTION) | (Renamed.FACT, Sort.FACT):
            return mention.word == name
        case Renamed.ROLE, Sort.ROLE | Sort.RECEIVER:
            return mention.word == name
        case Renamed.STEP, Sort.STEP_OR_ACTION:
            return mention.word == name
        case Renamed.ACTION, Sort.STEP_OR_ACTION:
            return mention.word == name and not is_step
    return False


# ── As it was written ────────────────────────────────────────────────────────────────────────────────────────────


def declared_in(kind: Renamed, name: str, root: Node) -> Iterator[Occurrence]:
    """Give each place at which the file of a procedure declares the name, says it anew, or takes it out."""
    for found, key, spot in _declarations(root):
        if found is kind and key == name:
            yield Occurrence(Place(*spot), f"{kind} is declared as")
    for holder, key, value, spot in _pairs(root) if kind is Renamed.FACT else ():
        if key == name and holder in ("sets", "fact", "implied_by") and value.child("remove") is not None:
            yield Occurrence(Place(*spot), "a variant takes out fact")


def _declarations(root: Node) -> Iterator[tuple[Renamed, str, Spot]]:
    for key, kind in (("roles", Renamed.ROLE), ("facts", Renamed.FACT), ("everywhere", Renamed.ACTION)):
        for name, _, spot in _entries(root.child(key)):
            yield kind, name, spot
    yield from _steps(root.child("steps"))
    for _, strand, _ in _entries(root.child("alongside")):
        yield from _steps(strand.child("steps"))


def _steps(node: Node | None) -> Iterator[tuple[Renamed, str, Spot]]:
    for name, step, spot in _entries(node):
        yield Renamed.STEP, name, spot
        for action, _, where in _entries(step.child("actions")):
            yield Renamed.ACTION, action, where
        for _, strand, _ in _entries(step.child("strands")):
            yield from _steps(strand.child("steps"))


def in_scenario(kind: Renamed, name: str, root: Node) -> Iterator[Occurrence]:
    """Give each place at which a scenario names it. Meaning of the keys: `engine.application.rehearsal`."""
    launch = root.child("launch")
    if launch is not None and kind in (Renamed.FACT, Renamed.ROLE):
        for key, _, spot in _entries(launch.child("facts" if kind is Renamed.FACT else "actors")):
            if key == name:
                yield Occurrence(Place(*spot), f"the launch names {kind}")
    for event in _items(root.child("events")):
        for node in _named_by(kind, event):
            if _is(kind, name, node):
                yield Occurrence(Place(*node.spot), f"an event names {kind}")
        for key, _, spot in _entries(event.child("assign")) if kind is Renamed.ROLE else ():
            if key == name:
                yield Occurrence(Place(*spot), "an event assigns role")


def _named_by(kind: Renamed, event: Node) -> Iterator[Node]:
    expected = event.child("expect")
    match kind:
        case Renamed.FORM:
            yield from _words(event.child("record"))
        case Renamed.ACTION:
            yield from _words(event.child("act"))
        case Renamed.STEP:
            for key in ("ack", "step"):
                yield from _words(event.child(key))
            yield from _words(expected.child("steps") if expected is not None else None)
        case Renamed.ROLE:
            record = event.child("with")
            receiver = record.child("for") if record is not None else None
            yield from _words(record.child("signed_by") if record is not None else None)
            yield from _words(receiver.child("role") if receiver is not None else None)
            for told in _items(expected.child("told") if expected is not None else None):
                yield from _words(told.child("role"))
        case Renamed.FACT:
            return


def in_desks(name: str, root: Node) -> Iterator[Occurrence]:
    """Give each place at which a file of desks says that one stands for the role."""
    for desk in _items(root.child("actors")):
        for node in _words(desk.child("roles")):
            if node.value == name:
                yield Occurrence(Place(*node.spot), "a desk stands for role")


def in_form(name: str, root: Node) -> Iterator[Occurrence]:
    """Give the place at which the file of a form says its name."""
    for node in _words(root.child("form")):
        if node.value == name:
            yield Occurrence(Place(*node.spot), "form is declared as")


def in_safeguard(name: str, root: Node) -> Iterator[Occurrence]:
    """Give each place at which a shared safeguard names a form itself, and not by a placeholder."""
    for holder, key, value, _ in _pairs(root):
        if key in ("form", "record", "show", "same_as") or holder == "same_as" or (holder, key) == ("ignores", "forms"):
            for node in _words(value):
                if _is(Renamed.FORM, name, node):
                    yield Occurrence(Place(*node.spot), "a shared safeguard names form")


def _is(kind: Renamed, name: str, node: Node) -> bool:
    word = str(node.value)
    return (word.partition(".")[0] if kind is Renamed.FORM else word) == name


def _entries(node: Node | None) -> Iterator[tuple[str, Node, Spot]]:
    """Give key, value and the key's place of each entry of a mapping; nothing for what is none."""
    if node is not None and isinstance(node.value, dict):
        for key, value in node.value.items():
            yield key, value, node.keys[key]


def _items(node: Node | None) -> list[Node]:
    return node.value if node is not None and isinstance(node.value, list) else []


def _words(node: Node | None) -> list[Node]:
    """Return the words of a list, or the one word that stands where a list may."""
    return [one for one in _items(node) or ([node] if node is not None else []) if isinstance(one.value, str)]


def _pairs(node: Node, holder: str = "") -> Iterator[tuple[str, str, Node, Spot]]:
    """Give every entry of every mapping below a node, with the key under which its mapping stands."""
    for key, value, spot in _entries(node):
        yield holder, key, value, spot
        yield from _pairs(value, key)
    for item in _items(node):
        yield from _pairs(item, holder)
