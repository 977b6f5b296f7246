"""A text cut at its comma: `{en: Risk matrix, origin part}` says `en: Risk matrix`, and a key `origin part` without a value.

What was meant is plain, so it is read as meant, with a warning. A key that could be a language is not touched: there, words
are missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Final

from engine.diagnostics import Diagnostic, Severity
from engine.sop.causes import Cause, at
from engine.source import Marks, Path, Plain, shortened

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-\w+)*")


def cut_texts(causes: Iterable[Cause], tree: Plain) -> list[Path]:
    """Return the paths of the keys that are the rest of a text, in their order."""
    return [cause.path for cause in causes if cause.kind == "string_type" and _is_rest(cause.path, tree)]


def _is_rest(path: Path, tree: Plain) -> bool:
    words = at(tree, path[:-1])
    if not isinstance(words, dict) or words.get(path[-1], "") is not None:
        return False
    keys = [key for key, text in words.items() if text is not None]
    return bool(keys) and all(map(_LANGUAGE.fullmatch, keys)) and not _LANGUAGE.fullmatch(str(path[-1]))


def joined(tree: Plain, cuts: Iterable[Path], marks: Marks) -> tuple[Plain, list[Diagnostic]]:
    """Return the tree with its texts whole again, and a warning for each."""
    whole: Any = deepcopy(tree)
    found: list[Diagnostic] = []
    for path in cuts:
        words, rest = at(whole, path[:-1]), str(path[-1])
        keys = list(words)
        language = keys[keys.index(rest) - 1]
        words[language] = f"{words[language]}, {rest}"
        del words[rest]
        message = f'the text is cut at its comma; it is read as "{shortened(words[language])}"'
        hint = f'put a text with a comma in quotes: {language}: "{shortened(words[language])}"'
        found.append(Diagnostic("SOP108", message, marks.key(path), hint, Severity.WARNING))
    return whole, found
