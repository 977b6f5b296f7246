"""`passerelle deliver|sweep|serve|audit|db|keys`: what runs without a coordinator, and its upkeep."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Annotated

import typer

from cli.cases import Json, application
from cli.output import err, out, show_json
from engine.bootstrap import build
from engine.errors import NotAllowed
from engine.settings import Settings
from engine.values import rfc3339

audit = typer.Typer(help="The chain of every history.", no_args_is_help=True)
db = typer.Typer(help="The database's tables.", no_args_is_help=True)
keys = typer.Typer(help="Encryption keys.", no_args_is_help=True)

Once = Annotated[bool, typer.Option("--once", help="Do what is due now, and end")]


def deliver(once: Once = False) -> None:
    """Run the courier without `serve` and without Prefect. Example: passerelle deliver --once"""
    with application() as house:
        while True:
            done = house.courier.run()
            if once or done.sent or done.failed:
                out.print(f"✓ {done.sent} sent, {done.later} to be tried again later, {done.failed} failed for good")
            if once:
                return
            time.sleep(1)


def sweep(once: Once = False) -> None:
    """Run the reminders without `serve`. Example: passerelle sweep --once"""
    with application() as house:
        while True:
            done = house.sweep.run()
            if once or done.messages or done.fired:
                out.print(
                    f"✓ {done.messages} reminders queued, {done.fired} timed actions taken, {done.refused} not yet possible"
                )
            if done.recounted:
                out.print(f"✓ {done.recounted} deadlines moved, for a calendar has changed")
            for country in done.faulty:
                err.print(f"✗ the calendar of {country} has faults and was not taken up: passerelle calendar check")
            for ref in sorted(set(done.stuck)):
                err.print(f"✗ the reminders of {ref} are held up: the case can't be read")
            if once:
                if done.stuck:
                    raise typer.Exit(3)
                return
            time.sleep(30)


def digest() -> None:
    """Queue the weekly lists whose morning has come, without `serve`. Example: passerelle digest"""
    with application() as house:
        done = house.digests.run()
    out.print(f"✓ {done} lines queued")


def watch() -> None:
    """Say whether reminders and messages stand still, and tell the operator. Exit code 1 if they do. Example: passerelle watch

    Let another machine, or cron, call it every quarter of an hour.
    """
    with application() as house:
        found = house.watchman.look_and_tell()
    for what, since in (("reminders", found.sweep), ("messages", found.courier)):
        if since is not None:
            err.print(f"✗ the {what} stand still: what was due at {rfc3339(since)} was taken by nobody")
    if found:
        raise typer.Exit(1)
    out.print("✓ nothing stands still")


def serve() -> None:
    """Run courier and reminders, with Prefect beside; Ctrl-C stops all of it cleanly. Example: passerelle serve"""
    from workflows.dispatcher import Dispatcher
    from workflows.server import PrefectServer

    with application() as house:
        server = PrefectServer(house.settings.prefect_home, house.settings.prefect_port)
        dispatcher = Dispatcher(house, server, house.settings.prefect_patience)
        out.print("The courier and the reminders run. Ctrl-C stops them.")

        async def until_stopped() -> None:
            stop = asyncio.Event()
            for sign in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(sign, stop.set)
            await dispatcher.serve(stop, out.print)

        try:
            asyncio.run(until_stopped())
        finally:
            server.stop()
        out.print("Stopped; nothing is lost.")


@audit.command("verify", epilog="Example: passerelle audit verify")
def verify(ref: Annotated[str | None, typer.Argument(metavar="[REF]")] = None, json: Json = False) -> None:
    """Check the hash chain of one case, or of all."""
    with application() as house:
        found = house.queries.verify(ref)
    broken = {name: faults for name, faults in found.items() if faults}
    if json:
        show_json([{"ref": name, "whole": not faults, "faults": faults} for name, faults in found.items()])
        if broken:
            raise typer.Exit(1)
        return
    if broken:
        details = [f"{name}: {fault}" for name, faults in broken.items() for fault in faults]
        raise NotAllowed(f"{len(broken)} of {len(found)} chains are broken.", details, code="chain_broken")
    out.print(f"✓ {len(found)} {'chain is' if len(found) == 1 else 'chains are'} whole")


@db.command("upgrade", epilog="Example: passerelle db upgrade")
def upgrade() -> None:
    """Bring the database's tables up to date."""
    build(Settings.read(), upgrading=True).close()
    out.print("✓ the tables are up to date")


@keys.command("rotate", epilog="Example: passerelle keys rotate")
def rotate() -> None:
    """Wrap every data key anew under the newest key of PASSERELLE_KEYS."""
    with application() as house:
        done = house.keys.rotate()
    out.print(f"✓ {done} keys wrapped anew")
