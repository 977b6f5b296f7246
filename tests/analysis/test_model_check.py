"""Verdicts: each kind of safeguard on procedures small enough to see, and no run of chance breaks what is said to hold."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from engine.analysis.counterexample import watched
from engine.analysis.model_check import UNTOLD, Budget, Proof, Verdict, prove
from engine.cases.case import Case
from engine.cases.view import CaseView
from engine.sop import model as m
from engine.sop.compile import CompiledSop
from engine.sop.requirements import guards
from tests.analysis.procedures import Chance, compiled
from tests.analysis.test_state_space import Walk

CONSENTS = {"form": "consent", "where": {"decision": "yes"}}


def going(requires: list[Any], **more: Any) -> dict[str, Any]:
    """Two steps, and a way back: talk → ready → over."""
    return {
        "start": "talk",
        "facts": {"child": {"type": "boolean", "title": {"en": "Child"}}},
        "steps": {
            "talk": {
                "responsible": ["worker"],
                "forms": ["consent"],
                "actions": {"prepare": {"to": "ready", "by": ["worker"]}},
            },
            "ready": {
                "responsible": ["worker"],
                "forms": ["risk.here"],
                "actions": {
                    "depart": {"to": "over", "by": ["worker"], "requires": requires},
                    "back": {"to": "talk", "by": ["worker"], "voids": ["consent"]},
                },
            },
            "over": {"end": "over"},
        },
        **more,
    }


def decided(raw: dict[str, Any], *safeguards: dict[str, Any], budget: Budget | None = None) -> list[Proof]:
    named = [{"id": f"g{number}", **one} for number, one in enumerate(safeguards)]
    return prove(compiled({**raw, "safeguards": named}), budget)


def moves(proof: Proof) -> list[str]:
    return [one.name for one in proof.counterexample if one.kind in ("action", "record", "acknowledge")]


def test_a_guard_that_says_the_same_decides_without_a_look():
    """Where every requirement implies the safeguard, no configuration is visited."""
    (proof,) = decided(going([CONSENTS]), {"before": "depart", "require": [{"form": "consent"}]})

    assert (proof.verdict, proof.explored) == (Verdict.HOLDS, 0)


def test_the_shortest_path_is_told():
    """Without a consent at all, two actions are enough; the age of a record costs waiting, not moves."""
    proof, old = decided(
        going([{"form": "consent"}]),
        {"before": "depart", "require": [CONSENTS]},
        {"before": "depart", "require": [{"form": "consent", "not_older_than": "3 days"}]},
    )

    assert moves(proof) == ["consent", "prepare", "depart"]
    assert proof.is_shortest
    assert moves(old) == ["consent", "prepare", "depart"]
    assert old.stops == ("steps", "ready", "actions", "depart")
    assert old.missing == old.safeguard.require


def test_the_days_of_a_path_are_those_that_a_wait_counts():
    """A wait of thirty days is over when the thirtieth day begins in the country of destination, and the path says day 30."""
    (proof,) = decided(
        going([{"waited": {"since": "talk", "at_least": "30 days"}}]), {"never": "depart", "while": "any"}
    )

    assert [one.day for one in proof.counterexample if one.name == "depart"] == [30]


def test_what_happened_before_is_remembered_since():
    """A consent that is voided on the way back has to be given anew; one that is not stays."""
    happened = {"before": "depart", "happened": {"record": "consent", "where": {"decision": "yes"}}, "since": "back"}
    (kept,) = decided(going([CONSENTS]), happened)
    loose = going([CONSENTS])
    loose["steps"]["ready"]["actions"]["back"].pop("voids")
    (broken,) = decided(loose, happened)

    assert kept.verdict is Verdict.HOLDS
    assert moves(broken) == ["consent", "prepare", "back", "prepare", "depart"]


def test_an_older_record_happens_though_it_does_not_count():
    """A refusal signed earlier leaves the consent in force; a safeguard that counts from it is broken, and never said to hold."""
    since = {"record": "consent", "where": {"decision": "no"}}
    given = {"record": "consent", "where": {"decision": "yes"}}
    (proof,) = decided(going([CONSENTS]), {"before": "depart", "happened": given, "since": since})

    assert proof.verdict is not Verdict.HOLDS


def test_a_record_that_begins_and_one_that_ends():
    """After a yes there must be a no within reach: where the form can be recorded again there is, at the end there is not."""
    after = {
        "after": {"record": "consent", "where": {"decision": "yes"}},
        "eventually": [{"record": "consent", "where": {"decision": "no"}}],
    }
    (stuck,) = decided(going([]), after)
    raw = going([])
    raw["steps"]["ready"]["actions"].pop("depart")
    (free,) = decided(raw, after)

    assert moves(stuck) == ["consent", "prepare", "depart"]
    assert free.verdict is Verdict.HOLDS


def test_the_record_of_a_path_says_what_is_meant():
    """A safeguard that speaks of one answer is broken by a record that gives it."""
    said = {"before": {"record": "consent", "where": {"decision": "no"}}, "require": [{"form": "risk.here"}]}
    (proof,) = decided(going([]), said)

    assert moves(proof) == ["consent"]
    assert proof.counterexample[-1].fields["decision"] == "no"


def test_what_is_required_and_what_happened_are_both_asked():
    """A safeguard with both holds only where each of them does."""
    both = {"before": "depart", "require": [CONSENTS], "happened": "prepare"}
    late = {"before": "depart", "require": [CONSENTS], "happened": "back"}
    asked = [([CONSENTS], both), ([], both), ([CONSENTS], late)]
    one, two, three = (decided(going(requires), safeguard)[0] for requires, safeguard in asked)

    assert one.verdict is Verdict.HOLDS
    assert moves(two) == ["prepare", "depart"]
    assert moves(three) == ["consent", "prepare", "depart"]


def test_being_told_is_shown_by_a_message():
    """A telling that breaks a safeguard ends with a move that sends it; where share_when asks for as much, it holds."""
    asked = {"before": {"tell": "police"}, "require": [CONSENTS]}
    police = {"side": "origin", "kind": "police", "title": {"en": "Police"}}
    worker = {"side": "destination", "title": {"en": "Worker"}}
    raw = going([], roles={"worker": worker, "police": police}, share_when={"origin": [{"form": "consent"}]})
    raw["steps"]["ready"]["responsible"] = ["worker", "police"]
    (loose,) = decided(raw, asked)
    (tight,) = decided({**raw, "share_when": {"origin": [CONSENTS]}}, asked)

    assert moves(loose) == ["consent", "prepare"]
    assert tight.verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    "safeguard",
    [
        {"before": "depart", "happened": {"tell": "police"}},
        {"before": "depart", "happened": "prepare", "since": {"tell": "police"}},
        {"after": "prepare", "eventually": [{"tell": "police"}]},
    ],
)
def test_what_was_told_is_not_followed_along_a_path(safeguard):
    """Nothing is said of a safeguard that rests on who was told before: never "holds", and no path."""
    police = {"side": "origin", "kind": "police", "title": {"en": "Police"}}
    worker = {"side": "destination", "title": {"en": "Worker"}}
    (proof,) = decided(going([], roles={"worker": worker, "police": police}), safeguard)

    assert (proof.verdict, proof.counterexample) == (Verdict.UNDECIDED, ())
    assert "told" in proof.reason


def test_everywhere_must_be_offered():
    """An action that asks something is not available where that may be missing."""
    free = {"everywhere": {"stop": {"to": "over", "by": ["worker"]}}}
    bound = {"everywhere": {"stop": {"to": "over", "by": ["worker"], "requires": [CONSENTS]}}}
    asked = {"in": "any", "available": "stop"}

    assert decided(going([], **free), asked)[0].verdict is Verdict.HOLDS
    assert decided(going([], **bound), asked)[0].verdict is Verdict.BROKEN


def test_a_way_out_may_need_a_record_that_can_no_longer_be_made():
    """Whoever comes to `ready` without consent can't leave if there is no way back."""
    stuck = going([CONSENTS])
    stuck["steps"]["ready"]["actions"].pop("back")
    out = {"from": "any", "reachable": ["over"]}
    (open_, shut) = (decided(going([CONSENTS]), out)[0], decided(stuck, out)[0])

    assert open_.verdict is Verdict.HOLDS
    assert shut.verdict is Verdict.BROKEN
    assert moves(shut) == ["prepare"]


def test_if_narrows_a_way_out():
    """A grown-up may always leave; a child may not, and is not spoken of."""
    raw = going([{"fact": {"child": "false"}}])
    raw["steps"]["ready"]["actions"].pop("back")
    adult, child = {"if": {"fact": {"child": "false"}}}, {"if": {"fact": {"child": "true"}}}
    out = {"from": "any", "reachable": ["over"]}
    followed = {"after": "prepare", "eventually": [{"enter": "over"}]}
    verdicts = [
        one.verdict for one in decided(raw, *({**what, **who} for what in (out, followed) for who in (adult, child)))
    ]

    assert verdicts == [Verdict.HOLDS, Verdict.BROKEN, Verdict.HOLDS, Verdict.BROKEN]


def test_the_world_is_no_way_out_but_a_way_into_trouble():
    """What only the environment does counts for harm and not for help."""
    world = {"noted_by": ["worker"], "by": ["environment"]}
    raw = going([CONSENTS], everywhere={"removal": {"to": "over", **world}})
    raw["steps"]["ready"]["actions"] = {"wait": {"to": "ready", "by": ["worker"]}}
    after, entered = decided(
        raw,
        {"after": "prepare", "eventually": [{"enter": "over"}]},
        {"never": {"enter": "over"}, "while": {"at": ["ready"]}},
    )

    assert after.verdict is Verdict.BROKEN
    assert moves(entered) == ["prepare", "removal"]


def test_loops_are_bounded_only_by_a_count():
    """`bounded` forbids going round; an action that may be taken at most so often is no loop."""
    bounded = {"after": "prepare", "eventually": ["depart"], "bounded": "true"}
    counted = going([])
    counted["steps"]["ready"]["actions"]["back"]["requires"] = [{"taken": {"action": "back", "at_most": 1}}]

    assert decided(going([]), bounded)[0].verdict is Verdict.BROKEN
    assert decided(counted, bounded)[0].verdict is Verdict.HOLDS


def test_an_action_that_reads_what_it_should_ignore():
    """Read off the requirements, those inside any_of too."""
    ignores = {"ignores": {"actions": ["depart"], "forms": ["risk"], "facts": ["child"]}}

    assert decided(going([CONSENTS]), ignores)[0].verdict is Verdict.HOLDS
    assert decided(going([{"any_of": [CONSENTS, {"form": "risk.here"}]}]), ignores)[0].verdict is Verdict.BROKEN


def test_a_timed_action_reads_the_form_its_time_counts_from():
    """Whether the system ever takes it depends on a date that a form gives."""
    raw = going([])
    clock = {"after": "3 days", "from": {"form": "risk.there", "field": "on"}}
    raw["steps"]["ready"]["actions"]["expire"] = {"to": "over", "by": ["system"], "automatic": clock}
    (proof,) = decided(raw, {"ignores": {"actions": ["expire"], "forms": ["risk"]}})

    assert proof.verdict is Verdict.BROKEN


def test_what_nobody_can_bring_about_is_said_to_be_empty():
    """A count that is never reached, a record that nothing lets be made: found out beyond where the main line stands."""
    twice = {"taken": {"action": "prepare", "at_least": 2}}
    raw = going([twice])
    raw["steps"]["ready"]["actions"].pop("back")
    (proof,) = decided(raw, {"before": "depart", "require": [twice]})

    assert proof.verdict is Verdict.VACUOUS


@pytest.mark.parametrize(
    "empty",
    [
        {"before": "depart", "require": [CONSENTS]},
        {"never": "depart", "while": {"at": ["ready"]}},
        {"after": "depart", "eventually": ["back"]},
        {"in": {"at": ["never_entered"]}, "available": "stop"},
    ],
)
def test_a_safeguard_that_protects_nothing_is_a_finding(empty):
    """What can never happen is never silently said to hold."""
    raw = going([{"at": ["talk"]}], everywhere={"stop": {"to": "over", "by": ["worker"]}})
    raw["steps"]["never_entered"] = {"responsible": ["worker"], "actions": {"go": {"to": "over", "by": ["worker"]}}}

    assert decided(raw, empty)[0].verdict is Verdict.VACUOUS


def test_what_was_not_looked_at_to_the_end_is_not_silently_held():
    """No run breaks it, and the limit came before it was known whether what it speaks of happens: the proof says so."""
    guarded = {"before": "depart", "require": [{"form": "consent"}]}

    (told,) = decided(going([CONSENTS]), guarded)
    (untold,) = decided(going([CONSENTS]), guarded, budget=Budget(states_for_speaking=1))

    assert (told.verdict, told.reason) == (Verdict.HOLDS, "")
    assert (untold.verdict, untold.reason) == (Verdict.HOLDS, UNTOLD)


def test_a_space_too_large_says_so():
    """Where the budget is over, the safeguard is undecided and says why; it is never said to hold."""
    raw = going([CONSENTS])
    (proof,) = decided(raw, {"before": "depart", "happened": "back"}, budget=Budget(states=1))

    assert proof.verdict is Verdict.UNDECIDED
    assert "more than 1 configurations" in proof.reason.lower()


def side_by_side(count: int) -> dict[str, Any]:
    """`count` strands of two steps, which all have to end before `depart`."""
    lines = {
        f"line{n}": {
            "start": f"open{n}",
            "steps": {
                f"open{n}": {"responsible": ["worker"], "actions": {f"go{n}": {"to": f"done{n}", "by": ["worker"]}}},
                f"done{n}": {"end": "done"},
            },
        }
        for n in range(count)
    }
    depart = {"to": "over", "by": ["worker"], "requires": [{"strands": "done"}, CONSENTS]}
    holder = {"responsible": ["worker"], "forms": ["consent"], "strands": lines, "actions": {"depart": depart}}
    return {"start": "all", "steps": {"all": holder, "over": {"end": "over"}}}


@pytest.mark.parametrize(
    ("safeguard", "verdict"),
    [
        ({"before": "depart", "require": [CONSENTS]}, Verdict.HOLDS),
        ({"before": "depart", "happened": {"record": "consent"}}, Verdict.HOLDS),
        ({"before": "depart", "happened": "go3"}, Verdict.HOLDS),
        ({"before": "depart", "require": [{"step_done": "open3"}]}, Verdict.HOLDS),
        ({"from": "any", "reachable": ["over"]}, Verdict.HOLDS),
        ({"after": "go3", "eventually": [{"enter": "over"}]}, Verdict.HOLDS),
        ({"never": {"enter": "done3"}, "while": {"at": ["done4"]}}, Verdict.BROKEN),
        ({"before": "depart", "require": [{"form": "consent", "not_older_than": "3 days"}]}, Verdict.BROKEN),
    ],
)
def test_independent_strands_are_not_interleaved(safeguard, verdict):
    """Seventeen strands have 131,072 configurations; a handful are visited."""
    (proof,) = decided(side_by_side(17), safeguard)

    assert proof.verdict is verdict
    assert proof.is_shortest
    assert proof.explored < 30


def test_a_long_procedure_takes_a_look_at_each_step():
    """A thousand steps in sequence: as many configurations, or twice as many where something is remembered."""
    steps: dict[str, Any] = {
        f"s{n}": {"responsible": ["worker"], "actions": {f"a{n}": {"to": f"s{n + 1}", "by": ["worker"]}}}
        for n in range(1000)
    }
    steps["s1000"] = {"end": "over"}
    raw = {"start": "s0", "steps": steps}
    way, before = decided(raw, {"from": "any", "reachable": ["s1000"]}, {"before": "a999", "happened": "a500"})

    assert (way.verdict, before.verdict) == (Verdict.HOLDS, Verdict.HOLDS)
    assert max(way.explored, before.explored) <= 2002


def test_strands_asked_everywhere_are_those_of_the_step_at_hand():
    """An everywhere action that waits for strands is shut while one runs, and open where there is none."""
    raw = side_by_side(1)
    raw["everywhere"] = {"stop": {"to": "over", "by": ["worker"], "requires": [{"strands": "done"}]}}
    raw["steps"]["all"]["actions"]["depart"]["requires"] = []
    raw["steps"]["after"] = {"responsible": ["worker"], "actions": {"go": {"to": "over", "by": ["worker"]}}}
    raw["steps"]["all"]["actions"]["depart"]["to"] = "after"
    shut, open_ = decided(
        raw, {"in": {"steps": ["all"]}, "available": "stop"}, {"in": {"steps": ["after"]}, "available": "stop"}
    )

    assert (shut.verdict, moves(shut)) == (Verdict.BROKEN, [])
    assert open_.verdict is Verdict.HOLDS


def test_what_runs_alongside_is_not_left_with_a_step():
    """Moving on in the main line is no end of what stands beside it."""
    line = {"start": "open", "title": {"en": "Line"}, "steps": {"open": {"responsible": ["worker"]}}}
    (proof,) = decided(going([], alongside={"line": line}), {"after": "prepare", "eventually": [{"leave": "open"}]})

    assert proof.verdict is Verdict.BROKEN


def test_nothing_happens_before_the_launch():
    """What the launch itself brings did not happen earlier, and nothing is recorded or acknowledged then."""
    entered = {"enter": "talk"}
    unmet = {"none_of": [{"acknowledged": {"by": "worker", "of": "talk"}}]}
    first, then = decided(
        going([], everywhere={}), {"before": entered, "happened": entered}, {"before": entered, "require": [unmet]}
    )

    assert (first.verdict, moves(first)) == (Verdict.BROKEN, [])
    assert moves(then) == ["talk", "prepare", "back"]


def test_a_date_must_be_known_even_for_what_must_not_have_passed():
    """Where no form gives the date, `none_of` a wait does not hold either."""
    early = {"none_of": [{"waited": {"from": {"form": "risk.there", "field": "on"}, "at_least": "3 days"}}]}
    (proof,) = decided(going([]), {"before": "prepare", "require": [early]})

    assert moves(proof) == ["prepare"]


def test_none_of_reaches_into_any_of():
    """A form that is not there is no form that says something else."""
    asked = {"none_of": [{"any_of": [CONSENTS, {"form": "risk.here"}]}]}
    (proof,) = decided(going([]), {"before": "prepare", "require": [asked]})

    assert moves(proof) == ["prepare"]


def test_a_record_counts_no_more_for_another_receiver():
    """Whoever comes to stand for a role has no record of its own; what asks for just that is open, and never said not to be."""
    shared = {"form": "share", "for": {"role": "far", "purpose": "referral"}}
    raw = going([{"none_of": [shared]}])
    raw["steps"]["ready"]["forms"] = ["share"]
    raw["steps"]["ready"]["actions"].pop("back")
    (proof,) = decided(raw, {"never": "depart", "while": {"at": ["ready"]}})

    assert proof.verdict in (Verdict.BROKEN, Verdict.UNDECIDED)


def test_a_trap_is_only_what_a_run_ends_in():
    """A record signed too early leaves what counts in force; one that nothing counts before is none."""
    raw = going([])
    raw["steps"]["ready"]["actions"] = {"depart": {"to": "over", "by": ["worker"], "requires": [{"form": "consent"}]}}
    (proof,) = decided(raw, {"after": {"record": "consent"}, "eventually": ["depart"]})

    assert proof.verdict is Verdict.HOLDS


def test_of_two_breaches_the_nearer_is_told():
    """What is required and what happened are both asked: the shorter of the two paths is shown."""
    raw = going([])
    both = {"before": "prepare", "require": [{"none_of": [{**CONSENTS, "or_absent": True}]}], "happened": "depart"}
    (proof,) = decided(raw, both)

    assert moves(proof) == ["prepare"]
    assert proof.is_shortest


def test_an_acknowledgement_beside_a_closed_case():
    """A line that goes on after the end is taken up there, though nobody is responsible for the end itself."""
    opens = {"to": "open", "by": ["worker"], "requires": [{"at": ["over"]}]}
    steps = {
        "idle": {"responsible": ["worker"], "actions": {"open": opens}},
        "open": {"responsible": ["far"], "actions": {"shut": {"to": "shut", "by": ["far"]}}},
        "shut": {"end": "done"},
    }
    line = {"start": "idle", "after_end": True, "title": {"en": "Line"}, "steps": steps}
    (proof,) = decided(
        going([], alongside={"line": line}), {"never": {"acknowledge": "open"}, "while": {"at": ["over"]}}
    )

    assert moves(proof) == ["prepare", "depart", "open", "open"]


# ── Chance ───────────────────────────────────────────────────────────────────────────────────────────────────────


def safeguards(chance: Chance, random: Random) -> list[dict[str, Any]]:
    """Return four safeguards that a single moment can break."""
    found: list[dict[str, Any]] = []
    for number in range(4):
        some: Any = random.choice(
            [
                random.choice(chance.actions),
                {"enter": random.choice(chance.steps)},
                {"leave": random.choice(chance.steps)},
                {"record": random.choice(["consent", "risk", "share"])},
            ]
        )
        earlier: Any = random.choice(
            [{"record": "consent", "where": {"decision": "yes"}}, random.choice(chance.actions)]
        )
        kinds: list[dict[str, Any]] = [
            {"before": some, "require": [chance.requirement()]},
            {"before": some, "happened": earlier},
            {"before": some, "happened": earlier, "since": {"enter": random.choice(chance.steps)}},
            {"always": [chance.requirement()], "if": {"fact": {"child": "true"}}},
            {"never": some, "while": {"at": random.sample(chance.steps, 2)}},
            {"never": some, "while": {"fact": {"child": "true"}}},
        ]
        found.append({"id": f"g{number}", **random.choice(kinds)})
    return found


class Witness:
    """Watches a run and notes which safeguards it breaks; knows nothing of the checker."""

    def __init__(self, sop: CompiledSop, walk: Walk) -> None:
        self._sop, self._walk = sop, walk
        self._known = [one for one in sop.sop.safeguards if isinstance(one, m.Safeguard)]
        launched = {"entered": set(walk.case.entered)}
        self._on = {
            one.id: self._is(one.happened, launched) and not self._is(one.since, launched) for one in self._known
        }
        self.broken: set[str] = set()
        self.look()

    def _is(self, patterns: tuple[m.Event, ...] | None, event: dict[str, Any]) -> bool:
        return any(self._matches(pattern, event) for pattern in patterns or ())

    def _matches(self, pattern: m.Event, event: dict[str, Any]) -> bool:
        if isinstance(pattern, str):
            return bool(event.get("action") == pattern)
        if pattern.record is None:
            return pattern.enter in event.get("entered", ()) or pattern.leave in event.get("left", ())
        recorded = event.get("record") in self._sop.parts_of(pattern.record)
        return recorded and all(event["fields"].get(name) in values for name, values in pattern.where.items())

    def _all_hold(self, asked: tuple[m.Requirement, ...], view: CaseView) -> bool:
        return all(one.holds(view) for one in guards(asked, self._sop.scope))

    def look(self) -> None:
        view = CaseView(self._walk.case, self._walk.facts, self._walk.now)
        for one in self._known:
            applies = one.if_ is None or self._all_hold((one.if_,), view)
            if one.always and applies and not self._all_hold(one.always, view):
                self.broken.add(one.id)

    def saw(self, before: Case, view: CaseView, kind: str, name: str) -> None:
        after = self._walk.case
        acts = kind in ("take", "fire")
        entered = {step for step, at in after.entered.items() if at.seq == after.seq} if acts else set()
        stood, stands = set(before.steps()), set(after.steps())
        fields = next((one.fields for one in self._walk.facts.records.values() if one.seq == after.seq), {})
        event = {
            "action": name if acts else None,
            "entered": entered,
            "left": (stood - stands) | (stood & entered) if acts else set(),
            "record": name if kind == "record" else None,
            "fields": fields,
        }
        for one in self._known:
            if self._is(one.before, event):
                missing = bool(one.require) and not self._all_hold(one.require, view)
                if missing or (one.happened is not None and not self._on[one.id]):
                    self.broken.add(one.id)
            if (
                isinstance(one.while_, m.While)
                and self._is(one.never, event)
                and self._covers(one.while_, before, view)
            ):
                self.broken.add(one.id)
            if self._is(one.since, event):
                self._on[one.id] = False
            elif self._is(one.happened, event):
                self._on[one.id] = True
        self.look()

    def _covers(self, covered: m.While, case: Case, view: CaseView) -> bool:
        counting = set(case.steps())
        if case.outcome is not None:
            counting = {step for step in counting if self._sop.steps[step].after_end or step == case.main}
        stands = not covered.at or not counting.isdisjoint(covered.at)
        return stands and all(str(view.fact(name)).lower() in values for name, values in covered.fact.items())


@pytest.mark.parametrize("seeds", [range(n, n + 30) for n in range(0, 150, 30)])
def test_no_run_breaks_what_holds(seeds):
    """Cases led by chance break hundreds of safeguards; not one of them was said to hold or to protect nothing."""
    broken, verdicts = 0, set()
    for seed in seeds:
        chance = Chance(seed)
        raw = chance.procedure()
        raw["safeguards"] = safeguards(chance, Random(seed))
        sop = watched(compiled(raw))
        proofs = {
            one.safeguard.id: one.verdict
            for one in prove(sop, Budget(states=8_000, seconds=2, seconds_for_shortest=0.2))
        }
        verdicts |= set(proofs.values())
        for run in range(10):
            walk = Walk(sop, seed * 100 + run)
            witness = Witness(sop, walk)
            for _ in range(50):
                before, facts = walk.case, walk.facts
                made = walk.step()
                view = CaseView(before, facts, walk.now)
                if made is not None:
                    witness.saw(before, view, *made)
                witness.look()
            broken += len(witness.broken)
            for name in witness.broken:
                assert proofs[name] in (Verdict.BROKEN, Verdict.UNDECIDED), f"seed {seed}, run {run}: {name}"
    assert broken > 200
    assert {Verdict.HOLDS, Verdict.BROKEN} <= verdicts


def renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): renamed(inner, names) for key, inner in reversed(list(value.items()))}
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("seed", range(300, 330))
def test_names_and_order_change_no_verdict(seed):
    """The same procedure with other names and everything written the other way round: the same verdicts, paths as long."""
    chance = Chance(seed)
    raw = chance.procedure()
    raw["safeguards"] = safeguards(chance, Random(seed))
    named = [name for name in (*chance.steps, *chance.actions) if name != "end"]
    names = {name: f"n{number}" for number, name in enumerate(named, start=1)}
    other = renamed(raw, names)

    one, two = prove(compiled(raw)), prove(compiled(other))

    assert [(p.safeguard.id, p.verdict, len(moves(p))) for p in one] == [
        (p.safeguard.id, p.verdict, len(moves(p))) for p in two
    ]
