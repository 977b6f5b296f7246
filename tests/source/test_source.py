"""YAML text -> plain values and their places; and that the quick reader and the careful one are of one mind."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from engine.diagnostics import Place
from engine.settings import DEFINITIONS
from engine.source import CODES, MAX_FAULTS, read
from engine.source.careful import MAX_DEPTH, MAX_NODES, careful
from engine.source.swift import swift
from engine.source.text import MAX_BYTES

SHIPPED = sorted(DEFINITIONS.rglob("*.yaml"))


def value_of(text: str) -> object:
    source, found = read(text, "f.yaml")
    assert found == []
    assert source is not None
    return source.value


def codes(text: str | bytes) -> list[str]:
    return [one.code for one in read(text, "f.yaml")[1]]


# ── Meaning ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "word", ["NO", "no", "on", "Off", "yes", "y", "010", "0x1F", "1e3", "12:30", "2026-03-02", "true"]
)
def test_every_scalar_stays_what_was_written(word):
    """NO is Norway, on a word, 12:30 no number of seconds; the model of each key gives it its type."""
    assert value_of(f"country: [{word}]") == {"country": [word]}


@pytest.mark.parametrize("nothing", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_none_and_in_quotes_a_text(nothing):
    """An empty value and the three spellings of null; whoever means the word puts it in quotes."""
    assert value_of(f'a: {nothing}\nb: "{nothing}"') == {"a": None, "b": nothing}


def test_a_word_for_nothing_is_a_key_like_any_other():
    """Keys are always text."""
    assert value_of("null: a\n~: b") == {"null": "a", "~": "b"}


def test_block_texts_and_quoted_texts_are_read():
    """Folded, literal, single and double quotes."""
    text = "a: |\n  one\n  two\nb: >-\n  three\n  four\nc: 'it''s'\nd: \"\\u00e9\"\n"

    assert value_of(text) == {"a": "one\ntwo\n", "b": "three four", "c": "it's", "d": "é"}


def test_a_mark_of_byte_order_at_the_start_is_not_part_of_the_text():
    """Some editors write it."""
    source, found = read(b"\xef\xbb\xbfa: 1", "f.yaml")

    assert found == []
    assert source is not None
    assert source.value == {"a": "1"}


# ── Places ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_value_and_each_key_has_its_place():
    """Lines and columns count from 1, the length is that of the word."""
    source, _ = read("steps:\n  talk: {to: closed}\n  list:\n    - one\n    - two\n", "f.yaml")

    assert source is not None
    assert source.marks.value(("steps", "talk", "to")) == Place("f.yaml", 2, 14, 6)
    assert source.marks.key(("steps", "talk", "to")) == Place("f.yaml", 2, 10, 2)
    assert source.marks.value(("steps", "list", 1)) == Place("f.yaml", 5, 7, 3)
    assert source.marks.key(("steps", "list", 1)) == Place("f.yaml", 5, 7, 3)
    assert source.marks.value(("steps", "talk")) == Place("f.yaml", 2, 9, 12)


def test_what_is_not_there_is_placed_at_what_would_hold_it():
    """A missing key is told at the mapping that lacks it."""
    source, _ = read("steps:\n  talk: {to: closed}\n", "f.yaml")

    assert source is not None
    assert source.marks.value(("steps", "talk", "by", 0)) == source.marks.value(("steps", "talk"))
    assert source.marks.key(("steps", "talk", "by")) == source.marks.key(("steps", "talk"))


def test_places_count_lines_as_the_parser_does():
    """A lone carriage return ends a line too."""
    source, _ = read("a: 1\r\nb: 2\rc: [x]\n", "f.yaml")

    assert source is not None
    assert source.marks.value(("c", 0)) == Place("f.yaml", 3, 5, 1)
    assert source.lines == ("a: 1", "b: 2", "c: [x]", "")


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_may_be_so_large_and_no_larger():
    """The size is counted in bytes, before anything is parsed."""
    line = "a: " + "é" * ((MAX_BYTES - 3) // 2)
    line += "x" * (MAX_BYTES - len(line.encode()))

    assert codes(line) == []
    assert codes(line + "x") == ["YAML002"]
    assert codes((line + "x").encode()) == ["YAML002"]


def test_a_file_may_be_so_deep_and_no_deeper():
    """Depth is counted by open brackets and indented mappings alike."""
    inner = MAX_DEPTH - 1

    assert codes("a: " + "[" * inner + "]" * inner) == []
    assert codes("a: " + "[" * (inner + 1) + "]" * (inner + 1)) == ["YAML002"]


def test_a_file_may_hold_so_many_values_and_no_more():
    """Keys, values and collections count."""
    entries = MAX_NODES - 3

    assert codes("a: [" + "x," * entries + "]") == []
    assert codes("a: [" + "x," * (entries + 1) + "]") == ["YAML002"]


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 100_000,
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
        "{" * 50_000 + "}" * 50_000,
        "- " * 100_000,
        "a: !!python/object/apply:os.system [echo]",
        "? " * 60_000,
    ],
    ids=["brackets", "laughs", "braces", "dashes", "tag", "questions"],
)
def test_a_hostile_file_is_refused_and_does_no_harm(hostile):
    """Nothing recurses, nothing is constructed, no reference is followed."""
    found = read(hostile, "f.yaml")[1]

    assert found != []
    assert {one.code for one in found} <= CODES.keys()


def test_a_file_with_very_many_faults_is_told_so_many():
    """Whoever mends those sees the rest."""
    text = "".join(f"a: {number}\n" for number in range(MAX_FAULTS * 3))

    assert len(read(text, "f.yaml")[1]) == MAX_FAULTS


# ── Reading on ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_reads_on_after_a_key_that_stands_twice():
    """The first counts, so that faults of meaning are told in the same run."""
    source, found = read("a: 1\na: 2\nb: 3\nb: 4\n", "f.yaml")

    assert [one.place.line for one in found] == [2, 4]
    assert source is not None
    assert source.value == {"a": "1", "b": "3"}


@pytest.mark.parametrize("text", ["a: *b\n", "a: “b”\n", "[a]: b\n"])
def test_gives_no_value_where_what_was_left_out_could_change_the_meaning(text):
    """A follow-up fault would mislead."""
    source, found = read(text, "f.yaml")

    assert source is None
    assert len(found) == 1


# ── Two readers, one meaning ─────────────────────────────────────────────────────────────────────────────────────

WORDS = st.sampled_from(
    ["a", "b", "NO", "null", "~", "''", '""', '"x: y"', "“", "“x”", "&a b", "*a", "!t b", "? a", "- a", "a: b", "[a, b]", "{a: b}",
     "{a: b, a: c}", "{: b}", "[[a]: b]", "|", ">", "#", "---", "...", "%YAML 1.2", "%YAML 1.1", "\t", "é", "'it''s'"]
)  # fmt: skip
LINES = st.builds(
    lambda indent, key, word: " " * indent + (f"{key}: {word}" if key else word),
    st.integers(0, 4), st.sampled_from(["", "a", "b", "c", "- a", "-"]), WORDS,
)  # fmt: skip


@given(st.lists(LINES, max_size=8).map("\n".join))
@example("a: &x 1\nb: *x")
@example("%YAML 1.1\n---\na: b")
@example("%YAML 1.2\n---\na: b")
@example("a: b\n---\nc: d")
@example("a: b\n...\n")
def test_the_quick_reader_takes_only_what_the_careful_one_finds_sound_and_reads_the_same(text):
    """The careful reader is the authority; the quick one may be shy but never wrong."""
    quick = swift(text)
    root, faults = careful(text, "f.yaml")

    if quick is not None:
        assert faults == []
        assert root is not None
        assert root.plain() == quick


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_quick_reader_takes_every_shipped_definition(path):
    """It would be of no use if it were shy of them."""
    text = path.read_text(encoding="utf-8")
    root, _ = careful(text, "f.yaml")

    assert root is not None
    assert swift(text) == root.plain()


@given(
    st.recursive(
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abcdé ", min_size=1), inner),
        max_leaves=20,
    ).filter(lambda value: isinstance(value, (list, dict)) and value)
)
def test_what_a_writer_of_yaml_wrote_is_read_back(value):
    """Texts, lists and mappings survive, whatever style the writer chose."""
    text = yaml.dump(value, allow_unicode=True, default_style='"', width=10_000)
    source, found = read(text.replace("!!str ", ""), "f.yaml")

    assert found == []
    assert source is not None
    assert source.value == value
