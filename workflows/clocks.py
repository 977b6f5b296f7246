"""The flows that time starts: the sweep, the weekly lists, and the watchman. Prefect starts them and owns no deadline: rows do.

A run that is missed, doubled or killed changes nothing: what is due is still due for the next one, and claimed by one only.
"""

from __future__ import annotations

from prefect import flow

from workflows.house import TryAgain, safely, tell


@flow(name="sweep-due", persist_result=False, validate_parameters=False, log_prints=False)
async def sweep_due() -> int:
    """Let everything happen whose time has come; returns how many messages were queued and timed actions taken."""
    swept = await safely(lambda house: house.sweep.run())
    tell(swept)
    return swept.messages + swept.fired


@flow(name="digest", persist_result=False, validate_parameters=False, log_prints=False)
async def digest() -> int:
    """Queue the weekly lists whose morning has come; returns how many rows of the outbox."""
    return await safely(lambda house: house.digests.run())


@flow(name="watch", persist_result=False, validate_parameters=False, log_prints=False)
async def watch() -> None:
    """Look whether reminders or messages stand still, and tell the operator.

    Raises:
        TryAgain: they do; so that the run fails where people look at runs.
    """
    if await safely(lambda house: house.watchman.look_and_tell()):
        raise TryAgain("what is due was taken by nobody for a quarter of an hour")
