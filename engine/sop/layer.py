"""A country layer: what differs in one country, written once and laid over every procedure that goes from or to it.

`layers: [fr, al]` in a procedure that extends another names files of the folder layers/. They are merged over the base one after
the other, each by the rules of `extends`, and the procedure's own file comes last. A layer brings its country with it: the
procedure goes from (or to) that country and no other, because what the layer says holds nowhere else.
Rules: docs/reference/sop-language.md, "Country layers".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from engine.diagnostics import Diagnostic, Place, did_you_mean
from engine.forms.model import Definition
from engine.sop.faults import validated
from engine.sop.model import Country, Sop
from engine.source import Node, Source

OWN_KEYS: Final = ("layer", "country", "side")
"""Keys that say whose layer it is; all others are merged."""

MERGED_KEYS: Final = (
    "roles", "phases", "facts", "lists", "not_confirmed", "share_when", "steps", "alongside", "everywhere", "safeguards",
)  # fmt: skip
"""Keys of a procedure that a country may add to. What is said once for the whole (its start, its title) is none of them."""

LayerId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]

_Part = Annotated[dict[str, Any], Field(default_factory=dict)]


class Layer(Definition):
    """A layer by itself: its own keys are typed here, its parts when they are merged, for they may say but a piece."""

    layer: LayerId = Field(description="The layer's id; procedures name it in `layers`")
    country: Country = Field(description="Whose rules these are")
    side: Literal["destination", "origin"] = Field(
        description="destination where the person is now, origin where the person returns to"
    )
    roles: _Part
    phases: _Part
    facts: _Part
    lists: _Part
    not_confirmed: _Part
    share_when: dict[str, Any] | list[Any] = Field(default_factory=dict)
    steps: _Part
    alongside: _Part
    everywhere: _Part
    safeguards: list[Any] = Field(default_factory=list)


def read_layer(source: Source) -> tuple[Layer | None, list[Diagnostic]]:
    """Type the layer's own keys; its parts are judged where a procedure takes it up."""
    if isinstance(source.value, dict) and "layer" not in source.value and "sop" in source.value:
        message = "this file is a procedure, not a layer"
        return None, [Diagnostic("SOP100", message, source.marks.key(("sop",)), "procedures stand in sops/")]
    return validated(Layer, source.value, source.marks)


def parts_of(layer: Layer, root: Node) -> Node:
    """Return what a layer merges into a procedure: its country in the place of the base's, and its parts."""
    value = root.value if isinstance(root.value, dict) else {}
    keys = {key: spot for key, spot in root.keys.items() if key not in OWN_KEYS}
    parts = {key: one for key, one in value.items() if key not in OWN_KEYS}
    country = value["country"]
    parts[layer.side] = Node([country], country.spot)
    keys[layer.side] = root.keys["country"]
    if "not_confirmed" in parts:
        parts["not_confirmed"] = _of_country(parts["not_confirmed"], country)
    return Node(parts, root.spot, keys)


def _of_country(listed: Node, country: Node) -> Node:
    """Say of each point that is not confirmed whose it is, for a procedure has those of two countries."""
    if not isinstance(listed.value, dict):
        return listed
    said = {
        name: Node({"country": country, **one.value}, one.spot, {"country": one.spot, **one.keys})
        if isinstance(one.value, dict) and "remove" not in one.value
        else one
        for name, one in listed.value.items()
    }
    return Node(said, listed.spot, listed.keys)


def named_layers(
    root: Node, layers: Mapping[str, tuple[Layer, Source]], faulty: Mapping[str, Path]
) -> tuple[list[str], list[Diagnostic]]:
    """Return the ids in `layers`, each of which can be laid on; or what is wrong with the list.

    Args:
        faulty: the files of those that are there and have faults themselves.
    """
    listed = root.child("layers")
    if listed is None:
        return [], []
    entries = listed.value if isinstance(listed.value, list) else [listed]
    if not entries or not all(isinstance(one.value, str) for one in entries):
        return [], [Diagnostic("SOP125", '"layers" names country layers by their ids', Place(*listed.spot))]
    if root.child("extends") is None:
        message = '"layers" is for a procedure that extends another: there is nothing here to lay them on'
        return [], [Diagnostic("SOP125", message, Place(*root.keys["layers"]), "name the procedure in `extends`")]
    found: list[Diagnostic] = []
    chosen: list[str] = []
    for one in entries:
        name = str(one.value)
        if name in faulty:
            message = f'the layer "{name}" has faults itself, so nothing can be built on it'
            found.append(Diagnostic("SOP124", message, Place(*one.spot), f"mend {faulty[name]} first"))
        elif name not in layers:
            hint = did_you_mean(name, list(layers), "layers") if layers else 'there is no folder "layers" with any'
            found.append(Diagnostic("SOP125", f'there is no layer "{name}"', Place(*one.spot), hint))
        elif name in chosen:
            found.append(Diagnostic("SOP125", f'the layer "{name}" is named twice', Place(*one.spot), "name it once"))
        else:
            chosen.append(name)
    return chosen, found or _of_two_countries(entries, layers)


def _of_two_countries(entries: Sequence[Node], layers: Mapping[str, tuple[Layer, Source]]) -> list[Diagnostic]:
    """On one side there is one country: the rules of a second would take the place of the first one's."""
    found: list[Diagnostic] = []
    first: dict[str, Layer] = {}
    for one in entries:
        layer, _ = layers[str(one.value)]
        known = first.setdefault(layer.side, layer)
        if known.country != layer.country:
            message = (
                f'"{known.layer}" and "{layer.layer}" are layers of two countries of {layer.side}: '
                f"{known.country} and {layer.country}"
            )
            hint = "write a procedure for each of them"
            found.append(Diagnostic("SOP126", message, Place(*one.spot), hint))
    return found


def other_countries(sop: Sop, layers: Sequence[Layer], root: Node) -> list[Diagnostic]:
    """Find a country that the procedure names and its layer does not speak for."""
    found: list[Diagnostic] = []
    for layer in layers:
        countries = sop.destination if layer.side == "destination" else sop.origin
        listed = root.child(layer.side)
        if countries != (layer.country,) and listed is not None:
            message = f'the layer "{layer.layer}" is of {layer.country}, but "{layer.side}" says {", ".join(countries)}'
            hint = f'leave "{layer.side}" out: it comes with the layer'
            found.append(Diagnostic("SOP126", message, Place(*root.keys[layer.side]), hint))
    return found
