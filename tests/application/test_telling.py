"""When and as what a message leaves: in the reader's hours, as one letter, to a deputy, with the list of the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.actors.model import Actor, Way
from engine.adapters.channels import channels_from
from engine.application.watchman import Watchman
from engine.bootstrap import Application
from engine.errors import WrongUse
from engine.values import Level, MessageState


def mails(house: Application) -> list[str]:
    """Return the bodies of all mails in the folder."""
    folder = house.settings.mail_folder
    assert folder is not None
    return [one.read_text(encoding="utf-8") for one in sorted(folder.rglob("*.eml"))]


def states(house: Application, kind: str) -> list[str]:
    return [str(one.state) for one in house.store.messages() if one.kind == kind]


def change(house: Application, id: str, **more: object) -> None:
    house.people.add([house.people.find(id).model_copy(update=more)])


def test_a_reminder_waits_for_the_readers_morning_and_a_turn_does_not(small, begun, clock):
    """The sweep runs at three at night in Paris; the reminder leaves at nine."""
    small.courier.run()
    clock.move_to(datetime(2026, 3, 5, 2, 0, tzinfo=UTC))
    small.sweep.run()

    at_night = small.courier.run()
    clock.move_to(datetime(2026, 3, 5, 7, 59, tzinfo=UTC))
    before_nine = small.courier.run()
    clock.move_to(datetime(2026, 3, 5, 8, 0, tzinfo=UTC))
    at_nine = small.courier.run()

    assert (at_night.sent, before_nine.sent, at_nine.sent) == (0, 0, 1)
    assert states(small, "your_turn") == ["sent"]


def test_a_reminder_of_friday_night_leaves_on_monday_morning(small, begun, clock):
    """Saturday and Sunday are no working days in France."""
    small.courier.run()
    clock.move_to(datetime(2026, 3, 6, 20, 0, tzinfo=UTC))
    small.sweep.run()

    assert small.courier.run().sent == 0
    due = {one.next_at for one in small.store.messages(states=[MessageState.QUEUED])}

    assert due == {datetime(2026, 3, 9, 8, 0, tzinfo=UTC)}
    assert all(one.tries == 0 for one in small.store.messages(states=[MessageState.QUEUED]))


def test_what_is_counted_in_hours_leaves_at_once(small, begun, clock):
    """A departure without word for 25 hours: the escalation leaves on a Saturday night."""
    given = {"decision": "given", "signed_on": "2026-03-02", "signed_by": ["worker"]}
    small.casework.record(begun, "consent", given, "w")
    small.casework.take(begun, "hand_over", "w")
    clock.move_to(datetime(2026, 3, 6, 22, 0, tzinfo=UTC))
    small.casework.take(begun, "depart", "w")
    small.courier.run()
    clock.move_to(datetime(2026, 3, 7, 23, 30, tzinfo=UTC))
    small.sweep.run()
    (alarm,) = [one for one in small.store.messages() if one.kind == "escalation"]

    small.courier.run()

    assert alarm.urgent
    assert states(small, "escalation") == ["sent"]


def test_after_a_standstill_a_reader_gets_one_letter(small, clock):
    """Twenty cases were late while the machine was down: one mail to each reader, and every row of it is sent."""
    for _ in range(20):
        small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"})
    small.courier.run()
    before = set(mails(small))
    clock.move_to(datetime(2026, 3, 16, 9, 0, tzinfo=UTC))
    small.sweep.run()

    done = small.courier.run()

    new = [body for body in mails(small) if body not in before]
    assert done.sent == 40
    assert len(new) == 2
    assert all(body.count("Case ") == 20 for body in new)
    assert set(states(small, "reminder") + states(small, "escalation")) == {"sent"}


def test_a_letter_that_could_not_leave_is_the_same_letter_again(small, clock, tmp_path):
    """A crash after it was put together: its rows keep its id, so that a repeat can be recognised."""
    for _ in range(3):
        small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"})
    small.courier.run()
    clock.move_to(datetime(2026, 3, 5, 9, 0, tzinfo=UTC))
    small.sweep.run()
    ids = small.courier.lease()
    held = small.store.leased(ids, small.courier._owner)
    letters, _ = small.courier._letters(held)
    joined = {one.letter for letter in letters for one in letter}
    clock.advance(timedelta(hours=1))

    small.courier.run()

    after = {one.letter for one in small.store.messages() if one.kind == "reminder"}
    assert len(joined) == 1
    assert after == joined
    assert sum("Case " in body and body.count("Case ") == 3 for body in mails(small)) == 1


def test_the_word_to_stop_never_waits(small, begun, clock):
    """Also for a reader of daily lists, and at night."""
    change(small, "f", daily=True)
    given = {"decision": "given", "signed_on": "2026-03-02", "signed_by": ["worker"]}
    small.casework.record(begun, "consent", given, "w")
    (message, *_) = small.store.messages()
    reader = small.people.recipient("f", clock.now())
    night = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)
    clock.move_to(night)

    assert small.courier._press.moment(replace(message, template="stop"), reader) == night
    assert small.courier._press.moment(message, reader) == datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


def test_a_reader_of_lists_gets_one_a_day(small, clock):
    """Three cases launched during the day: nothing by day, one letter in the morning."""
    change(small, "w", daily=True)
    clock.advance(timedelta(hours=1))
    for _ in range(3):
        small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"})
    clock.move_to(datetime(2026, 3, 2, 16, 0, tzinfo=UTC))
    by_day = small.courier.run()
    clock.move_to(datetime(2026, 3, 3, 8, 0, tzinfo=UTC))

    in_the_morning = small.courier.run()

    assert (by_day.sent, in_the_morning.sent) == (0, 3)
    assert len(mails(small)) == 1
    assert "several things" in mails(small)[0]


def deputy(house: Application, **more: object) -> None:
    way = (Way(kind="mail", address="deputy@example.org"),)
    base = {"id": "w2", "name": "w2", "sample": True, "country": "FR", "roles": ("worker",), "channels": way}
    house.people.add([Actor.model_validate({**base, **more})])


def test_a_deputy_is_told_and_acts_while_somebody_is_away(small, begun, clock):
    """Messages reach the deputy, who may act; the history names the deputy; afterwards all is as before."""
    deputy(small)
    small.people.absent("w", date(2026, 3, 2), date(2026, 3, 4), "w2")

    small.courier.run()
    moved = small.casework.take(begun, "hand_over", "w2")

    assert "deputy@example.org" in mails(small)[0]
    assert "in place of somebody who is absent" in mails(small)[0]
    assert small.queries.history(begun)[-1]["actor"] == "w2"
    assert moved.steps == ("there",)
    assert small.queries.verify(begun) == {begun: []}
    clock.move_to(datetime(2026, 3, 5, 9, 0, tzinfo=UTC))
    with pytest.raises(Exception, match="can't be taken") as refused:
        small.casework.take(begun, "give_back", "w2")
    assert refused.value.code == "not_a_party"
    assert small.casework.take(begun, "give_back", "w").steps == ("talk",)


def test_a_deputys_list_of_work_holds_what_waits_for_the_one_away(small, begun, clock):
    deputy(small)
    assert small.queries.cases("w2") == []

    small.people.absent("w", date(2026, 3, 1), date(2026, 3, 4), "w2")

    assert [one["ref"] for one in small.queries.cases("w2")] == [begun]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"country": "IT"}, "is in IT"),
        ({"roles": ("boss",)}, "does not stand for: worker"),
        ({"channels": ()}, "can't be reached"),
        ({"enabled": False}, "can't be reached"),
    ],
)
def test_a_deputy_who_could_not_stand_in_is_refused(small, more, said):
    """Another country, another role, no channel: nobody learns what is not meant for them."""
    deputy(small, **more)

    with pytest.raises(WrongUse, match=said):
        small.people.absent("w", date(2026, 3, 2), date(2026, 3, 4), "w2")


def test_deputies_that_lead_in_a_circle_leave_the_actor_told(small, clock):
    """Both away, each the other's deputy: better the one who is away than nobody."""
    deputy(small)
    small.people.absent("w", date(2026, 3, 2), date(2026, 3, 4), "w2")
    small.people.absent("w2", date(2026, 3, 2), date(2026, 3, 4), "w")

    assert small.people.recipient("w", clock.now()).id == "w"
    assert small.people.recipient("w2", clock.now()).id == "w2"


def test_a_letter_says_as_much_as_the_least_of_it_may(small, begun, clock):
    """Full messages name the step of each case; the subject of several names none."""
    change(small, "w", level=Level.FULL)
    small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"})
    small.courier.run()
    clock.move_to(datetime(2026, 3, 5, 9, 0, tzinfo=UTC))
    small.sweep.run()

    small.courier.run()

    (letter,) = [body for body in mails(small) if "several things" in body]
    assert letter.count("Step: Talk") == 2
    assert begun not in letter.split("\n\n", 1)[0]


def test_a_message_that_can_never_arrive_becomes_somebodys_task(small, begun, clock):
    """The far desk's mailbox is gone: whoever handed over hears that somebody must be called, once, and nothing else is said."""
    given = {"decision": "given", "signed_on": "2026-03-02", "signed_by": ["worker"]}
    small.casework.record(begun, "consent", given, "w")
    small.courier.run()
    small.casework.take(begun, "hand_over", "w")
    change(small, "f", channels=())
    before = set(mails(small))

    small.courier.run()

    (failed,) = [one for one in small.store.messages() if one.state is MessageState.FAILED]
    (told,) = [one for one in small.store.messages() if one.template == "undelivered"]
    assert (failed.actor, told.actor, told.state) == ("f", "w", MessageState.SENT)
    assert sum("has to be called" in body for body in mails(small) if body not in before) == 1


def test_the_failure_of_the_word_of_a_failure_is_told_to_nobody(small, begun, clock):
    """Nobody can be reached at all: two failed rows, and no third message about the second."""
    change(small, "w", channels=())
    change(small, "b", channels=())

    small.courier.run()

    assert {one.template for one in small.store.messages()} <= {"your_turn", "undelivered"}
    assert all(one.state is MessageState.FAILED for one in small.store.messages())


def test_nobody_sweeps_and_the_operator_hears_of_it(small, begun, clock, tmp_path):
    """A quarter of an hour after a reminder was due the watchman speaks; after a sweep all is well. The mail names no case."""
    watchman = Watchman(
        small.store, channels_from(small.settings, clock), small.courier._press._press, "operator@example.org", clock
    )
    small.courier.run()
    assert not watchman.look_and_tell()
    clock.advance(timedelta(days=3))
    before = set(mails(small))

    found = watchman.look_and_tell()

    (mail,) = [body for body in mails(small) if body not in before]
    assert found.sweep is not None
    assert found.courier is None
    assert "operator@example.org" in mail
    assert begun not in mail
    small.sweep.run()
    small.courier.run()
    clock.move_to(datetime(2026, 3, 5, 9, 0, tzinfo=UTC))
    small.courier.run()
    assert not watchman.look()


def test_the_weekly_list_says_what_is_late_and_where_it_waits(small, clock):
    """Two cases late on Monday: one letter to whoever wants it, once a week; nobody else, and no case of others."""
    refs = [small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"}).ref for _ in range(2)]
    change(small, "b", weekly=True, level=Level.FULL)
    small.courier.run()
    clock.move_to(datetime(2026, 3, 9, 7, 0, tzinfo=UTC))
    assert small.digests.run() == 0
    clock.move_to(datetime(2026, 3, 9, 8, 0, tzinfo=UTC))
    before = set(mails(small))

    queued = small.digests.run()
    again = small.digests.run()
    small.courier.run()

    (letter,) = [body for body in mails(small) if body not in before]
    assert (queued, again) == (2, 0)
    assert all(ref in letter for ref in refs)
    assert letter.count("This is late.") == letter.count("Step: Talk") == 2
    clock.move_to(datetime(2026, 3, 18, 15, 0, tzinfo=UTC))
    assert small.digests.run() == 2


def test_a_weekly_list_holds_no_case_of_which_its_reader_may_not_be_told(small, begun, clock):
    """The desk across the border is a party, and there is no consent; a muted case is on nobody's list."""
    change(small, "f", weekly=True)
    change(small, "w", weekly=True)
    small.casework.mute(begun, "worker", "b", "phone is watched")
    clock.move_to(datetime(2026, 3, 10, 8, 0, tzinfo=UTC))

    assert small.digests.run() == 0
