"""How a fault is drawn: place, line, caret and hint; and what never reaches a terminal."""

from __future__ import annotations

import pytest

from engine.diagnostics import Diagnostic, Place, Severity, did_you_mean, in_order

HINT = "write it so"


def drawn(line: str, column: int = 1, length: int = 1, **more: str) -> list[str]:
    return Diagnostic("SOP999", "it is wrong", Place("f.yaml", 7, column, length), **more).draw(line).split("\n")


def test_place_message_line_caret_and_hint_stand_one_below_the_other():
    """The caret begins below the first character that is meant."""
    assert drawn("a: wrong", 4, 5, hint=HINT) == [
        "f.yaml:7:4: it is wrong [SOP999]",
        "   |",
        " 7 | a: wrong",
        "   |    ^~~~~",
        "   = hint: write it so",
    ]


def test_a_warning_says_that_it_is_one():
    """An error needs no word for it."""
    warning = Diagnostic("SOP999", "it is odd", Place("f.yaml", 7), severity=Severity.WARNING)

    assert warning.draw("a").startswith("f.yaml:7:1: warning: it is odd [SOP999]\n")


@pytest.mark.parametrize("unseen", ["\x1b", "\x07", "\0", "\u202e", "\u200b", "\ufeff", "\x9b", "\x08"])
def test_what_could_move_a_cursor_or_turn_the_text_is_not_drawn(unseen):
    """A file from elsewhere can't write over the terminal of whoever checks it."""
    line = drawn(f"a: {unseen}[2J b", 4)[2]

    assert line == " 7 | a: \N{REPLACEMENT CHARACTER}[2J b"


def test_tabs_and_line_ends_keep_the_caret_in_its_column():
    """A tab is drawn as one space, as columns count it."""
    assert drawn("\ta: b\r\n", 2)[2:] == [" 7 |  a: b", "   |  ^"]


def test_a_long_line_is_cut_around_its_caret():
    """What is meant stays in sight."""
    line, caret = drawn("x" * 300 + "wrong" + "x" * 300, 301, 5)[2:]

    assert len(line) < 130
    assert line[caret.index("^") : caret.index("^") + 5] == "wrong"


def test_a_caret_goes_no_further_than_the_line():
    """A value of several lines is underlined in its first."""
    assert drawn("a: b", 4, 400)[3] == "   |    ^"


def test_in_order_sorts_by_place_and_drops_what_is_said_twice():
    """A run always prints the same."""
    first, second = Diagnostic("B", "b", Place("f", 1)), Diagnostic("A", "a", Place("f", 2))

    assert in_order([second, first, second]) == [first, second]


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("clsed", ["open", "closed"], 'did you mean "closed"? steps: closed, open'),
        ("nothing", ["open", "closed"], "steps: closed, open"),
        ("clsed", [], "there are no steps"),
    ],
)
def test_the_nearest_right_word_comes_first(word, known, hint):
    """Then all there are."""
    assert did_you_mean(word, known, "steps") == hint
