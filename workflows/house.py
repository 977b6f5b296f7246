"""What a flow works with: the house of this process, and the way its faults reach Prefect.

Errors that reach Prefect are counts or kinds in words, raised without their cause: exception texts land in its database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from engine.application.sweep import Swept
from engine.bootstrap import Application, build
from engine.errors import PasserelleError
from engine.settings import Settings

T = TypeVar("T")

_serving: list[tuple[Application, Callable[[Swept], None]]] = []


class TryAgain(Exception):
    """Something, or a part of it, could not be done yet; says how many or what kind of fault, and nothing else."""


def ignore(swept: Swept) -> None:
    """Tell nobody."""


@contextmanager
def serving(house: Application, told: Callable[[Swept], None] = ignore) -> Iterator[None]:
    """Let the flows of this process use `house`; a worker's process builds its own from the environment.

    `told` hears what a sweep did, with references of cases: it stays in this process, Prefect gets numbers.
    """
    _serving.append((house, told))
    try:
        yield
    finally:
        _serving.pop()


def _house() -> Application:
    if not _serving:
        _serving.append((build(Settings.read()), ignore))
    return _serving[-1][0]


def tell(swept: Swept) -> None:
    """Say what a sweep did to whoever serves here."""
    _serving[-1][1](swept)


async def safely(work: Callable[[Application], T]) -> T:
    """Do a house's work in a thread; whatever fails reaches Prefect, and so its database, by its kind only."""
    try:
        return await asyncio.to_thread(lambda: work(_house()))
    except PasserelleError as why:
        kind = why.code
    except Exception as why:
        kind = type(why).__name__
    raise TryAgain(f"it could not be done ({kind})")
