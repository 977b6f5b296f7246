"""Every example in the pages is tried as a reader would try it, page by page, each in a folder and a house of its own."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from cli.main import run
from engine.source import read
from tests.pages import Change, Command, Text, agrees, changed, examples

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]
TOLD = {page: list(examples((ROOT / page).read_text(encoding="utf-8"))) for page in PAGES}

_SMALL = "docs/tutorial/definitions/sops/short-return.yaml"

TRIED_ELSEWHERE = {
    ("make", "demo"): "tests/journeys/test_demo.py",
    ("make", "test"): "this is it",
    ("passerelle", "serve"): "tests/workflows/test_serve.py",
    ("passerelle", "db"): "tests/contracts/test_store.py, on a PostgreSQL of its own",
    ("passerelle", "sop", "test"): "tests/cli/test_stories.py; the page speaks of the reader's own stories",
    ("passerelle", "actor", "absent"): "tests/application/test_telling.py; the page speaks of the reader's own desks",
    ("passerelle", "actor", "back"): "the same",
    ("passerelle", "actor", "feed"): "tests/application/test_feeds.py; the page speaks of the reader's own desks",
    ("passerelle", "case", "mute"): "tests/application/test_mute.py; the page speaks of the reader's own cases",
    ("passerelle", "case", "unmute"): "the same",
    (
        "passerelle",
        "sop",
        "migrate",
    ): "tests/application/test_migration.py; the page speaks of the reader's own versions",
    ("passerelle", "sop", "diff", "adult-return@1", "adult-return@2"): "the same",
    ("passerelle", "sop", "diff", "adult-return-es-ma@1"): "the same",
    ("passerelle", "sop", "check", "sop_definitions"): "tests/analysis/test_shipped_safeguards.py, all of them",
    ("passerelle", "sop", "draw", _SMALL, "--harm"): "tests/cli; there is harm only while a safeguard is broken",
    ("passerelle", "sop", "draw", _SMALL, "--story"): "tests/cli; the page speaks of the reader's own stories",
    ("export",): "what is set is in docs/reference/settings.md, which a test compares",
}
"""Commands that a page may name and this test does not run, with what runs them."""


def is_tried_elsewhere(command: Command) -> bool:
    return any(command.words[: len(known)] == known for known in TRIED_ELSEWHERE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a reader has it: the shipped definitions, the tutorial's, and a house that is new."""
    shutil.copytree(
        ROOT / "sop_definitions", tmp_path / "sop_definitions", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "docs" / "tutorial", tmp_path / "docs" / "tutorial")
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("PASSERELLE_DATA_DIR", str(tmp_path / "house")),
        ("PASSERELLE_TESTING", "1"),
        ("PASSERELLE_NOW", "2026-03-02T09:00:00+01:00"),
        ("COLUMNS", "160"),
    ):
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if any(not isinstance(one, Text) for one in TOLD[page])])
def test_the_examples_of_a_page_do_what_it_says(page, folder, monkeypatch, capsys):
    """In their order: each command ends and answers as told, each change fits the file."""
    launched = ""
    for example in TOLD[page]:
        if isinstance(example, Change):
            changed(folder / example.file, example)
        elif isinstance(example, Command) and not is_tried_elsewhere(example):
            if example.words[0] == "cp":
                shutil.copytree(*example.words[2:])
                continue
            words = [launched if word == "REF" else word for word in example.words]
            monkeypatch.setattr(sys, "argv", words)
            with pytest.raises(SystemExit) as left:
                run()
            said = capsys.readouterr()

            assert left.value.code == example.code, f"{' '.join(words)}\n{said.out}{said.err}"
            assert example.answer is None or agrees(said.out, example.answer), f"{' '.join(words)}\n{said.out}"
            if example.into is not None:
                (folder / example.into).write_text(said.out, encoding="utf-8")
            if words[1:3] == ["case", "launch"]:
                launched = said.out.strip()


@pytest.mark.parametrize("page", [page for page in PAGES if any(isinstance(one, Text) for one in TOLD[page])])
def test_the_yaml_of_a_page_can_be_read(page):
    """Without a fault of its text."""
    for example in TOLD[page]:
        if isinstance(example, Text):
            assert read(example.text, page)[1] == []


def test_every_command_in_the_pages_is_found():
    """A block in another layout would be passed over: each line that begins like a command is an example."""
    written = {
        (page, line.strip())
        for page in PAGES
        for line in (ROOT / page).read_text(encoding="utf-8").splitlines()
        if re.match(r"(\$ | {4,}(\.venv/bin/)?)passerelle ", line)
    }

    assert len(written) > 25
    assert len(written) <= sum(isinstance(one, Command) for told in TOLD.values() for one in told)


def test_the_complete_file_of_the_reference_is_the_one_of_the_tutorial():
    """A reader who has understood the one can go on with the other."""
    (shown, *_) = [one.text for one in TOLD["docs/reference/sop-language.md"] if isinstance(one, Text)]
    tutorial = (ROOT / "docs/tutorial/definitions/sops/short-return.yaml").read_text(encoding="utf-8")
    tried = (ROOT / "tests/definitions/sops/short-return.yaml").read_text(encoding="utf-8")

    assert shown.split("\n")[1:] == tutorial.split("\n")[1:] == tried.split("\n")[1:]
