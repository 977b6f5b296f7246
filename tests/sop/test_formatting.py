"""One layout for every file: words, comments and meaning stay, whatever the file looked like before."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.settings import DEFINITIONS
from engine.sop.formatting import formatted
from engine.sop.load import Shelf, load_sop
from engine.source import read

HERE = Path(__file__).parents[1] / "definitions"
SHIPPED = sorted(DEFINITIONS.rglob("*.yaml"))
WRITTEN = [*sorted((HERE / "sops").glob("*.yaml")), *sorted((HERE / "good").glob("*.yaml"))]


def laid_out(text: str) -> str:
    again, faults = formatted(text, "file.yaml")
    assert again is not None, faults
    return again


def comments(text: str) -> list[str]:
    """The comments of a text in which # stands for nothing else."""
    return [line[line.index("#") :].rstrip() for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_have_the_layout(path):
    """What we ship is what `sop format` would write."""
    text = path.read_text(encoding="utf-8")

    assert laid_out(text) == text


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_the_loaded_procedure_is_the_same(path, tmp_path):
    """What a case runs on does not change."""
    shelf, _ = Shelf.of(HERE)
    before, _ = load_sop(path, shelf)
    again = tmp_path / path.name
    again.write_text(laid_out(path.read_text(encoding="utf-8")), encoding="utf-8")

    after, found = load_sop(again, shelf)

    assert before is not None
    assert after is not None, found
    assert after.sop == before.sop


@st.composite
def carelessly_written(draw: st.DrawFn) -> str:
    """A sound file with comments, empty lines and line breaks put in wherever somebody might."""
    lines = draw(st.sampled_from([path.read_text(encoding="utf-8") for path in WRITTEN])).split("\n")
    if draw(st.booleans()):
        lines = [" " * (len(line) - len(line.lstrip())) + line for line in lines]
    for number in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        match draw(st.sampled_from(["comment", "end", "empty", "blanks", "break", "break and comment", "wide"])):
            case "comment":
                lines.insert(at, " " * draw(st.integers(0, 9)) + f"# note {number}")
            case "end" if line.strip():
                lines[at] = f"{line}   # end {number}"
            case "empty":
                lines[at:at] = [""] * draw(st.integers(1, 3))
            case "blanks":
                lines[at] = line + "   "
            case "break" if "{" in line:
                lines[at] = line.replace(", ", ",\n              ", 1)
            case "break and comment" if "{" in line:
                lines[at] = line.replace(", ", f",  # within {number}\n              ", 1)
            case "wide":
                lines[at] = line.replace("{", "{  ", 1).replace(": ", ":    ", 1)
    return "\n".join(lines)


@given(carelessly_written())
@settings(deadline=None)
def test_words_and_comments_stay_and_a_second_time_changes_nothing(text):
    """Every word and comment is there, in its order; formatting again gives the same text."""
    source, faults = read(text, "file.yaml")
    if source is None or faults:
        assert formatted(text, "file.yaml") == (None, faults)
        return

    again = laid_out(text)

    kept, _ = read(again, "file.yaml")
    assert kept is not None
    assert kept.value == source.value
    assert comments(again) == comments(text)
    assert laid_out(again) == again


def test_a_comment_stays_with_what_it_speaks_of():
    """At the end of its line, above the next, at the end of a block; brackets over several lines become lines."""
    text = """\
# the file
steps:
    first:   # of the step
        by: [a,  # of a
          # before b
             b]
        # last in first
    # before second
    second: { to: x }


# last of all
"""

    again = laid_out(text)

    assert (
        again
        == """\
# the file
steps:
  first:     # of the step
    by:
      - a        # of a
      # before b
      - b
    # last in first
  # before second
  second: {to: x}

# last of all
"""
    )


def test_texts_of_several_lines_stay_as_they_are_meant():
    """Block texts, folded quotes and plain lines are indented anew, and say the same."""
    text = """\
---
note: |   # as written
      one
        two

quoted: "one
       two"
plain: one
          two
...
"""

    assert (
        laid_out(text)
        == """\
note: |   # as written
  one
    two

quoted: "one
  two"
plain: one
  two
"""
    )


def test_what_cannot_be_kept_is_told_and_left():
    """A block text whose first line is further in would lose those blanks."""
    text = "note: |2\n      first\n    second\n"

    again, faults = formatted(text, "file.yaml")

    assert again is None
    assert [one.code for one in faults] == ["FMT001"]


@pytest.mark.parametrize("path", sorted((HERE / "bad").glob("yaml_*.yaml")), ids=lambda path: path.stem)
def test_a_broken_file_is_told_its_faults(path):
    """The same faults as when it is read."""
    data = path.read_bytes()

    assert formatted(data, str(path)) == (None, read(data, str(path))[1])
