"""What guards a safeguard: needed alone, or one of several of which any suffices; each claim is tried on the prover."""

from __future__ import annotations

from itertools import combinations
from random import Random
from typing import Any

import pytest

from engine.analysis.explanation import Explanation, Site, explain, one_of_the_smallest, smallest, without
from engine.analysis.model_check import Budget, Proof, Prover, Verdict, prove
from engine.settings import DEFINITIONS
from engine.sop import model as m
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.load import Shelf, load_sop
from tests.analysis.procedures import compiled
from tests.analysis.test_model_check import CONSENTS, going

CONSENT = {"form": "consent"}
HERE = {"form": "risk.here", "where": {"ok": "true"}}


def explained(raw: dict[str, Any], *safeguards: dict[str, Any]) -> list[Explanation]:
    sop = compiled({**raw, "safeguards": [{"id": f"g{n}", **one} for n, one in enumerate(safeguards)]})
    return explain(sop, prove(sop))


def sets(one: Explanation) -> list[list[tuple[str | int, ...]]]:
    return [[site.path[-4:] for site in guard.sites] for guard in one.guards]


DEPART = ("actions", "depart", "requires")


def test_a_requirement_that_is_needed_stands_alone():
    """What is asked besides guards something else."""
    consent, risk = explained(
        going([CONSENTS, HERE]),
        {"before": "depart", "require": [CONSENTS]},
        {"before": "depart", "require": [{"form": "risk.here"}]},
    )

    assert sets(consent) == [[(*DEPART, 0)]]
    assert sets(risk) == [[(*DEPART, 1)]]
    assert consent.guards[0].sites[0].holder == "depart"


def test_of_two_that_say_it_any_one_suffices():
    """Neither is called needed."""
    (one,) = explained(going([CONSENTS, CONSENT, HERE]), {"before": "depart", "require": [CONSENT]})

    assert sets(one) == [[(*DEPART, 0), (*DEPART, 1)]]


def test_each_way_is_guarded_by_itself():
    """Two actions of one name, and a record whose entry asks for something."""
    raw = going([CONSENTS])
    raw["steps"]["talk"]["actions"]["depart"] = {"to": "over", "by": ["worker"], "requires": [CONSENT]}
    raw["steps"]["ready"]["forms"] = [{"form": "risk.here", "requires": [CONSENT]}]
    (one,) = explained(raw, {"before": ["depart", {"record": "risk.here"}], "require": [CONSENT]})

    assert {guard.sites[0].path for guard in one.guards} == {
        ("steps", "talk", "actions", "depart", "requires", 0),
        ("steps", "ready", "actions", "depart", "requires", 0),
        ("steps", "ready", "forms", 0, "requires", 0),
    }


def test_what_is_told_is_guarded_by_what_must_hold_before_telling():
    """The rule of the narrowest key, by its line."""
    shared = {"form": "share", "for": {"role": "far", "purpose": "referral"}, "where": {"decision": "yes"}}
    raw = {**going([]), "share_when": {"origin": [CONSENT], "far": [CONSENTS, shared]}}
    raw["steps"]["talk"]["forms"] = ["consent", "share"]
    (one,) = explained(raw, {"before": {"show": "consent", "to": "far"}, "require": [CONSENT]})

    assert [[site.path for site in guard.sites] for guard in one.guards] == [[("share_when", "far", 0)]]
    assert one.guards[0].sites[0].kind == "share_when"


def test_where_the_steps_suffice_no_requirement_is_named():
    """A departure is never in the first step, whatever is asked."""
    (one,) = explained(
        going([CONSENTS]), {"never": "depart", "while": {"steps": ["talk"]}, "if": {"fact": {"child": "true"}}}
    )

    assert one.guards == ()
    assert "order of the steps" in one.how or "can never happen" in one.how


def test_a_void_is_found_by_exploring():
    """A consent given before the way back would do, if the way back did not make it void."""
    (one,) = explained(
        going([CONSENTS]),
        {"before": "depart", "happened": {"record": "consent", "where": {"decision": "yes"}}, "since": "back"},
    )

    assert one.proof.explored > 0
    assert {(guard.sites[0].path[-2], guard.sites[0].kind) for guard in one.guards} == {
        ("requires", "requires"),
        ("voids", "voids"),
    }
    assert "Proved" in one.how


@pytest.mark.parametrize(
    ("safeguard", "words"),
    [
        ({"from": "any", "reachable": ["over"]}, "a way stays open"),
        ({"after": "prepare", "eventually": ["depart", "back"]}, "a way stays open"),
        ({"in": {"steps": ["ready"]}, "available": "back"}, "a way stays open"),
        ({"ignores": {"actions": ["back"], "forms": ["consent"]}}, "asks for any of it"),
    ],
)
def test_what_no_requirement_guards_is_said(safeguard, words):
    """A requirement more could only harm it."""
    (one,) = explained(going([CONSENTS]), safeguard)

    assert one.proof.verdict is Verdict.HOLDS
    assert one.guards == ()
    assert words in one.how


def test_what_does_not_hold_is_guarded_by_nothing():
    """Broken: nothing; undecided: the reason."""
    (broken,) = explained(going([]), {"before": "depart", "require": [CONSENT]})
    sop = compiled({**going([CONSENTS]), "safeguards": [{"id": "g0", "from": "any", "reachable": ["over"]}]})
    (undecided,) = explain(sop, prove(sop, Budget(states=0)))

    assert broken.guards == ()
    assert broken.how.startswith("It does not hold")
    assert "configurations" in undecided.how


# ── Smallest sets ────────────────────────────────────────────────────────────────────────────────────────────────


def test_smallest_sets_are_smallest_and_leave_no_site_out():
    """Against every set there is: random monotone tests over up to seven sites."""
    for seed in range(200):
        chance = Random(seed)
        sites = [Site(("x", n), "x") for n in range(chance.randint(1, 7))]
        cuts = [
            frozenset(chance.sample(sites, chance.randint(1, min(3, len(sites))))) for _ in range(chance.randint(0, 4))
        ]

        def breaks(left_out: frozenset[Site], cuts: list[frozenset[Site]] = cuts) -> bool:
            return any(cut <= left_out for cut in cuts)

        every = [
            frozenset(some)
            for size in range(len(sites) + 1)
            for some in combinations(sites, size)
            if breaks(frozenset(some))
        ]
        least = [one for one in every if not any(other < one for other in every)]
        found = [frozenset(one) for one in smallest(sites, breaks)]

        assert set(found) <= set(least)
        assert len(found) == len(set(found))
        assert {one for one in found if len(one) == 1} == {one for one in least if len(one) == 1}
        assert (found == []) == (least == [])
        if least:
            assert frozenset(one_of_the_smallest(sites, breaks)) in least


# ── The shipped procedure ────────────────────────────────────────────────────────────────────────────────────────

SHELF, _ = Shelf.of(DEFINITIONS)


SAMPLE = 10
"""At so many places the guard of a moment is tried; one for each place is enough to see that places are right."""


@pytest.fixture(scope="module")
def adult() -> CompiledSop:
    loaded, _ = load_sop(DEFINITIONS / "sops" / "adult-return.yaml", SHELF)
    assert loaded is not None
    return compile_sop(loaded.sop, SHELF.forms, "")


@pytest.fixture(scope="module")
def known(adult) -> list[Explanation]:
    return explain(adult, prove(adult))


def left_out(adult: CompiledSop, safeguard: m.Safeguard, sites: tuple[Site, ...]) -> Proof:
    """Decide a safeguard on the procedure without these."""
    less = compile_sop(without(adult.sop, [one.path for one in sites]), SHELF.forms, "")
    return Prover(less, Budget(states=20_000, seconds=5.0, states_for_shortest=0)).decide(safeguard)


def test_every_safeguard_is_explained(known):
    """By a guard, or by a sentence; of those that a moment decides each that forbids something has a guard."""
    assert [one.proof.safeguard.id for one in known if not one.how] == []
    silent = [
        one.proof.safeguard.id
        for one in known
        if not one.guards and one.proof.safeguard.kind in ("before", "never", "always")
    ]

    assert silent == ["inv-17-silence-once-protected"]


@pytest.mark.parametrize(
    ("id", "named"),
    [
        ("inv-01-written-consent-before-departure", "informed_consent.return"),
        ("inv-18-accepted-before-departure", "acceptance"),
        ("inv-22-contacts-given", "contact_card"),
    ],
)
def test_the_consent_to_return_guards_the_departure(known, adult, id, named):
    """One requirement of `depart`, needed; without it the prover has a run that breaks the right."""
    one = next(one for one in known if one.proof.safeguard.id == id)
    (guard,) = one.guards
    (site,) = guard.sites

    assert site.path[:4] == ("steps", "departure", "actions", "depart")
    assert isinstance(site.requirement, m.FormRequirement)
    assert site.requirement.form == named
    assert left_out(adult, one.proof.safeguard, guard.sites).verdict is Verdict.BROKEN


def test_without_a_guard_found_by_exploring_a_run_breaks_the_right(known, adult):
    """And with any one of several kept, none does."""
    explored = [one for one in known if one.proof.explored and one.guards]

    assert explored
    for one in explored:
        for guard in one.guards:
            assert left_out(adult, one.proof.safeguard, guard.sites).verdict is Verdict.BROKEN, one.proof.safeguard.id
            for kept in guard.sites if len(guard.sites) > 1 and guard.is_least else ():
                rest = tuple(site for site in guard.sites if site is not kept)

                assert left_out(adult, one.proof.safeguard, rest).verdict is Verdict.HOLDS


def test_every_guard_of_a_moment_is_what_decides_it(known, adult):
    """Tried at so many places: without it the same argument no longer suffices: the prover has to explore, or finds a run."""
    seen = set()
    for one in known:
        for guard in one.guards if not one.proof.explored else ():
            if guard.sites[0].path[:4] in seen or len(seen) == SAMPLE:
                continue
            seen.add(guard.sites[0].path[:4])
            proof = left_out(adult, one.proof.safeguard, guard.sites)

            assert proof.verdict is not Verdict.HOLDS or proof.explored > 0, (one.proof.safeguard.id, guard.sites)

    assert len(seen) == SAMPLE
