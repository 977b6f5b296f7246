"""How answers look: tables and sentences for people, JSON for programs; refusals and faults in one readable block.

Exit codes (docs/reference/command-line.md): 0 done, 1 the answer is no, 2 wrong use, 3 a fault.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine.errors import Fault, NotAllowed, PasserelleError

out: Final = Console(highlight=False, soft_wrap=False)
err: Final = Console(stderr=True, highlight=False)


def exit_code(why: PasserelleError) -> int:
    if isinstance(why, NotAllowed):
        return 1
    return 3 if isinstance(why, Fault) else 2


def show_json(value: Any) -> None:
    """Write one JSON value to stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def show_error(why: PasserelleError, as_json: bool) -> None:
    """Write a refusal or a fault: one block on stderr, or the contract's JSON on stdout."""
    if as_json:
        show_json({"error": {"code": why.code, "message": why.message, "details": list(why.details)}})
        return
    err.print(f"[bold red]✗[/] {escape(why.message)}")
    for line in why.details:
        if line:
            err.print(f"  · {escape(line)}" if "\n" not in line else escape(line), soft_wrap=True)


def table(heads: Sequence[str], found: Sequence[Sequence[object]], title: str = "") -> None:
    """Write a table that wraps within the terminal's width, between words where they fit; no rows are said in a sentence."""
    if not found:
        out.print(f"{title + ': ' if title else ''}nothing")
        return
    cells = [[_cell(cell) for cell in row] for row in found]
    least = [max(map(_longest_word, column)) for column in zip(heads, *cells, strict=True)]
    fits = sum(least) + len(least) <= out.width
    between = 2 if sum(least) + 2 * len(least) <= out.width else 1
    drawn = Table(header_style="bold", box=None, pad_edge=False, padding=(0, between, 0, 0))
    for number, (head, width) in enumerate(zip(heads, least, strict=True)):
        whole = not fits and not number and all(" " not in line[0] for line in cells)  # an id is copied from there
        drawn.add_column(head, overflow="fold", min_width=width if fits else None, no_wrap=whole)
    for line in cells:
        drawn.add_row(*map(escape, line))
    if title:
        out.print(f"[italic]{escape(title)}[/]", soft_wrap=True)
    out.print(drawn)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _cell(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "–"
    return str(value)


def rows(said: Iterable[tuple[str, str]], title: str = "") -> None:
    """Write pairs of markup, a word and what is to be said of it, which wraps beside the word. Nothing for no pairs."""
    drawn = Table.grid(padding=(0, 2, 0, 0))
    drawn.add_column(no_wrap=True)
    drawn.add_column(overflow="fold")
    for word, text in said:
        drawn.add_row(word, text)
    if drawn.row_count:
        out.print(*([f"\n[bold]{title}[/]"] if title else []), drawn, sep="\n")


def day(text: str | None) -> str:
    """Write an instant of the JSON shapes as people read it, in UTC."""
    if not text:
        return "–"
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
