"""Open cases move to another version on the whole house: the dry run, applying it, taking it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from engine.actors.model import Actor, Way
from engine.application.casework import Refused
from engine.application.facts import open_payload
from engine.application.migration import Plan
from engine.bootstrap import Application
from engine.errors import NotAllowed, UnknownName, WrongUse

GIVEN = {"decision": "given", "signed_on": "2026-03-02", "signed_by": ["worker"]}
REFUSED = {**GIVEN, "decision": "refused"}
Publish = Callable[..., int]


@pytest.fixture
def publish(small: Application, tmp_path: Path) -> Publish:
    """Publish another version of the small procedure: each change replaces one text by another, in it or in a form."""
    folder = tmp_path / "definitions"

    def changed(*changes: tuple[str, str], forms: tuple[tuple[str, str, str], ...] = ()) -> int:
        for name, old, new in forms:
            file = folder / "forms" / f"{name}.yaml"
            text = file.read_text(encoding="utf-8")
            assert old in text
            file.write_text(text.replace(old, new), encoding="utf-8")
        file = folder / "sops" / "small.yaml"
        text = file.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
        return small.procedures.publish(file).number

    return changed


def rows(house: Application, ref: str) -> list[object]:
    return list(house.store.deadlines(ref))


def calls(house: Application) -> list[dict[str, str]]:
    return [call for case in house.queries.cases(overdue=True) for call in case["call"]]


def reasons(plan: Plan) -> dict[str, str]:
    (fate,) = plan.fates
    return {one.code: one.text for one in fate.reasons}


def told(house: Application, ref: str, state: str = "queued") -> list[tuple[str, str, str]]:
    return [
        (one["template"], one["role"], one["actor"]) for one in house.queries.messages(ref) if one["state"] == state
    ]


SHORTER = ("due: {within: 3 days,", "due: {within: 2 days,")


def test_a_dry_run_changes_nothing_and_says_what_would_change(small, begun, publish):
    """The deadline in people's words, old and new; version, history, deadlines and messages stay as they are."""
    publish(SHORTER)
    before = (small.store.case(begun), rows(small, begun), small.queries.messages(begun))

    plan = small.migrations.plan("small", 2)

    (fate,) = plan.fates
    (due,) = fate.deadlines
    assert fate.moves
    assert (due.step, due.name) == ("talk", "due")
    assert due.old is not None
    assert due.old - due.new == timedelta(days=1)
    assert (small.store.case(begun), rows(small, begun), small.queries.messages(begun)) == before


def test_applying_does_what_the_dry_run_said_in_one_chained_entry(small, begun, publish):
    """The case stands on the new version where it stood; its deadline is the announced one; the chain is whole."""
    publish(SHORTER)
    plan = small.migrations.plan("small", 2)

    run, (done,) = small.migrations.apply(plan, plan.code)

    entry = small.queries.history(begun)[-1]
    shown = small.queries.case(begun)
    assert (done.fate, done.changed) == (plan.fates[0], False)
    assert (entry["move"], entry["action"], entry["note"]) == ("migrate", "v1 → v2", f"run {run}")
    assert (shown["version"], shown["steps"]) == (2, ["talk"])
    assert [one.due_at for one in rows(small, begun) if one.name == "due"] == [plan.fates[0].deadlines[0].new]
    assert small.queries.verify(begun) == {begun: []}
    assert small.migrations.plan("small", 2).there == 1


def test_a_version_with_other_titles_moves_no_deadline(small, begun, publish):
    """Not even the alarms that have come: nobody is reminded twice."""
    small.clock.advance(timedelta(days=2, hours=6))
    small.sweep.run()
    before = rows(small, begun)
    publish(("title: {en: Talk,", "title: {en: Conversation,"))

    small.migrations.apply(small.migrations.plan("small", 2))

    assert rows(small, begun) == before
    assert small.sweep.run().messages == 0


def test_what_is_late_only_by_the_new_count_is_told_once(small, begun, publish):
    """The new deadline lies in the past: those responsible hear it with the next sweep, and not again."""
    small.clock.advance(timedelta(days=2, hours=18))
    small.sweep.run()
    publish(("due: {within: 3 days, remind: [1 day before]", "due: {within: 1 day, remind: [1 day before]"))

    small.migrations.apply(small.migrations.plan("small", 2))

    assert small.sweep.run().messages > 0
    assert ("due", "worker", "w") in told(small, begun)
    assert small.sweep.run().messages == 0


def test_an_undone_run_leaves_the_case_as_it_was(small, begun, publish):
    """Configuration, memory, what is known, deadlines: equal but for the number of the last entry."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    loaded, before = small.casework.load(begun), rows(small, begun)
    publish(("due: {within: 5 days", "due: {within: 9 days"))
    run, _ = small.migrations.apply(small.migrations.plan("small", 2))
    assert rows(small, begun) != before

    (undone,) = small.migrations.undo("small", run)

    after = small.casework.load(begun)
    assert undone.reason == ""
    assert msgspec.structs.replace(after.case, seq=loaded.case.seq) == loaded.case
    assert (after.facts, rows(small, begun)) == (loaded.facts, before)
    assert small.queries.verify(begun) == {begun: []}
    assert [one["move"] for one in small.queries.history(begun)][-2:] == ["migrate", "undo"]


def test_a_case_that_has_moved_since_is_not_taken_back(small, begun, publish):
    """It says so, and stays on the new version; the others go back."""
    other = small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"}).ref
    publish(SHORTER)
    run, _ = small.migrations.apply(small.migrations.plan("small", 2))
    small.casework.acknowledge(begun, "w")

    back = {one.ref: one.reason for one in small.migrations.undo("small", run)}

    assert "has moved since" in back[begun]
    assert back[other] == ""
    assert small.queries.case(begun)["version"] == 2
    assert small.queries.case(other)["version"] == 1
    assert "has moved since" in {one.ref: one.reason for one in small.migrations.undo("small", run)}[other]


def test_a_step_that_is_gone_keeps_its_cases_and_a_mapped_one_does_not(small, begun, publish):
    """Without the map the case stays and the sentence names the step; with it the case stands at the step's new name."""
    publish(("start: talk", "start: meet"), ("  talk:\n", "  meet:\n"), ("to: talk,", "to: meet,"))

    assert "“Talk” (talk)" in reasons(small.migrations.plan("small", 2))["step"]

    small.migrations.apply(small.migrations.plan("small", 2, renamed=["step:talk=meet"]))
    case = small.casework.load(begun).case
    assert case.main == "meet"
    assert case.entered["meet"].seq == 1
    assert [one.step for one in rows(small, begun)] == ["meet", "meet"]


def test_a_message_that_failed_for_a_step_of_another_name_by_now_is_still_a_call(small, begun, publish):
    """Whoever was never reached is called until the step is acknowledged under its new name."""
    small.people.disable("w")
    small.courier.run()
    publish(("start: talk", "start: meet"), ("  talk:\n", "  meet:\n"), ("to: talk,", "to: meet,"))

    small.migrations.apply(small.migrations.plan("small", 2, renamed=["step:talk=meet"]))

    assert [(call["actor"], call["step"]) for call in calls(small)] == [("w", "talk")]
    small.casework.acknowledge(begun, "w")
    assert calls(small) == []


def test_renamed_actions_forms_and_facts_carry_over(small, begun, publish, tmp_path):
    """What was done and recorded under the old names counts under the new ones."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    forms = tmp_path / "definitions" / "forms"
    (forms / "agreement.yaml").write_text(
        (forms / "consent.yaml").read_text(encoding="utf-8").replace("form: consent", "form: agreement"),
        encoding="utf-8",
    )
    publish(("consent", "agreement"), ("hand_over:", "pass_on:"))
    assert reasons(small.migrations.plan("small", 2)).keys() == {"elsewhere"}

    plan = small.migrations.plan("small", 2, renamed=["form:consent=agreement", "action:hand_over=pass_on"])
    small.migrations.apply(plan)

    assert plan.fates[0].moves
    assert small.casework.load(begun).facts.records.keys() == {"agreement"}
    assert small.queries.case(begun)["steps"] == ["there"]


@pytest.mark.parametrize("word", ["step", "step:talk", "role:far=near", "step:tlak=meet", "step:talk=over2", "step:=x"])
def test_a_map_that_cannot_be_is_refused(small, begun, publish, word):
    """Of another form, of a kind that can't be mapped, or a name that neither version has."""
    publish(SHORTER)

    with pytest.raises(WrongUse):
        small.migrations.plan("small", 2, renamed=[word])


def test_what_the_new_version_would_have_refused_keeps_the_case_with_the_entry_and_the_sentence(small, begun, publish):
    """Nobody comes past a requirement by way of a migration; a case that has yet to meet it moves."""
    early = small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"}).ref
    small.casework.take(begun, "hand_over", "w")
    publish(
        (
            "hand_over: {to: there, by: [worker]}",
            "hand_over: {to: there, by: [worker], requires: [{form: consent, where: {decision: given}}]}",
        )
    )

    fates = {one.ref: one for one in small.migrations.plan("small", 2).fates}

    (reason,) = fates[begun].reasons
    assert (reason.code, "Entry 2 (hand_over)" in reason.text, "Consent" in reason.text) == ("history", True, True)
    assert fates[early].moves
    assert [one.action for one in fates[early].shuts] == ["hand_over"]
    assert "Consent" in fates[early].shuts[0].blockers[0]


def test_a_case_that_has_met_a_new_requirement_in_time_moves(small, begun, publish):
    """The consent was there before the action that asks for it now."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    publish(
        ("hand_over: {to: there, by: [worker]}", "hand_over: {to: there, by: [worker], requires: [{form: consent}]}")
    )

    assert small.migrations.plan("small", 2).fates[0].moves


def test_a_record_that_a_changed_form_would_not_accept_keeps_the_case(small, begun, publish):
    """The new field is named, and the entry."""
    small.casework.record(begun, "consent", GIVEN, "w")
    publish(forms=(("consent", "fields:\n", "fields:\n  place: {type: text, title: {en: Place, fr: Lieu}}\n"),))

    said = reasons(small.migrations.plan("small", 2))

    assert "entry 2" in said["record"]
    assert "place: missing" in said["record"]


def test_a_field_that_only_the_new_version_reads_is_read_from_the_record(small, begun, publish):
    """The case remembers of a record what its version reads; the whole record is asked for the rest."""
    small.casework.take(begun, "hand_over", "w")
    small.casework.record(
        begun, "journey", {"day": "2026-04-01", "signed_on": "2026-03-02", "signed_by": ["worker"]}, "w"
    )
    looks_ahead = "    foresee: {on: {form: journey, field: day}, for: visit, before: 3 days}\n"
    publish(("from: {form: journey, field: day}}\n    series", "from: {enter: away}}\n    series"), (looks_ahead, ""))
    small.migrations.apply(small.migrations.plan("small", 2))
    assert small.casework.load(begun).facts.records["journey"].fields == {}

    small.migrations.apply(small.migrations.plan("small", 1))

    assert small.casework.load(begun).facts.records["journey"].fields == {"day": "2026-04-01"}


NEW_ROLE = ("  far: {side: origin,", "  guard: {side: origin, title: {en: Guard, fr: Garde}}\n  far: {side: origin,")
GUARDED = ("responsible: [far]", "responsible: [far, guard]")


def desk(house: Application, id: str, role: str) -> None:
    way = (Way(kind="mail", address="desk@example.org"),)
    house.people.add([Actor(id=id, name=id, sample=True, country="AL", roles=(role,), channels=way, enabled=True)])


def test_a_new_role_needs_a_desk_that_is_told_once_consent_allows_it(small, begun, publish):
    """Without a desk the case stays; of two the coordinator says which; what it hears obeys `share_when`."""
    small.casework.take(begun, "hand_over", "w")
    publish(NEW_ROLE, GUARDED)
    assert "guard" in reasons(small.migrations.plan("small", 2))["role"]
    desk(small, "g", "guard")
    desk(small, "g2", "guard")
    assert "g, g2" in reasons(small.migrations.plan("small", 2))["role"]
    with pytest.raises(UnknownName):
        small.migrations.plan("small", 2, given={"gaurd": "g"})

    small.migrations.apply(small.migrations.plan("small", 2, given={"guard": "g2"}))

    assert ("your_turn", "guard", "g2") in told(small, begun, "withheld")
    small.casework.record(begun, "consent", GIVEN, "w")
    assert ("your_turn", "guard", "g2") in told(small, begun)


def test_a_role_that_is_gone_is_asked_to_stop_and_nothing_more_leaves_for_it(small, begun, publish):
    """What was queued for it is cancelled; the case no longer knows it."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    assert ("your_turn", "far", "f") in told(small, begun)
    publish(
        ("  far: {side: origin, title: {en: Far worker, fr: Référent là-bas}}\n", ""),
        ("responsible: [far]", "responsible: [worker]"), ("by: [far, worker]", "by: [worker]"), ("by: [far]", "by: [worker]"),
    )  # fmt: skip

    small.migrations.apply(small.migrations.plan("small", 2))

    assert ("your_turn", "far", "f") in told(small, begun, "cancelled")
    assert ("stop", "far", "f") in told(small, begun)
    assert "far" not in small.casework.load(begun).case.parties


STRICTER = (
    "  - {form: consent, where: {decision: given}}\nstart",
    "  - {form: consent, where: {decision: given}}\n  - {form: journey}\nstart",
)


def test_what_the_new_version_does_not_share_is_shut_at_once_and_opens_again_with_an_undo(small, begun, publish):
    """What is queued for abroad may no longer leave; it does after all when the run is taken back."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    publish(STRICTER)
    plan = small.migrations.plan("small", 2)
    assert plan.fates[0].silenced == ("far",)

    run, _ = small.migrations.apply(plan)
    assert [one for one in told(small, begun) if one[1] == "far"] == []
    assert small.casework.load(begun).case.withheld == {"far": "there"}

    small.migrations.undo("small", run)
    assert [one for one in told(small, begun) if one[1] == "far"] == [("your_turn", "far", "f")]


def test_a_wider_sharing_tells_what_was_withheld(small, begun, publish):
    """Whoever waits for a word that is allowed now gets it."""
    small.casework.record(begun, "consent", REFUSED, "w")
    small.casework.take(begun, "hand_over", "w")
    publish(("  - {form: consent, where: {decision: given}}\nstart", "  - {form: consent}\nstart"))
    plan = small.migrations.plan("small", 2)
    assert [(one.role, one.template, one.withheld) for one in plan.fates[0].messages] == [("far", "your_turn", "")]

    run, _ = small.migrations.apply(plan)
    small.courier.run()
    small.migrations.undo("small", run)

    assert ("your_turn", "far", "f") in told(small, begun, "sent")
    assert ("correction", "far", "f") in told(small, begun, "withheld")
    assert "far" in small.casework.load(begun).case.told


def test_a_safeguard_with_a_deadline_is_armed_from_the_moment_it_speaks_of(small, begun, publish):
    """The departure was before the migration; its follow-up is late already, and those in charge hear it with the next sweep."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    publish(("    within: 24 hours\n    escalate: [{after: 1 hour, to: [boss]}]\n", ""))
    small.migrations.apply(small.migrations.plan("small", 2))
    small.casework.take(begun, "depart", "w")
    left = small.clock.now()
    assert small.casework.load(begun).case.armed == frozenset()
    small.clock.advance(timedelta(days=2))
    publish(
        (
            "    eventually: [{enter: over}]\n",
            "    eventually: [{enter: over}]\n    within: 12 hours\n    escalate: [{after: 1 hour, to: [boss]}]\n",
        )
    )

    small.migrations.apply(small.migrations.plan("small", 3))

    (watch,) = [one for one in rows(small, begun) if one.kind == "watch"]
    assert watch.due_at == left + timedelta(hours=12)
    small.sweep.run()
    assert ("escalation", "boss", "b") in told(small, begun)


def test_a_pause_carries_over_with_the_time_that_stood_still(small, begun, publish):
    """A paused case moves paused; when it goes on, its deadline is later by the whole pause."""
    due = next(one.due_at for one in rows(small, begun) if one.name == "due")
    small.clock.advance(timedelta(days=1))
    small.casework.take(begun, "hold", "w")
    small.clock.advance(timedelta(days=2))
    publish(("due: {within: 3 days,", "due: {within: 4 days,"))

    small.migrations.apply(small.migrations.plan("small", 2))

    assert {one.held for one in rows(small, begun) if one.step == "talk"} == {True}
    small.clock.advance(timedelta(days=3))
    small.casework.take(begun, "go_on", "w")
    again = next(one for one in rows(small, begun) if one.name == "due")
    assert (again.held, again.due_at) == (False, due + timedelta(days=1 + 5))


def test_a_suspended_deadline_stays_suspended_and_keeps_what_was_left_of_it(small, begun, publish):
    """On the new version it stands still too; when it goes on, the new length counts, less what had gone by."""
    due = next(one.due_at for one in rows(small, begun) if one.name == "due")
    small.clock.advance(timedelta(days=1))
    small.casework.suspend(begun, "talk", "hospital", "w")
    publish(("due: {within: 3 days,", "due: {within: 4 days,"))

    small.migrations.apply(small.migrations.plan("small", 2))

    assert {one.held for one in rows(small, begun) if one.name == "due"} == {True}
    small.clock.advance(timedelta(days=5))
    small.casework.resume(begun, "talk", "w")
    again = next(one for one in rows(small, begun) if one.name == "due")
    assert (again.held, again.due_at) == (False, due + timedelta(days=1 + 5))


def test_visits_that_were_made_stay_made(small, begun, publish):
    """Of a series with other days, what was recorded counts where the new version would have counted it."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    small.casework.take(begun, "depart", "w")
    publish(("at: [1 day, 4 days]", "at: [1 day, 4 days, 9 days]"))

    plan = small.migrations.plan("small", 2)
    small.migrations.apply(plan)

    assert [one.name for one in plan.fates[0].deadlines] == ["call:2"]
    assert len(small.casework.load(begun).case.series["away/call"]) == 3


FACT = (
    "start: talk\n",
    "facts:\n  tongue: {type: choice, title: {en: Tongue, fr: Langue}, choices: {sq: {en: A, fr: A}}}\nstart: talk\n",
)
ASKED = (
    "hand_over: {to: there, by: [worker]}",
    "hand_over: {to: there, by: [worker], requires: [{fact: {tongue: sq}}]}",
)


def test_a_fact_that_nobody_could_say_later_is_asked_for(small, begun, publish):
    """Said with the migration it counts as said at the launch."""
    publish(FACT, ASKED)
    assert "tongue" in reasons(small.migrations.plan("small", 2))["fact"]

    small.migrations.apply(small.migrations.plan("small", 2, facts={"tongue": "sq"}))

    assert small.casework.load(begun).facts.attributes == {"tongue": "sq"}
    small.casework.take(begun, "hand_over", "w")


def test_a_new_default_does_not_change_what_held_at_the_launch(small, begun, publish):
    """A boolean of which nothing was said was false; a later default of true does not make it true."""
    publish(("start: talk\n", "facts:\n  ill: {type: boolean, title: {en: Ill, fr: Malade}, default: 'false'}\nstart: talk\n"),
            ("to: over, by: [far]}", "to: over, by: [far], requires: [{fact: {ill: 'false'}}]}"))  # fmt: skip
    small.migrations.apply(small.migrations.plan("small", 2))
    publish(("default: 'false'", "default: 'true'"))

    small.migrations.apply(small.migrations.plan("small", 3))

    assert small.casework.load(begun).facts.attributes == {"ill": False}


def test_a_withdrawal_is_never_forgotten(small, begun, publish):
    """The action that made the consent count no more is gone from the new version: the case stays."""
    publish(
        (
            "everywhere:\n",
            "everywhere:\n  withdraw: {while: any, title: {en: W, fr: W}, by: [worker], to: stay, voids: [consent]}\n",
        )
    )
    small.migrations.apply(small.migrations.plan("small", 2))
    small.casework.record(begun, "consent", GIVEN, "w")
    small.clock.advance(timedelta(days=1))
    small.casework.take(begun, "withdraw", "w")

    assert "Another record of “Consent” would count." in reasons(small.migrations.plan("small", 1))["known"]


def test_a_migrated_case_is_corrected_like_any_other(small, begun, publish):
    """The history is played over both versions: the mistaken record counts no more, the case stays on the new one."""
    wrong = small.casework.record(begun, "consent", GIVEN, "w").seq
    publish(SHORTER)
    small.migrations.apply(small.migrations.plan("small", 2))
    small.casework.acknowledge(begun, "w")
    before = small.casework.load(begun)

    small.corrections.correct(begun, wrong, "another person's form", "w")

    after = small.casework.load(begun)
    assert after.facts.records == {}
    assert after.case.version == before.case.version
    assert after.case.due == before.case.due
    assert after.case.acknowledged == before.case.acknowledged


def test_a_correction_on_which_a_migration_rests_is_refused(small, begun, publish):
    """Without the record the new version would not have let the case come where it stands."""
    wrong = small.casework.record(begun, "consent", GIVEN, "w").seq
    small.casework.take(begun, "hand_over", "w")
    publish(
        ("hand_over: {to: there, by: [worker]}", "hand_over: {to: there, by: [worker], requires: [{form: consent}]}")
    )
    small.migrations.apply(small.migrations.plan("small", 2))

    with pytest.raises(Refused) as refused:
        small.corrections.correct(begun, wrong, "mistaken", "w")

    assert "v1 → v2" in refused.value.details[0]


def test_a_case_that_moved_after_the_dry_run_is_decided_anew_and_told(small, begun, publish):
    """Applied without the code of the plan: done as the case stands now; with the code: nothing is done."""
    publish(SHORTER)
    plan = small.migrations.plan("small", 2)
    small.casework.take(begun, "hand_over", "w")

    with pytest.raises(NotAllowed, match="no longer"):
        small.migrations.apply(small.migrations.plan("small", 2), plan.code)
    assert small.queries.case(begun)["version"] == 1
    _, (done,) = small.migrations.apply(plan)

    assert done.changed
    assert done.fate.deadlines == ()
    assert small.queries.case(begun)["version"] == 2


def test_a_case_that_closed_after_the_dry_run_stays(small, begun, publish):
    """Closed cases stay on their version."""
    publish(SHORTER)
    plan = small.migrations.plan("small", 2)
    small.casework.take(begun, "close", "w")

    _, (done,) = small.migrations.apply(plan)

    assert [one.code for one in done.fate.reasons] == ["closed"]
    assert small.queries.case(begun)["version"] == 1


def test_the_entry_holds_what_is_left_sealed(small, begun, publish):
    """Who may open the case can see from which version it came, and what it left there."""
    publish(SHORTER)
    run, _ = small.migrations.apply(small.migrations.plan("small", 2))

    entry = small.store.history(begun)[-1]
    payload = open_payload(small.cipher, begun, entry.seq, entry.payload)

    assert payload.move.run == run
    assert payload.left.snapshot.case.version == payload.move.left
    assert b"worker" not in entry.payload


def test_a_case_that_cannot_be_read_stays_and_holds_up_nobody(small, begun, publish):
    """Its key is erased: it is told, and the other one moves."""
    other = small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"}).ref
    publish(SHORTER)
    small.cipher.erase_key(begun)

    fates = {one.ref: one for one in small.migrations.plan("small", 2).fates}

    assert [one.code for one in fates[begun].reasons] == ["unreadable"]
    assert fates[other].moves


def test_whoever_had_a_part_only_on_the_new_version_is_asked_to_stop_by_an_undo(small, begun, publish):
    """The new desk was told that it is its turn; after the undo it is no party any more, and hears so."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    publish(NEW_ROLE, GUARDED)
    desk(small, "g", "guard")
    run, _ = small.migrations.apply(small.migrations.plan("small", 2))
    small.courier.run()
    assert ("your_turn", "guard", "g") in told(small, begun, "sent")

    small.migrations.undo("small", run)

    assert ("stop", "guard", "g") in told(small, begun)
    assert "guard" not in small.casework.load(begun).case.parties
    small.courier.run()
    assert ("stop", "guard", "g") in told(small, begun, "sent")


def test_two_steps_of_one_version_never_become_one(small, begun, publish):
    """A map that would put two steps under one name is refused before any case is looked at."""
    publish(SHORTER)

    with pytest.raises(WrongUse, match="two steps of one version"):
        small.migrations.plan("small", 2, renamed=["step:talk=there"])


def test_unknown_versions_runs_and_cases_are_named(small, begun, publish):
    """What there is stands beside."""
    publish(SHORTER)

    with pytest.raises(UnknownName, match="no version 7"):
        small.migrations.plan("small", 7)
    with pytest.raises(UnknownName, match="smal"):
        small.migrations.plan("smal", 1)
    with pytest.raises(UnknownName):
        small.migrations.plan("small", 2, refs=["7K3Q-9FX4-T"])
    with pytest.raises(UnknownName, match="no run"):
        small.migrations.undo("small", "00000000")
