"""Which requirements guard which safeguard, and the other way round: found by leaving requirements out.

Where a safeguard holds by what is asked at the moment it speaks of, requirements of that moment are left out and the same
argument is looked at again; where configurations were explored, the procedure without them is decided anew. A guard is a smallest
set of requirements without which the safeguard no longer holds: one alone is needed, of several any one suffices. All of it is
said of the procedure as it stands: take one out, and another may become needed.

Terms: docs/glossary.md, "guard". For designers: docs/reference/safeguards.md, "What guards what".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import BaseModel

from engine.analysis.logic import TooLarge
from engine.analysis.model_check import Budget, Proof, Prover, Verdict, place_of
from engine.analysis.moves import Moves, Way
from engine.analysis.questions import Question, Questions, Trigger, named_by
from engine.sop import model as m
from engine.sop.compile import REOPEN, CompiledSop, compile_sop
from engine.sop.outline import outline_of

KeyPath = tuple[str | int, ...]

_BUDGET: Final = Budget(states=20_000, seconds=1.5, states_for_shortest=0, seconds_for_shortest=0.0)
"""For a procedure with something left out: whether the safeguard still holds is asked, not for a short path."""

_FEW: Final = 6
"""Of so many at most all smallest sets are looked for where each look explores the procedure anew; of more, one."""

_LOOKS: Final = 32
"""How often a procedure with something left out is explored, at most, to find the guards of one safeguard."""

_AT_THE_MOMENT = "Nothing else that is asked at that moment assures it; what comes before was not looked at."
_EXPLORED = "Proved without it: then a run breaks the safeguard."
_EXPLORED_ONE = "Proved without all of these: then a run breaks the safeguard. There may be other such sets."
_BY_STEPS = "No requirement is needed: the order of the steps keeps it."
_BY_WAYS = (
    "No requirement guards it: it holds because a way stays open. One requirement more on that way could break it."
)
_BY_TEXT = "No requirement guards it: it holds because none of these actions asks for any of it."
_NOT_FOUND = "What guards it could not be told: it still holds without the requirements that were looked at."
_NOT_DECIDED = "What guards it could not be told: whether it holds without the requirements looked at was not decided."
_TOO_MANY = "What guards it could not be told: more would have to be left out than is tried."
_NOT_HELD = "It does not hold, so nothing guards it."


@dataclass(frozen=True, slots=True)
class Site:
    """Something that the procedure asks, or does, which may guard a safeguard: a requirement, a void, what a fact follows from.

    Attributes:
        path: where it stands in the procedure, as keys.
        holder: whose it is: an action, a form that is recorded, a role that is told.
    """

    path: KeyPath
    holder: str
    requirement: m.Requirement | None = field(default=None, compare=False)

    @property
    def kind(self) -> str:
        """Return what it is: requires, voids, implied_by or share_when."""
        return next(str(key) for key in ("requires", "voids", "implied_by", "share_when") if key in self.path)


@dataclass(frozen=True, slots=True)
class Guard:
    """Of these any one suffices as long as all else stays; one alone is needed.

    Where `is_least` is False, it could not be decided whether fewer of them would do.
    """

    sites: tuple[Site, ...]
    is_least: bool = True


@dataclass(frozen=True, slots=True)
class Explanation:
    """What guards a safeguard; `how`: in one sentence, what else keeps it or why nothing can be said."""

    proof: Proof
    guards: tuple[Guard, ...] = ()
    how: str = ""


def explain(sop: CompiledSop, proofs: Iterable[Proof]) -> list[Explanation]:
    """Say of each proof what it rests on."""
    explainer = _Explainer(sop)
    return [explainer.of(one) for one in proofs]


class _Explainer:
    def __init__(self, sop: CompiledSop) -> None:
        self._sop, self._moves = sop, Moves(sop)
        self._questions = Questions(self._moves)

    def of(self, proof: Proof) -> Explanation:
        safeguard = proof.safeguard
        if proof.verdict is not Verdict.HOLDS:
            return Explanation(proof, how=proof.reason or _NOT_HELD)
        if safeguard.kind in ("after", "from", "in"):
            return Explanation(proof, how=_BY_WAYS)
        if safeguard.kind == "ignores":
            return Explanation(proof, how=_BY_TEXT)
        if safeguard.require and safeguard.happened:  # two in one: each is kept by itself
            apart: list[dict[str, object]] = [{"happened": None, "since": None}, {"require": ()}]
            parts = [self._guards(safeguard.model_copy(update=one), proof.explored > 0) for one in apart]
            guards = tuple(dict.fromkeys(guard for found, _ in parts for guard in found))
            return Explanation(proof, guards, next((how for _, how in parts if how), ""))
        guards, how = self._guards(safeguard, proof.explored > 0)
        return Explanation(proof, guards, how)

    def _guards(self, safeguard: m.Safeguard, was_explored: bool) -> tuple[tuple[Guard, ...], str]:
        question = self._questions.safety(safeguard)
        return self._by_exploring(question) if was_explored else self._at_the_moment(question)

    # ── By what is asked at the moment ──────────────────────────────────────────────────────────────────────────

    def _at_the_moment(self, question: Question) -> tuple[tuple[Guard, ...], str]:
        found: dict[Guard, None] = {}
        for subject in dict.fromkeys(_subject(one) for one in question.triggers):
            sites = self._sites(subject)
            ask = self._asking(question.safeguard, subject, sites)
            relevant = [one for one in sites if self._speaks_of(one, question)]
            among = relevant if relevant and ask(frozenset(relevant)) else sites
            found |= dict.fromkeys(Guard(cut) for cut in smallest(among, ask))
        return tuple(found), _AT_THE_MOMENT if found else _BY_STEPS

    def _asking(
        self, safeguard: m.Safeguard, subject: Way | str, sites: Sequence[Site]
    ) -> Callable[[frozenset[Site]], bool]:
        """Return what tells whether the moment could break the safeguard with some of its requirements left out."""
        known: dict[frozenset[Site], bool] = {}

        def ask(left_out: frozenset[Site]) -> bool:
            if left_out not in known:
                kept = [one.requirement for one in sites if one not in left_out and one.requirement is not None]
                moves = self._asking_only(subject, kept, left_out)
                found = Questions(moves).safety(safeguard).triggers
                known[left_out] = any(one.breaks for one in found if _same(_subject(one), subject))
            return known[left_out]

        return ask

    def _asking_only(self, subject: Way | str, kept: Sequence[m.Requirement], left_out: frozenset[Site]) -> Moves:
        if isinstance(subject, Way):
            return self._moves.asking_only(subject, kept)
        moves = copy(self._moves)
        moves.sop = replace(self._sop, sop=without(self._sop.sop, [one.path for one in left_out]))
        return moves

    def _sites(self, subject: Way | str) -> list[Site]:
        """Return what is required where something happens: by its action, by the form's entry, or before a role is told."""
        if isinstance(subject, Way):
            base, holder = self._place(subject)
            return [Site((*base, "requires", n), holder, one) for n, one in enumerate(self._required(subject))]
        asked, sop = (
            self._sop.sop.asked_before_telling(subject) if subject in self._sop.sop.roles else None,
            self._sop.sop,
        )
        if asked is None:
            return []
        known = sop.roles[subject]
        names = [name for name in (subject, known.kind, known.side) if name is not None and name in sop.share_when]
        base = ("share_when", str(names[0])) if isinstance(sop.share_when, dict) and names else ("share_when",)
        return [Site((*base, n), subject, one) for n, one in enumerate(asked)]

    def _required(self, way: Way) -> Sequence[m.Requirement]:
        if way.entry is not None:
            return [guard.requirement for guard in way.entry.guards]
        if way.action is not None:
            return way.action.model.requires
        reopens = self._sop.steps[way.step].model.reopens if way.step is not None else None
        return () if reopens is None else reopens.requires

    def _place(self, way: Way) -> tuple[KeyPath, str]:
        if way.entry is not None:
            step = place_of(self._sop, "", way.entry.step)[:-2]
            asked = tuple(guard.requirement for guard in way.entry.guards)
            number = next(
                n for n, one in enumerate(self._sop.steps[way.entry.step].model.forms)
                if way.name in self._sop.parts_of(one.form) and one.requires == asked
            )  # fmt: skip
            return (*step, "forms", number), way.name
        if way.name == REOPEN and way.step is not None:
            return (*place_of(self._sop, "", way.step)[:-2], "reopens"), way.name
        return place_of(self._sop, way.name, way.step), way.name

    def _speaks_of(self, site: Site, question: Question) -> bool:
        if site.requirement is None:
            return True
        step = str(site.path[site.path.index("actions") - 1]) if "actions" in site.path else None
        try:
            leaves = self._moves.reader.one(site.requirement, step).leaves()
            return any(not question.names.isdisjoint(named_by(leaf)) for leaf in leaves)
        except TooLarge:
            return True

    # ── By exploring without them ───────────────────────────────────────────────────────────────────────────────

    def _by_exploring(self, question: Question) -> tuple[tuple[Guard, ...], str]:
        """Look first at what stands nearest to what the safeguard speaks of, then wider."""
        verdicts: dict[frozenset[Site], Verdict] = {}
        decide = self._deciding(question.safeguard, verdicts)
        here = [
            site for one in dict.fromkeys(_subject(each) for each in question.triggers) for site in self._sites(one)
        ]
        near = [site for site in here if self._speaks_of(site, question)]
        near += self._made_void(question) + self._implied(question)

        def ask(left_out: frozenset[Site]) -> bool:
            return decide(left_out) is Verdict.BROKEN

        def guard(cut: Sequence[Site]) -> Guard:
            """Of several any one suffices only where the safeguard is known to hold with any one of them kept."""
            less = [frozenset(cut) - {one} for one in cut if len(cut) > 1]
            return Guard(tuple(cut), all(verdicts.get(one) is Verdict.HOLDS for one in less))

        try:
            for sites in (near, self._anywhere(question), here):
                found = decide(frozenset(sites)) if sites else Verdict.HOLDS
                if found is Verdict.BROKEN:
                    if len(sites) <= _FEW:
                        return tuple(guard(cut) for cut in smallest(sites, ask)), _EXPLORED
                    return (guard(one_of_the_smallest(sites, ask)),), _EXPLORED_ONE
                if found is not Verdict.HOLDS:
                    return (), _NOT_DECIDED
        except TooLarge:
            return (), _TOO_MANY
        return (), _NOT_FOUND

    def _anywhere(self, question: Question) -> list[Site]:
        """Return every requirement that speaks of what the safeguard speaks of, and whatever makes that void."""
        outline = outline_of(self._sop.sop, self._sop.scope.forms)
        asked = [
            Site(one.path, one.name, one.requirement)
            for one in outline.conditions
            if not one.nested and one.holder not in ("safeguard", "series")
        ]
        voids = [
            Site((*offer.path, "voids", n), offer.name)
            for offer in (*outline.offers, *outline.everywhere)
            for n, part in enumerate(offer.action.voids)
            if not question.names.isdisjoint(self._sop.parts_of(part))
        ]
        return [one for one in asked if self._speaks_of(one, question)] + voids

    def _deciding(
        self, safeguard: m.Safeguard, known: dict[frozenset[Site], Verdict]
    ) -> Callable[[frozenset[Site]], Verdict]:
        def decide(left_out: frozenset[Site]) -> Verdict:
            if left_out not in known:
                if len(known) == _LOOKS:
                    raise TooLarge("more would have to be left out than is tried")
                less = without(self._sop.sop, [one.path for one in left_out])
                proof = Prover(compile_sop(less, self._sop.scope.forms, ""), _BUDGET).decide(safeguard)
                known[left_out] = proof.verdict
            return known[left_out]

        return decide

    def _made_void(self, question: Question) -> list[Site]:
        """Return where the actions after which something must happen anew make void what the safeguard speaks of."""
        names = [one.action for one in question.monitor.clears if one.action] if question.monitor else []
        return [
            Site((*place_of(self._sop, action.name, action.step), "voids", n), name)
            for name in names
            for action in self._questions.instances(name)
            for n, part in enumerate(action.model.voids)
            if not question.names.isdisjoint(self._sop.parts_of(part))
        ]

    def _implied(self, question: Question) -> list[Site]:
        return [
            Site(("facts", name, "implied_by", cause), name)
            for name, fact in self._sop.sop.facts.items()
            if name in question.names
            for cause in fact.implied_by
        ]


def smallest(sites: Sequence[Site], breaks: Callable[[frozenset[Site]], bool]) -> Iterator[tuple[Site, ...]]:
    """Yield smallest sets without which it breaks, at least one for each site that is in any; none where it never does.

    Leaving out more does not make it hold again, so a set is made smallest by putting back one after another.
    """
    whole = frozenset(sites)
    if not breaks(whole):
        return
    needed = [one for one in sites if breaks(frozenset({one}))]
    yield from ((one,) for one in needed)
    others = whole - frozenset(needed)
    found: list[frozenset[Site]] = []
    for kept in sites:
        if kept in needed or any(kept in one for one in found):
            continue
        cut = others
        if not breaks(cut):
            return
        for one in [*(one for one in sites if one in cut and one is not kept), kept]:
            if breaks(cut - {one}):
                cut -= {one}
        if kept in cut:
            found.append(cut)
            yield tuple(one for one in sites if one in cut)


def one_of_the_smallest(sites: Sequence[Site], breaks: Callable[[frozenset[Site]], bool]) -> tuple[Site, ...]:
    """Return one smallest set without which it breaks; half of it is put back at a time, then a quarter, then less."""
    cut, size = list(sites), len(sites) // 2
    while size:
        at = 0
        while at < len(cut):
            rest = cut[:at] + cut[at + size :]
            if rest and breaks(frozenset(rest)):
                cut = rest
            else:
                at += size
        size //= 2
    return tuple(cut)


def without(sop: m.Sop, paths: Iterable[KeyPath]) -> m.Sop:
    """Return a procedure without what stands at these places; entries of one list go from the last to the first."""
    for path in sorted(
        paths, key=lambda one: (len(one), str(one[:-1]), one[-1] if isinstance(one[-1], int) else 0), reverse=True
    ):
        sop = _without(sop, path)
    return sop


def _without(value: Any, path: KeyPath) -> Any:
    key, rest = path[0], path[1:]
    if isinstance(value, BaseModel):
        return value.model_copy(update={str(key): _without(getattr(value, str(key)), rest)})
    if isinstance(value, dict):
        return {
            name: _without(one, rest) if rest and name == key else one
            for name, one in value.items()
            if rest or name != key
        }
    assert isinstance(key, int)
    return (*value[:key], *([_without(value[key], rest)] if rest else []), *value[key + 1 :])


def _subject(trigger: Trigger) -> Way | str:
    """Return what happens: a way, or the role that is told or shown something."""
    return trigger.way if trigger.way is not None else trigger.words.rpartition(" ")[2]


def _same(one: Way | str, other: Way | str) -> bool:
    if isinstance(one, Way) and isinstance(other, Way):
        return (one.name, one.step, one.is_recording) == (other.name, other.step, other.is_recording)
    return one == other
