"""The quick reader: a sound file straight to plain values, without places.

It knows nothing of faults. Whatever is not plainly sound, or rare, is answered with None, and the careful reader decides:
an alias, anchor or tag, a key that stands twice or is none, a limit, a typographic quotation mark, a second document.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from engine.source.careful import MAX_DEPTH, MAX_NODES, NULLS
from engine.source.tree import Plain
from engine.source.wording import CURLY

_QUOTES: Final = frozenset(CURLY)


def swift(text: str) -> Plain:
    """Return the value of a sound file, or None where a closer look is needed (an empty file among them)."""
    parser = yaml.CBaseLoader(text)
    try:
        return _read(parser)
    except yaml.YAMLError:
        return None
    finally:
        parser.dispose()


def _read(parser: Any) -> Plain:
    """Follow the events with one open collection at hand; `key` is the key whose value comes next, if any."""
    # The loop runs once for every word of a file, so it asks the most frequent question first and calls nothing of ours.
    scalar, mapping, listing = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
    ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    next_event = parser.get_event
    next_event()  # the stream
    document = next_event()
    if type(document) is not yaml.DocumentStartEvent or document.version is not None:
        return None
    whole: list[Any] = []
    held: Any = whole
    in_mapping, key = False, None
    outer: list[Any] = []
    nodes = 0
    while True:
        event = next_event()
        kind = type(event)
        if kind is scalar:
            if event.anchor is not None or event.tag is not None:
                return None
            value = event.value
            if not event.style and (value in NULLS or value[0] in _QUOTES):
                if value not in NULLS or (in_mapping and key is None):
                    return None
                value = None
            if not in_mapping:
                held.append(value)
            elif key is not None:
                held[key] = value
                key = None
            elif value in held:
                return None
            else:
                key = value
        elif kind is mapping or kind is listing:
            if event.anchor is not None or event.tag is not None or len(outer) >= MAX_DEPTH:
                return None
            opened: Any = {} if kind is mapping else []
            if not in_mapping:
                held.append(opened)
            elif key is not None:
                held[key] = opened
            else:
                return None
            outer.append(held)
            held, in_mapping, key = opened, kind is mapping, None
        elif kind in ends:
            held, key = outer.pop(), None
            in_mapping = type(held) is dict
            continue
        else:
            break
        nodes += 1
        if nodes > MAX_NODES:
            return None
    sound = kind is yaml.DocumentEndEvent and type(next_event()) is yaml.StreamEndEvent
    return whole[0] if sound else None
