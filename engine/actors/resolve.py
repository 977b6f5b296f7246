"""Who stands for which role when a case is launched.

A role of the destination's side is taken by a desk of the country where the person is, one of the origin's side by a desk of the
country of return. Roles found only later and the person's own role may stay open. Pure: roles and actors come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from engine.actors.model import Actor
from engine.diagnostics import did_you_mean
from engine.errors import NotAllowed, UnknownName, WrongUse
from engine.values import Side


class RoleOfSop(Protocol):
    """What of a role decides who can stand for it."""

    @property
    def side(self) -> Side: ...
    @property
    def from_step(self) -> str | None: ...


class NobodyStands(NotAllowed):
    """For some roles nobody can be told; `details` names each."""

    code = "nobody_stands"


def parties(
    roles: Mapping[str, RoleOfSop], actors: Iterable[Actor], countries: Mapping[Side, str], given: Mapping[str, str]
) -> dict[str, str]:
    """Return role -> actor for a launch.

    Args:
        countries: side -> country code, of destination and origin.
        given: role -> actor as named by the coordinator; goes before what is found.
    Raises:
        UnknownName: a role or an actor that does not exist.
        WrongUse: a named actor is disabled, of another country, can't be reached, or doesn't stand for the role.
        NobodyStands: names every role for which nobody, or nobody reachable, or more than one desk stands.
    """
    known = {actor.id: actor for actor in actors}
    chosen = {
        role: stands_for(roles, known, role, actor, countries.get(roles[role].side) if role in roles else None)
        for role, actor in given.items()
    }
    missing: list[str] = []
    for name, role in roles.items():
        if name in chosen or role.side is Side.PERSON:
            continue
        country = countries.get(role.side)
        found = [
            actor.id for actor in known.values()
            if actor.enabled and actor.channels and name in actor.roles and country in (None, actor.country)
        ]  # fmt: skip
        if len(found) == 1:
            chosen[name] = found[0]
        elif not found and role.from_step is None:
            missing.append(f"{name}: nobody in {country or 'any country'} stands for this role and can be reached")
        elif len(found) > 1 and role.from_step is None:
            missing.append(f"{name}: several desks stand for it ({', '.join(found)}); say which: --actor {name}=ID")
    if missing:
        raise NobodyStands("The case can't be launched: for some roles nobody could be told.", missing)
    return chosen


def stands_for(
    roles: Mapping[str, RoleOfSop], known: Mapping[str, Actor], role: str, actor: str, country: str | None = None
) -> str:
    """Return the actor's id if it can stand for the role, in `country` where one is named.

    Raises:
        UnknownName: there is no such role or actor.
        WrongUse: it is disabled, of another country, can't be reached, or doesn't stand for the role.
    """
    if role not in roles:
        raise UnknownName(f'There is no role "{role}" in this procedure.', [did_you_mean(role, list(roles), "roles")])
    found = known.get(actor)
    if found is None:
        raise UnknownName(f'There is no actor "{actor}".', [did_you_mean(actor, list(known), "actors")])
    if not found.enabled:
        raise WrongUse(f'The actor "{actor}" is disabled.')
    if role not in found.roles:
        raise WrongUse(f'The actor "{actor}" does not stand for "{role}".', [f"stands for: {', '.join(found.roles)}"])
    if country not in (None, found.country):
        raise WrongUse(f'The actor "{actor}" is in {found.country}, and "{role}" is a role of {country}.')
    if not found.channels and roles[role].side is not Side.PERSON:
        raise WrongUse(f'The actor "{actor}" can\'t be reached: it has no channel.')
    return actor
