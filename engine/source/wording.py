"""What the YAML parser says, in words for people who don't program."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import yaml

from engine.diagnostics import Diagnostic, Place

CURLY: Final = "“”„‟‘’‚‛"
_MANY: Final = 60


def shortened(text: str) -> str:
    """Return `text` short enough to stand in a message."""
    return text if len(text) <= _MANY else text[: _MANY - 1] + "…"


class _Wording(NamedTuple):
    """What to say when the parser's problem (and context) match; `at_start`: the place is where the part began."""

    problem: str
    context: str
    message: str
    hint: str
    at_start: bool = False


_QUOTE_IT: Final = 'a text with a colon, comma, bracket or quote in it stands in quotes: "…"'

# fmt: off
_NO_COLON: Final = _Wording("could not find expected ':'", "",
                            "this line has no colon",
                            'write "key: value", with a space after the colon', at_start=True)

_WORDINGS: Final = (
    _NO_COLON,
    _Wording("found unexpected end of stream", "quoted scalar",
             "the quote that opens here is never closed",
             "close it with the same straight quote", at_start=True),
    _Wording("unexpected document indicator", "quoted scalar",
             "the quote that opens here is never closed",
             "close it with the same straight quote", at_start=True),
    _Wording("found unknown escape character", "",
             "a backslash means something in double quotes",
             "write two (\\\\), or use single quotes"),
    _Wording("did not find expected ',' or ']'", "",
             "the [ that opens here is not closed",
             "close it with ] at the end of its entries", at_start=True),
    _Wording("did not find expected ',' or '}'", "",
             "the { that opens here is not closed",
             "close it with } at the end of its entries", at_start=True),
    _Wording("did not find expected node content", "",
             "a value is missing here",
             "look for a surplus comma or an open bracket"),
    _Wording("block sequence entries are not allowed", "",
             "a list begins with its dash on a line of its own",
             "put the - on the next line, two spaces further in, or write [a, b]"),
    _Wording("did not find expected '-' indicator", "",
             "this line doesn't belong to the list above it",
             "begin it with -, or indent it like the key it belongs to"),
    _Wording("did not find expected <document start>", "",
             "this line is less indented than the first line of the file",
             "begin the first line and this one in the same column"),
    _Wording("found character that cannot start any token", "",
             "a value can't begin with this character",
             "put the value in quotes"),
    _Wording("expected comment or line break", "block scalar",
             "the text after | or > begins on the next line",
             "move it down, two spaces further in"),
    _Wording("found a tab character", "",
             "there is a tab here",
             "use plain spaces"),
    _Wording("directive", "directive",
             "a line that begins with % is a directive, which definitions don't have",
             "remove the line"),
    _Wording("incompatible YAML document", "",
             "definitions are YAML 1.2",
             "remove the %YAML line"),
    _Wording("alphabetic or numeric", "alias",
             "a value can't begin with *",
             "put the value in quotes"),
    _Wording("alphabetic or numeric", "anchor",
             "a value can't begin with &",
             "put the value in quotes"),
    _Wording("tag", "",
             "a value can't begin with !",
             "put the value in quotes"),
)
# fmt: on


def explained(error: yaml.MarkedYAMLError, file: str, lines: tuple[str, ...]) -> Diagnostic:
    """Turn the parser's own words into a diagnostic that says what to do."""
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    wording = next((one for one in _WORDINGS if one.problem in problem and one.context in context), None)
    if wording is not None and wording.at_start and error.context_mark is not None:
        mark = error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    if line >= len(lines) or (
        line and line == len(lines) - 1 and not lines[line]
    ):  # past the end: the last line there is
        line = max((number for number, text in enumerate(lines) if text.strip()), default=0)
        column = len(lines[line].rstrip())
    text = lines[line]
    at = error.problem_mark
    if wording is not None and at is not None and "did not find expected ','" in problem and at.line == line:
        column = at.column
        closing = "]" if "]" in problem else "}"
        message, hint = f"a comma or {closing} is expected here", _QUOTE_IT
        wording = None
    elif wording is _NO_COLON and _UNSPACED.match(text):
        line, column = _end_of_first_word(lines, line)
        text, wording = lines[line], None
        message, hint = _MISSING_SPACE, 'write "key: value"'
    elif wording is not None:
        message, hint = wording.message, wording.hint
    elif "mapping values are not allowed" in problem:
        message, hint = _surplus_colon(line, column, lines)
        if message == _MISSING_SPACE:
            line, column = _end_of_first_word(lines, line)
            text = lines[line]
    elif "did not find expected key" in problem:
        message, hint = _misplaced(text, column)
    else:
        message, hint = "this line can't be read", _QUOTE_IT
    near = lines[min(error.problem_mark.line, len(lines) - 1)] if error.problem_mark is not None else ""
    if any(mark_ in CURLY for mark_ in text + near):
        hint += '; “ and ” quote nothing here, use the straight "'
    length = len(text.rstrip()) - column if wording is _NO_COLON else 1
    return Diagnostic("YAML001", message, Place(file, line + 1, column + 1, max(1, length)), hint)


_UNSPACED: Final = re.compile(r"\s*(?:- )?[\w-]+(:)\S")
_MISSING_SPACE: Final = "a space is missing after the colon"


def _end_of_first_word(lines: tuple[str, ...], line: int) -> tuple[int, int]:
    """Return line and column of the colon without a space, in this line or the nearest one above that has words."""
    for number in range(line, -1, -1):
        found = _UNSPACED.match(lines[number])
        if found:
            return number, found.start(1)
        if number != line and lines[number].strip():
            break
    return line, 0


def _surplus_colon(line: int, column: int, lines: tuple[str, ...]) -> tuple[str, str]:
    """Three causes of one complaint: a colon in a text, a colon without its space, a line too far in."""
    before = lines[line][:column]
    if re.search(r":\s+\S", before):
        return "there is a second colon in this line", 'a text with a colon in it stands in quotes: "…"'
    above = next((text for text in reversed(lines[:line]) if text.strip() and not text.strip().startswith("#")), "")
    if _UNSPACED.match(above) and ": " not in above:
        return _MISSING_SPACE, 'write "key: value"'
    if len(before) - len(before.lstrip()) > len(above) - len(above.lstrip()):
        return (
            "this line is further in than the line above allows",
            "indent it like its neighbours; a key that holds other keys has nothing after its colon",
        )
    return "a colon is not expected here", _QUOTE_IT


def _misplaced(text: str, column: int) -> tuple[str, str]:
    """Say why no key begins here: something follows a closed value, or the line is indented like none above."""
    if text[:column].strip():
        before = text[:column].rstrip()
        if before.endswith(("'", '"')):
            return (
                "something follows after the closing quote",
                "put the whole text in quotes; within single quotes write '' for '",
            )
        return "nothing can follow here", "look for a bracket too many before this place"
    return "this line is not indented like the lines it belongs to", "begin keys of one mapping in the same column"
