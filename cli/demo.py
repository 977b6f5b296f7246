"""`passerelle demo`: the whole story on an embedded database, without set-up and without network."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cli.output import err, out, show_json
from engine.application.casework import Moved
from engine.application.scenarios.load import Story, read_story
from engine.application.scenarios.rehearsal import Rehearsal
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.errors import WrongUse
from engine.settings import DEFINITIONS, Settings
from engine.sop.requirements import words
from passerelle.scenarios import stage_of
from workflows.dispatcher import Dispatcher
from workflows.server import PrefectServer

STORY = DEFINITIONS / "scenarios" / "adult-return-fr-al.yaml"
ROUND = timedelta(days=3)
"""Simulated time between two rounds of the courier in the demo; a running house carries every half second."""

PATIENCE = 45.0
"""Seconds the demo waits for Prefect; after that it delivers without it, and says so."""


_KINDS = {
    "your_turn": "“your turn”",
    "for_information": "for information",
    "reminder": "reminders",
    "escalation": "escalations",
    "digest": "digests",
}


def demo(
    dir: Annotated[Path | None, typer.Option("--dir", metavar="D", help="Keep everything in this folder")] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON")] = False,
) -> None:
    """Play a whole referral France → Albania: every form, every message, every reminder. Example: passerelle demo"""
    folder = _folder(dir)
    story = read_story(STORY)
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
        self._carried_at = house.clock.now()
        self._sent = 0
        self._lines: list[str] = []
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
                progress.update(bar, completed=done)
            self._carry()
        return self._told()

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("events"))
        return Progress(*columns, console=err, disable=self._quiet, transient=True)

    def _publish(self) -> None:
        for version in self._house.procedures.publish_all(DEFINITIONS):
            self._say(f"Checked and published: {version.sop}, version {version.number}.")

    def _after(self, what: str, moved: Moved | None) -> None:
        if moved is not None and what in ("launch", "action"):
            self._journey(moved)
        if self._house.clock.now() - self._carried_at >= ROUND:
            self._carry()

    def _carry(self) -> None:
        self._carried_at = self._house.clock.now()
        while sent := self._runner.run(self._dispatcher.carry(at_once=True)):
            self._sent += sent

    def _journey(self, moved: Moved) -> None:
        loaded = self._house.casework.load(moved.ref)
        entered = [step for step in moved.steps if loaded.case.entered[step].seq == moved.seq]
        for step in entered:
            if not loaded.sop.steps[step].idle:
                day = self._house.clock.now().date().isoformat()
                who = ", ".join(
                    words(loaded.sop.sop.roles[r].title, "en") for r in loaded.sop.steps[step].model.responsible
                )
                title = words(loaded.sop.steps[step].model.title, "en")
                self._lines.append(f"  {day}  {title}" + (f" · {who}" if who else ""))

    def _told(self) -> dict[str, Any]:
        ref, queries = self._rehearsal.ref, self._house.queries
        case, history, messages = queries.case(ref), queries.history(ref), queries.messages(ref)
        if not self._quiet:
            self._print(case, history, messages)
        return {"case": case, "history": history, "messages": messages}

    def _print(self, case: dict[str, Any], history: list[dict[str, Any]], messages: list[dict[str, Any]]) -> None:
        out.print(f"\n[bold]The journey of case {case['ref']}[/], {case['from']} → {case['to']}")
        for line in self._lines:
            out.print(escape(line), soft_wrap=True)
        by_state = Counter(one["state"] for one in messages)
        kinds = Counter(one["kind"] for one in messages)
        abroad = [one for one in messages if one["country"] == case["to"] and one["state"] == "sent"]
        out.print(f"\n[bold]Closed:[/] {case['outcome']}, after {len(history)} entries in a chain of hashes.")
        counted = ", ".join(f"{count} {state}" for state, count in sorted(by_state.items()))
        named = ", ".join(f"{count} {_KINDS[kind]}" for kind, count in kinds.most_common())
        out.print(f"Messages: {counted}; among them {named}.", soft_wrap=True)
        out.print(
            f"{len(abroad)} went abroad, none before the person's consent; those withheld until then stay on record.",
            soft_wrap=True,
        )
        how = f"{self._dispatcher.runs} runs of a Prefect flow"
        if self._dispatcher.plainly:
            how += f", {self._dispatcher.plainly} messages without Prefect"
        out.print(f"Carried by {how}, into a mail folder.")

    def _say(self, text: str) -> None:
        if not self._quiet:
            out.print(text, soft_wrap=True)
