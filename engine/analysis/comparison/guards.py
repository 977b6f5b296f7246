"""Requirements, sharing and safeguards side by side: which ask for less, which for more.

Whether one asks for less than another is decided where variants are judged, in `engine.sop.stricter`; where that can't tell,
the change is said without taking sides, and a safeguard of which it can't be told counts as weaker.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.analysis.comparison.changes import Changes, Effect, Subject, lengths, listed
from engine.sop import model as m
from engine.sop.stricter import implies, shorter, weaker


def requirements(
    changes: Changes, subject: Subject, at: str, who: str, old: Sequence[m.Requirement], new: Sequence[m.Requirement]
) -> None:
    """Say what `who` asks for now, and what no longer."""
    for effect, text in told(changes, who, old, new):
        changes.add(effect, subject, at, text)


def told(
    changes: Changes, who: str, old: Sequence[m.Requirement], new: Sequence[m.Requirement]
) -> list[tuple[Effect, str]]:
    """Pair requirements about the same thing, and give the sentences for what differs."""
    gone = [one for one in old if one not in new]
    come = [one for one in new if one not in old]
    said: list[tuple[Effect, str]] = []
    for before in list(gone):
        now = next((one for one in come if _about(one) == _about(before)), None)
        if now is not None:
            gone.remove(before)
            come.remove(now)
            said.append(_changed(changes, who, before, now))
    for before in gone:
        sentence = _sentence(changes.old.say.of(before))
        if any(implies(one, before) for one in new):
            said.append((Effect.CHANGED, f"{who} no longer asks by itself, but still by what else it asks: {sentence}"))
        else:
            said.append((Effect.GONE, f"{who} no longer asks: {sentence}"))
    said += [(Effect.NEW, f"{who} now asks: {_sentence(changes.new.say.of(one))}") for one in come]
    if not said and list(old) != list(new):
        said.append((Effect.CHANGED, f"{who} asks for the same in another order"))
    return said


def _about(one: m.Requirement) -> tuple[object, ...]:
    """Return what a requirement is about, whatever it says of it."""
    match one:
        case m.FormRequirement():
            return ("form", one.form, one.for_)
        case m.FactRequirement():
            return ("fact", *sorted(one.fact))
        case m.StepDoneRequirement():
            return ("step_done", one.step_done)
        case m.WaitedRequirement():
            return ("waited", one.waited.since, one.waited.from_)
        case m.TakenRequirement():
            return ("taken", one.taken.action, one.taken.at_most is None)
        case m.AcknowledgedRequirement():
            return ("acknowledged", one.acknowledged.of)
    return (type(one).__name__,)


def _changed(changes: Changes, who: str, old: m.Requirement, new: m.Requirement) -> tuple[Effect, str]:
    more, less = implies(new, old), implies(old, new)
    effect = Effect.STRONGER if more and not less else Effect.WEAKER if less and not more else Effect.CHANGED
    if isinstance(old, m.WaitedRequirement) and isinstance(new, m.WaitedRequirement):
        word = {Effect.STRONGER: "grows", Effect.WEAKER: "shrinks"}.get(effect, "changes")
        step = old.waited.since
        since = f" (since {changes.new.step(step)})" if step else ""
        return (
            effect,
            f"the waiting time before {who} {word} {lengths(old.waited.at_least, new.waited.at_least)}{since}",
        )
    asks = {Effect.STRONGER: "asks for more", Effect.WEAKER: "asks for less"}.get(effect, "asks for something else")
    was, now = _sentence(changes.old.say.of(_without(old, new))), _sentence(changes.new.say.of(_without(new, old)))
    return effect, f"{who} {asks}: instead of “{was}” now “{now}”"


def _without(one: m.Requirement, other: m.Requirement) -> m.Requirement:
    """Leave out of a requirement what another about the same thing says too."""
    match one, other:
        case m.FormRequirement(), m.FormRequirement():
            same = {
                name: field.get_default(call_default_factory=True)
                for name, field in m.FormRequirement.model_fields.items()
                if name not in ("form", "where") and getattr(one, name) == getattr(other, name)
            }
            where = {name: values for name, values in one.where.items() if other.where.get(name) != values}
            return one.model_copy(update={**same, "where": where})
        case m.AnyOfRequirement(any_of=parts), m.AnyOfRequirement(any_of=others):
            left = tuple(part for part in parts if part not in others)
            return one.model_copy(update={"any_of": left}) if left else one
        case m.NoneOfRequirement(none_of=parts), m.NoneOfRequirement(none_of=others):
            left = tuple(part for part in parts if part not in others)
            return one.model_copy(update={"none_of": left}) if left else one
    return one


def _sentence(said: str) -> str:
    return said.removesuffix(".")


# ── Sharing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def sharing(changes: Changes) -> None:
    """Say for whom it becomes easier or harder to hear of a case; roles of one change are named together."""
    old, new = changes.old.sop, changes.new.sop
    if old.share_when == new.share_when:
        return
    roles: dict[tuple[Effect, str], list[str]] = {}
    for role in old.roles:
        if role not in new.roles:
            continue
        before, now = old.asked_before_telling(role), new.asked_before_telling(role)
        if before is None or now is None:
            if before is not now:
                effect = Effect.WEAKER if before is None else Effect.STRONGER
                text = (
                    "may now be told, which nothing allowed"
                    if before is None
                    else "may no longer be told by share_when"
                )
                roles.setdefault((effect, text), []).append(role)
            continue
        for effect, text in told(changes, "telling them", before, now):
            roles.setdefault((effect, text), []).append(role)
    for (effect, text), names in roles.items():
        changes.add(effect, Subject.SHARING, names[0], f"{changes.new.roles(names)}: {text}")
    if not roles:
        changes.add(
            Effect.CHANGED, Subject.SHARING, "", "sharing is written otherwise, and asks the same for each role"
        )


# ── Safeguards ───────────────────────────────────────────────────────────────────────────────────────────────────


def safeguards(changes: Changes) -> None:
    """Say which safeguards are gone, new, weaker or stronger."""
    old, new = _by_id(changes.old.sop), _by_id(changes.new.sop)
    for id, one in old.items():
        if id not in new:
            changes.add(Effect.GONE, Subject.SAFEGUARD, id, f"safeguard {_named(changes, one)} is gone")
    for id, one in new.items():
        if id not in old:
            changes.add(Effect.NEW, Subject.SAFEGUARD, id, f"safeguard {_named(changes, one)} is new")
        elif one != old[id]:
            _safeguard(changes, old[id], one)
    if list(old) != list(new) and set(old) == set(new):
        changes.add(Effect.CHANGED, Subject.SAFEGUARD, "", "the safeguards stand in another order")


def _safeguard(changes: Changes, old: m.Safeguard, new: m.Safeguard) -> None:
    who = f"safeguard {_named(changes, new)}"
    before = len(changes.found)
    for key in ("require", "always"):
        for effect, text in told(changes, who, getattr(old, key), getattr(new, key)):
            changes.add(effect, Subject.SAFEGUARD, new.id, text)
    changes.fields(Subject.SAFEGUARD, new.id, who, old, new, ("require", "always", "within"))
    if old.within != new.within:
        if old.within is None or new.within is None:
            changes.value(Subject.SAFEGUARD, new.id, f"the time allowed by {who}", old.within, new.within)
        else:
            later = Effect.STRONGER if shorter(new.within, old.within) else Effect.WEAKER
            text = f"the time allowed by {who} changes {lengths(old.within, new.within)}"
            changes.add(later, Subject.SAFEGUARD, new.id, text)
    less, more = any(weaker(old, new)), any(weaker(new, old))
    groups = {one.group for one in changes.found[before:]}
    if less and Effect.WEAKER not in groups:
        text = f"{who} says something else, and may be weaker" if more else f"{who} is weaker"
        changes.add(Effect.WEAKER, Subject.SAFEGUARD, new.id, text)
    elif more and not less and Effect.STRONGER not in groups:
        changes.add(Effect.STRONGER, Subject.SAFEGUARD, new.id, f"{who} is stronger")


def _by_id(sop: m.Sop) -> dict[str, m.Safeguard]:
    return {one.id: one for one in sop.safeguards if isinstance(one, m.Safeguard)}


def _named(changes: Changes, one: m.Safeguard) -> str:
    return f"{one.id} ({changes.new.title(one.title)})" if one.title else one.id


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────


def lists(changes: Changes) -> None:
    """Say what comes on a list and what goes from it."""
    old, new = changes.old.sop.lists, changes.new.sop.lists
    for name in dict.fromkeys([*old, *new]):
        before, now = old.get(name), new.get(name)
        if before is None or now is None:
            effect, word = (Effect.NEW, "new") if before is None else (Effect.GONE, "gone")
            changes.add(effect, Subject.LIST, name, f"list “{name}” is {word}: {listed(now or before or ())}")
        elif before != now:
            changes.value(Subject.LIST, name, f"list “{name}”", before, now)
    if list(old) != list(new) and set(old) == set(new):
        changes.add(Effect.CHANGED, Subject.LIST, "", "the lists stand in another order")
