"""The words of messages: a language is one folder more, and no file of words can make a message tell too much."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from string import Template

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.diagnostics import Place
from engine.errors import Fault
from engine.notifications.render import Occasion, Press
from engine.notifications.words import CODES, TEMPLATES, _wrong, check_words, read_words
from engine.settings import DEFINITIONS
from engine.values import LANGUAGES, Level

SHIPPED = DEFINITIONS / "messages"


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "messages"))


def edit(folder: Path, old: str, new: str) -> Path:
    file = folder / "en" / "words.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_shipped_words_are_sound():
    """Every language that definitions must have has all its words."""
    assert check_words(SHIPPED) == []
    assert set(read_words(SHIPPED)) >= set(LANGUAGES)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('case: "Case $ref"', "case: Case", "MSG104"),
        ('case: "Case $ref"', "case: $ref $ref", "MSG104"),
        ('case: "Case $ref"', "case: Case ${ref}", "MSG104"),
        ('case: "Case $ref"', "case: Case $step", "MSG104"),
        ("subject: A message", "subject: $ref A message", "MSG104"),
        ("silent: A message", "silent: $due A message", "MSG104"),
        ("  stop: Please", "  stop: $step Please", "MSG104"),
        ("system: the system", "system: that costs 5 $", "MSG104"),
        ("system: the system", "system: https at example", "MSG105"),
        ("system: the system", "system: see www.example.org", "MSG105"),
        ("system: the system", "system: see passerelle.org", "MSG105"),
        ("system: the system", "system: desk@example", "MSG105"),
        ("system: the system", "system: <b>us</b>", "MSG105"),
        ("system: the system", "system: [the, system]", "MSG103"),
        ("system: the system", 'system: "the\\nsystem"', "MSG103"),
        ("system: the system", 'system: " "', "MSG103"),
        ("system: the system", "systm: the system", "MSG101"),
        ("  closed: For", "  shut: For", "MSG101"),
        ("system: the system", "", "MSG102"),
        ("system: the system", "system:", "MSG102"),
        ("about:", "above:", "MSG102"),
        ("case:", "  case:", "YAML001"),
    ],
)
def test_finds_what_would_tell_too_much_or_nothing(messages, old, new, code):
    """A wrong blank, a link or a missing sentence is found at its place, and the product doesn't start with it."""
    found = check_words(edit(messages, old, new))

    assert code in [one.code for one in found]
    assert all(one.place.file.endswith("en/words.yaml") for one in found)
    with pytest.raises(Fault) as refused:
        read_words(messages)
    assert len(refused.value.details) == len(found)


def test_names_all_faults_of_all_languages_in_one_run(messages):
    """Who mends words is told everything at once."""
    edit(messages, "system: the system", "")
    edit(messages, "  closed: For", "  closed: $ref For")
    (messages / "fr" / "words.yaml").unlink()
    (messages / "notes").mkdir()

    assert sorted(one.code for one in check_words(messages)) == ["MSG100", "MSG102", "MSG104", "MSG106"]


def test_every_code_is_explained():
    """A code that is told has its reason beside it."""
    assert sorted(CODES) == [f"MSG10{number}" for number in range(7)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_that_must_be_there_and_is_not_is_named(messages, language):
    """A missing folder is a fault, not a silent fall back to English."""
    shutil.rmtree(messages / language)

    assert [(one.code, Path(one.place.file).name) for one in check_words(messages)] == [("MSG100", language)]


def test_a_language_is_one_folder_more(messages):
    """No line of code knows which languages there are; dates follow the new one by themselves."""
    shutil.copytree(messages / "en", messages / "ar-MA")
    (messages / "ar-MA" / "words.yaml").write_text(
        (messages / "en" / "words.yaml").read_text(encoding="utf-8").replace("Due: ", "DUE "), encoding="utf-8"
    )
    press = Press.read(messages, "https://cases.example.org")
    said = press.render(
        [Occasion("R", "due", datetime(2026, 9, 21, 10, tzinfo=UTC), "", "")],
        Level.DISCREET,
        "ar-MA",
        "Africa/Casablanca",
    )

    assert "شتنبر" in next(line for line in said.body.splitlines() if line.startswith("DUE "))


@given(st.lists(st.sampled_from(["$ref", "$", "${", "}", "$$", "ref", "a", "é", "_", " "]), max_size=8).map("".join))
@example("Case $ref")
@pytest.mark.parametrize("blank", ["", "ref"])
def test_words_that_pass_the_check_never_fail_when_they_are_said(blank, text):
    """What is accepted on reading can be filled in later, with the blank's value where the blank stands."""
    if list(_wrong(text, blank, Place("words.yaml"))):
        return
    said = Template(text).substitute({"ref": "7K3Q"} if blank else {})

    assert said == (text.replace("$ref", "7K3Q") if blank else text)


def test_the_words_cover_every_template():
    """Each thing a decision can tell of has its own sentence in each language."""
    assert all(set(words.about) == set(TEMPLATES) for words in read_words(SHIPPED).values())
