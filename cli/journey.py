"""What `passerelle demo` prints of the case it has played: its way, what was late and who heard of it, what was sent.

Days of the way are those of the country where the person was found, times of messages those of the reader's own clocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from rich.markup import escape

from cli.output import out, rows
from engine.bootstrap import Application
from engine.clock import zone
from engine.sop.compile import CompiledSop
from engine.sop.requirements import Sentences

Shape = Mapping[str, Any]

_KINDS: Final = {
    "your_turn": "“your turn”",
    "for_information": "for information",
    "reminder": "reminders",
    "escalation": "escalations",
    "digest": "digests",
}

_RUNGS: Final = {"reminder": "reminder to", "due": "overdue, said to", "escalation": "escalated to"}
"""The messages of a ladder by their template, in the order in which they climb, and what is said of each."""


def draw_journey(told: Mapping[str, Any], house: Application) -> None:
    """Write the journey of a case of this house; `told` is what `demo --json` prints."""
    case, messages = told["case"], told["messages"]
    sop = house.casework.load(case["ref"]).sop
    sentences = Sentences(sop.scope, "en")
    out.print(f"\n[bold]The journey of case {case['ref']}[/], {case['from']} → {case['to']}")
    there = zone(house.almanac.zone_name(case["from"]))
    rows((f"  {day}", escape(said)) for day, said in _way(told["history"], there, sop, sentences))
    out.print("\n[bold]What was late, and who heard of it[/], by the reader’s own clocks")
    for step, climbed in _late(messages):
        out.print(f"  {escape(sentences.step(step))}", soft_wrap=True)
        rows((f"    {when}", escape(said)) for when, said in _rungs(climbed, sentences, house))
    out.print(f"\n[bold]Closed:[/] {escape(sentences.step(case['outcome']))}", soft_wrap=True)
    for line in _sums(told):
        out.print(line, soft_wrap=True)


def _way(
    history: Sequence[Shape], there: ZoneInfo, sop: CompiledSop, sentences: Sentences
) -> Iterator[tuple[str, str]]:
    """Yield each step that the case entered, with its day by the clocks `there` and whose turn it was."""
    for entry in history:
        day = datetime.fromisoformat(entry["at"]).astimezone(there).date().isoformat()
        for step in entry["entered"]:
            first, *others = sop.steps[step].model.responsible or ("",)
            who = f" · {sentences.role(first)}" if first else ""
            yield day, sentences.step(step) + who + (f" and {len(others)} more" if others else "")


def _late(messages: Sequence[Shape]) -> Iterator[tuple[str, list[Shape]]]:
    """Yield each step that was escalated, with the messages of its ladder as they were read."""
    ladders = [one for one in messages if one["template"] in _RUNGS and one["sent_at"]]
    rung = list(_RUNGS).index
    for step in dict.fromkeys(one["step"] for one in ladders if one["kind"] == "escalation"):
        own = [one for one in ladders if one["step"] == step]
        yield step, sorted(own, key=lambda one: (one["sent_at"], rung(one["template"]), one["country"]))


def _rungs(climbed: Sequence[Shape], sentences: Sentences, house: Application) -> Iterator[tuple[str, str]]:
    """Yield when and where something was read, and by whom; who read the same at one place in one line."""
    countries = Locale("en").territories

    def read(one: Shape) -> tuple[str, str]:
        local = datetime.fromisoformat(one["sent_at"]).astimezone(zone(house.almanac.zone_name(one["country"])))
        return f"{local:%a %Y-%m-%d %H:%M} in {countries[one['country']]}", _RUNGS[one["template"]]

    for (when, said), together in groupby(climbed, key=read):
        yield when, f"{said} {', '.join(sentences.role(one['role']) for one in together)}"


def _sums(told: Mapping[str, Any]) -> Iterator[str]:
    messages, abroad = told["messages"], told["case"]["to"]
    states, kinds = Counter(one["state"] for one in messages), Counter(one["kind"] for one in messages)
    went = sum(one["country"] == abroad and one["state"] == "sent" for one in messages)
    yield f"{len(told['history'])} entries stand in its history, a chain of hashes."
    yield (
        f"Messages: {', '.join(f'{count} {state}' for state, count in sorted(states.items()))}; "
        f"among them {', '.join(f'{count} {_KINDS[kind]}' for kind, count in kinds.most_common())}."
    )
    yield f"{went} went abroad, none before the person’s consent; those withheld until then stay on record."
