"""Files by people who don't program, through the command line: all faults at once, each at its place, one message per cause.

Never a traceback, never a hang. The files are made from the small complete procedure of the tests.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import run

DEFINITIONS = Path(__file__).parents[1] / "definitions"
SOUND = (DEFINITIONS / "sops" / "short-return.yaml").read_text(encoding="utf-8")
PATIENCE = 20.0
"""Seconds within which any file must be answered, on a machine that is busy; a sound one takes a tenth of a second."""

HEAD = re.compile(r"^(?P<file>\S+\.yaml):(?P<line>\d+):\d+: (?P<message>.*) \[(?P<code>[A-Z]+\d+)\]$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What `sop check` said: its exit code, its findings as (file, line, code), and all of the text."""

    code: int
    found: list[tuple[str, int, str]]
    text: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of definitions with forms and documents, and as yet no procedure; the command works in it."""
    for name in ("forms", "documents", "safeguards"):
        shutil.copytree(DEFINITIONS / name, tmp_path / name)
    (tmp_path / "sops").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def check(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Write these procedures and check the folder, in time and without a traceback."""

    def checked(**texts: str) -> Answer:
        for name, text in texts.items():
            (folder / "sops" / f"{name}.yaml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["passerelle", "sop", "check", "."])
        began = time.monotonic()
        with pytest.raises(SystemExit) as left:
            run()
        took = time.monotonic() - began
        said = capsys.readouterr()
        assert took < PATIENCE
        assert "Traceback" not in said.out + said.err
        assert "unforeseen" not in said.err
        found = [(one["file"].removeprefix("sops/"), int(one["line"]), one["code"]) for one in HEAD.finditer(said.out)]
        return Answer(int(str(left.value.code)), found, said.out)

    return checked


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_file_they_are_made_from_is_sound(check):
    """So that what is found in the others is what was done to them."""
    assert check(one=SOUND) == Answer(0, [], check(one=SOUND).text)


def test_tabs(check):
    """One cause, told at the first of its lines; a typographic quote further up is told beside it."""
    text = SOUND.replace("    phase: travel\n", "\tphase: travel\n").replace("    phase: assess", "\t\tphase: assess")
    text = text.replace('article: "11(5)"', "article: “11(5)”")

    answer = check(one=text)

    assert answer.code == 1
    assert answer.found == [
        ("one.yaml", line_of(text, "“11"), "YAML011"), ("one.yaml", line_of(text, "\t\tphase"), "YAML004"),
    ]  # fmt: skip
    assert "(1 more line below)" in answer.text


def test_smart_quotes(check):
    """Each place, for each is typed anew."""
    text = SOUND.replace("{en: Counselling on all options,", "{en: “Counselling”,").replace(
        "{en: Under way,", "{en: ‘Away’,"
    )

    answer = check(one=text)

    assert answer.code == 1
    assert answer.found == [("one.yaml", line_of(text, mark), "YAML011") for mark in ("“Couns", "‘Away")]
    assert 'use the straight one (")' in answer.text


def test_wrong_indentation_in_several_steps(check):
    """A step that is indented wrongly doesn't hide another one."""
    turn = "    responsible: [receiving_worker]\n    actions"
    text = SOUND.replace("      within: 10", "     within: 10").replace(turn, turn[1:])

    answer = check(one=text)

    assert answer.code == 1
    assert answer.found == [
        ("one.yaml", line_of(text, "      calendar:"), "YAML001"),
        ("one.yaml", line_of(text, "\n   responsible:") + 1, "YAML001"),
    ]


def test_a_step_renamed_in_one_place_only(check):
    """One message for all the places where it has its old name; what lies beyond it is not called unreachable."""
    text = SOUND.replace("\n  departed:\n", "\n  on_the_way:\n")

    answer = check(one=text)

    assert answer.code == 1
    assert answer.found == [("one.yaml", line_of(text, "to: departed"), "SOP201")]
    others = [number for number, line in enumerate(text.splitlines(), 1) if "enter: departed" in line]
    assert f"also: lines {', '.join(map(str, others))}" in answer.text
    assert 'nothing leads to "on_the_way": was it called so before?' in answer.text


def test_a_form_and_a_role_misspelt_throughout(check):
    """Two causes in many places are two messages."""
    text = SOUND.replace("form: risk_matrix", "form: risk_matrx").replace("[receiving_worker]", "[receiving_werker]")

    answer = check(one=text)

    assert answer.code == 1
    assert answer.found == [
        ("one.yaml", line_of(text, "form: risk_matrx"), "SOP204"), ("one.yaml", line_of(text, "[receiving_werker]"), "SOP203"),
    ]  # fmt: skip
    assert answer.text.count("= also: lines") == 2


def test_two_files_with_one_id(check):
    """Told at the second, which names the first; the first is sound."""
    answer = check(first=SOUND, second=SOUND)

    assert answer.code == 1
    assert answer.found == [("second.yaml", line_of(SOUND, "sop: "), "SOP110")]
    assert "✓ sops/first.yaml" in answer.text
    assert "✗ sops/second.yaml: 1 to mend" in answer.text


def test_a_circle_of_extends(check):
    """The circle is one cause; none of its files, nor one built on them, is called sound."""
    answer = check(
        a="sop: a\nextends: b\n", b="sop: b\nextends: c\n", c="sop: c\nextends: a\n", d="sop: d\nextends: b\n"
    )

    assert answer.code == 1
    assert answer.found == [("a.yaml", 2, "SOP121")]
    assert '"a" extends "b" extends "c" extends "a"' in answer.text
    assert answer.text.count("✗") == 4


def test_a_fault_of_a_base_is_told_once(check):
    """Where it stands; its variants are not sound either, and say why."""
    text = SOUND.replace("to: departed", "to: depated")
    variants = {name: f"sop: {name}\nextends: short-return\n" for name in ("one", "two")}

    answer = check(base=text, **variants)

    assert answer.code == 1
    assert answer.found == [("base.yaml", line_of(text, "to: depated"), "SOP201")]
    assert answer.text.count("what it is built on has faults") == 2


def test_a_variant_that_drops_a_safeguard(check):
    """Removed by its mark, as a whole, or made weaker: each is told at its place."""
    answer = check(
        base=SOUND,
        marked="sop: marked\nextends: short-return\nsafeguards:\n  - {id: risk-before-departure, remove: true}\n",
        whole="sop: whole\nextends: short-return\nsafeguards: {remove: true}\n",
        weaker=(
            "sop: weaker\nextends: short-return\nsafeguards:\n"
            "  - {id: a-way-out-everywhere, from: any, reachable: [closed_stays, departed]}\n"
        ),
    )

    assert answer.code == 1
    assert answer.found == [("marked.yaml", 4, "SOP122"), ("weaker.yaml", 4, "SOP122"), ("whole.yaml", 3, "SOP122")]


BILLION = "sop: bomb\na: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BILLION, "YAML006"),
        ("sop: deep\nsteps: " + "[" * 100_000, "YAML002"),
        ("sop: deep\nsteps: " + "{a: " * 100_000, "YAML002"),
        ("sop: long\nsteps: [" + "x, " * 500_000 + "]\n", "YAML002"),
    ],
    ids=["billion laughs", "brackets", "braces", "a long list"],
)
def test_yaml_bombs(check, text, code):
    """Reading stops at the limit; nothing is followed or built."""
    answer = check(bomb=text)

    assert answer.code == 1
    assert code in {one for _, _, one in answer.found}


@pytest.mark.parametrize(
    "text",
    [
        "sop: big\ntitle: {en: '" + "x" * 5_000_000 + "'}\n",
        "# nothing\n" * 500_000,
        "sop: big\nnotes:\n" + "".join(f"  note_{n}: some text\n" for n in range(230_000)),
    ],
    ids=["one word", "comments", "keys"],
)
def test_five_megabytes_of_text(check, text):
    """Refused by its size, unread."""
    assert len(text) >= 5_000_000 - 1

    answer = check(big=text)

    assert answer.code == 1
    assert answer.found == [("big.yaml", 1, "YAML002")]


def test_two_megabytes_that_can_not_be_read(check):
    """Many blocks after a fault are read one by one, in time that grows with the file."""
    text = "sop: big\nnotes:\n\tone: x\n" + "".join(f"  note_{n}: a\n   b: c\n" for n in range(80_000))

    answer = check(big=text)

    assert answer.code == 1
    assert ("big.yaml", 3, "YAML004") in answer.found
    assert len(answer.found) <= 101


def long(steps: int, back: str) -> str:
    """Return a procedure of so many steps, each of which asks for a consent that can be renewed."""
    asked = "requires: [{form: informed_consent.return, where: {decision: consents}}]"
    lines = [SOUND[: SOUND.index("start: counselling")] + "start: step_0\nsteps:"]
    for n in range(steps):
        target = f"step_{n + 1}" if n + 1 < steps else "closed"
        lines.append(
            f"  step_{n}:\n    title: {{en: S, fr: S}}\n    responsible: [case_manager]\n    forms: [informed_consent]\n"
            f"    actions:\n      go_{n}: {{to: {target}, by: [case_manager], {asked}}}{back if n else ''}"
        )
    return "\n".join([*lines, "  closed: {end: done, title: {en: C, fr: C}}", ""])


@pytest.mark.parametrize("back", ["", "\n      back: {to: step_0, by: [case_manager]}"], ids=["in a row", "in circles"])
def test_2400_steps(check, back):
    """A sound one is said to be sound."""
    answer = check(long=long(2_400, back))

    assert answer.code == 0, answer.text[-2000:]
    assert "2401 steps" in answer.text


def test_the_time_of_checks_grows_with_the_steps(folder):
    """Eight times as many steps take nowhere near sixty-four times as long."""
    from engine.application.procedures import check

    def seconds(steps: int) -> float:
        path = folder / f"{steps}.yaml"
        path.write_text(long(steps, "\n      back: {to: step_0, by: [case_manager]}"), encoding="utf-8")
        began = time.process_time()
        (checked,) = check(path)
        assert checked.file is not None
        return time.process_time() - began

    seconds(10)
    small = min(seconds(300) for _ in range(3))

    assert seconds(2_400) < small * 8 * 2.5


def test_a_safeguard_over_a_space_too_large(check):
    """Ends within its budget, says that it could not be decided, and is no yes."""
    count = range(8)
    lines = [SOUND[: SOUND.index("start: counselling")] + "start: work\nsteps:"]
    lines += ["  work:", "    title: {en: W, fr: W}", "    responsible: [case_manager]", "    strands:"]
    for n in count:
        lines += [
            f"      line_{n}:", f"        start: a_{n}", "        steps:", f"          a_{n}:",
            "            title: {en: S, fr: S}", "            responsible: [case_manager]", "            actions:",
            f"              again_{n}: {{to: a_{n}, by: [case_manager]}}",
            f"              on_{n}: {{to: e_{n}, by: [case_manager]}}",
            f"          e_{n}: {{end: done, title: {{en: E, fr: E}}}}",
        ]  # fmt: skip
    often = ", ".join(f"{{taken: {{action: again_{n}, at_most: 90}}}}" for n in count)
    lines += [
        "    actions: {stop: {to: closed, by: [case_manager]}}", "  closed: {end: done, title: {en: C, fr: C}}",
        "safeguards:", f"  - {{id: not-all-often, always: [{{any_of: [{often}]}}]}}", "",
    ]  # fmt: skip

    answer = check(wide="\n".join(lines))

    assert answer.code == 1
    assert [code for _, _, code in answer.found if code != "SOP313"] == ["SOP502"]
    assert "1 undecided" in answer.text
