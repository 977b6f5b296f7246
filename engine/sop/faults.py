"""The models' verdict on a file: a typed value, or every fault with place, code and hint in one run. Codes: `CODES`."""

from __future__ import annotations

from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from engine.diagnostics import Diagnostic
from engine.sop.causes import causes_of
from engine.sop.commas import cut_texts, joined
from engine.sop.explain import told
from engine.source import MAX_FAULTS, Marks, Plain

CODES: Final = {
    "SOP100": "the file can't be opened, or is not what is looked for there",
    "SOP101": "a key the language does not know: nothing would be done about it",
    "SOP102": "a key that must be there is missing",
    "SOP103": "a value is of the wrong type, or not one of those allowed",
    "SOP104": "a duration, reminder or age that cannot be read",
    "SOP105": "a requirement is of none of the kinds there are",
    "SOP106": "keys of one mapping that exclude or need one another",
    "SOP107": "a name that is not written like one",
    "SOP108": "a text without quotes is cut at its comma (a warning: it is read as it was meant)",
    "SOP110": "two files (or two safeguards of one procedure) have the same id",
    "SOP120": "`extends` names a procedure that is not there",
    "SOP121": "procedures extend one another in a circle",
    "SOP122": "a variant takes away or weakens what the procedure it extends protects",
    "SOP123": "`remove` of something that is not there, or beside other keys; `add` to a list that is not there",
    "SOP124": "the procedure that is extended, or a layer laid on it, has faults itself",
    "SOP125": "`layers` names a country layer that is not there, or stands where there is nothing to lay it on",
    "SOP126": "a country layer speaks for another country than the procedure goes from or to",
    "SOP127": "no procedure takes up a country layer, so that nothing in it was checked (a warning)",
    "SOP130": "`use` names a shared safeguard that is not there",
    "SOP131": "a placeholder of a shared safeguard is not bound",
    "SOP132": "a placeholder is bound that no shared safeguard taken up here has",
    "SOP133": "`only` names a safeguard that the shared file does not hold",
    "SOP134": "a shared safeguard that is taken up has faults itself",
    "SOP135": "a shared safeguard's id is not the name of its file",
    "SOP199": "the file has more faults than are told at once",
}

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], tree: Plain, marks: Marks) -> tuple[Model | None, list[Diagnostic]]:
    """Make a `model` of the tree, or all its faults."""
    try:
        return model.model_validate(tree), []
    except ValidationError as error:
        causes = causes_of(error, tree)
    cuts = cut_texts(causes, tree)
    if cuts:
        whole, warnings = joined(tree, cuts, marks)
        value, found = validated(model, whole, marks)
        return value, [*warnings, *found]
    found = list(told(model, causes, tree, marks))
    if len(found) > MAX_FAULTS:
        message = f"there are {len(found) - MAX_FAULTS} more faults; they are told when these are mended"
        found = [*found[:MAX_FAULTS], Diagnostic("SOP199", message, found[MAX_FAULTS].place)]
    return None, found
