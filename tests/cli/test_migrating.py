"""`sop migrate` and what goes with it, as designers and coordinators meet it: words, JSON, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.bootstrap import build
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests" / "definitions"
DESKS = "actors:\n" + "".join(
    f"  - {{id: {id}, name: A desk, country: {country}, roles: [{role}], channels: [{{kind: mail, address: {id}@example.org}}]}}\n"
    for id, country, role in (
        ("fr-manager", "FR", "case_manager"),
        ("fr-operator", "FR", "return_operator"),
        ("al-worker", "AL", "receiving_worker"),
    )
)
SHORT = "sops/short-return.yaml"


def command_in(folder: Path):
    environment = {
        **os.environ, "PASSERELLE_DATA_DIR": str(folder / "data"), "PASSERELLE_TESTING": "1",
        "PASSERELLE_NOW": "2026-03-02T09:00:00+01:00", "COLUMNS": "120", "PYTHONPATH": str(ROOT),
    }  # fmt: skip

    def passerelle(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.main", *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=120)

    return passerelle


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which the short procedure is published and one case is launched, and the case's reference."""
    folder = tmp_path_factory.mktemp("house")
    for name in ("forms", "documents", "safeguards", "sops"):
        shutil.copytree(HERE / name, folder / name)
    (folder / "desks.yaml").write_text(DESKS, encoding="utf-8")
    passerelle = command_in(folder)
    for words in (["sop", "publish", SHORT], ["actor", "add", "--file", "desks.yaml"]):
        done = passerelle(*words)
        assert done.returncode == 0, done.stderr
    launched = passerelle("case", "launch", "short-return", "--from", "FR", "--to", "AL", "--as", "fr-manager")
    assert launched.returncode == 0, launched.stderr
    return folder, launched.stdout.strip()


@pytest.fixture
def run(prepared: tuple[Path, str], tmp_path: Path):
    folder, ref = prepared
    shutil.copytree(folder, tmp_path / "house")
    passerelle = command_in(tmp_path / "house")
    passerelle.ref = ref  # type: ignore[attr-defined]
    passerelle.folder = tmp_path / "house"  # type: ignore[attr-defined]
    return passerelle


def publish(run, old: str, new: str) -> None:
    file = run.folder / SHORT
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    done = run("sop", "publish", SHORT)
    assert done.returncode == 0, done.stderr


def test_a_change_is_brought_to_a_running_case_and_taken_back(run):
    """The dry run says the deadline in words and how to go on; applied by its code; then back again."""
    publish(run, "within: 10 working days", "within: 5 working days")

    dry = run("sop", "migrate", "short-return", "--to", "2")
    assert dry.returncode == 0, dry.stderr
    assert f"{run.ref}  moves v1 → v2" in dry.stdout
    assert "counselling: due 2026-03-09 22:59 UTC, was 2026-03-16 22:59 UTC" in dry.stdout
    code = dry.stdout.split("--plan ")[1].split()[0]
    listed = json.loads(run("sop", "list", "--json").stdout)
    assert [(one["version"], one["open_cases"]) for one in listed] == [(1, 1), (2, 0)]

    done = run("sop", "migrate", "short-return", "--to", "2", "--apply", "--plan", code)
    assert done.returncode == 0, done.stderr
    assert "✓ 1 of 1 open cases moved to v2." in done.stdout
    undo = done.stdout.split("--undo ")[1].split()[0]
    listed = json.loads(run("sop", "list", "--json").stdout)
    assert [(one["version"], one["open_cases"]) for one in listed] == [(1, 0), (2, 1)]
    assert "v1 → v2 (migrate)" in run("case", "history", run.ref).stdout

    back = run("sop", "migrate", "short-return", "--undo", undo)
    assert (back.returncode, back.stdout.splitlines()[-1]) == (0, "✓ 1 of 1 cases stand as they stood before.")
    assert json.loads(run("case", "show", run.ref, "--json").stdout)["version"] == 1
    again = run("sop", "migrate", "short-return", "--undo", undo, "--json")
    assert again.returncode == 1
    assert json.loads(again.stdout)["cases"][0]["undone"] is False


def test_a_case_that_stays_is_an_answer_of_no_with_its_reason(run):
    """In words and in JSON; the other way round a map of names lets it go."""
    publish(run, "counselling", "talk")

    dry = run("sop", "migrate", "short-return", "--to", "2")
    assert dry.returncode == 1
    assert "stays on v1" in dry.stdout
    assert "The step “Counselling on all options” (counselling) isn't there any more." in dry.stdout.replace(
        "\n", " "
    ).replace("  ", " ")
    shape = json.loads(run("sop", "migrate", "short-return", "--to", "2", "--json").stdout)
    assert shape["cases"][0]["reasons"][0]["code"] == "step"
    assert shape["cases"][0]["moves"] is False

    mapped = run(
        "sop", "migrate", "short-return", "--to", "2", "--map", "step:counselling=talk", "--case", run.ref, "--apply"
    )
    assert mapped.returncode == 0, mapped.stdout
    assert json.loads(run("case", "show", run.ref, "--json").stdout)["steps"][0] == "talk"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["short-return"], 2, "Say either --to V, or --undo RUN."),
        (["short-return", "--to", "1", "--undo", "x"], 2, "Say either"),
        (["short-return", "--to", "1", "--plan", "x"], 2, "--plan goes with --apply"),
        (["short-return", "--to", "9"], 2, "has no version 9"),
        (["shrot-return", "--to", "1"], 2, 'did you mean "short-return"?'),
        (["short-return", "--to", "1", "--map", "step=a"], 2, "KIND:OLD=NEW"),
        (["short-return", "--to", "1", "--fact", "wealth=big"], 2, "There is no fact wealth"),
        (["short-return", "--to", "1", "--actor", "boss=b"], 2, "has no role boss"),
        (["short-return", "--undo", "00000000"], 2, 'There is no run "00000000"'),
        (["short-return", "--to", "1", "--apply", "--plan", "000000000000"], 1, "nothing is done"),
    ],
)  # fmt: skip
def test_wrong_use_says_what_is_right(run, words, code, said):
    """One readable block and the exit code."""
    done = run("sop", "migrate", *words)

    assert done.returncode == code
    assert said in " ".join(done.stderr.split())


def test_case_list_survives_a_case_that_cannot_be_read(run):
    """Its key is gone: it is listed as such beside the others, with the exit code of a fault."""
    other = run("case", "launch", "short-return", "--from", "FR", "--to", "AL", "--as", "fr-manager").stdout.strip()
    house = build(Settings(data_dir=run.folder / "data"))
    house.cipher.erase_key(run.ref)
    house.close()

    shown, shape = run("case", "list"), run("case", "list", "--json")

    assert (shown.returncode, shape.returncode) == (3, 3)
    assert other in shown.stdout
    assert "it can't be read" in shown.stdout
    assert {one["ref"]: one["readable"] for one in json.loads(shape.stdout)} == {other: True, run.ref: False}
    mine = json.loads(run("case", "list", "--mine", "fr-manager", "--json").stdout)
    assert [one["ref"] for one in mine] == [other]
