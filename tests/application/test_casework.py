"""Casework on the whole house: launch, refusals, keys, corrections, assignments, the chain."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.actors.resolve import NobodyStands
from engine.application.casework import Refused
from engine.bootstrap import Application, build
from engine.errors import Conflict, Fault, UnknownName, WrongUse
from engine.forms.record import FormRefused
from engine.settings import Settings

FACTS = {
    "is_child": "false",
    "age_doubt": "false",
    "asylum_pending": "false",
    "cooperates": "false",
    "escort_needed": "false",
}
FIRST = {
    "signed_on": "2026-03-02", "signed_by": ["person", "first_contact"], "language": "sq", "interpreter": "present",
    "topics_explained": "true", "data_notice_given": "true", "understood": "true",
}  # fmt: skip
INTERVIEW = {
    "signed_on": "2026-03-02", "signed_by": ["person", "first_contact"], "decision": "consents", "language": "sq",
    "interpreter": "present",
}  # fmt: skip


@pytest.fixture
def ref(house: Application) -> str:
    return house.casework.launch("adult-return", "FR", "AL", "fr-first-contact", FACTS, {}).ref


def test_a_launch_stands_at_the_first_step_and_tells_who_is_responsible(house, ref):
    """The first people are told in the country where the person is, and nobody abroad."""
    case, messages = house.queries.case(ref), house.queries.messages(ref)

    assert case["steps"][0] == "referral"
    assert {one["role"] for one in messages} >= {"first_contact", "case_manager"}
    assert {one["country"] for one in messages if one["state"] != "withheld"} == {"FR"}


def test_a_launch_names_every_role_for_which_nobody_stands(house):
    """Not the first one only: the coordinator sees all that is missing at once."""
    house.people.disable("al-consulate")
    house.people.disable("fr-case-manager")

    with pytest.raises(NobodyStands) as refused:
        house.casework.launch("adult-return", "FR", "AL", "fr-first-contact", FACTS, {})

    named = " ".join(refused.value.details)
    assert "consulate" in named
    assert "case_manager" in named


@pytest.mark.parametrize(
    ("sop", "come_from", "to", "actor", "facts", "given", "error"),
    [
        ("adult-retrun", "FR", "AL", "fr-first-contact", {}, {}, UnknownName),
        ("adult-return", "XX", "AL", "fr-first-contact", {}, {}, WrongUse),
        ("adult-return", "FR", "FR", "fr-first-contact", {}, {}, WrongUse),
        ("adult-return", "FR", "AL", "nobody", {}, {}, UnknownName),
        ("adult-return", "FR", "AL", "fr-first-contact", {"is_chlid": "false"}, {}, UnknownName),
        ("adult-return", "FR", "AL", "fr-first-contact", {"is_child": "perhaps"}, {}, WrongUse),
        ("adult-return", "FR", "AL", "fr-first-contact", {}, {"case_manger": "fr-case-manager"}, UnknownName),
        ("adult-return", "FR", "AL", "fr-first-contact", {}, {"case_manager": "fr-lawyer"}, WrongUse),
    ],
)
def test_a_launch_with_a_wrong_word_says_which(house, sop, come_from, to, actor, facts, given, error):
    """Nothing is begun, and the message says what is wrong."""
    with pytest.raises(error):
        house.casework.launch(sop, come_from, to, actor, facts, given)

    assert list(house.store.cases()) == []


def test_a_refusal_names_everything_that_is_missing_and_who_can_meet_it(house, ref):
    """One sentence for each requirement, with roles; the case stands as before, and the refusal is on record."""
    with pytest.raises(Refused) as refused:
        house.casework.take(ref, "accept", "fr-case-manager")

    assert len(refused.value.refusal.unmet) >= 2
    assert all(one.text.endswith(".") for one in refused.value.refusal.unmet)
    assert any(one.who for one in refused.value.refusal.unmet)
    assert len(house.queries.history(ref)) == 1


def test_a_form_with_wrong_missing_and_surplus_fields_names_each(house, ref):
    """All at once; nothing is stored."""
    wrong = {**FIRST, "understood": "perhaps", "undrestood": "true"}
    del wrong["language"]

    with pytest.raises(FormRefused) as refused:
        house.casework.record(ref, "information_record.first", wrong, "fr-first-contact")

    said = " ".join(refused.value.details)
    assert all(word in said for word in ("understood: must be true or false", "language: missing", "undrestood"))
    assert house.store.records(ref) == []


def test_somebody_who_is_no_party_can_do_nothing(house, ref):
    """Neither act nor record nor acknowledge."""
    for move in (
        lambda: house.casework.take(ref, "accept", "stranger"),
        lambda: house.casework.record(ref, "information_record.first", FIRST, "stranger"),
        lambda: house.casework.acknowledge(ref, "stranger"),
    ):
        with pytest.raises(Refused) as refused:
            move()
        assert refused.value.code == "not_a_party"


def test_a_repeat_with_the_same_key_does_nothing_again(house, ref):
    """The second call answers like the first; for another move the key is refused."""
    first = house.casework.record(ref, "information_record.first", FIRST, "fr-first-contact", key="k")

    again = house.casework.record(ref, "information_record.first", FIRST, "fr-first-contact", key="k")

    assert (again.seq, again.repeated) == (first.seq, True)
    with pytest.raises(Conflict):
        house.casework.acknowledge(ref, "fr-case-manager", key="k")
    assert len(house.queries.history(ref)) == 2


def test_a_key_makes_every_kind_of_move_harmless_to_repeat(house, ref):
    """Also where the repeat would be refused by now: the desk was disabled, the step is over."""
    moves = [
        lambda key: house.casework.acknowledge(ref, "fr-case-manager", key=key),
        lambda key: house.casework.assign(ref, "lawyer", "fr-lawyer-2", "fr-case-manager", key=key),
    ]
    other = house.people.find("fr-lawyer").model_copy(update={"id": "fr-lawyer-2"})
    house.people.add([other])
    first = [move(f"key {number}") for number, move in enumerate(moves)]
    house.people.disable("fr-lawyer-2")

    again = [move(f"key {number}") for number, move in enumerate(moves)]

    assert [one.repeated for one in first] == [False, False]
    assert [(one.seq, one.repeated) for one in again] == [(one.seq, True) for one in first]


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_that_can_not_be_kept_is_refused(house, ref, key):
    """The same on both databases, before anything is done."""
    with pytest.raises(WrongUse):
        house.casework.acknowledge(ref, "fr-case-manager", key=key)

    assert len(house.store.history(ref)) == 1


def test_a_case_that_can_not_be_read_does_not_hold_up_the_reminders_of_others(house, clock):
    """Its reference is named, and the reminders of every other case come."""
    refs = [house.casework.launch("adult-return", "FR", "AL", "fr-first-contact", FACTS, {}).ref for _ in range(4)]
    house.cipher.erase_key(refs[0])
    clock.advance(timedelta(days=10))

    swept = house.sweep.run()

    reminded = {one.ref for one in house.store.messages() if str(one.kind) in ("reminder", "escalation")}
    assert set(swept.stuck) == {refs[0]}
    assert reminded == set(refs[1:])


def test_of_two_people_who_act_at_the_same_moment_one_wins(house, ref):
    """The other is told clearly, and the chain is whole."""
    answers: list[str] = []
    barrier = threading.Barrier(2)

    def record() -> None:
        barrier.wait()
        try:
            house.casework.record(ref, "information_record.first", FIRST, "fr-first-contact")
            answers.append("done")
        except Conflict as why:
            answers.append(why.message)

    racers = [threading.Thread(target=record) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    entries = len(house.queries.history(ref)) - 1
    assert answers.count("done") == entries
    assert house.queries.verify(ref) == {ref: []}


def test_a_mistaken_record_counts_no_more_after_its_correction(house, ref):
    """A new entry says so with the reason; the old one stays on record."""
    house.casework.record(ref, "information_record.first", FIRST, "fr-first-contact")

    house.corrections.correct(ref, 2, "wrong person", "fr-first-contact")

    (record,) = house.queries.case(ref)["records"]
    history = house.queries.history(ref)
    assert record["counts"] is False
    assert (history[-1]["move"], history[-1]["note"]) == ("correct", "wrong person")
    assert house.queries.verify(ref) == {ref: []}


def test_a_record_on_which_somebody_has_acted_is_not_corrected(house, ref):
    """The interview rests on the information given first: that record can't be taken back any more."""
    house.casework.record(ref, "information_record.first", FIRST, "fr-first-contact")
    house.casework.record(ref, "informed_consent.interview", INTERVIEW, "fr-first-contact")

    with pytest.raises(Refused) as refused:
        house.corrections.correct(ref, 2, "wrong", "fr-first-contact")

    assert "informed_consent.interview" in refused.value.details[0]


def test_another_actor_for_a_role_is_told_and_the_last_one_no_more(house, ref):
    """What waited for the last actor is cancelled, and they are asked to stop; the new one hears that it is their turn."""
    desk = house.people.find("fr-case-manager")
    house.people.add([desk.model_copy(update={"id": "fr-second"})])

    house.casework.assign(ref, "case_manager", "fr-second")

    messages = house.queries.messages(ref)
    last = [(one.template, one.state) for one in house.store.messages(ref) if one.actor == "fr-case-manager"]
    assert last == [("your_turn", "cancelled"), ("stop", "queued")]
    assert [one["kind"] for one in messages if one["actor"] == "fr-second"] == ["your_turn"]


def test_reminders_come_when_they_are_due_and_once(house, ref, clock):
    """A sweep a month later reminds; a second one at the same instant adds nothing."""
    clock.advance(timedelta(days=30))

    first = house.sweep.run()
    second = house.sweep.run()

    assert first.messages > 0
    assert second.messages == 0


def test_a_message_that_can_never_arrive_becomes_a_task_for_a_person(house, ref, clock):
    """The work list says whom to call and why, until the step is acknowledged."""
    house.people.disable("fr-case-manager")
    house.courier.run()

    (listed,) = house.queries.cases(overdue=True)

    assert listed["call"][0]["actor"] == "fr-case-manager"
    house.casework.acknowledge(ref, "fr-case-manager")
    assert [one["call"] for one in house.queries.cases(overdue=True)] in ([], [[]])


def test_an_information_that_never_arrives_is_a_task_until_its_desk_is_reached(house, ref):
    """Nobody is asked to answer it, and all the same somebody must call; a later message that arrives ends the task."""
    house.courier.run()
    desk = house.people.find("fr-case-manager")
    house.people.add([desk.model_copy(update={"channels": ()})])

    def corrected() -> list[tuple[str, str]]:
        recorded = house.casework.record(ref, "information_record.first", FIRST, "fr-first-contact")
        house.corrections.correct(ref, recorded.seq, "a slip", "fr-first-contact")
        house.courier.run()
        return [(one["actor"], one["reason"]) for case in house.queries.cases(overdue=True) for one in case["call"]]

    unreached = corrected()
    house.people.add([desk])

    assert unreached == [("fr-case-manager", "this actor has no channel, or is disabled")]
    assert corrected() == []


def test_a_tampered_snapshot_is_a_fault_and_not_a_wrong_answer(house, ref):
    """Sealed bytes of one entry put in the place of another don't open."""
    house.casework.record(ref, "information_record.first", FIRST, "fr-first-contact")
    with house.store.writing() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("UPDATE cases SET seq = 1")

    with pytest.raises(Fault):
        house.queries.case(ref)


def test_a_case_keeps_its_version_when_a_new_one_is_published(house, ref, tmp_path):
    """A published version never changes; a case runs on the one it was launched on."""
    from shutil import copytree

    copytree(Settings().definitions, tmp_path / "defs")
    file = tmp_path / "defs" / "sops" / "adult-return.yaml"
    file.write_text(file.read_text().replace("title: {en: Departed,", "title: {en: Has departed,", 1))

    new = house.procedures.publish(file)

    assert new.number == 2
    assert house.queries.case(ref)["version"] == 1
    assert replace(new, number=2) == new


def test_a_house_opened_again_goes_on_where_it_was(house, ref, tmp_path, clock):
    """Everything is on disk: another process sees the same case."""
    before = house.queries.case(ref)

    other = build(house.settings, clock)

    assert other.queries.case(ref) == before
    other.close()


def test_a_right_that_is_not_kept_in_time_is_escalated_once(house, ref, clock):
    """An alert nobody answers for a day: the step is late and so is the right; each role hears of it in one message."""
    house.casework.take(ref, "raise_alert", "fr-case-manager")
    clock.move_to(clock.now() + timedelta(hours=25))
    house.sweep.run()
    house.sweep.run()

    late = [one for one in house.queries.case(ref)["deadlines"] if one["kind"] == "watch"]
    assert [(one["step"], one["name"], one["state"]) for one in late] == [
        ("", "inv-26-every-alert-is-answered", "late")
    ]
    told = [one for one in house.queries.messages(ref) if one["kind"] == "escalation"]
    assert sorted((one["role"], one["state"]) for one in told) == [
        ("destination_focal_point", "withheld"), ("origin_focal_point", "withheld"), ("origin_iom", "withheld"),
        ("return_operator", "queued"),
    ]  # fmt: skip
    assert [one["ref"] for one in house.queries.cases(overdue=True)] == [ref]


def test_a_closed_case_says_how_it_can_be_opened_again(house, ref):
    """The reopening stands among the actions, with who may take it and what it asks for."""
    house.casework.take(ref, "declines_help", "fr-case-manager")

    (reopening,) = (one for one in house.queries.case(ref)["actions"] if one["action"] == "reopen" and one["allowed"])
    moved = house.casework.take(ref, "reopen", "fr-case-manager", reopening["step"])
    assert moved.steps[0] == reopening["to"]


def test_a_clock_that_is_behind_moves_no_case(small, begun, clock):
    """The clocks of two machines may lie a little apart; what lies before the last move is refused, and says why."""
    clock.move_to(clock.now() - timedelta(minutes=5))
    small.casework.acknowledge(begun, "w")
    clock.move_to(clock.now() - timedelta(minutes=6))

    with pytest.raises(WrongUse, match="The clock is behind"):
        small.casework.take(begun, "close", "w")

    assert small.queries.case(begun)["outcome"] is None
