"""Definitions changed in their files: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.application.editing import lay_out, replace_file
from engine.errors import UnknownName, WrongUse

CARELESS = "a:   b\nlist:\n- c   # first\n"
NEAT = "a: b\nlist:\n  - c  # first\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("careless.yaml", CARELESS),
        ("neat.yml", NEAT),
        ("broken.yaml", "a: [b\n"),
        ("other.txt", "a:   b"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_writes_what_lacks_the_form_and_leaves_the_rest(folder):
    """A broken file is told; a file laid out already is not touched; what is no definition is not looked at."""
    os.utime(folder / "neat.yml", (1, 1))

    files = {one.path.name: one for one in lay_out(folder, write=True)}

    assert {name: one.was_kept for name, one in files.items()} == {
        "broken.yaml": False,
        "careless.yaml": False,
        "neat.yml": True,
    }
    assert [name for name, one in files.items() if one.faults] == ["broken.yaml"]
    assert (folder / "careless.yaml").read_text(encoding="utf-8") == NEAT
    assert (folder / "broken.yaml").read_text(encoding="utf-8") == "a: [b\n"
    assert (folder / "neat.yml").stat().st_mtime == 1


def test_only_looks_when_told_so(folder):
    """`--check` writes nothing."""
    files = lay_out(folder / "careless.yaml", write=False)

    assert [one.was_kept for one in files] == [False]
    assert (folder / "careless.yaml").read_text(encoding="utf-8") == CARELESS


def test_a_path_that_is_not_there_is_wrong_use(tmp_path):
    """Nothing to do is not silence."""
    with pytest.raises(UnknownName):
        lay_out(tmp_path / "nowhere.yaml", write=True)
    with pytest.raises(UnknownName):
        lay_out(tmp_path, write=True)


def test_a_replaced_file_keeps_its_rights_and_its_link(tmp_path):
    """Whoever could read it still can, and a link still leads to it."""
    file, link = tmp_path / "file.yaml", tmp_path / "link.yaml"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)

    replace_file(link, b"new")

    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file.yaml", "link.yaml"]


def test_what_cannot_be_written_is_wrong_use_and_leaves_nothing_behind(tmp_path):
    """The old file is still there, and nothing beside it."""
    (tmp_path / "folder").mkdir()

    with pytest.raises(WrongUse):
        replace_file(tmp_path / "folder", b"new")

    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
