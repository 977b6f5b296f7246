"""A calendar's file: what it may say, and every fault of it at its place, in one run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from engine.calendars.almanac import Almanac, shipped
from engine.calendars.load import ends_soon, load_calendar
from engine.diagnostics import Place, Severity
from engine.errors import WrongUse
from engine.settings import DEFINITIONS
from engine.sop.formatting import formatted

FOLDER = DEFINITIONS / "calendars"

SOUND = """\
calendar: FR
status: confirmed
time_zones: [Europe/Paris]
weekend: [sat, sun]
sources: {weekend: a source, holidays: a source}
years: {first: 2026, last: 2026}
holidays:
  2026-07-14: National Day
"""


def faults(tmp_path: Path, text: str, name: str = "fr.yaml") -> list[tuple[str, int, int]]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    known, found = load_calendar(path)
    assert (known is None) == any(one.severity is Severity.ERROR for one in found)
    return [(one.code, one.place.line, one.place.column) for one in found]


def test_a_sound_calendar_has_no_faults(tmp_path):
    """The text that the others change."""
    assert faults(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("status: confirmed", "status: sure", "CAL103", 2),
        ("status: confirmed\n", "", "CAL102", 1),
        ("status: confirmed", "statuss: confirmed", "CAL101", 2),
        ("Europe/Paris", "Europe/Lutetia", "CAL103", 3),
        ("[sat, sun]", "[sat, sunday]", "CAL103", 4),
        ("[sat, sun]", "[sat, sat]", "CAL107", 4),
        ("[sat, sun]", "[mon, tue, wed, thu, fri, sat, sun]", "CAL107", 4),
        ("weekend: [sat, sun]\n", "", "CAL107", 2),
        ("holidays: a source", "time_zones: a source", "CAL107", 2),
        ("last: 2026", "last: 2025", "CAL106", 6),
        ("last: 2026", "last: soon", "CAL103", 6),
        ("last: 2026", "last: 2027", "CAL109", 7),
        ("2026-07-14", "2026-02-30", "CAL104", 8),
        ("2026-07-14", "14 July", "CAL103", 8),
        ("2026-07-14", "2027-07-14", "CAL106", 8),
        ("National Day", "{name: National Day, estimate: true}", "CAL101", 8),
        ("National Day", "{name: National Day, estimated: yes}", "CAL103", 8),
        ("National Day", "{estimated: true}", "CAL102", 8),
        ("National Day\n", "National Day\n  2026-07-14: Bastille Day\n", "YAML005", 9),
        ("National Day\n", "National Day\nworked_days: {2026-07-14: work}\n", "CAL105", 9),
        ("National Day\n", "National Day\nworked_days: {2026-07-15: work}\n", "CAL107", 9),
        ("National Day\n", "National Day\nhalf_days: {2026-07-18: a Saturday}\n", "CAL107", 9),
        ("National Day\n", "National Day\nhalf_days: {2026-07-15: {name: Eve, closes: noon}}\n", "CAL103", 9),
        ("National Day\n", 'National Day\noffice_hours: {opens: "17:00", closes: "09:00"}\n', "CAL107", 9),
        ("FR", "DE", "CAL108", 1),
        ("holidays:\n", "holidays: &days\n", "YAML006", 7),
    ],
)
def test_a_fault_is_told_at_its_place(tmp_path, old, new, code, line):
    """Days that don't exist, that are two things at once, that lie outside the years; words that mean nothing."""
    found = faults(tmp_path, SOUND.replace(old, new, 1))

    assert (code, line) in [(one, at) for one, at, _ in found]


def test_all_faults_are_told_at_once(tmp_path):
    """Nobody mends one fault to meet the next."""
    text = SOUND.replace("Europe/Paris", "Paris").replace("[sat, sun]", "[never]").replace("2026-07-14", "2026-13-01")

    assert [code for code, _, _ in faults(tmp_path, text)] == ["CAL103", "CAL103", "CAL104"]


def test_a_half_day_closes_within_office_hours(tmp_path):
    """An office that is open until five can't close early at six."""
    text = (
        SOUND
        + 'office_hours: {opens: "09:00", closes: "17:00"}\nhalf_days: {2026-12-24: {name: Eve, closes: "18:00"}}\n'
    )

    assert [code for code, _, _ in faults(tmp_path, text)] == ["CAL107"]


@pytest.mark.parametrize(
    ("today", "severity"),
    [
        (date(2033, 12, 30), None),
        (date(2034, 6, 1), Severity.WARNING),
        (date(2035, 2, 1), Severity.ERROR),
        (date(2036, 2, 1), Severity.ERROR),
    ],
)
def test_the_end_of_the_known_years_is_told_well_before_it_bites(today, severity):
    """A warning two years ahead, an error one year ahead."""
    known = shipped().calendar_of("FR").known
    assert known.years is not None
    assert known.years.last == 2035

    found = ends_soon(known, today, Place("fr.yaml"))

    assert (None if found is None else found.severity) == severity


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*")), ids=lambda path: path.name)
def test_every_shipped_calendar_is_sound_and_laid_out(path):
    """Nothing else stands in the folder; what could not be confirmed says so."""
    known, found = load_calendar(path)

    assert found == []
    assert known is not None
    assert known.is_confirmed or known.note
    assert known.weekend is not None or not known.is_confirmed
    assert formatted(path.read_bytes(), path.name)[0] == path.read_text(encoding="utf-8")


def test_a_file_that_has_changed_is_read_again_and_a_faulty_one_is_not_taken(tmp_path):
    """A late holiday counts at the next look; a slip of the pen takes nothing back."""
    file = tmp_path / "fr.yaml"
    file.write_text(SOUND, encoding="utf-8")
    almanac = Almanac.read(tmp_path)
    tuesday = date(2026, 7, 13)
    assert almanac.calendar_of("FR").is_working_day(tuesday)

    file.write_text(SOUND + "  2026-07-13: announced late\n", encoding="utf-8")
    assert almanac.refresh() == {}
    assert not almanac.calendar_of("FR").is_working_day(tuesday)

    file.write_text(SOUND + "  2026-07-32: no such day\n", encoding="utf-8")
    assert [one.code for one in almanac.refresh()["FR"]] == ["CAL104"]
    assert not almanac.calendar_of("FR").is_working_day(tuesday)


def test_a_faulty_file_is_an_error_that_draws_its_line(tmp_path):
    """Whoever needs the calendar is told what is wrong with it."""
    (tmp_path / "fr.yaml").write_text(SOUND.replace("Europe/Paris", "Paris"), encoding="utf-8")

    with pytest.raises(WrongUse) as refused:
        Almanac.read(tmp_path).calendar_of("FR")

    assert "fr.yaml:3:14" in refused.value.details[0]
