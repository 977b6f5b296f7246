"""What a designer's editor shows, tried with yaml-language-server itself: it completes, explains and underlines."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import run
from engine.settings import DEFINITIONS
from tests.conftest import missing
from tests.editor.server import LanguageServer

HERE = Path(__file__).parent
SERVER = HERE / "node_modules/yaml-language-server/bin/yaml-language-server"
SMALL = (HERE.parent / "definitions/sops/short-return.yaml").read_text(encoding="utf-8")
FIRST_LINE = "# yaml-language-server: $schema=../schema/{}.schema.json\n"
SHIPPED = [
    (sort, path)
    for folder, sort in (("sops", "sop"), ("forms", "form"), ("safeguards", "safeguard"), ("scenarios", "scenario"))
    for path in sorted((DEFINITIONS / folder).glob("*.yaml"))
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A designer's folder: procedures, forms, and beside them the schemas that `sop schema --into` writes."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("sops", "forms", "safeguards", "scenarios"):
        (folder / name).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["passerelle", "sop", "schema", "--into", str(folder / "schema")])
        with pytest.raises(SystemExit) as left:
            run()
    assert left.value.code == 0
    return folder


@pytest.fixture(scope="module")
def editor(desk: Path) -> Iterator[LanguageServer]:
    node = shutil.which("node")
    if node is None or not SERVER.is_file():
        missing("yaml-language-server (npm ci --prefix tests/editor)")
    server = LanguageServer([str(node), str(SERVER), "--stdio"], desk)
    yield server
    server.close()


def place(text: str, part: str) -> tuple[int, int]:
    """Return line and column (from 1) of the first character after `part`."""
    before = text[: text.index(part) + len(part)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize(("sort", "path"), SHIPPED, ids=lambda value: value.stem if isinstance(value, Path) else value)
def test_nothing_is_underlined_in_a_shipped_file(editor, desk, sort, path):
    """A designer who sees red where nothing is wrong stops looking."""
    found = editor.opened(desk / f"{sort}s" / path.name, FIRST_LINE.format(sort) + path.read_text(encoding="utf-8"))

    assert found == []


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("    phase: decision", "    fase: decision", "Property fase is not allowed."),
        ("within: 10 working days", "within: ten days", "does not match the pattern"),
        ("calendar: destination ", "calendar: somewhere ", 'Valid values: "destination", "origin", "both", "either"'),
        ("    responsible: [return_operator]\n", "    responsible: [return_operator\n", ""),
        ("start: counselling\n", "", 'Missing property "start"'),
    ],
    ids=["unknown key", "length", "choice", "bracket", "missing"],
)
def test_a_fault_is_underlined(editor, desk, request, right, wrong, says):
    """At its line, in the editor's words; the first line of the file is all that it needs."""
    text = FIRST_LINE.format("sop") + SMALL.replace(right, wrong)

    found = editor.opened(desk / "sops" / f"{request.node.callspec.id.replace(' ', '-')}.yaml", text)

    line = place(text, wrong)[0] if wrong.strip() else 2
    assert any(said.startswith(says) or says in said for at, said in found if line <= at <= line + 2), found


def test_a_fault_of_a_form_is_underlined(editor, desk):
    """Forms have a schema of their own."""
    text = FIRST_LINE.format("form") + "form: f\ntitle: {en: F}\nfields:\n  a: {type: colour, title: {en: A}}\n"

    found = editor.opened(desk / "forms" / "bad.yaml", text)

    assert [line for line, _ in found] == [5]
    assert '"boolean", "choice", "date"' in found[0][1]


def test_a_fault_of_a_shared_safeguard_is_underlined(editor, desk):
    """A placeholder may stand for any value, but no key is unknown."""
    text = FIRST_LINE.format("safeguard") + "id: one\nbefore: $departure\nrequires: [{form: $consent, where: $said}]\n"

    found = editor.opened(desk / "safeguards" / "one.yaml", text)

    assert found == [(4, "Property requires is not allowed.")]
    assert editor.opened(desk / "safeguards" / "two.yaml", text.replace("requires:", "require:")) == []


def test_keys_are_proposed_with_what_they_are_for(editor, desk):
    """Within a step: its keys that are not there yet, and no others."""
    text = FIRST_LINE.format("sop") + SMALL.replace("    phase: decision\n", "    \n")
    file = desk / "sops" / "keys.yaml"
    editor.opened(file, text)

    proposed = editor.completions(file, *place(text, "  counselling:\n    "))

    assert {"phase", "series", "takes", "note", "end", "pause"} <= set(proposed)
    assert proposed.keys().isdisjoint({"title", "due", "actions", "roles", "safeguards"})
    assert "Groups steps; strand steps inherit it" in proposed["phase"]
    assert all(proposed.values())


def test_words_are_proposed_where_a_choice_stands(editor, desk):
    """One need not know them by heart."""
    text = FIRST_LINE.format("sop") + SMALL.replace(
        "calendar: destination           # destination |", "calendar: \n      # |"
    )
    file = desk / "sops" / "words.yaml"
    editor.opened(file, text)

    proposed = editor.completions(file, *place(text, "calendar: "))

    assert {"destination", "origin", "both", "either"} <= set(proposed)


@pytest.mark.parametrize(
    ("before", "title", "says", "example"),
    [
        ("\n", "start (procedure)", "The step at which a case begins", "counselling"),
        ("\n    ", "guidance (step)", "Ids of the document library", "- eu-directive-2011-36"),
        ("\n      ", "remind (deadline rule)", "Reminders", "- 3 working days before"),
        (
            "\n    ",
            "voids (everywhere action)",
            "Forms whose records so far count no more",
            "- informed_consent.return",
        ),
        ("  - {", "id (safeguard)", "Its name in reports", "consent-before-departure"),
    ],
    ids=lambda value: value.partition(" ")[0] if isinstance(value, str) and value.endswith(")") else "",
)
def test_a_key_is_explained_with_an_example(editor, desk, before, title, says, example):
    """What it is, in which mapping, what it is for, and how it is written: shown when the mouse is over it."""
    text = FIRST_LINE.format("sop") + SMALL
    file = desk / "sops" / "hover.yaml"
    editor.opened(file, text)

    shown = editor.hover(file, *place(text, f"{before}{title.partition(' ')[0]}"))

    assert shown.startswith(f"#### {title}")
    assert says in shown
    assert example in shown
