"""The courier's flow: one run per batch; a task delivers it with retries. Prefect sees numbers of outbox rows, nothing else."""

from __future__ import annotations

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run
from prefect.tasks import exponential_backoff

from workflows.house import TryAgain, safely

RETRIES = 3


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
    done = await safely(lambda house: house.courier.deliver(ids, again=again))
    if again and done.later:
        raise TryAgain(f"{done.later} messages could not leave yet")
    return done.sent


@flow(name="deliver-due", persist_result=False, validate_parameters=False, log_prints=False)
async def deliver_due(batches: int = 1) -> int:
    """Lease what is due and deliver it, at most so many batches; returns how many messages were sent."""
    sent = 0
    for _ in range(batches):
        ids = await safely(lambda house: house.courier.lease())
        if not ids:
            break
        sent += await deliver_batch(ids)
    return sent
