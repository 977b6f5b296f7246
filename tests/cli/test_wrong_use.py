"""The command line as people meet it: answers, refusals and faults, each with its exit code and one readable block."""

from __future__ import annotations

import base64
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("house")
    environment = {
        **os.environ, "PASSERELLE_DATA_DIR": str(folder), "PASSERELLE_TESTING": "1", "PASSERELLE_NOW": "2026-03-02T09:00:00+01:00",
        "COLUMNS": "160", "PYTHONPATH": str(ROOT),
    }  # fmt: skip

    def passerelle(
        *words: str, preexec_fn: Callable[[], None] | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.main", *words]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**environment, **more},
            cwd=ROOT,
            timeout=60,
            preexec_fn=preexec_fn,
        )

    for words in (
        ["sop", "publish", "sop_definitions/sops/adult-return.yaml"],
        ["actor", "add", "--file", "sop_definitions/actors/sample-fr.yaml"],
        ["actor", "add", "--file", "sop_definitions/actors/sample-al.yaml"],
    ):
        done = passerelle(*words)
        assert done.returncode == 0, done.stderr
    launched = passerelle("case", "launch", "adult-return", "--from", "FR", "--to", "AL", "--as", "fr-first-contact")
    assert launched.returncode == 0, launched.stderr
    passerelle.folder = folder  # type: ignore[attr-defined]
    passerelle.ref = launched.stdout.strip()  # type: ignore[attr-defined]
    return passerelle


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["case", "show", "0000-0000-0"], 2, "There is no case"),
        (["case", "show", "nonsense"], 2, "not a case reference"),
        (["case", "act", "REF", "acccept", "--as", "fr-case-manager"], 2, 'did you mean "accept"'),
        (["case", "act", "REF", "depart", "--as", "fr-return-operator"], 1, "not open here"),
        (["case", "act", "REF", "accept", "--as", "fr-case-manager"], 1, "can be met by"),
        (["case", "act", "REF", "accept", "--as", "stranger"], 1, "no party"),
        (["case", "why", "REF", "acccept"], 2, 'did you mean "accept"'),
        (["case", "assign", "REF", "case_manger=fr-lawyer"], 2, 'did you mean "case_manager"'),
        (["case", "assign", "REF", "case_manager"], 2, "ROLE=ID"),
        (["case", "ack", "REF", "--as", "fr-lawyer", "--step", "refferal"], 2, 'did you mean "referral"'),
        (["case", "record", "REF", "intke", "--file", "FILE", "--as", "fr-case-manager"], 2, 'did you mean "intake"'),
        (
            ["case", "record", "REF", "intake", "--file", "/nonexistent.yaml", "--as", "fr-case-manager"],
            2,
            "can't be read",
        ),
        (
            ["case", "launch", "adlt-return", "--from", "FR", "--to", "AL", "--as", "x"],
            2,
            'did you mean "adult-return"',
        ),
        (["case", "correct", "REF", "99", "--why", "x", "--as", "fr-case-manager"], 2, "no entry 99"),
        (["form", "show", "intke"], 2, 'did you mean "intake"'),
        (["actor", "show", "nobody"], 2, "There is no actor"),
        (["actor", "add", "--file", "nowhere.yaml"], 2, 'There is no file "nowhere.yaml"'),
        (["sop", "rename", "sop_definitions", "step", "a", "b"], 2, "name one procedure’s file"),
        (["sop", "check", "nowhere.yaml"], 2, "There is no file"),
        (["sop", "draw", "sop_definitions/sops/adult-return.yaml", "--format", "bmp"], 2, "not a format"),
        (["audit", "verify", "0000-0000-0"], 2, "There is no case"),
    ],
)
def test_wrong_words_are_answered_in_one_block(run, tmp_path, words, code, said):
    """The exit code is the contract's, the reason is said, nothing else happens and no traceback shows."""
    form = tmp_path / "form.yaml"
    form.write_text("signed_on: 2026-03-02\n")
    words = [{"REF": run.ref, "FILE": str(form)}.get(word, word) for word in words]

    done = run(*words)

    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_error_in_json_stands_on_stdout(run):
    """As the contract says: code, message, details."""
    done = run("case", "act", run.ref, "accept", "--as", "fr-case-manager", "--json")

    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1
    assert error["code"] == "requirements"
    assert len(error["details"]) >= 2


def test_a_word_that_no_command_knows_is_an_error_in_json_too(run):
    """A program that misspells an option reads why on stdout; nothing else stands there or on stderr."""
    done = run("case", "list", "--mien", "fr-lawyer", "--json")

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], done.stderr) == (2, "wrong_use", "")
    assert "--mien" in error["message"]
    assert "--mine" in error["message"]


@pytest.mark.parametrize("width", [60, 80])
def test_an_id_is_never_cut_in_a_narrow_terminal(run, width):
    """It is copied from there into the next command."""
    done = run("actor", "list", COLUMNS=str(width))

    assert {"fr-identification-authority", "al-civil-registry"} <= {
        line.split()[0] for line in done.stdout.split("\n") if line.strip()
    }


def test_a_list_of_nothing_says_what_to_do(run, tmp_path):
    """No version yet: how one is published."""
    done = run("sop", "list", PASSERELLE_DATA_DIR=str(tmp_path))

    assert done.returncode == 0
    assert done.stdout == "No procedure is published yet: passerelle sop publish PATH\n"


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("PASSERELLE_DATABASE_URL", "mysql://x", 2),
        ("PASSERELLE_DATABASE_URL", "postgresql+psycopg://user:secret@127.0.0.1:9/none", 3),
        ("PASSERELLE_SMTP_URL", "ftp://x", 2),
        ("PASSERELLE_KEYS", "tooshort", 2),
        ("PASSERELLE_DATA_DIR", "/proc/none", 3),
    ],
)
def test_wrong_settings_say_so_without_repeating_a_secret(run, variable, value, code):
    """Wrong use is 2, what can't be reached is 3; the value is not repeated."""
    done = run("case", "list", **{variable: value})

    assert done.returncode == code, done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_is_full_is_one_block_and_changes_nothing(run):
    """No file of this process may grow: the same as a disk without room. Exit code 3, and the case stands as it stood."""
    before = run("case", "history", run.ref, "--json").stdout

    done = run("case", "ack", run.ref, "--as", "fr-case-manager", "--json", preexec_fn=_no_room)

    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "disk_full"
    assert "Traceback" not in done.stderr
    assert run("case", "history", run.ref, "--json").stdout == before


def _no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


def test_after_a_rotation_the_old_key_is_no_longer_needed(run):
    """A new line above the old, `keys rotate`, the old line taken away: all opens; with the old one alone nothing does."""
    file = run.folder / "keys.txt"
    old, new = file.read_text(), base64.urlsafe_b64encode(bytes(range(32))).decode() + "\n"
    before = run("case", "show", run.ref, "--json").stdout

    file.write_text(new + old)
    rotated = run("keys", "rotate")
    file.write_text(new)
    after = run("case", "show", run.ref, "--json").stdout
    file.write_text(old)
    refused = run("case", "show", run.ref)
    file.write_text(new)

    assert rotated.returncode == 0
    assert before == after
    assert (refused.returncode, "one is missing" in refused.stderr) == (3, True)


def test_the_shapes_of_the_contract(run):
    """case show, case history, case messages and sop check have the keys that programs rely on."""
    case = json.loads(run("case", "show", run.ref, "--json").stdout)
    history = json.loads(run("case", "history", run.ref, "--json").stdout)
    messages = json.loads(run("case", "messages", run.ref, "--json").stdout)
    checked = json.loads(run("sop", "check", "sop_definitions", "--format", "json").stdout)

    assert set(case) >= {
        "ref", "sop", "version", "from", "to", "steps", "phase", "outcome", "launched_at", "facts", "actions", "deadlines",
        "parties", "records",
    }  # fmt: skip
    assert set(case["actions"][0]) >= {"action", "title", "by", "to", "allowed", "blockers"}
    assert set(history[0]) >= {"seq", "at", "actor", "role", "action", "from", "to", "note", "hash", "previous_hash"}
    assert set(messages[0]) >= {
        "id", "seq", "kind", "role", "country", "actor", "language", "channel", "state", "attempts", "queued_at", "sent_at",
        "due_at",
    }  # fmt: skip
    assert checked[0]["sound"] is True
    assert {one["verdict"] for one in checked[0]["safeguards"]} == {"holds"}


def test_a_case_is_shown_with_what_matters_first(run):
    """Where it stands, what is due, what is open, what is missing and who can meet it; lines that idle are left out."""
    shown = run("case", "show", run.ref, COLUMNS="80").stdout

    heads = ["Stands at", "Due", "Not yet", "Open at any time", "Parties"]
    places = [shown.index(f"\n{head}\n") for head in heads]
    assert places == sorted(places)
    assert shown.index("first_contact, case_manager") < places[1]
    assert "✗ Referral – Request is on record" in shown
    assert "→ first_contact" in shown
    assert "housing_none" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_history_says_what_was_come_to(run):
    """The launch lists the step that waits, and none that idles."""
    shown = run("case", "history", run.ref).stdout
    launch = json.loads(run("case", "history", run.ref, "--json").stdout)[0]

    assert launch["entered"] == ["referral"]
    assert "→ referral" in shown
    assert "housing_none" not in shown


def test_without_a_mail_server_messages_wait(run):
    """Nothing is lost before a channel is set up."""
    done = run("deliver", "--once")

    states = {one["state"] for one in json.loads(run("case", "messages", run.ref, "--json").stdout)}
    assert done.returncode == 0
    assert states <= {"queued", "withheld"}


def test_every_command_has_help_with_an_example(run):
    """A newcomer sees how to begin."""
    for words in (
        ["sop", "check"],
        ["case", "launch"],
        ["case", "act"],
        ["demo"],
        ["serve"],
        ["deliver"],
        ["audit", "verify"],
    ):
        done = run(*words, "--help")

        assert done.returncode == 0
        assert "Example:" in done.stdout, words
