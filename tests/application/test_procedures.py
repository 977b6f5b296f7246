"""Files as they come in: whatever a file holds, checking it ends soon, says where what is wrong, and raises nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path

import pytest

from engine.analysis.model_check import Budget
from engine.application.ports import SopVersion
from engine.application.procedures import NotSound, check
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.errors import UnknownName
from engine.settings import Settings
from engine.sop.canonical import canonical, content_hash
from engine.source.text import MAX_BYTES

SMALL = Path(__file__).parents[1] / "definitions"
SOUND = (SMALL / "sops" / "short-return.yaml").read_bytes()


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("forms", "documents", "sops"):
        shutil.copytree(SMALL / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    "data",
    [SOUND, b"\xef\xbb\xbf" + SOUND, SOUND.replace(b"\n", b"\r\n"), SOUND.rstrip(b"\n")],
    ids=["plain", "mark of byte order", "CRLF", "no final newline"],
)
def test_a_file_of_any_editor_is_sound(folder, data):
    """Line ends, a mark at the start and a missing last newline mean nothing."""
    file = folder / "sops" / "short-return.yaml"
    file.write_bytes(data)

    (checked,) = check(file)

    assert checked.is_sound
    assert checked.found == []


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"", "YAML010", "1:1"),
        (b"# nothing\n", "YAML010", "1:1"),
        (b"sop: a\0b\n", "YAML003", "1:7"),
        (b"sop: a\ntitle: \x1b[2J\n", "YAML003", "2:8"),
        (b"\xff\xfes\0o\0p\0", "YAML003", "1:1"),
        ("sop: é".encode("latin-1"), "YAML003", "1:6"),
        (b"sop: a\n\tversion: 1\n", "YAML004", "2:1"),
        ("sop: “a”\n".encode(), "YAML011", "1:6"),
        (b"a: " + b"x" * 5_000_000, "YAML002", "1:1"),
        (b"a: " + b"[" * 40_000, "YAML002", "1:35"),
        (b"a: &a [x, x]\nb: [*a, *a]\n", "YAML006", "1:4"),
        (b"a: b: c\n", "YAML001", "1:5"),
        (b"just text", "SOP103", "1:1"),
    ],
)
def test_a_broken_file_is_told_where(folder, data, code, place):
    """The first fault, with its place and a caret; and what is drawn moves no cursor."""
    file = folder / "sops" / "broken.yaml"
    file.write_bytes(data)

    (checked,) = check(file)
    first = checked.drawn()[0]

    assert not checked.is_sound
    assert first.startswith(f"{file}:{place}: ")
    assert f"[{code}]" in first.split("\n")[0]
    assert "^" in first
    assert not any(ord(character) < 32 and character != "\n" for character in first)


def test_a_caret_stands_below_its_line_whatever_ends_the_lines(folder):
    """A lone carriage return ends a line for the reader, so it does for the drawing."""
    file = folder / "sops" / "broken.yaml"
    file.write_bytes(b"sop: a\rtitel: b\r\n")

    (checked,) = check(file)
    block = next(block for block in checked.drawn() if '"titel"' in block)

    assert block.split("\n")[2:4] == [" 2 | titel: b", "   | ^~~~~"]


def test_a_file_that_never_ends_is_too_large():
    """A device is read no further than a definition can be long."""
    (checked,) = check(Path("/dev/zero"))

    assert [one.code for one in checked.found] == ["YAML002"]
    assert len(checked.drawn()[0]) < MAX_BYTES // 100


def test_a_folder_in_the_place_of_a_file_and_a_file_that_is_gone_are_told(folder):
    """Neither ends the run; the other files are checked."""
    (folder / "sops" / "a.yaml").mkdir()
    (folder / "sops" / "b.yml").symlink_to(folder / "nowhere")

    found = {one.path.name: one for one in check(folder)}

    assert [one.code for one in found["a.yaml"].found if one.place.file.endswith("sops/a.yaml")] == ["SOP100"]
    assert [one.code for one in found["b.yml"].found] == ["SOP100"]
    assert found["short-return.yaml"].is_sound


@pytest.mark.parametrize("name", ["missing.yaml", "empty"])
def test_no_file_and_no_procedure_are_wrong_use(folder, name):
    """There is nothing to check."""
    (folder / "empty").mkdir()

    with pytest.raises(UnknownName):
        check(folder / name)


def test_words_that_a_form_lacks_are_told_with_the_procedures(folder):
    """Forms are asked of people too."""
    form = folder / "forms" / "travel_plan.yaml"
    form.write_text(form.read_text(encoding="utf-8").replace(", fr: ", ", de: ", 1), encoding="utf-8")

    (checked,) = check(folder)

    assert [(one.code, one.place.file) for one in checked.found] == [("SOP306", str(form))]
    assert checked.is_sound


def test_a_faulty_procedure_is_not_published(folder, tmp_path):
    """Every fault is in the refusal, and no version is there afterwards."""
    file = folder / "sops" / "short-return.yaml"
    file.write_bytes(SOUND.replace(b"to: assessment", b"to: assesment").replace(b"by: [return_operator]", b"by: [x]"))

    house = build(Settings(data_dir=tmp_path / "data"), FixedClock(datetime(2026, 3, 2, tzinfo=UTC)))

    with pytest.raises(NotSound) as refused:
        house.procedures.publish(file)
    versions = house.store.versions()
    house.close()

    assert all(any(code in one for one in refused.value.details) for code in ("SOP201", "SOP203"))
    assert list(versions) == []


# ── What was proved is kept ──────────────────────────────────────────────────────────────────────────────────────

NOTHING_ALLOWED = Budget(states=0, seconds=0.0)
"""With so little nothing that must be explored can be decided."""


@pytest.fixture
def empty(tmp_path) -> Iterator[Application]:
    """A house without any procedure."""
    made = build(Settings(data_dir=tmp_path / "data"), FixedClock(datetime(2026, 3, 2, tzinfo=UTC)))
    yield made
    made.close()


@pytest.fixture
def explored(folder) -> Path:
    """A procedure with a safeguard that only exploring can decide, and one that its requirements decide."""
    file = folder / "sops" / "short-return.yaml"
    file.write_bytes(
        SOUND.replace(
            b"{id: a-way-out-everywhere,",
            b"{id: a-way-out-everywhere, basis: {strength: law, source: eu-directive-2011-36},",
        )
    )
    return file


def test_a_version_is_kept_with_its_proof(empty, explored):
    """Verdict and explored of each safeguard, who proved it, with what budget, and when."""
    version = empty.procedures.publish(explored, Budget(states=5_000, seconds=5.0))
    kept = empty.store.proofs()[version.hash]
    by_id = {one.safeguard: one for one in kept}

    assert [one.safeguard for one in kept] == [
        "consent-before-departure", "risk-before-departure", "withdraw-any-time", "every-departure-is-followed",
        "a-way-out-everywhere",
    ]  # fmt: skip
    assert {one.verdict for one in kept} == {"holds"}
    assert by_id["consent-before-departure"].explored == 0
    assert by_id["a-way-out-everywhere"].explored > 0
    assert {(one.engine, one.states, one.seconds, one.proved_at) for one in kept} == {
        (version_of("passerelle"), 5_000, 5.0, empty.clock.now())
    }


def test_what_is_on_record_is_not_proved_again(empty, explored):
    """With a budget with which nothing could be proved, the version is still the one that was."""
    first = empty.procedures.publish(explored)
    kept = empty.store.proofs()

    assert empty.procedures.publish(explored, NOTHING_ALLOWED) == first
    assert empty.store.proofs() == kept


def test_other_content_is_proved_anew(empty, explored):
    """Then the same budget is too small, and a right that was not decided is not published."""
    empty.procedures.publish(explored)
    explored.write_bytes(explored.read_bytes().replace(b"not_older_than: 30 days", b"not_older_than: 20 days"))

    with pytest.raises(NotSound) as refused:
        empty.procedures.publish(explored, NOTHING_ALLOWED)

    assert "could not be decided" in refused.value.details[0]
    assert len(empty.store.proofs()) == len(empty.store.versions())


def test_a_version_of_an_older_program_gets_its_proof_when_published_again(empty, explored):
    """It was kept without one; number and content stay."""
    (checked,) = check(explored)
    assert checked.file is not None
    content = canonical(checked.file.sop, checked.file.shelf.forms)
    old = SopVersion("short-return", 1, content_hash(content), content, empty.clock.now())
    empty.store.save_version(old)

    assert empty.procedures.publish(explored) == old
    assert old.hash in empty.store.proofs()
