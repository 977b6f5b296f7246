"""The commands that compare and change files, as designers meet them: tables for people, JSON for programs, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests" / "definitions"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("forms", "documents", "safeguards", "sops"):
        shutil.copytree(HERE / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def run(folder: Path):
    environment = {**os.environ, "PASSERELLE_DATA_DIR": str(folder / "data"), "COLUMNS": "120", "PYTHONPATH": str(ROOT)}

    def passerelle(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.main", *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=60)

    return passerelle


SHORT = "sops/short-return.yaml"


def test_format_checks_then_writes_then_is_content(run, folder):
    """`--check` says which files have another layout and answers no; without it they are written."""
    checked = run("sop", "format", "sops", "--check")
    assert (checked.returncode, checked.stdout) == (
        1, f"! {SHORT}: another layout\n0 of 1 files had the layout already\n",
    )  # fmt: skip

    written = run("sop", "format", "sops")
    assert (written.returncode, written.stdout.splitlines()[0]) == (0, f"✓ {SHORT}: laid out")
    assert run("sop", "format", "sops", "--check").returncode == 0


def test_format_tells_of_a_broken_file_and_leaves_it(run, folder):
    """The fault at its place; the others are written all the same."""
    (folder / "sops" / "broken.yaml").write_text("sop: [broken\n", encoding="utf-8")

    done = run("sop", "format", "sops")

    assert done.returncode == 1
    assert "sops/broken.yaml:1:6: the [ that opens here is not closed [YAML001]" in done.stdout
    assert f"✓ {SHORT}: laid out" in done.stdout
    assert (folder / "sops" / "broken.yaml").read_text(encoding="utf-8") == "sop: [broken\n"


def test_rename_shows_the_places_and_writes_only_when_told(run, folder):
    """A dry run by default."""
    before = (folder / SHORT).read_text(encoding="utf-8")

    shown = run("sop", "rename", SHORT, "step", "departed", "under_way")
    assert shown.returncode == 0
    assert f'{SHORT}:68:13: action "depart" leads to step "departed"' in shown.stdout
    assert shown.stdout.endswith("4 places, 1 file; nothing is written yet: --apply writes\n")
    assert (folder / SHORT).read_text(encoding="utf-8") == before

    done = run("sop", "rename", SHORT, "step", "departed", "under_way", "--apply", "--json")
    shape = json.loads(done.stdout)
    assert (shape["applied"], len(shape["places"]), shape["notes"]) == (True, 4, [])
    assert (folder / SHORT).read_text(encoding="utf-8") == before.replace("departed", "under_way")


def test_rename_refuses_a_name_that_is_taken(run):
    """The answer is no, in one block."""
    done = run("sop", "rename", SHORT, "step", "departed", "assessment")

    assert (done.returncode, done.stdout) == (1, "")
    assert 'short-return has a step "assessment" already' in done.stderr


def test_diff_puts_the_gravest_first(run, folder):
    """Headings for people, a list for programs."""
    text = (folder / SHORT).read_text(encoding="utf-8")
    changed = text.replace("within: 10 working days", "within: 5 working days").replace("30 days", "90 days")
    (folder / "sops" / "draft.yaml").write_text(changed.replace("sop: short-return", "sop: draft"), encoding="utf-8")

    shown = run("sop", "diff", SHORT, "sops/draft.yaml")
    listed = json.loads(run("sop", "diff", SHORT, "sops/draft.yaml", "--json").stdout)

    assert shown.returncode == 0
    assert shown.stdout.index("Weaker: less is asked or guarded") < shown.stdout.index("Changed")
    assert [(one["effect"], one["about"]) for one in listed] == [
        ("weaker", "requirement"), ("changed", "deadline"), ("changed", "procedure"),
    ]  # fmt: skip
    assert run("sop", "diff", SHORT, SHORT).stdout == "nothing changes\n"


def test_new_begins_a_variant_that_checks(run, folder):
    """On the screen, or in a file; never over one that is there."""
    words = ("sop", "new", "fr-al", "--from", SHORT, "--destination", "FR", "--origin", "AL")

    assert run(*words).stdout.startswith("# Safe return of an adult (short) (France → Albania)\n")
    assert run(*words, "-o", "sops/fr-al.yaml").returncode == 0
    assert run("sop", "check", "sops/fr-al.yaml").returncode == 0
    assert run(*words, "-o", "sops/fr-al.yaml").returncode == 2


def test_check_writes_sarif_with_relative_names(run, folder):
    """Named as the reader of the log finds them; the exit code is that of the check."""
    (folder / "sops" / "bad.yaml").write_text("sop: bad\nextends: short-retrn\n", encoding="utf-8")

    done = run("sop", "check", "sops/bad.yaml", "--format", "sarif")

    (result,) = json.loads(done.stdout)["runs"][0]["results"]
    assert done.returncode == 1
    assert result["ruleId"] == "SOP120"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "sops/bad.yaml"


@pytest.mark.parametrize("command", ["diff", "format", "new", "rename"])
def test_help_has_an_example(run, command):
    """A designer sees how to begin."""
    done = run("sop", command, "--help")

    assert done.returncode == 0
    assert "Example:" in done.stdout


@pytest.mark.parametrize("words", [["sop"], ["sop", "nonsense"], ["sop", "rename", SHORT, "stp", "a", "b"]])
def test_words_that_are_no_command_are_wrong_use(run, words):
    """Exit code 2, and no fault is spoken of."""
    done = run(*words)

    assert done.returncode == 2
    assert "unforeseen" not in done.stderr


def test_corridors_are_compared_by_their_ids(run):
    """What a country adds is among what is stronger; what is not confirmed of it is told in one language."""
    told = run("sop", "diff", "adult-return", "adult-return-gr-al").stdout

    words = " ".join(told.split())
    assert "now asks: 3 months have passed since “Reflection period running”" in words
    assert "Not confirmed (AL): “No helpline is named here" in words
    assert "fr: " not in words


def test_a_variant_is_begun_with_layers(run):
    """Their countries come with them."""
    told = run("sop", "new", "child-return-fr-al", "--from", "child-return", "--layer", "fr", "--layer", "al").stdout

    assert "layers: [fr, al]\n" in told
    assert "(France → Albania)" in told
