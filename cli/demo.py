"""`passerelle demo`: the whole story on an embedded database, without set-up and without network."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cli.journey import draw_journey
from cli.output import err, out, show_json
from engine.application.casework import Moved
from engine.application.scenarios.load import Story, read_story
from engine.application.scenarios.rehearsal import Rehearsal
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.errors import WrongUse
from engine.settings import DEFINITIONS, Settings
from passerelle.scenarios import stage_of
from workflows.dispatcher import Dispatcher
from workflows.server import PrefectServer

STORY = DEFINITIONS / "scenarios" / "adult-return-fr-al.yaml"
CORRIDOR = DEFINITIONS / "sops" / "adult-return-fr-al.yaml"
"""The story is told for every corridor of the adult procedure; the demo plays it with the rules of these two countries."""

ROUND = timedelta(hours=6)
"""Simulated time that ends a round of the courier in the demo; a running house carries every half second."""

PATIENCE = 45.0
"""Seconds the demo waits for Prefect; after that it delivers without it, and says so."""


def demo(
    dir: Annotated[Path | None, typer.Option("--dir", metavar="D", help="Keep everything in this folder")] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON")] = False,
) -> None:
    """Play a whole referral France → Albania: every form, every message, every reminder. Example: passerelle demo"""
    folder = _folder(dir)
    story = replace(read_story(STORY), sop=CORRIDOR.stem)
    settings = Settings(data_dir=folder, mail_folder=folder / "mail")
    server = PrefectServer(settings.prefect_home, settings.prefect_port)
    server.start()
    house = build(settings, FixedClock(story.begins_at))
    try:
        told = _Play(house, story, server, quiet=json).run()
    finally:
        server.stop()
        house.close()
        if dir is None:
            shutil.rmtree(folder, ignore_errors=True)
    if json:
        show_json(told)
    elif dir is not None:
        out.print(f"Everything is kept in {escape(str(folder))}; the messages are in {escape(str(folder / 'mail'))}.")


def _folder(dir: Path | None) -> Path:
    if dir is None:
        return Path(tempfile.mkdtemp(prefix="passerelle-demo-"))
    try:
        dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as why:
        raise WrongUse(f"{dir} can't be used: {why.strerror}") from None
    if any(dir.iterdir()):
        raise WrongUse(f"{dir} is not empty; the demo begins in an empty folder.")
    return dir


class _Play:
    def __init__(self, house: Application, story: Story, server: PrefectServer, quiet: bool) -> None:
        self._house, self._story, self._server, self._quiet = house, story, server, quiet
        self._dispatcher = Dispatcher(house, server, PATIENCE)
        self._runner = asyncio.Runner()
        self._rehearsal = Rehearsal(stage_of(house), story, self._after)

    def run(self) -> dict[str, Any]:
        """Play the story and return it in the contract's shapes."""
        self._say("[bold]Passerelle[/] carries one person home, as a rehearsal. Every name and desk is a sample.\n")
        self._publish()
        self._say("Starting Prefect, which carries the messages …")
        if not self._server.wait(PATIENCE):
            self._say("  Prefect does not start here; the messages are carried without it.")
        with self._runner, self._progress() as progress:
            bar = progress.add_task("Playing 18 months", total=len(self._story.events))
            self._rehearsal.launch()
            for done in self._rehearsal.play():
                self._carry_before(done)
                progress.update(bar, completed=done)
            self._wait_for_the_last_readers()
        return self._told()

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("events"))
        return Progress(*columns, console=err, disable=self._quiet, transient=True)

    def _publish(self) -> None:
        version = self._house.procedures.publish(CORRIDOR)
        proofs = len(self._house.store.proofs()[version.hash])
        self._say(f"Checked, proved and published: {version.sop}, version {version.number}. {proofs} safeguards hold.")
        self._say(f"All shipped procedures are checked by: passerelle sop check {DEFINITIONS.name}\n")

    def _after(self, what: str, moved: Moved | None) -> None:
        if what == "sweep":
            self._carry()

    def _carry_before(self, done: int) -> None:
        """Carry what is due before the clock goes on: what happened within a few hours leaves in one round."""
        now = self._house.clock.now()
        if any(
            told.event.at is not None and told.event.at - now < ROUND for told in self._story.events[done : done + 1]
        ):
            return
        self._carry()

    def _carry(self) -> None:
        while self._runner.run(self._dispatcher.carry(at_once=True)):
            pass

    def _wait_for_the_last_readers(self) -> None:
        """Move the clock on until nothing waits any more for its reader's morning."""
        clock = stage_of(self._house).clock
        while (leaves := self._house.store.next_message_at()) is not None:
            clock.move_to(max(leaves, clock.now()))
            self._carry()

    def _told(self) -> dict[str, Any]:
        ref, queries = self._rehearsal.ref, self._house.queries
        told = {"case": queries.case(ref), "history": queries.history(ref), "messages": queries.messages(ref)}
        if not self._quiet:
            draw_journey(told, self._house)
            self._say(f"Carried by {self._carriers()}, into a mail folder.")
        return told

    def _carriers(self) -> str:
        said = f"{self._dispatcher.runs} runs of a Prefect flow"
        if self._dispatcher.plainly:
            said += f"; {self._dispatcher.plainly} messages without Prefect, which was too slow to answer"
        return said

    def _say(self, text: str) -> None:
        if not self._quiet:
            out.print(text, soft_wrap=True)
