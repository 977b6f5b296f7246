"""How wide words are, and how they wrap: the advance widths of Liberation Sans, which Arial and Helvetica share.

A picture must be laid out where no font is at hand, and must come out the same everywhere. So the widths are a table, and
a line is given `SLACK` more room than it measures: a reader whose machine has only a wider font still sees words in their box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

FAMILY: Final = "Arial, Helvetica, 'Liberation Sans', Arimo, 'DejaVu Sans', sans-serif"

SLACK: Final = 1.08
"""What a line may be wider than measured and still fit."""

_REGULAR: Final = {
    191: "'", 222: "ijl‘’ł", 260: "|", 278: " !,./:;I[\\]ft·ı\xa0\u202f", 333: "()-`r“”", 334: "{}", 350: "•", 355: '"',
    389: "*", 400: "°", 469: "^", 500: "Jcksvxyz", 556: "#$0123456789?L_abdeghnopqu«»–§Łđ€", 584: "+<=>~×", 611: "FTZßø",
    667: "&ABEKPSVXY", 722: "CDHNRUwĐ", 778: "GOQØ", 833: "Mm", 889: "%æ", 944: "Wœ", 1015: "@",
}  # fmt: skip
_BOLD: Final = {
    238: "'", 278: " ,./I\\ijl‘’·łı\xa0\u202f", 280: "|", 333: "!()-:;[]`ft", 350: "•", 389: "*r{}", 400: "°", 474: '"',
    500: "z“”", 556: "#$0123456789J_aceksvxy«»–§€", 584: "+<=>^~×", 611: "?FLTZbdghnopqußøŁđ", 667: "EPSVXY",
    722: "&ABCDHKNRUĐ", 778: "GOQwØ", 833: "M", 889: "%mæ", 944: "Wœ", 975: "@",
}  # fmt: skip


def _by_character(table: Mapping[int, str]) -> dict[str, int]:
    return {character: width for width, characters in table.items() for character in characters}


_WIDTHS: Final = {False: _by_character(_REGULAR), True: _by_character(_BOLD)}
_WIDEST: Final = 1000
"""An em: what a character outside the table takes (an arrow, a dash, another script)."""


def width(text: str, size: float, bold: bool = False) -> float:
    """Return how wide `text` is at a font size, in the unit of `size`.

    >>> width("Départ", 10)
    30.02
    """
    return round(sum(_advance(character, bold) for character in text) * size / 1000, 2)


def _advance(character: str, bold: bool) -> int:
    known = _WIDTHS[bold].get(character)
    if known is not None:
        return known
    # An accent takes no room of its own: é is as wide as e.
    base = unicodedata.normalize("NFD", character)[0]
    return 0 if unicodedata.combining(character) else _WIDTHS[bold].get(base, _WIDEST)


def wrap(text: str, room: float, size: float, bold: bool = False) -> tuple[str, ...]:
    """Break `text` into lines that fit into `room`; a word longer than a line is broken within.

    >>> wrap("Risk matrix, destination part", 80, 10)
    ('Risk matrix,', 'destination part')
    """
    fitting = room / SLACK
    lines: list[str] = []
    line = ""
    # A no-break space keeps French punctuation with its word: only plain white space parts words.
    for word in text.replace("\t", " ").replace("\n", " ").split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, size, bold) <= fitting:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while width(line, size, bold) > fitting and len(line) > 1:
            kept = len(line) - 1
            while kept > 1 and width(line[:kept] + "-", size, bold) > fitting:
                kept -= 1
            lines.append(line[:kept] + "-")
            line = line[kept:]
    if line or not lines:
        lines.append(line)
    return tuple(lines)
