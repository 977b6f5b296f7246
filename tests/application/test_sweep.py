"""The sweep on a small house: each alarm once, also after a stillness; nobody waits for somebody else's fault."""

from __future__ import annotations

from datetime import date, timedelta

from engine.bootstrap import Application

GIVEN = {"decision": "given", "signed_on": "2026-03-02", "signed_by": ["worker"]}
REFUSED = {**GIVEN, "decision": "refused"}


def told(house: Application, ref: str, state: str = "queued") -> list[tuple[str, str]]:
    return [(one["kind"], one["role"]) for one in house.queries.messages(ref) if one["state"] == state]


def test_each_alarm_comes_once_and_at_its_time(small, begun, clock):
    """The day before, when it is due, a day later; a sweep in between finds nothing."""
    found = []
    for _ in range(14):
        clock.advance(timedelta(hours=12))
        found.append((small.sweep.run().messages, small.sweep.run().messages))

    assert sum(first for first, _ in found) == 3
    assert not any(second for _, second in found)
    assert told(small, begun)[1:] == [("reminder", "worker"), ("reminder", "worker"), ("escalation", "boss")]


def test_after_a_stillness_everybody_hears_the_latest_once(small, begun, clock):
    """Ten days without a sweep: one reminder and one escalation, not three of each."""
    clock.advance(timedelta(days=10))

    small.sweep.run()

    assert told(small, begun)[1:] == [("reminder", "worker"), ("escalation", "boss")]


def test_a_rung_to_be_sent_even_if_late_is_a_message_of_its_own(small, begun, clock):
    """The reminder that must not merge, and what is due: two messages, neither taken for a repeat of the other."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    clock.advance(timedelta(days=10))

    small.sweep.run()

    templates = [one.template for one in small.store.messages(begun) if one.role == "far" and one.kind == "reminder"]
    assert templates == ["reminder", "due"]


def test_what_will_be_too_old_is_announced_once_and_shown(small, begun, clock):
    """Three days before the planned day those responsible hear of it, once; the case says what it is until it is renewed."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    journey = {"day": "2026-03-20", "signed_on": "2026-03-02", "signed_by": ["worker"]}
    small.casework.record(begun, "journey", journey, "w")
    (shown,) = small.queries.case(begun)["foreseen"]
    assert (shown["step"], shown["action"], shown["on"]) == ("there", "visit", "2026-03-20")

    said = []
    for _ in range(18):
        clock.advance(timedelta(days=1))
        small.sweep.run()
        said.append(sum(one.template == "foreseen" for one in small.store.messages(begun)))
    assert (said[13], said[14], said[-1]) == (0, 1, 1)

    small.casework.record(begun, "consent", {**GIVEN, "signed_on": "2026-03-20"}, "w")
    assert small.queries.case(begun)["foreseen"] == []


def test_whom_an_escalation_told_hears_of_the_end(small, begun, clock):
    """At an end step every party that was told of the case before; a correction, too, is told to them."""
    clock.advance(timedelta(days=10))
    small.sweep.run()

    small.casework.take(begun, "close", "w")

    assert ("for_information", "boss") in told(small, begun)
    assert small.queries.verify(begun) == {begun: []}


def test_a_reminder_that_was_withheld_becomes_one_turn_when_it_may_be_told(small, begun, clock):
    """Told, then consent withdrawn: the reminder stays at home; with the new consent the far worker hears that it is due."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    small.courier.run()
    small.casework.record(begun, "consent", REFUSED, "w")
    clock.advance(timedelta(days=4, hours=4))
    small.sweep.run()
    assert ("reminder", "far") in told(small, begun, "withheld")

    small.casework.record(begun, "consent", GIVEN, "w")

    assert told(small, begun).count(("your_turn", "far")) == 1


def test_a_case_that_cannot_be_read_keeps_nobody_else_waiting(small, begun, clock):
    """The oldest deadline is of a case whose bytes are damaged: the other case's people are reminded all the same."""
    clock.advance(timedelta(minutes=5))
    second = small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"}).ref
    with small.store.writing() as connection:
        connection.exec_driver_sql("UPDATE cases SET snapshot = x'00' WHERE ref = ?", (begun,))
    clock.advance(timedelta(days=10))

    done = small.sweep.run()

    assert set(done.stuck) == {begun}
    assert ("reminder", "worker") in told(small, second)


def test_a_timed_action_that_is_not_yet_possible_is_tried_again_and_leaves_no_trail(small, begun, clock):
    """While its requirements fail it does not fire; nobody was refused anything, so no refusal is noted."""
    clock.advance(timedelta(days=61))
    assert small.sweep.run().refused == 1
    with small.store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM refusals").scalar() == 0

    small.casework.record(begun, "consent", REFUSED, "w")
    clock.advance(timedelta(minutes=11))

    assert small.sweep.run().fired == 1
    assert small.queries.case(begun)["outcome"] == "done"


def test_a_departure_that_is_not_followed_is_escalated(small, begun, clock):
    """The safeguard's deadline is the case's: it stands beside the steps', is late, and tells the boss."""
    small.casework.take(begun, "hand_over", "w")
    small.casework.take(begun, "depart", "w")
    (row,) = [one for one in small.queries.case(begun)["deadlines"] if not one["step"]]
    assert (row["name"], row["state"]) == ("every-departure-is-followed", "open")

    clock.advance(timedelta(hours=26))
    small.sweep.run()

    assert ("escalation", "boss") in told(small, begun)
    assert small.queries.cases(overdue=True)[0]["late"] == ["every-departure-is-followed"]
    small.casework.take(begun, "arrive", "w")
    assert small.queries.case(begun)["deadlines"] == []


def test_an_occurrence_that_lapses_reminds_nobody(small, begun, clock):
    """Due while its requirements fail, it is over; nobody is told to make a call that may not be made."""
    small.casework.take(begun, "hand_over", "w")
    small.casework.take(begun, "depart", "w")
    clock.advance(timedelta(days=3))

    done = small.sweep.run()

    assert [one["name"] for one in small.queries.case(begun)["deadlines"] if one["kind"] == "series"] == ["call:1"]
    assert (done.woken, told(small, begun).count(("reminder", "worker"))) == (1, 0)


def test_nothing_comes_round_during_a_pause_and_all_of_it_after(small, begun, clock):
    """Due dates move by the length of the pause; a date said during the pause is right as it is."""
    small.casework.take(begun, "hand_over", "w")
    small.casework.take(begun, "depart", "w")
    small.casework.take(begun, "hold", "w")
    clock.advance(timedelta(days=8))
    journey = {"day": "2026-03-20", "signed_on": "2026-03-10", "signed_by": ["worker"]}
    small.casework.record(begun, "journey", journey, "w")
    small.sweep.run()
    held = {one["name"]: (one["state"], one["due_at"][:10]) for one in small.queries.case(begun)["deadlines"]}
    assert held["call:0"] == ("held", date(2026, 3, 3).isoformat())

    small.casework.take(begun, "go_on", "w")

    due = {one["name"]: (one["state"], one["due_at"][:10]) for one in small.queries.case(begun)["deadlines"]}
    assert due["call:0"] == ("open", date(2026, 3, 11).isoformat())
    assert due["due"] == ("open", date(2026, 3, 22).isoformat())


def test_a_case_is_on_the_list_of_those_who_may_see_it(small, begun):
    """The far worker's turn is withheld: the case is on no list abroad until the person consents, and off it again after."""
    small.casework.take(begun, "hand_over", "w")
    lists = [small.queries.cases(mine="f")]
    small.casework.record(begun, "consent", GIVEN, "w")
    lists.append(small.queries.cases(mine="f"))
    small.casework.record(begun, "consent", REFUSED, "w")
    lists.append(small.queries.cases(mine="f"))

    assert [[one["ref"] for one in listed] for listed in lists] == [[], [begun], []]
