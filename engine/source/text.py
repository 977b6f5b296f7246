"""Bytes to text: size, encoding, characters that cannot be seen, indentation."""

from __future__ import annotations

import re
from typing import Final

from engine.diagnostics import UNSEEN, Diagnostic, Place

MAX_BYTES: Final = 2 * 1024 * 1024

_INDENT: Final = re.compile("^ *([\t\u00a0\u2000-\u200a\u202f\u3000])[\t \u00a0]*(?=[^\\s#])", re.MULTILINE)
_BREAK: Final = re.compile("\r\n|[\n\r\u0085\u2028\u2029]")


def split_lines(text: str) -> tuple[str, ...]:
    """Split as the YAML reader counts lines, so that line numbers agree."""
    return tuple(_BREAK.split(text))


def decoded(text: bytes | str, file: str) -> tuple[str | None, list[Diagnostic]]:
    """Return the text of a definition, or None and what is wrong with its bytes."""
    if len(text) <= MAX_BYTES:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(text) > MAX_BYTES or len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1024} KiB"
        return None, [Diagnostic("YAML002", message, Place(file), "split it: one procedure or form in each file")]
    try:
        plain = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place_at(data[: error.start].decode("utf-8", "replace"), file)
        return None, [Diagnostic("YAML003", "the file is not UTF-8 text", place, 'save it as "UTF-8" in your editor')]
    fault = _unseen(plain, file)
    return (plain, []) if fault is None else (None, [fault])


def _unseen(text: str, file: str) -> Diagnostic | None:
    found = UNSEEN.search(text)
    if found is None:
        return None
    message = f"there is a character here that cannot be seen (U+{ord(found[0]):04X})"
    return Diagnostic("YAML003", message, _place_at(text[: found.start()], file), "delete it, or type the line anew")


def indented(text: str, file: str) -> tuple[Diagnostic, frozenset[int]] | None:
    """Tell of the first line indented with tabs or wide spaces, for the others have the same cause; and name all of them."""
    found = list(_INDENT.finditer(text))
    if not found:
        return None
    spoilt = frozenset(number for number, line in enumerate(split_lines(text), 1) if _INDENT.match(line))
    what = "a tab" if found[0][1] == "\t" else "a space that isn't the plain one"
    others = len(found) - 1
    more = f" ({others} more {'lines' if others > 1 else 'line'} below)" if others else ""
    place = _place_at(text[: found[0].start(1)], file)
    hint = "indent with plain spaces, two for each level"
    return Diagnostic("YAML004", f"this line is indented with {what}{more}", place, hint), spoilt


def _place_at(before: str, file: str) -> Place:
    """Return the place that follows the text `before`."""
    lines = split_lines(before)
    return Place(file, len(lines), len(lines[-1]) + 1)
