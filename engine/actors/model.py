"""An actor: a person or a desk that stands for roles in one country, and how it is reached.

Terms: docs/glossary.md, "actor", "desk", "level".
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from engine.values import Level

MAIL: Final = "mail"

_MAIL_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def _yes_or_no(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]


class Way(BaseModel):
    """One way to reach an actor: a kind of channel and the address there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: str = Field(pattern="^[a-z][a-z0-9_]{0,31}$", description="mail, or the name of another channel")
    address: str = Field(min_length=3, max_length=500)

    @model_validator(mode="after")
    def _an_address_of_its_kind(self) -> Way:
        if not self.address.isprintable():
            raise ValueError("an address is one line of printable characters")
        if self.kind == MAIL and not _MAIL_ADDRESS.fullmatch(self.address):
            raise ValueError("a mail address looks like desk@example.org")
        if self.kind != MAIL and "://" not in self.address:
            raise ValueError(
                "an address of another channel than mail is an address of Apprise, such as json://host/path"
            )
        return self


class Actor(BaseModel):
    """Somebody who is told. `level` says how much a message to them may say; `channels` are tried in order."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,63}$")
    name: str = Field(min_length=1, max_length=200)
    sample: YesNo = Field(False, description="Made up, for trying out")
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
    roles: tuple[str, ...] = Field(min_length=1)
    language: str = Field("en", pattern="^[a-z]{2,3}$")
    level: Level = Level.DISCREET
    channels: tuple[Way, ...] = ()
    enabled: YesNo = True

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        if not name.isprintable():
            raise ValueError("a name is one line")
        return name
