"""Desks made up for a story that names none: one for each role, in the country of its side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.actors.model import MAIL, Actor, Way
from engine.application.scenarios.load import Story
from engine.sop.compile import CompiledSop
from engine.values import Side


def desk_of(role: str, number: int = 1) -> str:
    """Return the id of the desk made up for a role; the second and later ones are those that a story assigns.

    >>> desk_of("case_manager"), desk_of("case_manager", 2)
    ('case-manager', 'case-manager-2')
    """
    name = role.replace("_", "-")
    return name if number == 1 else f"{name}-{number}"


def furnished(story: Story, sop: CompiledSop) -> tuple[Story, list[Actor]]:
    """Return a story with a desk for each role but the person's, and one for each that it assigns by such a name."""
    roles = [name for name, role in sop.sop.roles.items() if role.side is not Side.PERSON]
    first = {role: desk_of(role) for role in roles}
    launch = story.launch.model_copy(update={"actors": {**first, **story.launch.actors}})
    return replace(story, launch=launch), [desk for role in roles for desk in _of(role, story, sop)]


def _of(role: str, story: Story, sop: CompiledSop) -> Iterator[Actor]:
    assigned = {desk for told in story.events for desk in _assigned(told.event.assign)}
    number = 1
    while number == 1 or desk_of(role, number) in assigned:
        yield Actor(
            id=desk_of(role, number),
            name=desk_of(role, number),
            sample=True,
            country=story.origin if sop.sop.roles[role].side is Side.ORIGIN else story.destination,
            roles=(role,),
            channels=(Way(kind=MAIL, address=f"{desk_of(role, number)}@example.org"),),
        )
        number += 1


def _assigned(said: object) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, dict):
        yield from said.values()
