"""What leaves the house: every template in every language at every level, and not one word too many."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.notifications.render import Occasion, Press
from engine.notifications.words import TEMPLATES
from engine.settings import DEFINITIONS
from engine.values import LANGUAGES, Level, new_reference

PRESS = Press.read(DEFINITIONS / "messages", "https://cases.example.org/desk")
REF, ZONE = "7K3Q-9FX4-T", "Europe/Tirane"
DUE = datetime(2026, 3, 27, 16, 30, tzinfo=UTC)

CANARY = "Zqx"
titles = st.text(min_size=1, max_size=40).map(lambda text: f"{CANARY}{text}{CANARY}")
instants = st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2032, 12, 31), timezones=st.just(UTC))
occasions = st.builds(
    Occasion,
    ref=st.builds(new_reference),
    template=st.sampled_from(TEMPLATES),
    due_at=st.none() | instants,
    step=titles,
    acted=titles,
)
languages = st.sampled_from(LANGUAGES)


def about(template: str, due_at: datetime | None = DUE) -> Occasion:
    return Occasion(REF, template, due_at, "Counselling", "Case manager")


@given(occasions, occasions, languages)
def test_silent_messages_are_the_same_whatever_happened(one, other, language):
    """No variable at all: from two messages nobody can tell two events apart."""
    first, second = (PRESS.render([each], Level.SILENT, language, ZONE) for each in (one, other))

    assert first == second
    assert not re.search(r"[\d$]", first.subject + first.body)


@given(occasions, languages)
def test_discreet_messages_say_the_reference_and_the_date_and_nothing_else(occasion, language):
    """With reference and date taken out, what remains is the template's fixed words: no step, no role, no address."""
    plain = Occasion(REF, occasion.template, occasion.due_at and DUE, "", "")
    said, fixed = (PRESS.render([each], Level.DISCREET, language, ZONE) for each in (occasion, plain))

    assert said.subject == fixed.subject == PRESS.render([occasion], Level.SILENT, language, ZONE).subject
    assert CANARY not in said.body
    dates = (PRESS.render([Occasion(REF, "due", at, "", "")], Level.DISCREET, language, ZONE).body.splitlines()[2]
             for at in (occasion.due_at or DUE, DUE))  # fmt: skip
    ours, theirs = dates
    assert said.body.replace(occasion.ref, REF).replace(ours, theirs) == fixed.body


@given(occasions, languages, st.sampled_from(Level))
def test_a_title_never_makes_a_line_of_its_own(occasion, language, level):
    """Whatever a designer wrote as a title, a message has the lines its template has, all of them printable."""
    assume(occasion.template != "stop")
    lines = PRESS.render([occasion], level, language, ZONE).body.split("\n")
    wanted = {Level.SILENT: 1, Level.DISCREET: 3, Level.FULL: 5}[level]

    assert len(lines) - 1 == wanted + (level is not Level.SILENT and occasion.due_at is not None)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("level", Level)
def test_every_template_can_be_said(language, template, level):
    """Each has words in every language at every level, with no blank left unfilled."""
    said = PRESS.render([about(template)], level, language, ZONE)

    assert said.subject.isprintable()
    assert said.body.endswith("\n")
    assert "$" not in said.subject + said.body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("level", [Level.SILENT, Level.DISCREET])
def test_no_link_ever_stands_in_a_silent_or_discreet_message(language, template, level):
    """Nothing a mail program would make clickable: a forged message with a link is then seen to be one."""
    said = PRESS.render([about(template)], level, language, ZONE)

    assert not re.search(r"https?:|www\.|://|<|\w\.\w", said.subject + said.body)


def test_discreet_messages_say_where_to_sign_in_as_text():
    """The place is there to be read and typed, not to be clicked."""
    said = PRESS.render([about("your_turn")], Level.DISCREET, "en", ZONE)

    assert "sign in as usual (cases[.]example[.]org)" in said.body


def test_full_messages_say_step_role_date_and_address():
    """A desk whose mail is protected is spared a sign-in for what the contract allows it to read at once."""
    said = PRESS.render([about("your_turn")], Level.FULL, "en", ZONE)

    assert said.subject == f"A message is waiting for you – {REF}"
    assert said.body == (
        f"Case {REF}\n"
        "It is your turn. Somebody is waiting for your next step.\n"
        "Step: Counselling\n"
        "Last act by: Case manager\n"
        "Due: Friday 27 March 2026, 17:30 (Europe/Tirane)\n"
        f"The case: https://cases.example.org/desk/cases/{REF}\n"
    )


def test_what_the_system_did_is_said_to_be_done_by_it():
    """A timed action has no role that acted."""
    said = PRESS.render([Occasion(REF, "reminder", None, "Counselling", "")], Level.FULL, "fr", ZONE)

    assert "Dernier acte de : le système" in said.body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("level", Level)
def test_stop_says_one_sentence_without_reasons(language, level):
    """No step, no role, no date, no address, not even to a desk that may read everything."""
    said = PRESS.render([about("stop")], level, language, ZONE)

    assert said.subject == PRESS.render([about("your_turn")], Level.SILENT, language, ZONE).subject
    assert len(said.body.splitlines()) == (1 if level is Level.SILENT else 2)
    assert not any(word in said.body for word in ("Counselling", "Case manager", "2026", "cases"))


@pytest.mark.parametrize(
    ("zone", "language", "shown"),
    [
        ("Europe/Paris", "fr", "vendredi 27 mars 2026, 17:30 (Europe/Paris)"),
        ("Europe/Kyiv", "en", "Friday 27 March 2026, 18:30 (Europe/Kyiv)"),
        ("Africa/Casablanca", "fr", "vendredi 27 mars 2026, 17:30 (Africa/Casablanca)"),
    ],
)
def test_the_date_is_the_readers_own(zone, language, shown):
    """Two desks read the same instant, each in its language and by its own clock."""
    said = PRESS.render([about("your_turn")], Level.DISCREET, language, zone)

    assert shown in said.body


def test_the_date_follows_summer_time():
    """The same hour of the day a week later is another hour for the reader once the clocks have changed."""
    later = PRESS.render([about("due", DUE + timedelta(days=7))], Level.DISCREET, "en", "Europe/Paris")

    assert "Friday 3 April 2026, 18:30" in later.body


def test_a_language_without_words_falls_back_to_english():
    """Nobody goes untold because nobody has translated yet; and the mail says which language it is in."""
    said = PRESS.render([about("closed")], Level.DISCREET, "sq", ZONE)

    assert said == PRESS.render([about("closed")], Level.DISCREET, "en", ZONE)
    assert PRESS.language("sq") == "en"
