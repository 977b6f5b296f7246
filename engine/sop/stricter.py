"""What a variant may not weaken: sharing, what recording a form asks for, and safeguards.

Both procedures are typed by now, so that short and long ways of writing are the same. A safeguard said anew keeps its id,
its kind and what it speaks of; it may add requirements, allow fewer values, a smaller age or fewer ways out.
Rules: docs/reference/sop-language.md, "extends".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from engine.diagnostics import Diagnostic
from engine.sop import model as m
from engine.sop.outline import outline_of
from engine.sop.requirements import flattened
from engine.source import Marks, Path
from engine.values import OFFICIAL_KINDS, Duration, Unit

_HINT = "a variant may add requirements, allow fewer values, a smaller age or fewer ways out"


def weakened(base: m.Sop, variant: m.Sop, marks: Marks) -> list[Diagnostic]:
    """Return a diagnostic for everything that protected people in `base` and protects them less in `variant`."""
    return [*_sharing(base, variant, marks), *_entries(base, variant, marks), *_safeguards(base, variant, marks),
            *_lists(base, variant, marks)]  # fmt: skip


def _sharing(base: m.Sop, variant: m.Sop, marks: Marks) -> Iterator[Diagnostic]:
    """A new role is measured by what the base asks for its kind or side; a known one stays where it stands."""
    measure = base.model_copy(update={"roles": {**variant.roles, **base.roles}})
    for role, known in variant.roles.items():
        was = base.roles.get(role, known)
        if known.side is not was.side or (was.kind in OFFICIAL_KINDS and known.kind not in OFFICIAL_KINDS):
            message = (
                f'role "{role}" has another side or kind than in "{base.sop}", and what it is told depends on them'
            )
            yield Diagnostic("SOP122", message, marks.key(("roles", role)), "give the new role a name of its own")
            continue
        before, now = measure.asked_before_telling(role), variant.asked_before_telling(role)
        if now is None or (before is not None and all(one in now for one in before)):
            continue
        key = next(
            (key for key in (role, known.kind, known.side) if key is not None and key in variant.share_when), None
        )
        path: Path = ("roles", role) if key is None else ("share_when", str(key))
        message = f'role "{role}" would be told of a case on weaker conditions than in "{base.sop}"'
        asked = "never tells it" if before is None else "asks for more"
        hint = f'"{base.sop}" {asked}; share_when can only be added to'
        yield Diagnostic("SOP122", message, marks.key(path), hint)


def _entries(base: m.Sop, variant: m.Sop, marks: Marks) -> Iterator[Diagnostic]:
    steps = {spot.name: spot for spot in outline_of(variant).spots}
    for old in outline_of(base).spots:
        spot = steps.get(old.name)
        for entry in old.step.forms if spot is not None else ():
            for number, now in enumerate(spot.step.forms if spot is not None else ()):
                if _covers(now.form, entry.form) and any(one not in now.requires for one in entry.requires):
                    path = (*(spot.path if spot is not None else ()), "forms", number)
                    message = f'recording "{now.form}" at step "{old.name}" asks for less than in "{base.sop}"'
                    hint = f'repeat what "{base.sop}" requires there; it can only be added to'
                    yield Diagnostic("SOP122", message, marks.value(path), hint)


def _covers(one: str, other: str) -> bool:
    """Tell whether two names of forms or parts have a part in common."""
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def _safeguards(base: m.Sop, variant: m.Sop, marks: Marks) -> Iterator[Diagnostic]:
    now = {one.id: (number, one) for number, one in enumerate(variant.safeguards) if isinstance(one, m.Safeguard)}
    for old in base.safeguards:
        if isinstance(old, m.Safeguard) and old.id in now:
            number, new = now[old.id]
            for key, why in weaker(old, new):
                message = f'safeguard "{old.id}" is weaker than in "{base.sop}": {why}'
                yield Diagnostic("SOP122", message, marks.key(("safeguards", number, key)), _HINT)


def weaker(old: m.Safeguard, new: m.Safeguard) -> Iterator[tuple[str, str]]:
    """Yield each key by which a safeguard protects less, and why."""
    for name, field in m.Safeguard.model_fields.items():
        key = field.alias or name
        before, now = getattr(old, name), getattr(new, name)
        if before == now or name in ("title", "basis"):
            continue
        if name in ("require", "always"):
            if any(not any(implies(one, asked) for one in now) for asked in before):
                yield key, "a requirement is missing, or allows more"
        elif name in ("eventually", "reachable", "happened"):
            if not before or not now or any(one not in before for one in now):
                yield key, f'"{key}" may only name fewer of them'
        elif name == "within":
            if before is not None and not shorter(now, before):
                yield key, f'"{key}" may only be shorter'
        elif name == "escalate":
            if any(one not in now for one in before):
                yield key, "somebody would no longer hear of it"
        elif name == "bounded":
            if before:
                yield key, '"bounded" can\'t be taken back'
        elif not (name == "from_" and old.within is None and new.within is not None):
            yield key, f'"{key}" can\'t be changed'


def implies(new: m.Requirement, old: m.Requirement) -> bool:
    """Tell whether whoever meets `new` meets `old` too: the same, or fewer values, a smaller age, a longer wait, a closer bound."""
    if new == old:
        return True
    if isinstance(old, m.AnyOfRequirement):
        ways = new.any_of if isinstance(new, m.AnyOfRequirement) else (new,)
        return all(any(implies(way, other) for other in old.any_of) for way in ways)
    match new, old:
        case m.NoneOfRequirement(none_of=now), m.NoneOfRequirement(none_of=before):
            return all(one in now for one in before)
        case m.FactRequirement(fact=now), m.FactRequirement(fact=before):
            return _fewer(now, before)
        case m.AtRequirement(at=now), m.AtRequirement(at=before):
            return set(now) <= set(before)
        case m.WaitedRequirement(waited=now), m.WaitedRequirement(waited=before):
            return (now.since, now.from_) == (before.since, before.from_) and _as_long(now.at_least, before.at_least)
        case m.TakenRequirement(taken=now), m.TakenRequirement(taken=before):
            return (now.action, now.since) == (before.action, before.since) and _closer(now, before)
    if not (isinstance(new, m.FormRequirement) and isinstance(old, m.FormRequirement)):
        return False
    loose: dict[str, Any] = {"where": {}, "not_older_than": None, "signed_by": ()}
    return (
        new.model_copy(update=loose) == old.model_copy(update=loose)
        and _fewer(new.where, old.where)
        and (old.not_older_than is None or shorter(new.not_older_than, old.not_older_than))
        and set(old.signed_by) <= set(new.signed_by)
    )


def _as_long(new: Duration, old: Duration) -> bool:
    """Tell whether a wait is at least another; hours are elapsed time, days are days of a calendar."""
    days = (Unit.DAY, Unit.WEEK)
    return (new.unit is old.unit or (new.unit in days and old.unit in days)) and shorter(old, new)


def _closer(new: m.Taken, old: m.Taken) -> bool:
    if new.at_most is not None and old.at_most is not None:
        return new.at_most <= old.at_most
    return new.at_least is not None and old.at_least is not None and new.at_least >= old.at_least


def _fewer(new: dict[str, tuple[str, ...]], old: dict[str, tuple[str, ...]]) -> bool:
    return all(name in new and set(new[name]) <= set(values) for name, values in old.items())


_HOURS = {Unit.HOUR: 1, Unit.DAY: 24, Unit.WEEK: 168}


def shorter(new: Duration | None, old: Duration) -> bool:
    """Tell whether a length is at most another; working days and months compare only with their like."""
    if new is None:
        return False
    if new.unit is old.unit:
        return new.count <= old.count
    if new.unit not in _HOURS or old.unit not in _HOURS:
        return False
    return new.count * _HOURS[new.unit] <= old.count * _HOURS[old.unit]


def _lists(base: m.Sop, variant: m.Sop, marks: Marks) -> Iterator[Diagnostic]:
    """A list that safeguards compare with counts too: what is barred stays barred, what is not allowed stays so."""
    for one in _asked_by_safeguards(base):
        if not isinstance(one, m.FormRequirement):
            continue
        for listed in one.not_in_list.values():
            if set(base.lists.get(listed, ())) - set(variant.lists.get(listed, ())):
                yield _list_fault(listed, "an entry is missing, which a safeguard bars", base, marks)
        for listed in one.in_list.values():
            if set(variant.lists.get(listed, ())) - set(base.lists.get(listed, ())):
                yield _list_fault(listed, "an entry is new, which a safeguard doesn't allow", base, marks)


def _asked_by_safeguards(sop: m.Sop) -> Iterable[Any]:
    kept = [one for one in sop.safeguards if isinstance(one, m.Safeguard)]
    return [one for safeguard in kept for one in flattened([*safeguard.require, *safeguard.always])]


def _list_fault(listed: str, why: str, base: m.Sop, marks: Marks) -> Diagnostic:
    message = f'list "{listed}" is weaker than in "{base.sop}": {why}'
    return Diagnostic("SOP122", message, marks.key(("lists", listed)), f'repeat the list of "{base.sop}"; add to it')
