"""Dates for readers' own calendars: what is due and when, never what, where or who; under an address that can be revoked."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes

import pytest
from icalendar import Calendar

from engine.errors import UnknownName
from engine.values import Level

GIVEN = {"decision": "given", "signed_on": "2026-03-02", "signed_by": ["worker"]}


def entries(text: str) -> list[tuple[str, datetime]]:
    return [(str(one["summary"]), one["dtstart"].dt) for one in Calendar.from_ical(text).walk("VEVENT")]


def change(house, id, **more):
    house.people.add([house.people.find(id).model_copy(update=more)])


def test_a_feed_holds_what_is_due_at_steps_where_it_is_the_actors_turn(small, begun):
    """The worker's case is there with its reference, the boss has nothing, a silent desk reads no reference."""
    due = datetime(2026, 3, 5, 22, 59, tzinfo=UTC)

    assert entries(small.feeds.dates("w")) == [(f"Something is due – {begun}", due)]
    assert entries(small.feeds.dates("b")) == []
    change(small, "w", level=Level.SILENT, language="fr")
    assert entries(small.feeds.dates("w")) == [("Une échéance", due)]


def test_nothing_of_a_case_crosses_the_border_by_a_feed(small, begun):
    """Without consent the desk abroad has no entry; with it, it has; muted, it has none again."""
    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.take(begun, "hand_over", "w")
    assert len(entries(small.feeds.dates("f"))) == 1

    small.casework.record(begun, "consent", {**GIVEN, "decision": "refused"}, "w")
    assert entries(small.feeds.dates("f")) == []

    small.casework.record(begun, "consent", GIVEN, "w")
    small.casework.mute(begun, "far", "w", "the desk was broken into")
    assert entries(small.feeds.dates("f")) == []


def test_an_address_opens_its_feed_until_it_is_revoked_or_replaced(small, begun):
    first = small.feeds.make("w").rpartition("/")[2].removesuffix(".ics")
    assert len(entries(small.feeds.read(first))) == 1
    second = small.feeds.make("w").rpartition("/")[2].removesuffix(".ics")
    for token in (first, "guess", ""):
        with pytest.raises(UnknownName):
            small.feeds.read(token)
    assert len(entries(small.feeds.read(second))) == 1

    assert small.feeds.end("w") is True

    assert small.feeds.end("w") is False
    with pytest.raises(UnknownName):
        small.feeds.read(second)


def test_the_database_holds_no_address(small, begun):
    """Whoever reads the tables can open no feed."""
    token = small.feeds.make("w").rpartition("/")[2].removesuffix(".ics")
    with small.store.reading() as connection:
        held = connection.exec_driver_sql("SELECT token FROM feeds").scalars().all()

    assert len(held) == 1
    assert token not in held[0]


def test_a_full_mail_with_a_date_has_it_beside_and_others_have_not(small, begun, clock):
    """The attachment says when; its title is constant, and there is no place, no description and no reference."""
    change(small, "w", level=Level.FULL)
    small.courier.run()
    small.casework.launch("small", "FR", "AL", "w", {}, {"far": "f"})
    change(small, "w", level=Level.DISCREET)
    small.courier.run()

    mails = [message_from_bytes(file.read_bytes()) for file in sorted(small.settings.mail_folder.glob("*.eml"))]
    dates = [part for mail in mails for part in mail.walk() if part.get_content_type() == "text/calendar"]

    (attached,) = dates
    text = attached.get_payload(decode=True).decode()
    assert entries(text) == [("Something is due", datetime(2026, 3, 5, 22, 59, tzinfo=UTC))]
    assert begun not in text
    assert "LOCATION" not in text
    assert "DESCRIPTION" not in text
