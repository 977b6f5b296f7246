"""What many keys of the SOP language have in common: lengths of time, local times, names, lists written as one word."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from engine.forms.model import Name, OrOne
from engine.values import Duration, Unit

LENGTH = r"^\d{1,4} (hour|day|working day|week|month)s?$"


class _DurationText:
    """Reads "3 working days" into a Duration and writes it back."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, Duration) else Duration.parse(str(value)),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": LENGTH,
            "examples": ["3 working days", "24 hours", "1 month"],
        }


Length = Annotated[Duration, _DurationText]


def _age_in_days(value: Duration) -> Duration:
    if value.unit not in (Unit.DAY, Unit.WEEK):
        raise ValueError("an age is counted in days or weeks")
    return value


Age = Annotated[Length, BeforeValidator(lambda value: _age_in_days(Duration.parse(str(value))))]

_CUT_OFF = r"^(([01]\d|2[0-3]):[0-5]\d|closing)$"


def _cut_off(value: Any) -> Any:
    if not isinstance(value, str) or not re.match(_CUT_OFF, value):
        raise ValueError('a cut-off is a local time such as 16:00, or "closing"')
    return value


CutOff = Annotated[
    str,
    BeforeValidator(_cut_off),
    WithJsonSchema({"type": "string", "pattern": _CUT_OFF, "examples": ["16:00", "closing"]}),
]

Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]

Values = Annotated[tuple[str, ...], Field(min_length=1), OrOne()]
"""One value or a list of values, as written."""

Names = Annotated[tuple[Name, ...], OrOne()]
