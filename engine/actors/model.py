"""An actor: a person or a desk that stands for roles in one country, and how it is reached.

Terms: docs/glossary.md, "actor", "desk", "level".
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from engine.values import Level

MAIL: Final = "mail"
ID: Final = "^[a-z0-9][a-z0-9-]{0,63}$"

GATEWAYS: Final = (
    "json", "jsons", "matrix", "matrixs", "mmost", "mmosts", "nctalk", "nctalks", "rocket", "rockets", "signal", "signals",
)  # fmt: skip
"""Schemes of other channels: a webhook of one's own, and chat servers that an organisation runs itself (Matrix, Mattermost,
Nextcloud Talk, Rocket.Chat, Signal). No service of a third party learns who is told, and nothing runs a program or opens a file."""

_LOCAL: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAIL_ADDRESS: Final = re.compile(rf"(?=[^@]{{1,64}}@)(?=.{{3,254}}\Z){_LOCAL}@{_LABEL}(?:\.{_LABEL})*")


def is_mail_address(text: str) -> bool:
    """Tell whether mail can be sent to this: an ASCII address as mail servers take it, of one line."""
    return _MAIL_ADDRESS.fullmatch(text) is not None


def _yes_or_no(value: object) -> object:
    """Accept YAML 1.2's two words only."""
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("must be true or false")
        return value == "true"
    return value


YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
RoleName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,63}$")]


class Way(BaseModel):
    """One way to reach an actor: a kind of channel and the address there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: str = Field(pattern="^[a-z][a-z0-9_]{0,31}$", description="mail, or a name for another channel: signal, chat")
    address: str = Field(max_length=500, description="desk@example.org, or an address of Apprise: signals://host/…")

    @model_validator(mode="after")
    def _an_address_of_its_kind(self) -> Way:
        if not self.address.isprintable():
            raise ValueError("an address is one line of printable characters")
        if self.kind == MAIL:
            if not is_mail_address(self.address):
                raise ValueError("a mail address looks like desk@example.org")
        elif not self.address.startswith(tuple(f"{scheme}://" for scheme in GATEWAYS)):
            raise ValueError(f"an address of another channel than mail begins with one of: {'://, '.join(GATEWAYS)}://")
        return self


class Absence(BaseModel):
    """Days on which an actor is away, both included, and who is told and may act instead."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_by_name=True)

    first: date = Field(alias="from", description="the first day away: 2026-08-01")
    last: date = Field(alias="to", description="the last day away: 2026-08-21")
    deputy: str = Field(pattern=ID, description="the id of the desk that is told instead")

    @model_validator(mode="after")
    def _in_order(self) -> Absence:
        if self.last < self.first:
            raise ValueError("an absence ends before it begins")
        return self


class Actor(BaseModel):
    """Somebody who is told. `level` says how much a message to them may say; `channels` are tried in order."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str = Field(pattern=ID, description="small letters, digits and dashes: fr-shelter")
    name: str = Field(min_length=1, max_length=200, description="the name people know it by, in one line")
    sample: YesNo = Field(False, description="true if made up, for trying out")
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] = Field(description="two capital letters: FR, AL")
    roles: tuple[RoleName, ...] = Field(min_length=1, description="the roles it stands for: [case_manager]")
    language: str = Field("en", pattern="^[a-z]{2,3}$", description="two or three small letters: en, fr")
    level: Level = Field(Level.DISCREET, description="silent, discreet or full: how much a message to it may say")
    channels: tuple[Way, ...] = Field((), description="a list, tried in order: [{kind: mail, address: …}]")
    daily: YesNo = Field(False, description="true for one list a day in place of single messages")
    weekly: YesNo = Field(False, description="true for a list on Monday of what is late in its cases")
    absences: tuple[Absence, ...] = Field(
        (), description="a list: [{from: 2026-08-01, to: 2026-08-21, deputy: fr-second}]"
    )
    enabled: YesNo = Field(True, description="false if nothing is to be sent to it any more")

    def deputy_on(self, day: date) -> str | None:
        """Return who is told instead on this day; None if the actor is there."""
        return next((one.deputy for one in self.absences if one.first <= day <= one.last), None)

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        if not name.isprintable() or not name.strip():
            raise ValueError("a name is one line")
        return name
