"""The courier's flow: one run per batch; a task delivers it with retries. Prefect sees numbers of outbox rows, nothing else.

Errors that reach Prefect are counts in words, raised without their cause: exception texts land in its database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run
from prefect.tasks import exponential_backoff

from engine.application.outbox import Courier
from engine.bootstrap import build
from engine.errors import PasserelleError
from engine.settings import Settings

T = TypeVar("T")

RETRIES = 3

_serving: list[Courier] = []


class TryAgain(Exception):
    """A batch, or a part of it, could not leave yet; says how many or what kind of fault, and nothing else."""


@contextmanager
def serving(courier: Courier) -> Iterator[None]:
    """Let the flows of this process use `courier`; a worker's process builds its own from the environment."""
    _serving.append(courier)
    try:
        yield
    finally:
        _serving.pop()


def _courier() -> Courier:
    if not _serving:
        _serving.append(build(Settings.read()).courier)
    return _serving[-1]


async def _safely(work: Callable[[Courier], T]) -> T:
    """Do a courier's work in a thread; whatever fails reaches Prefect, and so its database, by its kind only."""
    try:
        return await asyncio.to_thread(lambda: work(_courier()))
    except PasserelleError as why:
        kind = why.code
    except Exception as why:
        kind = type(why).__name__
    raise TryAgain(f"the courier could not work ({kind})")


@task(
    name="deliver-batch",
    retries=RETRIES,
    retry_delay_seconds=exponential_backoff(backoff_factor=2),
    retry_jitter_factor=0.5,
    persist_result=False,
    cache_policy=NO_CACHE,
    log_prints=False,
)
async def deliver_batch(ids: list[int]) -> int:
    """Deliver one batch; what can't leave yet is tried again, and put back for later after the last try.

    Messages that fail for good are marked by the courier and not tried again. Returns how many were sent.
    """
    again = int(task_run.run_count or 1) <= RETRIES
    done = await _safely(lambda courier: courier.deliver(ids, again=again))
    if again and done.later:
        raise TryAgain(f"{done.later} messages could not leave yet")
    return done.sent


@flow(name="deliver-due", persist_result=False, validate_parameters=False, log_prints=False)
async def deliver_due(batches: int = 1) -> int:
    """Lease what is due and deliver it, at most so many batches; returns how many messages were sent."""
    sent = 0
    for _ in range(batches):
        ids = await _safely(lambda courier: courier.lease())
        if not ids:
            break
        sent += await deliver_batch(ids)
    return sent
