"""A procedure at a glance: what each country does in each phase, as a smaller procedure that every picture can draw.

One card stands for all steps of a phase in one lane and lists them; an arrow stands for all actions that lead from one card to
another. The way through the most phases has a column for each; phases beside it share one. Ends are gathered by lane, and so are
lines alongside. Every step of the main line and every line alongside is named; what a strand does within, and when an action is
open everywhere, is for the whole picture to say.

A picture only: the smaller procedure is never checked, proved or run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.analysis.diagram.words import SAID, Lane, Words, spaced
from engine.sop import model as m
from engine.sop.outline import outline_of
from engine.sop.requirements import words
from engine.values import Text

ENDS: Final = "=ends"
"""The phase, as it were, of steps that end a case."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The smaller procedure, what each of its cards lists, and the card that stands for each step of the whole one."""

    sop: m.Sop
    listed: Mapping[str, tuple[Text, ...]]
    card_of: Mapping[str, str]

    def counted(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Return how many cases stand at each card: those of all its steps together."""
        together: dict[str, int] = {}
        for step, count in counts.items():
            if step in self.card_of:
                together[self.card_of[step]] = together.get(self.card_of[step], 0) + count
        return together


def overview(sop: m.Sop) -> Overview:
    """Return the procedure at a glance."""
    return _Gathering(sop).made()


class _Gathering:
    def __init__(self, sop: m.Sop) -> None:
        self._sop, self._outline = sop, outline_of(sop)
        self._said = Words(self._outline, "en")
        self._steps: dict[str, list[str]] = {}
        for name in self._outline.main_steps():
            self._steps.setdefault(self._card(name), []).append(name)
        self._card_of = {name: card for card, names in self._steps.items() for name in names}
        for name in self._outline.main_steps():
            inner = (step for key in self._outline.strands_of.get(name, ()) for step in self._outline.lines[key].steps)
            self._card_of |= dict.fromkeys(inner, self._card_of[name])
        self._through = self._way_through()

    def made(self) -> Overview:
        start = self._card_of.get(self._sop.start, self._sop.start)
        steps = {card: self._step(card, names) for card, names in self._steps.items()}
        listed = {card: tuple(self._row(name) for name in names) for card, names in self._steps.items()}
        alongside, lines = self._alongside()
        changed = {
            "start": start, "steps": steps, "alongside": alongside, "everywhere": self._everywhere(), "safeguards": (),
        }  # fmt: skip
        along = {step: card for card, keys in lines.items() for key in keys for step in self._outline.lines[key].steps}
        listed |= {card: tuple(self._line(key) for key in keys) for card, keys in lines.items()}
        return Overview(self._sop.model_copy(update=changed), listed, self._card_of | along)

    def _phase(self, name: str) -> str:
        spot = self._outline.by_name[name]
        return ENDS if spot.step.end is not None else spot.phase or name

    def _card(self, name: str) -> str:
        return f"{self._phase(name).removeprefix('=')}__{self._said.lane(name)}"

    # ── The main line ────────────────────────────────────────────────────────────────────────────────────────────

    def _step(self, card: str, names: list[str]) -> m.Step:
        phase = self._phase(names[0])
        own = [self._outline.by_name[name].step for name in names]
        ends = phase == ENDS
        return m.Step.model_construct(
            title=self._texts("ends") if ends else self._title(phase, own[0]),
            phase=phase if phase in self._through else None,
            responsible=tuple(dict.fromkeys(role for name in names for role in self._acting(name))),
            actions={} if ends else self._ways(card, names),
            end="ends" if ends else None,
            pause=not ends and all(step.pause for step in own),
        )

    def _way_through(self) -> frozenset[str]:
        """Return the phases of the way that goes forward through the most of them, the first in the file where two do."""
        phases = list(dict.fromkeys(self._phase(name) for name in self._outline.main_steps()))
        order = {phase: number for number, phase in enumerate(phases)}
        ahead: dict[str, set[str]] = {phase: set() for phase in phases}
        for name in self._outline.main_steps():
            own = self._phase(name)
            for offer in self._outline.by_name[name].offers:
                to = self._phase(offer.action.to) if offer.action.to in self._card_of else own
                if order[to] > order[own] and to != ENDS:
                    ahead[own].add(to)
        best: dict[str, tuple[str, ...]] = {}
        for phase in reversed(phases):
            rest = max((best[to] for to in sorted(ahead[phase], key=order.__getitem__)), key=len, default=())
            best[phase] = (phase, *rest)
        begins = self._phase(self._sop.start) if self._sop.start in self._card_of else phases[0]
        return frozenset(best[begins]) - {ENDS}

    def _acting(self, name: str) -> list[str]:
        """Return who acts at a step, so that its card stands in the step's lane."""
        steps = [
            name,
            *(one for key in self._outline.strands_of.get(name, ()) for one in self._outline.lines[key].steps),
        ]
        acting = [role for one in steps for role in self._outline.by_name[one].step.responsible]
        if acting or self._outline.by_name[name].step.end is None:
            return acting
        return sorted(self._said.who_brings_about(self._outline.by_name[name]))

    def _ways(self, card: str, names: list[str]) -> dict[str, m.Action]:
        """Gather what leads to one other card into one arrow, named after where it leads."""
        by: dict[str, list[str]] = {}
        back: list[str] = []
        for name in names:
            for offer in self._outline.by_name[name].offers:
                target = self._card_of.get(offer.action.to)
                if offer.action.to == m.RESUME:
                    back += offer.action.by
                elif target is not None and target != card:
                    by.setdefault(target, []).extend(offer.action.by)
        ways = {f"to_{to}": self._action(to, self._leading(to), roles) for to, roles in by.items()}
        return ways | ({m.RESUME: self._action(m.RESUME, dict.fromkeys(self._sop.title, "→"), back)} if back else {})

    def _leading(self, card: str) -> Text:
        """Return what an arrow to a card is called: the card's title."""
        first = self._steps[card][0]
        phase = self._phase(first)
        said = self._texts("ends") if phase == ENDS else self._title(phase, self._outline.by_name[first].step)
        return {language: f"→ {text}" for language, text in said.items()}

    @staticmethod
    def _action(to: str, title: Text, by: Iterable[str]) -> m.Action:
        return m.Action.model_construct(to=to, by=tuple(dict.fromkeys(by)), title=title)

    # ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _title(self, phase: str, step: m.Step) -> Text:
        if phase in self._sop.phases:
            return self._sop.phases[phase]
        if phase not in self._outline.phases:
            return step.title
        said = spaced(phase)
        return dict.fromkeys(self._sop.title, said[:1].upper() + said[1:])

    def _row(self, name: str) -> Text:
        """Return a step's title, with those of its strands."""
        title = self._outline.by_name[name].step.title
        inner = [self._line(key) for key in self._outline.strands_of.get(name, ())]
        if not inner:
            return title
        return {
            language: f"{text}: {', '.join(words(one, language) for one in inner)}" for language, text in title.items()
        }

    def _line(self, key: str) -> Text:
        line = self._outline.lines[key]
        strands = self._sop.alongside if line.parent is None else self._outline.by_name[line.parent].step.strands
        return strands[line.name].title or dict.fromkeys(self._sop.title, spaced(line.name))

    def _texts(self, key: str) -> Text:
        return {language: SAID.get(language, SAID["en"])[key] for language in self._sop.title}

    # ── Below the lanes ──────────────────────────────────────────────────────────────────────────────────────────

    def _alongside(self) -> tuple[dict[str, m.Strand], dict[str, list[str]]]:
        """Gather the lines alongside by the lane in which they begin: the cards, and the lines that each stands for."""
        lines: dict[Lane, list[str]] = {}
        for key in self._outline.alongside:
            begins = self._outline.lines[key].start
            lines.setdefault(self._said.lane(begins) if begins in self._outline.by_name else Lane.SHARED, []).append(
                key
            )
        strands, cards = {}, {}
        for lane in Lane:
            if lane in lines:
                card = f"alongside__{lane}"
                roles = [role for key in lines[lane] for role in self._acting(self._outline.lines[key].start)]
                step = m.Step.model_construct(title=self._texts(lane), responsible=tuple(dict.fromkeys(roles)))
                untitled = dict.fromkeys(self._sop.title, "")
                strands[f"alongside_{lane}"] = m.Strand.model_construct(start="", title=untitled, steps={card: step})
                cards[card] = lines[lane]
        return strands, cards

    def _everywhere(self) -> dict[str, m.EverywhereAction]:
        """Gather the actions open everywhere by where they lead."""
        gathered: dict[str, list[tuple[str, m.EverywhereAction]]] = {}
        for name, action in self._sop.everywhere.items():
            to = self._card_of.get(action.to, m.STAY)
            gathered.setdefault(to, []).append((name, action))
        return {
            f"to_{to}": m.EverywhereAction.model_construct(
                to=to,
                by=tuple(dict.fromkeys(role for _, action in actions for role in action.by)),
                title={
                    language: ", ".join(
                        dict.fromkeys(
                            words(one.title, language) if one.title else spaced(name) for name, one in actions
                        )
                    )
                    for language in self._sop.title
                },
                while_="any",
            )
            for to, actions in gathered.items()
        }
