"""Calendars proposed, checked, and asked for by procedures."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from engine.application.calendars import calendar_named, check_calendars, propose_calendar
from engine.application.procedures import check
from engine.calendars.almanac import Almanac
from engine.calendars.business import doubts
from engine.calendars.load import load_calendar
from engine.calendars.schema import calendar_schema
from engine.diagnostics import Severity
from engine.errors import NotAllowed, UnknownName, WrongUse
from engine.settings import DEFINITIONS
from engine.sop.checks.base import FORMS, procedure

TODAY = date(2026, 11, 25)
FOLDER = DEFINITIONS / "calendars"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of definitions with the calendars of three countries and one small procedure."""
    for name in ("calendars", "sops", "forms"):
        (tmp_path / name).mkdir()
    for country in ("fr", "al", "ma"):
        shutil.copy(FOLDER / f"{country}.yaml", tmp_path / "calendars")
    for name, text in FORMS.items():
        (tmp_path / "forms" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


# ── Proposed ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_shipped_calendar_is_what_would_be_proposed(tmp_path):
    """Nothing in them is from anywhere else: taken again from the library, with zones and weekends as they stand."""
    for file in sorted(FOLDER.glob("*.yaml")):
        known, _ = load_calendar(file)
        assert known is not None
        bare = known.model_copy(update={"years": None, "holidays": {}, "half_days": {}, "worked_days": {}})
        (tmp_path / file.name).write_text(_text_of(bare), encoding="utf-8")

        assert propose_calendar(tmp_path, known.calendar, 2024, 2035, TODAY, write=False) == file.read_text(
            encoding="utf-8"
        )


def _text_of(known):
    from engine.calendars.proposal import written

    unconfirmed = known.model_copy(update={"status": "not confirmed"})
    return written(unconfirmed)


def test_more_years_are_added_and_what_a_person_wrote_stays(folder):
    """A holiday announced late is not taken back by the library."""
    file = folder / "calendars" / "ma.yaml"
    text = file.read_text(encoding="utf-8")
    edited = text.replace(
        "2026-03-20: {name: Eid al-Fitr, estimated: true}", "2026-03-21: {name: Eid al-Fitr, note: announced}"
    )
    edited = edited.replace("  2026-03-21: {name: Eid al-Fitr, estimated: true}\n", "")
    file.write_text(edited, encoding="utf-8")

    propose_calendar(folder / "calendars", "MA", 2036, 2037, TODAY, write=True)

    known, found = load_calendar(file)
    assert found == []
    assert known is not None
    assert known.years is not None
    assert (known.years.first, known.years.last) == (2024, 2037)
    assert date(2026, 3, 20) not in known.holidays
    assert not known.holidays[date(2026, 3, 21)].estimated
    assert known.holidays[date(2037, 1, 1)].name == "New Year's Day"
    assert any(one.estimated for day, one in known.holidays.items() if day.year == 2037)


def test_comments_are_not_lost_in_silence(folder):
    """A note is kept, a comment can't be: nothing is written."""
    file = folder / "calendars" / "ma.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "# by telephone\n", encoding="utf-8")
    before = file.read_bytes()

    with pytest.raises(NotAllowed, match="comments"):
        propose_calendar(folder / "calendars", "MA", 2036, 2036, TODAY, write=True)

    assert file.read_bytes() == before


def test_a_country_without_a_file_is_begun_from_what_machines_know(tmp_path):
    """Japan: zone, weekend on which two sources agree, holidays."""
    propose_calendar(tmp_path, "JP", 2026, 2027, TODAY, write=True)

    known, found = load_calendar(tmp_path / "jp.yaml")
    assert found == []
    assert known is not None
    assert (known.zone_name, known.is_confirmed) == ("Asia/Tokyo", True)


def test_a_weekend_on_which_sources_disagree_is_left_out(tmp_path):
    """Niger, as nobody had written it yet."""
    propose_calendar(tmp_path, "NE", 2026, 2027, TODAY, write=True)

    known, _ = load_calendar(tmp_path / "ne.yaml")
    assert known is not None
    assert (known.weekend, known.is_confirmed) == (None, False)
    assert "do not agree" in (known.note or "")


def test_a_country_that_the_library_does_not_know_is_written_by_hand(tmp_path):
    """Nothing is made up for it; without holidays it is not confirmed, and each date on it says so."""
    text = "calendar: QM\nstatus: not confirmed\ntime_zones: [Europe/Paris]\nweekend: [sat, sun]\n"
    (tmp_path / "qm.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UnknownName, match="QM"):
        propose_calendar(tmp_path, "QM", 2026, 2027, TODAY, write=True)

    days = Almanac.read(tmp_path).calendar_of("QM")

    assert days.add(date(2026, 7, 10), 1) == date(2026, 7, 13)
    assert doubts(days, TODAY, TODAY) == ("the calendar of QM is not confirmed: no holidays are known",)


@pytest.mark.parametrize(
    ("country", "first", "last", "error"),
    [
        ("FR", 2036, 2035, WrongUse),
        ("FR", 2040, 2041, WrongUse),
        ("JP", 1200, 1201, WrongUse),
        ("QQ", 2026, 2027, UnknownName),
        ("../etc", 2026, 2027, WrongUse),
    ],
)
def test_what_can_not_be_proposed_is_refused(folder, country, first, last, error):
    """Years that are reversed, leave a gap, or that nobody knows; a country that is none."""
    with pytest.raises(error):
        propose_calendar(folder / "calendars", country, first, last, TODAY, write=True)


# ── Checked ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_end_of_the_years_is_found_at_its_line():
    """With the command that adds more."""
    (found,) = check_calendars(FOLDER / "fr.yaml", date(2034, 6, 1))

    (ending,) = found.found
    assert (ending.code, ending.severity, ending.place.line) == ("CAL201", Severity.WARNING, 11)
    assert "calendar propose FR --years 2024-2040 --write" in ending.hint


def test_where_there_is_no_calendar_it_is_said(tmp_path):
    """Neither a file, nor one in the folder, nor of a country."""
    with pytest.raises(UnknownName):
        check_calendars(tmp_path / "no.yaml", TODAY)
    with pytest.raises(UnknownName):
        check_calendars(tmp_path, TODAY)
    with pytest.raises(UnknownName, match="ZZ"):
        calendar_named(Almanac.read(FOLDER), "ZZ")


def test_the_schema_takes_every_shipped_calendar_and_no_other_key():
    """An editor underlines what the product would refuse."""
    import jsonschema

    from engine.source import read

    validator = jsonschema.Draft202012Validator(calendar_schema())
    for file in FOLDER.glob("*.yaml"):
        source, _ = read(file.read_bytes(), file.name)
        assert source is not None
        assert list(validator.iter_errors(source.value)) == [], file.name
    wrong = {"calendar": "FR", "status": "sure", "time_zones": [], "weekends": ["sat"], "holidays": {"14 July": "x"}}
    assert len(list(validator.iter_errors(wrong))) == 4


# ── Asked for by procedures ──────────────────────────────────────────────────────────────────────────────────────

COUNTING = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    due: {within: 5 working days, calendar: both}
    actions: {finish: {to: closed, by: [case_manager]}}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""


def findings(folder: Path, countries: str, steps: str = COUNTING, today: date = TODAY) -> list[tuple[str, str, int]]:
    file = folder / "sops" / "example.yaml"
    file.write_text(procedure(steps + countries), encoding="utf-8")
    (checked,) = check(file, today)
    return [(one.code, str(one.severity), one.place.line) for one in checked.found if one.code.startswith("CAL")]


def test_a_country_without_a_calendar_is_an_error_of_the_procedure(folder):
    """At the line that names it."""
    assert findings(folder, "origin: [AL]\n") == []
    assert findings(folder, "origin: [AL, JP]\n") == [("CAL202", "error", 4)]


def test_working_days_in_a_country_whose_weekend_is_not_confirmed_are_an_error(folder):
    """Calendar days are none: nothing is guessed for them."""
    shutil.copy(FOLDER / "ne.yaml", folder / "calendars")

    assert findings(folder, "origin: [NE]\n") == [("CAL202", "error", 4)]
    assert findings(folder, "origin: [NE]\n", COUNTING.replace("working days", "days")) == []


def test_a_calendar_that_ends_soon_is_told_with_the_procedure(folder):
    """A year ahead nothing is published on it any more."""
    assert findings(folder, "", today=date(2034, 6, 1)) == [("CAL201", "warning", 3), ("CAL201", "warning", 4)]
    assert findings(folder, "", today=date(2035, 6, 1)) == [("CAL201", "error", 3), ("CAL201", "error", 4)]


def test_a_cut_off_at_closing_needs_office_hours(folder):
    """No source confirms any for the shipped calendars; whoever knows them writes them down."""
    closing = COUNTING.replace("calendar: both", "cut_off: closing")
    assert findings(folder, "", closing) == [("CAL202", "error", 3)]

    file = folder / "calendars" / "fr.yaml"
    file.write_text(
        file.read_text(encoding="utf-8") + "office_hours: {opens: 09:00, closes: 17:00}\n", encoding="utf-8"
    )

    assert findings(folder, "", closing) == []


def test_a_faulty_calendar_is_told_with_the_folder_and_with_the_procedure(folder):
    """Once at its line, once where it is needed."""
    file = folder / "calendars" / "fr.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("2026-07-14", "2026-07-41"), encoding="utf-8")
    assert findings(folder, "") == [("CAL202", "error", 3)]

    (checked,) = check(folder, TODAY)

    assert [one.code for one in checked.found if one.code.startswith("CAL")] == ["CAL104", "CAL202"]


@pytest.mark.parametrize(
    "due",
    [
        "{within: 5 days, cut_off: 16:00}",
        "{within: 5 working days, cut_off: late}",
        "{within: 5 working days, cut_off: 25:00}",
        "{within: 5 working days, suspend_for: [boredom]}",
        "{before: 5 days, from: {form: travel, field: departs_on}, suspend_for: [hospital]}",
    ],
)
def test_a_cut_off_or_a_reason_that_means_nothing_is_an_error(folder, due):
    """Told at its place, by the shape of the file."""
    file = folder / "sops" / "example.yaml"
    text = COUNTING.replace("{within: 5 working days, calendar: both}", due)
    file.write_text(procedure(text), encoding="utf-8")

    (checked,) = check(file)

    assert {one.place.line for one in checked.found if one.severity is Severity.ERROR} == {18}
