"""A rehearsal: it moves cases as the engine would, waits as queueing theory says, repeats to the byte, and always ends."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import textwrap
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from engine.analysis.simulation.life import Life, Recording
from engine.analysis.simulation.pace import pace_of
from engine.analysis.simulation.report import Report, days
from engine.analysis.simulation.run import MOST_ACTIONS, simulate
from engine.analysis.simulation.setting import Setting
from engine.analysis.simulation.years import without_end
from engine.application.procedures import check
from engine.calendars.almanac import shipped
from engine.cases.case import Facts, Fire, RecordView, Take
from engine.cases.decide import Decision, begun, decide
from engine.errors import UnknownName, WrongUse
from engine.settings import DEFINITIONS
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.model import Step

ROOT = Path(__file__).parents[2]
ADULT = DEFINITIONS / "sops" / "adult-return.yaml"
SHORT = ROOT / "tests" / "definitions" / "sops" / "short-return.yaml"
EVERY_TURN = Path(__file__).parent / "definitions" / "sops" / "every-turn.yaml"

SMALL = """\
sop: small
title: {en: Small, fr: Petit}
destination: [FR]
origin: [AL]
roles:
  worker: {side: destination, title: {en: Worker, fr: Référent}}
  far: {side: origin, title: {en: Far worker, fr: Référent là-bas}}
facts:
  known: {type: boolean, title: {en: Known, fr: Connue}}
share_when: [{fact: {known: true}}]
start: talk
steps:
"""
CLOSED = "  closed: {end: done, title: {en: Closed, fr: Clos}}\n"


def compiled(path: Path) -> CompiledSop:
    (checked,) = check(path)
    assert checked.is_sound, checked.drawn()
    assert checked.file is not None
    return compile_sop(checked.file.sop, checked.file.shelf.forms, "v")


@pytest.fixture
def small(tmp_path: Path):
    """Compiles a procedure from its steps."""

    def make(steps: str, after: str = "") -> CompiledSop:
        (tmp_path / "sops").mkdir(exist_ok=True)
        file = tmp_path / "sops" / "small.yaml"
        file.write_text(SMALL + steps + CLOSED + after, encoding="utf-8")
        return compiled(file)

    return make


@pytest.fixture(scope="module")
def adult() -> CompiledSop:
    return compiled(ADULT)


def play(sop: CompiledSop, **said: object) -> Report:
    setting = Setting("FR", "AL", **said)  # type: ignore[arg-type]
    return simulate(sop, setting, without_end(shipped().between("FR", "AL")))


def step(takes: str, actions: str = "actions: {finish: {to: closed, by: [worker]}}", more: str = "") -> str:
    head = "  talk:\n    title: {en: Talk, fr: Entretien}\n    responsible: [worker]\n"
    return f"{head}    takes: {{{takes}}}\n{more}    {actions}\n"


# ── The same rules as the engine ─────────────────────────────────────────────────────────────────────────────────

RATES = {
    ADULT: {
        "withdraw_return_consent": 1.0, "new_fact": 1.0, "put_on_hold": 2.0, "new_fact_on_hold": 4.0, "asylum_claim": 0.3,
        "enforced_removal": 0.3, "raise_alert": 1.0, "withdraw_data_consent": 1.0, "complain": 2.0, "age_found_child": 0.3,
        "claim_compensation": 0.5, "lost_contact": 0.5, "plan_housing": 1.0,
    },
    SHORT: {"withdraw_consent": 5.0},
    EVERY_TURN: {"withdraw": 1.0, "fall_ill": 4.0, "die": 0.2, "removed": 0.5, "alarm": 2.0},
}  # fmt: skip


@pytest.mark.parametrize("rates", [False, True], ids=["plain", "with rates"])
@pytest.mark.parametrize("path", RATES, ids=lambda path: path.stem)
def test_every_simulated_move_is_accepted_by_the_engine(path, rates):
    """Played through `decide` at its own instant, no move is refused, and the case then stands, and knows, the same."""
    sop, calendars = compiled(path), without_end(shipped().between("FR", "AL"))
    lives: list[Life] = []

    simulate(sop, Setting("FR", "AL", 120, rates=RATES[path] if rates else {}), calendars, diaries=lives.append)

    assert len(lives) == 120
    for life in lives:
        assert life.diary is not None
        case, facts = begun(sop, "7K3Q-9FX4-T", "FR", "AL", life.diary[0][0]), Facts(calendars)
        for at, move in life.diary:
            decision = decide(sop, case, move, facts, at)
            assert isinstance(decision, Decision), (move, decision)
            assert not decision.breach
            case, facts = decision.case, decision.facts
        assert (case.main, case.strands, case.alongside, case.seq) == (
            life.main,
            life.strands,
            life.alongside,
            life.seq,
        )
        assert case.due.items() <= life.due.items()
        assert (facts.attributes, case.parties) == (life.attributes, life.parties)
        assert {key: (one.signed_on, one.fields) for key, one in facts.records.items()} == {
            key: (one.signed_on, one.fields) for key, one in life.records.items()
        }
        assert {key: [one.state for one in rounds] for key, rounds in case.series.items() if rounds} == {
            key: [one.state for one in rounds] for key, rounds in life.series.items()
        }


def test_the_played_cases_take_every_turn():
    """Pauses, timed actions, series kept and lapsed, reassignments, acknowledgements: what agrees above has really been played."""
    sop, moved, states = compiled(EVERY_TURN), Counter[str](), Counter[str]()

    def look(life: Life) -> None:
        for _, move in life.diary or ():
            moved[type(move).__name__] += 1
            if isinstance(move, (Take, Fire)):
                moved[move.action] += 1
        states.update(one.state for rounds in life.series.values() for one in rounds)

    simulate(
        sop, Setting("FR", "AL", 200, rates=RATES[EVERY_TURN]), without_end(shipped().between("FR", "AL")), diaries=look
    )  # fmt: skip

    assert set(moved) >= {
        "Fire",
        "Enter",
        "Acknowledge",
        "Wake",
        "recover",
        "withdraw",
        "other",
        "depart",
        "removed",
        "alarm",
    }
    assert states["recorded"] > 0
    assert states["lapsed"] > 0


def test_a_pause_moves_what_is_due_as_the_engine_does():
    """Ten days on hold: the deadline is ten days later, in the rehearsal and in the engine."""
    sop, calendars = compiled(EVERY_TURN), without_end(shipped().between("FR", "AL"))
    life = Life(sop, 1, calendars, FRIDAY, keep_diary=True)
    life.launch("worker", {})
    before = life.due["talk"]
    life.at(FRIDAY + timedelta(days=1))
    life.take(sop.everywhere["fall_ill"], "talk", "worker")
    life.at(FRIDAY + timedelta(days=11))
    life.take(sop.steps["ill"].actions["recover"], "ill", "worker")

    case, facts = begun(sop, "7K3Q-9FX4-T", "FR", "AL", FRIDAY), Facts(calendars)
    for at, move in life.diary or ():
        decision = decide(sop, case, move, facts, at)
        assert isinstance(decision, Decision)
        case, facts = decision.case, decision.facts
    assert life.due["talk"] == before + timedelta(days=10)
    assert case.due["talk"] == life.due["talk"]


def recording(part: str, on: str, **fields: str) -> Recording:
    return Recording(part, part, None, None, "far", RecordView(0, on, ("far",), dict(fields)))


def test_a_date_that_becomes_known_sets_what_counts_from_it():
    """Three days after the date on the form, at the end of the day; and the deadline that counts back from it."""
    life = Life(compiled(EVERY_TURN), 1, without_end(shipped().between("FR", "AL")), FRIDAY, keep_diary=False)
    life.launch("worker", {})
    life.take(life.sop.steps["talk"].actions["prepare"], "talk", "worker")
    assert life.timers.keys() == {("asked", "lapse")}

    life.carry_out(recording("travel_plan", "2026-11-27", departs_on="2026-12-10"))

    assert life.timers["preparation", "too_late"] == datetime(2026, 12, 13, 22, 59, tzinfo=UTC)
    assert life.due["here"] == datetime(2026, 12, 8, 22, 59, tzinfo=UTC)


def test_a_visit_counts_for_the_latest_that_was_due():
    """After forty days the visit of the first month is recorded, and that of the first week stays open."""
    life = Life(compiled(EVERY_TURN), 1, without_end(shipped().between("FR", "AL")), FRIDAY, keep_diary=False)
    life.launch("worker", {})
    life.take(life.sop.steps["way"].actions["arrive"], "way", "escort")
    life.at(FRIDAY + timedelta(days=40))

    life.carry_out(recording("risk_matrix.origin", "2027-01-06", risks="none"))

    assert [one.state for one in life.series["home/visit"]] == ["open", "recorded", "open"]


def test_a_wait_is_waited(small):
    """An action that asks for ten days in the step is taken when they are over, and the work done meanwhile counts in them."""
    actions = "actions: {finish: {to: closed, by: [worker], requires: [{waited: {since: talk, at_least: 10 days}}]}}"
    report = play(small(step("low: 1 hour, typical: 1 hour, high: 1 hour", actions)), cases=200)

    assert report.outcomes == {"done": 200}
    # The wait is over when its day begins in the country of destination, so its first day is not a whole one.
    assert min(report.lengths) >= 9 * 86_400
    assert max(report.lengths) <= 10 * 86_400


def test_the_case_goes_through_the_shipped_procedure(adult):
    """Some come home and are reintegrated; none is stuck, none goes round for ever."""
    report = play(adult, cases=300)

    assert report.outcomes["closed_reintegrated"] > 30
    assert sum(report.outcomes.values()) == 300
    assert (list(report.stuck), list(report.cut)) == ([], [])


# ── Queues ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("low", "typical", "high"), [(8, 8, 8), (0, 4, 20)], ids=["fixed service (M/D/1)", "triangular service (M/G/1)"]
)
def test_one_desk_waits_as_queueing_theory_says(small, low, typical, high):
    """Pollaczek and Khinchine: mean wait = rate · E[S²] / (2 (1 - load)); inside the interval of 12 independent runs."""
    sop = small(step(f"low: {low} hours, typical: {typical} hours, high: {high} hours"))
    mean = (low + typical + high) / 3
    variance = (low**2 + typical**2 + high**2 - low * typical - low * high - typical * high) / 18
    rate = 0.7 / mean
    expected = rate * (variance + mean**2) / (2 * (1 - 0.7))

    means = []
    for seed in range(12):
        report = play(sop, cases=3000, seed=seed, per_week=rate * 168, staff={"worker": 1})
        means.append(statistics.fmean(report.steps[0].tally.queued) / 3600)

    # Student's t for 11 degrees of freedom, 99 %
    margin = 3.106 * statistics.stdev(means) / math.sqrt(12)
    assert abs(statistics.fmean(means) - expected) < margin
    assert margin < expected / 5


def mean_wait(servers: int, per_day: float) -> float:
    """Return the mean wait, in days, before so many servers of whom each case takes a whole day (M/D/c), from first principles.

    Who is there a day later: those who could not be served at once, and whoever has come meanwhile. What this leaves as it is
    gives the mean number that waits, and Little's law the time.
    """
    most = 60
    comes = [math.exp(n * math.log(per_day) - per_day - math.lgamma(n + 1)) for n in range(most)]
    there = [1.0, *[0.0] * (most - 1)]
    for _ in range(400):
        left = [sum(there[: servers + 1]), *there[servers + 1 :], *[0.0] * servers]
        there = [sum(left[k] * comes[n - k] for k in range(n + 1)) for n in range(most)]
    return sum((n - servers) * share for n, share in enumerate(there) if n > servers) / per_day


def test_the_mean_wait_of_one_server_is_that_of_pollaczek_and_khinchine():
    """The measure of the next test, where there is a formula: load / (2 (1 - load)) days."""
    assert mean_wait(1, 0.7) == pytest.approx(0.7 / (2 * 0.3), rel=1e-6)


@pytest.mark.parametrize("servers", [2, 3])
def test_several_desks_wait_as_queueing_theory_says(small, servers):
    """One queue before several who each take a day: inside the interval of 10 independent runs."""
    sop = small(step("low: 24 hours, typical: 24 hours, high: 24 hours"))
    per_day = 0.75 * servers
    means = []
    for seed in range(10):
        report = play(sop, cases=4000, per_week=7 * per_day, seed=seed, staff={"worker": servers})
        (shown,) = report.steps
        means.append(statistics.fmean(shown.tally.queued) / 86_400)

    # Student's t for 9 degrees of freedom, 99 %
    margin = 3.25 * statistics.stdev(means) / math.sqrt(10)
    assert abs(statistics.fmean(means) - mean_wait(servers, per_day)) < margin
    assert margin < mean_wait(servers, per_day) / 5


def test_two_desks_share_one_queue(small):
    """With work for 1.4 people two keep up: nobody waits long; and what was worked at once is what came in."""
    sop = small(step("low: 8 hours, typical: 8 hours, high: 8 hours"))

    one = play(sop, cases=3000, per_week=1.4 * 168 / 8, staff={"worker": 2})

    assert one.roles[0].at_once == pytest.approx(1.4, rel=0.05)
    assert 0 < statistics.fmean(one.roles[0].queued) < 8 * 3600 * 1.2


def test_nobody_waits_for_a_role_that_has_enough_people(small):
    """A role that is not named has no queue."""
    report = play(small(step("low: 8 hours, typical: 8 hours, high: 8 hours")), cases=500, per_week=500)

    assert set(report.steps[0].tally.queued) == {0.0}


def test_the_queue_is_first_come_first_served(small):
    """Whoever arrives first is worked on first."""
    sop, ended = small(step("low: 1 hour, typical: 2 hours, high: 3 hours")), list[int]()

    simulate(
        sop, Setting("FR", "AL", 50, per_week=500, staff={"worker": 1}), without_end(shipped().between("FR", "AL")),
        diaries=lambda life: ended.append(life.number),
    )  # fmt: skip

    assert ended == sorted(ended)


# ── Lengths and chances ──────────────────────────────────────────────────────────────────────────────────────────


def pace(**takes: str):
    return pace_of(Step.model_validate({"title": {"en": "x"}, "takes": takes}))


FRIDAY = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "country", "ends"),
    [
        ("1 working day", "FR", datetime(2026, 11, 30, 10, 0, tzinfo=UTC)),
        # Two holidays on a weekend, made up for on Monday and Tuesday.
        ("1 working day", "AL", datetime(2026, 12, 2, 10, 0, tzinfo=UTC)),
        ("1 day", "FR", datetime(2026, 11, 30, 10, 0, tzinfo=UTC)),
        ("0 days", "FR", FRIDAY),
        ("30 hours", "FR", datetime(2026, 11, 28, 16, 0, tzinfo=UTC)),
    ],
)
def test_work_ends_on_a_working_day_of_the_country_that_does_it(length, country, ends):
    """Working days are whole; days are elapsed time that ends on a working day; hours run round the clock."""
    one = pace(low=length, typical=length, high=length)

    assert one.end(FRIDAY, Random(1), shipped().calendar_of(country)) == ends


def test_lengths_lie_between_low_and_high_and_mostly_near_typical():
    """The triangle's mean is a third of low, typical and high together."""
    one, random = pace(low="2 hours", typical="4 hours", high="24 hours"), Random(7)
    drawn = [(one.end(FRIDAY, random, shipped().calendar_of("FR")) - FRIDAY) / timedelta(hours=1) for _ in range(4000)]

    assert min(drawn) >= 2
    assert max(drawn) <= 24
    assert statistics.fmean(drawn) == pytest.approx(10, rel=0.03)


def test_what_is_not_given_comes_from_the_deadline_or_is_assumed():
    """A fifth, three fifths and six fifths of `within`; zero, one and three days without any."""
    title = {"title": {"en": "x"}}
    due = pace_of(Step.model_validate({**title, "due": {"within": "10 working days"}}))
    none = pace_of(Step.model_validate(title))

    assert (due.source, due.low, due.typical, due.high, due.in_working_days) == ("due", 2, 6, 12, True)
    assert (none.source, none.low, none.typical, none.high) == ("assumed", 0, 1, 3)


@pytest.mark.parametrize(
    ("first", "second", "third", "shares"),
    [
        (", chance: 70", ", chance: 30", ", chance: 0", (0.7, 0.3, 0)),
        (", chance: 50", "", "", (0.5, 0.25, 0.25)),
        ("", "", "", (1 / 3, 1 / 3, 1 / 3)),
    ],
)
def test_chances_are_kept(small, first, second, third, shares):
    """What is given is taken as often; what is left is shared by those without."""
    ends = "".join(
        f"  {name}: {{end: {name}, title: {{en: {name}, fr: {name}}}}}\n" for name in ("one", "two", "three")
    )
    actions = (
        f"actions: {{a: {{to: one, by: [worker]{first}}}, b: {{to: two, by: [worker]{second}}}, "
        f"c: {{to: three, by: [worker]{third}}}, d: {{to: closed, by: [worker], chance: 0}}}}"
    )
    report = play(small(step("low: 0 hours, typical: 1 hour, high: 1 hour", actions) + ends), cases=3000)

    got = [report.outcomes[name] / 3000 for name in ("one", "two", "three")]
    assert got == pytest.approx(shares, abs=0.03)


def test_what_chance_leaves_is_left_to_time(small):
    """Where a timed action leads out, only so many of a hundred cases are taken on by people."""
    actions = (
        "actions: {early: {to: closed, by: [worker], chance: 25}, "
        "late: {to: over, by: [system], automatic: {after: 20 days}}}"
    )
    sop = small(
        step("low: 1 hour, typical: 1 hour, high: 1 hour", actions)
        + "  over: {end: over, title: {en: Over, fr: Fini}}\n"
    )

    report = play(sop, cases=2000)

    assert report.outcomes["done"] / 2000 == pytest.approx(0.25, abs=0.03)
    assert min(report.lengths) < 2 * 86_400
    assert max(report.lengths) >= 20 * 86_400


def test_late_is_what_ends_after_its_deadline(small):
    """With a length that always passes the deadline all are late; with one that never does, none."""
    due = "    due: {within: 2 days}\n"
    never = play(small(step("low: 1 hour, typical: 1 hour, high: 1 hour", more=due)), cases=50)
    always = play(small(step("low: 10 days, typical: 10 days, high: 10 days", more=due)), cases=50)

    assert (never.steps[0].tally.late, never.steps[0].tally.dated) == (0, 50)
    assert (always.steps[0].tally.late, always.steps[0].tally.dated) == (50, 50)


def test_what_is_open_everywhere_happens_only_by_its_rate(adult):
    """Nobody withdraws consent in a rehearsal that was not told how often that happens."""
    names = Counter[str]()
    for rates in ({}, {"withdraw_return_consent": 2.0}):
        simulate(
            adult, Setting("FR", "AL", 60, rates=rates), without_end(shipped().between("FR", "AL")),
            diaries=lambda life, told=bool(rates): names.update(
                (f"{one.action} {told}" for _, one in life.diary or () if isinstance(one, Take))
            ),
        )  # fmt: skip

    assert names["withdraw_return_consent False"] == 0
    assert names["withdraw_return_consent True"] > 10


# ── Ends, and the same again ─────────────────────────────────────────────────────────────────────────────────────


def test_a_case_that_goes_round_for_ever_is_cut_and_told(small):
    """A loop without length ends after so many actions; nothing hangs."""
    actions = "actions: {again: {to: talk, by: [worker], chance: 100}, finish: {to: closed, by: [worker], chance: 0}}"
    report = play(small(step("low: 0 days, typical: 0 days, high: 0 days", actions)), cases=3)

    assert [(one.step, one.cases) for one in report.cut] == [("talk", 3)]
    assert report.actions == 3 * MOST_ACTIONS
    assert report.as_json()["days"] == {"low": None, "median": None, "p90": None, "high": None}


def test_a_case_that_nothing_can_move_is_stuck_and_told_why(small):
    """The sentence of the requirement that stands against each action."""
    actions = "actions: {finish: {to: closed, by: [worker], requires: [{fact: {known: true}}]}}"
    after = 'everywhere: {tell: {to: stay, by: [worker], title: {en: Tell, fr: Dire}, sets: {known: "true"}}}\n'
    sop = small(step("low: 1 day, typical: 1 day, high: 1 day", actions), after)

    report = play(sop, cases=4)

    assert [(one.step, one.cases, one.why) for one in report.stuck] == [("talk", 4, ("finish: Known is yes.",))]
    assert play(sop, cases=4, rates={"tell": 12.0}).outcomes == {"done": 4}


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "sop", "simulate", *words],
        capture_output=True, text=True, cwd=ROOT, timeout=120, env={**os.environ, "COLUMNS": "160", **environment},
    )  # fmt: skip


WORDS = (
    str(ADULT), "--cases", "40", "--staff", "case_manager=30", "--staff", "doctor=1", "--rate", "new_fact=1",
    "--rate", "put_on_hold=2",
)  # fmt: skip


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_the_same_seed_gives_the_same_bytes(form):
    """In other processes, and whatever order Python walks its sets in; another seed gives other figures."""
    first = run(*WORDS, *form, PYTHONHASHSEED="0")
    again = run(*WORDS, *form, PYTHONHASHSEED="4711")
    other = run(*WORDS, *form, "--seed", "2", PYTHONHASHSEED="0")

    assert (first.returncode, first.stderr) == (0, "")
    assert again.stdout == first.stdout
    assert other.stdout.replace("seed 2", "seed 1") != first.stdout


def test_the_json_has_the_shape_of_the_contract():
    """What programs read, in a stable order."""
    told = json.loads(run(*WORDS, "--json").stdout)

    assert list(told)[:3] == ["sop", "cases", "seed"]
    assert (told["sop"], told["cases"], told["seed"]) == ("adult-return", 40, 1)
    assert sum(told["outcomes"].values()) == 40
    assert list(told["days"]) == ["low", "median", "p90", "high"]
    assert told["days"]["low"] <= told["days"]["median"] <= told["days"]["p90"] <= told["days"]["high"]
    for one in told["by_step"]:
        assert one.keys() >= {"step", "role", "country", "median_days", "p90_days", "late_share"}
        assert one["country"] in ("FR", "AL", None)
        assert one["late_share"] is None or 0 <= one["late_share"] <= 1


def test_the_text_reads_well():
    """How cases end, where they stay, which deadlines are missed, for whom they wait, and what it rests on."""
    told = run(str(SHORT), "--cases", "300").stdout

    assert "300 simulated cases, FR → AL, 5 new a week from 2026-01-05; seed 1." in told
    for head in (
        "How cases end",
        "Where cases stay longest",
        "Deadlines missed most",
        "By role and country",
        "What this rests on",
    ):
        assert f"\n{head}\n" in told
    assert "Counselling on all options  Case manager" in told
    assert "Length from the deadline, 20%, 60% and 120% of it: 1 step (Counselling on all options)" in told
    assert "for no action has a `chance`: 2 steps" in told


def test_too_few_people_are_told():
    """A queue that can only grow is said in words."""
    told = run(str(SHORT), "--cases", "200", "--staff", "case_manager=1", "--arrivals", "20").stdout

    assert "Case manager can't keep up" in told


# ── Wrong use ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cases", "0"), "1 to 1,000,000 cases, not 0"),
        (("--seed", "-1"), "a seed is 0 or more"),
        (("--staff", "case_manger=2"), 'did you mean "case_manager"'),
        (("--staff", "case_manager"), 'a name, "=" and a number'),
        (("--rate", "withdraw_consent=often"), 'a name, "=" and a number'),
        (("--begin", "tomorrow"), "is not a date"),
        (("--begin", "9990-01-01", "--cases", "9000"), "no calendar has a year 10000"),
    ],
)
def test_wrong_words_are_answered_in_one_block(words, said):
    """Exit code 2, the reason, no traceback."""
    done = run(str(SHORT), *words)

    assert done.returncode == 2, done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_procedure_with_faults_is_not_rehearsed():
    """The answer is no, with each fault at its place; a folder is wrong use."""
    bad = run("tests/definitions/bad/several_faults.yaml")
    folder = run("sop_definitions")

    assert (bad.returncode, folder.returncode) == (1, 2)
    assert "several_faults.yaml:" in bad.stderr
    assert "name one procedure" in folder.stderr


@pytest.mark.parametrize(
    ("said", "why", "error"),
    [
        ({"cases": 1_000_001}, "1 to 1,000,000 cases", WrongUse),
        ({"staff": {"case_manager": 0}}, "is 1 or more", WrongUse),
        ({"staff": {"nobody": 1}}, "no role", UnknownName),
        ({"rates": {"depart": 2.0}}, "is not open everywhere", UnknownName),
        ({"rates": {"withdraw_return_consent": -2.0}}, "0 to 1,000 times a year", WrongUse),
        ({"rates": {"withdraw_return_consent": math.nan}}, "0 to 1,000 times a year", WrongUse),
        ({"per_week": 0.0}, "more than 0", WrongUse),
        ({"per_week": math.inf}, "more than 0", WrongUse),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(adult, said, why, error):
    """Before anything is played."""
    with pytest.raises(error, match=why):
        play(adult, **said)


def test_a_country_the_procedure_does_not_know_is_refused(adult):
    """The corridor is one of the procedure's."""
    with pytest.raises(UnknownName, match="no country of destination"):
        Setting("DE", "AL").checked(adult)
    with pytest.raises(UnknownName, match="no country of origin"):
        Setting("FR", "DE").checked(adult)


def test_quantiles_lie_between_the_nearest_values():
    """Half of 1 and 3 days is 2; of nothing there is none."""
    assert days([86_400, 3 * 86_400], 0.5) == 2.0
    assert days([86_400], 0.9) == 1.0
    assert days([], 0.5) is None


def test_the_example_of_the_page_is_a_procedure(small):
    """What docs/reference/simulation.md shows can be written so, and is played as it says."""
    page = (ROOT / "docs" / "reference" / "simulation.md").read_text(encoding="utf-8")
    example = textwrap.indent(page.split("```yaml\n")[1].split("```")[0], "  ").replace("case_manager", "worker")
    titled = example.replace("  counselling:\n", "  talk:\n    title: {en: Talk, fr: Entretien}\n")

    report = play(small(titled + "  wish: {end: wish, title: {en: Wish, fr: Souhait}}\n"), cases=1000)

    assert report.outcomes["wish"] / 1000 == pytest.approx(0.9, abs=0.03)
    assert report.steps[0].takes == "given"


def test_progress_counts_every_case_once(adult):
    """People see how far it is."""
    seen: list[int] = []
    simulate(
        adult,
        Setting("FR", "AL", 25, begins_on=date(2026, 3, 2)),
        without_end(shipped().between("FR", "AL")),
        seen.append,
    )

    assert seen == list(range(1, 26))


def test_a_rehearsal_outlasts_the_known_holidays():
    """Beyond the years of a calendar weekends are free and nothing else; within them nothing changes."""
    known = shipped().between("FR", "AL")
    endless = without_end(known)
    last = known.destination.countries()[0].known.years.last

    assert endless.destination.days_of(last) == known.destination.days_of(last)
    assert not endless.destination.is_working_day(date(last, 12, 25))
    days = [date(last + 5, 12, 1) + timedelta(days=n) for n in range(31)]
    assert [day for day in days if not endless.both.is_working_day(day)] == [day for day in days if day.weekday() > 4]
