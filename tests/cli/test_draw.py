"""`passerelle sop draw` as a designer uses it: the file's ending says what, the database how many."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import run
from engine.bootstrap import Application

ROOT = Path(__file__).parents[2]
SHORT = "tests/definitions/sops/short-return.yaml"


@pytest.fixture
def passerelle(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run `passerelle sop draw` in this process; returns the exit code, stdout and stderr."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PASSERELLE_DATA_DIR", "/nonexistent")

    def draw(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["passerelle", "sop", "draw", *words])
        with pytest.raises(SystemExit) as left:
            run()
        said = capsys.readouterr()
        return int(str(left.value.code)), said.out, said.err

    return draw


@pytest.mark.parametrize(
    ("ending", "begins"),
    [
        ("svg", "<svg "), ("mmd", "stateDiagram-v2"), ("dot", "digraph "), ("gv", "digraph "), ("scxml", "<?xml "),
        ("bpmn", "<?xml "), ("SVG", "<svg "),
    ],
)  # fmt: skip
def test_the_ending_of_the_file_says_what_is_drawn(passerelle, tmp_path, ending, begins):
    """No format need be named, and no database is opened."""
    code, _, told = passerelle(SHORT, "-o", str(tmp_path / f"short.{ending}"))

    assert (code, told) == (0, "")
    assert (tmp_path / f"short.{ending}").read_text(encoding="utf-8").startswith(begins)


def test_a_format_that_is_named_goes_before_the_ending(passerelle, tmp_path):
    code, *_ = passerelle(SHORT, "--format", "dot", "-o", str(tmp_path / "short.txt"), "--language", "fr")

    assert code == 0
    assert "Retour effectué" in (tmp_path / "short.txt").read_text(encoding="utf-8")


def test_an_overview_is_an_svg(passerelle, tmp_path):
    """On the screen or in a file, in the language asked for."""
    code, out, _ = passerelle(SHORT, "--overview", "--language", "fr")
    written, *_ = passerelle(SHORT, "--overview", "-o", str(tmp_path / "short.svg"))

    assert (code, written) == (0, 0)
    assert out.startswith("<svg ")
    assert "Conseil sur toutes" in out
    assert (tmp_path / "short.svg").read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([SHORT, "-o", "short.png"], 2, "does not say what to draw"),
        ([SHORT, "-o", "/nonexistent/short.svg"], 2, "can't be written"),
        ([SHORT, "--language", "de"], 2, 'no words in "de"'),
        ([SHORT, "--format", "bpmn", "--cases"], 2, "--cases is for pictures"),
        ([SHORT, "--overview", "-o", "short.bpmn"], 2, "--overview is drawn as svg, not as bpmn"),
        (["tests/definitions/sops"], 2, "is a folder"),
        (["tests/definitions/bad/yaml_tab.yaml"], 1, "has faults"),
        (["tests/definitions/bad/yaml_tab.yaml", "--format", "scxml"], 1, "has faults"),
    ],
)
def test_what_cannot_be_drawn_is_said(passerelle, words, code, said):
    left, out, told = passerelle(*words)

    assert (left, out) == (code, "")
    assert said in " ".join(told.split())


def test_open_cases_are_counted_at_their_steps(house: Application):
    """Two cases, one a step further; lines alongside that have not begun are not counted, nor are other procedures."""
    refs = [house.casework.launch("adult-return", "FR", "AL", "fr-first-contact", {}, {}).ref for _ in range(2)]
    house.casework.take(refs[0], "raise_alert", "fr-case-manager", note="", step=None)

    assert house.queries.standing("adult-return") == {"referral": 2, "alert_open": 1}
    assert house.queries.standing("short-return") == {}
