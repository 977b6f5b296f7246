"""The examples in the pages: commands with what they answer, files, and changes of files, as a reader would try them.

In a fenced block of `console` a line that begins with `$ ` is a command and the lines below are its answer; `…` stands for any
lines. `# exit code 1` behind a command says that the answer is no. A block `diff FILE` is a change of a file. In a list of commands
that is set in by four blanks the answers are not told. What differs from run to run (times, hashes) is made alike on both sides.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

FENCE: Final = re.compile(r"^```(?P<sort>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SET_IN: Final = re.compile(r"^ {4,}(?:\.venv/bin/)?(?P<command>(?:passerelle|make|export|cp) .+)$", re.MULTILINE)
NO: Final = re.compile(r"\s+# exit code (?P<code>\d)$")
CHANGING: Final = (
    (re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[+-]\d\d:\d\d|Z)?)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<hash>"),
)
ANY: Final = "…"


@dataclass(frozen=True)
class Command:
    """One command; `answer` is None where the page does not tell it."""

    words: tuple[str, ...]
    code: int
    answer: str | None
    into: str | None = None


@dataclass(frozen=True)
class Change:
    """Lines of a file that are replaced by others."""

    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Text:
    """A piece of YAML."""

    text: str


Example: TypeAlias = Command | Change | Text


def examples(page: str) -> Iterator[Example]:
    """Yield the examples of a page in their order."""
    fenced = [(found.start(), list(_of_fence(found))) for found in FENCE.finditer(page)]
    without = FENCE.sub(lambda found: "\n" * found[0].count("\n") + " " * (len(found[0]) - found[0].count("\n")), page)
    set_in = [(found.start(), [_command(found["command"], None)]) for found in SET_IN.finditer(without)]
    for _, listed in sorted([*fenced, *set_in], key=lambda one: one[0]):
        yield from listed


def _of_fence(found: re.Match[str]) -> Iterator[Example]:
    match found["sort"]:
        case "console":
            for block in re.split(r"^\$ ", found["text"], flags=re.MULTILINE)[1:]:
                line, _, answer = block.partition("\n")
                yield _command(line, answer)
        case "diff":
            lines = found["text"].splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if line[0] in " -")
            yield Change(found["file"], before, "".join(line[1:] for line in lines if line[0] in " +"))
        case "yaml":
            yield Text(found["text"])


def _command(line: str, answer: str | None) -> Command:
    no = NO.search(line)
    words = shlex.split(line if no is None else line[: no.start()], comments=True)
    into = words[words.index(">") + 1] if ">" in words else None
    return Command(
        tuple(words[: words.index(">")] if into else words), 0 if no is None else int(no["code"]), answer, into
    )


def alike(told: str) -> list[str]:
    """Return the lines of an answer without what differs from run to run."""
    for changing, instead in CHANGING:
        told = changing.sub(instead, told)
    return [re.sub(r" +", " ", line).rstrip() for line in told.rstrip("\n").split("\n")]


def agrees(told: str, expected: str) -> bool:
    """Whether an answer is the one told in a page; a line `…` there stands for any lines."""
    pattern = "\n".join(r"(?s:.*)" if line.strip() == ANY else re.escape(line) for line in alike(expected))
    return re.fullmatch(pattern, "\n".join(alike(told))) is not None


def changed(path: Path, change: Change) -> None:
    """Change a file as a page says; the lines before must stand there once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(change.before) == 1, f"{path}: {text.count(change.before)} times\n{change.before}"
    path.write_text(text.replace(change.before, change.after), encoding="utf-8")
