"""A form as a designer declares it: typed fields, in parts that are recorded, voided and required by themselves.

Frozen pydantic models; what a filled record must look like is in `engine.forms.record`.
Terms: docs/glossary.md, "form", "part", "key".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

from engine.values import Strength, Text

NAME: Final = r"[a-z][a-z0-9_]{0,63}"

Name = Annotated[str, StringConstraints(pattern=f"^{NAME}$")]
"""A name in a definition: small letters, digits and underscores, a letter first."""

PartName = Annotated[str, StringConstraints(pattern=rf"^{NAME}(\.{NAME})?$")]
"""A form, or one part of it: `risk_matrix` or `risk_matrix.destination`."""

FieldName = Annotated[str, StringConstraints(pattern=rf"^{NAME}(\.{NAME}){{1,2}}$")]
"""A field with its form: `application.wish` or `risk_matrix.joint.decision`."""

Title = Annotated[Text, Field(min_length=1)]

RESERVED: Final = frozenset({"signed_on", "signed_by", "for", "draft"})
"""Keys of a record that are not fields."""


def _yaml_bool(value: Any) -> Any:
    """Accept YAML 1.2's two words only: a country called NO is never a truth value."""
    if isinstance(value, str):
        if value in ("true", "false"):
            return value == "true"
        raise ValueError("must be true or false")
    return value


Bool = Annotated[bool, BeforeValidator(_yaml_bool)]


class Definition(BaseModel):
    """Base of everything a designer writes: frozen, closed, with a description on every key."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, coerce_numbers_to_str=True, use_enum_values=False
    )


class Basis(Definition):
    """What a rule rests on, and how firmly."""

    strength: Strength = Field(description="law, soft_law, practice or assumption (ours, to be tested)")
    source: str | None = Field(
        None, description="Id of a document of the library or of a source; needed unless assumption"
    )
    article: str | None = Field(None, description="Article, paragraph, principle or chapter")
    note: str | None = Field(None, description="What should be known about this source; needed for an assumption")
    confirmed: Bool = Field(
        True, description="false where the text was not read again and must be verified by a lawyer"
    )

    @model_validator(mode="after")
    def _names_its_ground(self) -> Basis:
        if self.strength is Strength.ASSUMPTION:
            if not self.note:
                raise ValueError("an assumption says in its note what is assumed")
        elif not self.source:
            raise ValueError("a basis other than an assumption names its source")
        return self


@dataclass(frozen=True, slots=True)
class OrOne:
    """Lets a list of one be written without its brackets, in the reader and in the JSON Schema alike."""

    kinds: tuple[type, ...] = (str, bool, int, float)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(self._listed, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        listed = handler(core)
        return {"anyOf": [listed["items"], listed]}

    def _listed(self, value: Any) -> Any:
        return [value] if isinstance(value, self.kinds) else value


Bases = Annotated[tuple[Basis, ...], OrOne((dict, Basis))]


class FieldType(StrEnum):
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"
    NUMBER = "number"
    TEXT = "text"
    PERSON = "person"
    COUNTRY = "country"


class FormField(Definition):
    """One typed field of a form."""

    type: FieldType = Field(description="boolean, choice, date, number, text, person or country")
    title: Title = Field(description="What is asked, per language")
    help: Title | None = Field(None, description="How to answer, per language")
    choices: dict[Name, Title] | None = Field(
        None, min_length=1, description="For a choice: id and words of each answer"
    )
    required: Bool = Field(True, description="Whether a record without it is incomplete")
    personal: Bool = Field(True, description="Whether it says something about a person")
    sensitivity: int = Field(
        2, ge=0, le=3, alias="class", description="0 public, 1 internal, 2 could harm, 3 could cost a life"
    )
    crosses_border: Bool = Field(False, description="Whether it may go to the other country where consent allows")
    min: float | None = Field(None, allow_inf_nan=False, description="For a number: the least allowed")
    max: float | None = Field(None, allow_inf_nan=False, description="For a number: the most allowed")
    max_length: int = Field(2000, ge=1, le=20_000, description="For a text: the most characters")

    @model_validator(mode="after")
    def _choices_belong_to_choices(self) -> FormField:
        if (self.type is FieldType.CHOICE) != (self.choices is not None):
            raise ValueError("`choices` belongs to type choice, and a choice needs it")
        if self.type is not FieldType.NUMBER and (self.min is not None or self.max is not None):
            raise ValueError("min and max belong to a number")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is more than max, so no number would do")
        return self


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        raise ValueError("is a key of every record, so no field can have this name")
    return name


FieldKey = Annotated[Name, AfterValidator(_not_reserved)]


class Keyed(Definition):
    """A part that is recorded once for each receiving role and purpose."""

    purposes: dict[Name, Title] = Field(min_length=1, description="What the receiver may use it for, per language")


class FormPart(Definition):
    """A part of a form, recorded, voided and required by itself."""

    title: Title = Field(description="The part's name, per language")
    note: Title | None = Field(None, description="What should be known of it, per language")
    basis: Bases = Field((), description="What it rests on")
    keyed: Keyed | None = Field(None, description="Recorded once for each receiving role and purpose")
    fields: dict[FieldKey, FormField] = Field(min_length=1, description="The fields, in the order they are asked")


class Form(Definition):
    """One practical tool: a form with fields of its own, or with parts."""

    form: Name = Field(description="The form's id, unique among all forms")
    version: int = Field(1, ge=1, description="Raised with every change")
    title: Title = Field(description="The form's name, per language")
    note: Title | None = Field(None, description='Where it comes from, e.g. "our form, modelled on …"')
    basis: Bases = Field((), description="What it rests on")
    keyed: Keyed | None = Field(
        None, description="For a form without parts: recorded once for each receiving role and purpose"
    )
    fields: dict[FieldKey, FormField] = Field(default_factory=dict, description="Fields of a form without parts")
    parts: dict[Name, FormPart] = Field(default_factory=dict, description="The parts of a form that has parts")

    @model_validator(mode="after")
    def _fields_or_parts(self) -> Form:
        if bool(self.fields) == bool(self.parts):
            raise ValueError("a form has either fields or parts")
        return self

    def all_parts(self) -> dict[str, FormPart]:
        """Return every part by the name it is recorded under: `form`, or `form.part` each."""
        if self.parts:
            return {f"{self.form}.{name}": part for name, part in self.parts.items()}
        whole = FormPart(title=self.title, note=self.note, basis=self.basis, keyed=self.keyed, fields=self.fields)
        return {self.form: whole}
