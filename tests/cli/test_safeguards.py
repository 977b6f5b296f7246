"""`sop check` and `sop publish` with a right that is not safe: what a designer reads, and what a program does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cli.explaining import say_explanation, shape_explanation
from engine.analysis.explanation import Guard
from engine.application.procedures import check, explained, proved

ROOT = Path(__file__).parents[2]
ASKED = "          - {form: informed_consent.return, "


@pytest.fixture(scope="module")
def unsafe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped definitions, without the consent to return among what a departure requires."""
    folder = tmp_path_factory.mktemp("unsafe") / "definitions"
    shutil.copytree(ROOT / "sop_definitions", folder)
    path = folder / "sops" / "adult-return.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("      depart:\n")
    begin = text.index(ASKED, start)
    end = text.index("\n", begin) + 1
    path.write_text(text[:begin] + text[end:], encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    environment = {
        **os.environ, "PASSERELLE_DATA_DIR": str(tmp_path_factory.mktemp("house")), "PASSERELLE_TESTING": "1",
        "PYTHONPATH": str(ROOT), "COLUMNS": "160",
    }  # fmt: skip

    def passerelle(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.main", *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=120)

    return passerelle


def test_a_broken_right_is_told_with_its_path(run, unsafe):
    """Exit code 1; the safeguard's line, who does what on which day, where it could be stopped and by what."""
    done = run("sop", "check", str(unsafe))
    lines = unsafe.read_text(encoding="utf-8").split("\n")
    stop = lines.index("      depart:") + 1

    assert done.returncode == 1
    assert 'safeguard "inv-01-written-consent-before-departure" is broken [SOP501]' in done.stdout
    assert "day 0   The case begins at “Referral to a specialised organisation”" in done.stdout
    assert "Return operator: Departed (depart, at “Departure”)" in done.stdout
    assert f"{unsafe}:{lines.index('  - use: inv-01') + 1}:10: safeguard" in done.stdout
    assert f"of {unsafe.parents[1] / 'safeguards' / 'inv-01.yaml'}" in done.stdout
    assert f"It could be stopped at {unsafe}:{stop}:7 (depart)." in done.stdout
    assert "What would stop it: - {form: informed_consent.return, where: {decision: [consents]," in done.stdout
    assert "51 holds, 1 broken" in done.stdout


def test_programs_read_verdict_and_path(run, unsafe):
    """The shape of the contract: id, verdict, explored, counterexample with step, action, by, records, facts, at."""
    done = run("sop", "check", str(unsafe), "--format", "json")
    (checked,) = json.loads(done.stdout)
    (broken,) = [one for one in checked["safeguards"] if one["verdict"] == "broken"]

    assert done.returncode == 1
    assert checked["sound"] is False
    assert broken["id"] == "inv-01-written-consent-before-departure"
    assert set(broken["counterexample"][0]) >= {"step", "action", "by", "records", "facts", "at"}
    assert broken["counterexample"][-1]["action"] == "depart"
    assert [one["code"] for one in checked["diagnostics"]] == ["SOP501"]


def test_a_broken_right_is_not_published(run, unsafe):
    """A safeguard that rests on law stops the publication; what stands in the store stays as it was."""
    done = run("sop", "publish", str(unsafe))

    assert done.returncode == 1
    assert "a right is not safe on every path" in done.stderr
    assert "adult-return" not in run("sop", "list").stdout


def test_a_broken_assumption_does_not_stop_a_publication(run, unsafe, tmp_path):
    """Only law and soft law do: a safeguard of practice is told by `sop check` and left to the designer."""
    folder = tmp_path / "definitions"
    shutil.copytree(unsafe.parents[1], folder)
    right = folder / "safeguards" / "inv-01.yaml"
    text = right.read_text(encoding="utf-8")
    start, end = text.index("basis:"), text.index("undecidable:")
    right.write_text(text[:start] + "basis: {strength: assumption, note: ours}\n" + text[end:], encoding="utf-8")
    path = folder / "sops" / "adult-return.yaml"

    assert run("sop", "check", str(path)).returncode == 1
    published = run("sop", "publish", str(path))
    assert published.returncode == 0
    assert "it does not hold: inv-01-written-consent-before-departure" in published.stdout


def test_what_no_file_can_prove_is_said_in_one_line(run):
    """How many of the rights taken up rest in part on what people do; nothing that reads like a finding."""
    done = run("sop", "check", "sop_definitions/sops/adult-return-fr-al.yaml")

    said = [line for line in done.stdout.split("\n") if "no file can prove" in line]
    assert said == [
        "  18 of them rest in part on what people do and write, which no file can prove: --explain says what"
    ]


def test_the_list_of_versions_says_what_was_proved(run):
    """Of the version published just now: 51 hold and one of practice is broken, by which engine and with what budget."""
    (version,) = json.loads(run("sop", "list", "--json").stdout)
    proof = version["proof"]

    assert proof["budget"] == {"states": 60_000, "seconds": 10.0}
    assert proof["engine"]
    assert proof["proved_at"]
    assert {one["id"] for one in proof["safeguards"] if one["verdict"] != "holds"} == {
        "inv-01-written-consent-before-departure"
    }
    assert all(isinstance(one["explored"], int) for one in proof["safeguards"])
    assert "51 holds, 1 broken" in run("sop", "list").stdout


def test_explaining_says_what_guards_each_right_and_the_other_way_round(run):
    """The line that guards the consent to return, what else that line guards, and what no procedure can prove."""
    path = "sop_definitions/sops/adult-return.yaml"
    done = run("sop", "check", path, "--explain")
    lines = done.stdout.split("\n")
    right = lines.index("    inv-01-written-consent-before-departure")
    line = lines[right + 1].split()[0]

    assert done.returncode == 0
    assert "depart requires: {form: informed_consent.return" in lines[right + 1]
    assert ASKED.strip() in (ROOT / path).read_text(encoding="utf-8").split("\n")[int(line.rpartition(":")[2]) - 1]
    other_way = lines[lines.index("  What each of them guards:") :]
    assert "      inv-01-written-consent-before-departure" in other_way
    assert any("no procedure can prove: What is said by telephone" in one for one in other_way)
    assert any("by the engine (withdrawal_cancels)" in one for one in other_way)
    assert any(one.strip().startswith("inv-12: does not apply:") for one in other_way)


def test_programs_read_the_rights_and_what_guards_them(run, unsafe):
    """A broken right is guarded by nothing; each line names its safeguards, each right its evidence and its rules."""
    done = run("sop", "check", str(unsafe), "--explain", "--format", "json")
    (checked,) = json.loads(done.stdout)
    guards = {one["safeguard"]: one for one in checked["guards"]}
    rights = {one["id"]: one for one in checked["rights"]}

    assert guards["inv-01-written-consent-before-departure"]["any_of"] == []
    assert guards["inv-22-contacts-given"]["any_of"][0][0]["written"].startswith("{form: contact_card")
    assert {"safeguard": "inv-22-contacts-given", "alone": True} in [
        each for one in checked["requirements"] for each in one["guards"]
    ]
    assert rights["inv-04"]["evidence"] == ["found", "assumption"]
    assert [one["rule"] for one in rights["inv-29"]["enforced_by"]] == [
        "share_when", "seeing_is_sharing", "messages_name_nobody"
    ]  # fmt: skip
    assert set(checked["not_applicable"]) >= {"inv-12", "inv-13", "inv-14"}
    (found,) = checked["diagnostics"]
    assert [Path(one["file"]).name for one in found["also"]] == ["inv-01.yaml"]


def test_sarif_explains_nothing(run):
    """It holds findings only, and says so."""
    done = run("sop", "check", "tests/definitions/sops/short-return.yaml", "--explain", "--format", "sarif")

    assert done.returncode == 2
    assert "--explain" in done.stderr


def test_what_protects_nothing_says_so_in_its_reason(run, tmp_path):
    """Undecided to programs, and why."""
    shutil.copytree(ROOT / "tests" / "definitions", tmp_path / "definitions")
    path = tmp_path / "definitions" / "sops" / "short-return.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "  - {id: hollow, never: {leave: closed_stays}, while: any}\n", encoding="utf-8")
    (checked,) = json.loads(run("sop", "check", str(path), "--format", "json").stdout)
    hollow = next(one for one in checked["safeguards"] if one["id"] == "hollow")

    assert hollow["verdict"] == "undecided"
    assert hollow["reason"].startswith("It protects nothing.")


def test_what_was_not_decided_is_not_called_sufficient():
    """A guard of several of which it is not known whether fewer would do, said as that."""
    (checked,) = check(ROOT / "tests" / "definitions" / "sops" / "short-return.yaml")
    ready = proved(checked)
    assert ready.file is not None
    first = explained(ready)[0]
    (site,) = first.guards[0].sites
    other = replace(site, path=(*site.path[:-1], 2))
    lines = [*say_explanation(ready, [replace(first, guards=(Guard((site, other), is_least=False),))])]
    shape = shape_explanation(ready.file, [replace(first, guards=(Guard((site, other), is_least=False),))])

    assert "    all of these (fewer may do; it was not decided):" in lines
    assert "    any one of these suffices:" not in lines
    assert shape["guards"][0]["decided"] == [False]  # type: ignore[index]
