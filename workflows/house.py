"""What a flow works with: the house of this process, and the way its faults reach Prefect.

Errors that reach Prefect are counts or kinds in words, raised without their cause: exception texts land in its database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from engine.bootstrap import Application, build
from engine.errors import PasserelleError
from engine.settings import Settings

T = TypeVar("T")

_serving: list[Application] = []


class TryAgain(Exception):
    """Something, or a part of it, could not be done yet; says how many or what kind of fault, and nothing else."""


@contextmanager
def serving(house: Application) -> Iterator[None]:
    """Let the flows of this process use `house`; a worker's process builds its own from the environment."""
    _serving.append(house)
    try:
        yield
    finally:
        _serving.pop()


def _house() -> Application:
    if not _serving:
        _serving.append(build(Settings.read()))
    return _serving[-1]


async def safely(work: Callable[[Application], T]) -> T:
    """Do a house's work in a thread; whatever fails reaches Prefect, and so its database, by its kind only."""
    try:
        return await asyncio.to_thread(lambda: work(_house()))
    except PasserelleError as why:
        kind = why.code
    except Exception as why:
        kind = type(why).__name__
    raise TryAgain(f"it could not be done ({kind})")
