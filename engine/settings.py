"""What the environment says, read once and never written: the only place that knows the names PASSERELLE_….

A wrong value is refused before anything starts, in words that name the variable and never repeat its value, since a
database address holds a password. Secrets are `SecretStr`: they don't show in a repr, a log or a traceback.

The table of all variables, docs/reference/settings.md, is the output of `python -m engine.settings`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import platformdirs
from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from engine.clock import Clock, FixedClock, SystemClock
from engine.errors import WrongUse

PREFIX: Final = "PASSERELLE_"

DEFINITIONS: Final = Path(__file__).resolve().parent.parent / "sop_definitions"
"""The definitions that are shipped with the product."""

POSTGRESQL: Final = "postgresql+psycopg"

_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _described(text: str, default: str) -> dict[str, Any]:
    return {"description": text, "json_schema_extra": {"default": default}}


def _in_data_folder(name: str) -> Any:
    return lambda known: known["data_dir"] / name


def _sqlite_in_data_folder(name: str) -> Any:
    return lambda known: SecretStr(f"sqlite:///{(known['data_dir'] / name).absolute()}")


class Settings(BaseModel):
    """All settings of one process; frozen. Made by `Settings.read`, or by keyword where a program sets them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("passerelle", appauthor=False)),
        **_described("Folder for all that the product keeps itself", "the user's data folder, `passerelle`"),
    )
    database_url: SecretStr = Field(
        default_factory=_sqlite_in_data_folder("passerelle.db"),
        **_described(
            "Where cases live: `sqlite:///PATH` or `postgresql+psycopg://USER:PASSWORD@HOST/NAME`",
            "an SQLite file `passerelle.db` in the data folder",
        ),
    )
    key_store_url: SecretStr = Field(
        default_factory=_sqlite_in_data_folder("keys.db"),
        **_described(
            "Where the wrapped keys of the cases live, apart from the cases: `sqlite:///PATH`",
            "an SQLite file `keys.db` in the data folder",
        ),
    )
    keys: SecretStr | None = Field(
        None,
        **_described(
            "Encryption keys as text, newest first, parted by commas; or the path of a file that holds them, "
            "which has a file extension (`/etc/passerelle/keys.txt`)",
            "a file `keys.txt` in the data folder, made with owner-only rights at first start",
        ),
    )
    key_file: Path = Field(default_factory=_in_data_folder("keys.txt"), json_schema_extra={"variable": False})
    smtp_url: SecretStr | None = Field(
        None,
        **_described(
            "The mail server: `smtp://`, `smtp+starttls://` or `smtps://`, then `USER:PASSWORD@HOST:PORT`",
            "none: mail stays in the outbox until a channel is set up",
        ),
    )
    mail_folder: Path | None = Field(
        None, **_described("Rehearsals: mail is written into this folder and not sent", "none: mail is sent")
    )
    sender_name: str = Field(
        "Messages",
        **_described("The name messages come from; keep it neutral, for it shows on a locked phone", "`Messages`"),
    )
    sender_address: str = Field(
        "messages@localhost", **_described("The address messages come from", "`messages@localhost`")
    )
    operator_address: str = Field(
        "",
        **_described(
            "The mail address of whoever runs the machines; told when reminders or messages stand still",
            "none: `passerelle watch` only says so",
        ),
    )
    base_url: str = Field(
        "http://127.0.0.1:8000",
        **_described("The address at which people sign in, as shown in messages", "`http://127.0.0.1:8000`"),
    )
    definitions: Path = Field(
        DEFINITIONS, **_described("Folder of procedures, forms, desks and calendars", "the shipped `sop_definitions`")
    )
    prefect_home: Path = Field(
        default_factory=_in_data_folder("prefect"),
        **_described("Folder of the embedded Prefect server", "`prefect` in the data folder"),
    )
    prefect_port: int = Field(
        4265, **_described("Port of the embedded Prefect server, on the loopback address only", "`4265`")
    )
    prefect_patience: float = Field(
        120.0,
        **_described("Seconds to wait for Prefect before messages are delivered without it", "`120`"),
    )
    testing: bool = Field(False, **_described("`1` for tests and rehearsals: allows a fixed clock", "`0`"))
    now: datetime | None = Field(
        None,
        **_described(
            "An instant with its offset, at which the clock stands still; ignored unless `PASSERELLE_TESTING` is 1",
            "none: the machine's clock",
        ),
    )

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
        """Read the settings from `environ`, or from the process's environment and the file `.env` beside it.

        Args:
            environ: takes the place of the process's environment; `.env` is then read only if `env_file` names it.
            env_file: default `.env` in the working folder. What the environment says goes before what it says.
        Raises:
            WrongUse: one or more variables hold something that can't be used; `details` has a sentence for each,
                and none of them repeats a value.
        """
        if environ is None:
            environ, env_file = os.environ, env_file or Path(".env")
        given = _from_file(env_file) | {name: value for name, value in environ.items() if name.startswith(PREFIX)}
        misspelt = _misspelt(given)
        values = {
            field: given[_variable(field)].strip() for field in _documented() if given.get(_variable(field), "").strip()
        }
        if _is_a_path(values.get("keys", "")):
            values["key_file"] = values.pop("keys")
        try:
            settings = cls(**values)
        except ValidationError as failed:
            raise _wrong(misspelt + _sentences(failed)) from None
        if misspelt:
            raise _wrong(misspelt)
        return settings

    def clock(self) -> Clock:
        """Return a clock that stands at `now` if there is one, else the machine's."""
        return SystemClock() if self.now is None else FixedClock(self.now)

    # Each validator's sentence follows the variable's name; none may repeat the value.

    @field_validator("data_dir", "key_file", "mail_folder", "definitions", "prefect_home", mode="before")
    @classmethod
    def _a_path(cls, value: Any) -> Any:
        if isinstance(value, str):
            if "\0" in value:
                raise ValueError("is not a path")
            try:
                return Path(value).expanduser()
            except RuntimeError:
                raise ValueError("begins with ~, and there is no home folder") from None
        return value

    @field_validator("definitions")
    @classmethod
    def _a_folder_that_exists(cls, value: Path) -> Path:
        if not value.is_dir():
            raise ValueError("must be a folder that exists")
        return value

    @field_validator("database_url", "key_store_url", mode="before")
    @classmethod
    def _a_database(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        forms = "must be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        scheme, _, rest = value.partition("://")
        if scheme in ("postgres", "postgresql", POSTGRESQL):
            parts = _split(value, forms)
            if not (parts.hostname or "host=" in parts.query) or not parts.path.strip("/"):
                raise ValueError(forms)
            return SecretStr(f"{POSTGRESQL}://{rest}")
        if scheme == "sqlite" and rest.startswith("/") and rest.strip("/") and not rest.startswith("/:memory:"):
            return SecretStr(value)
        raise ValueError(forms)

    @field_validator("key_store_url")
    @classmethod
    def _a_file_of_keys(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("sqlite"):
            raise ValueError("must be sqlite:///PATH: the key store is a file of its own")
        return value

    @field_validator("smtp_url", mode="before")
    @classmethod
    def _a_mail_server(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        forms = "must be smtp://, smtp+starttls:// or smtps://, then USER:PASSWORD@HOST:PORT (user and port if needed)"
        parts = _split(value, forms)
        if parts.scheme not in ("smtp", "smtp+starttls", "smtps") or not parts.hostname or parts.path.strip("/"):
            raise ValueError(forms)
        return SecretStr(value)

    @field_validator("base_url")
    @classmethod
    def _an_address_of_ours(cls, value: str) -> str:
        forms = "must be http:// or https:// and a host, without user, password, query or fragment"
        parts = _split(value, forms)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError(forms)
        if parts.query or parts.fragment or re.search(r"\s", value):
            raise ValueError(forms)
        return value.rstrip("/")

    @field_validator("sender_name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable() or not 1 <= len(value) <= 80:
            raise ValueError("must be one line of at most 80 characters")
        return value

    @field_validator("sender_address", "operator_address")
    @classmethod
    def _a_mail_address(cls, value: str) -> str:
        if value and not re.fullmatch(
            r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", value
        ):
            raise ValueError("must be a mail address such as messages@example.org")
        return value

    @field_validator("prefect_port", mode="before")
    @classmethod
    def _a_port(cls, value: Any) -> int:
        if not re.fullmatch(r"\d{1,5}", str(value), re.ASCII) or not 1 <= int(value) <= 65535:
            raise ValueError("must be a port, 1 to 65535")
        return int(value)

    @field_validator("prefect_patience", mode="before")
    @classmethod
    def _some_seconds(cls, value: Any) -> float:
        if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", str(value), re.ASCII):
            raise ValueError("must be a number of seconds, 0 or more")
        return float(value)

    @field_validator("testing", mode="before")
    @classmethod
    def _yes_or_no(cls, value: Any) -> bool:
        if str(value).lower() not in _TRUE + _FALSE:
            raise ValueError("must be 1 or 0")
        return str(value).lower() in _TRUE

    @field_validator("now", mode="before")
    @classmethod
    def _an_instant_for_tests(cls, value: Any, info: ValidationInfo) -> datetime | None:
        if value is None or not info.data.get("testing"):
            return None
        try:
            instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            instant = datetime.min
        if instant.utcoffset() is None:
            raise ValueError("must be an instant with its offset, e.g. 2026-03-02T09:00:00+01:00")
        return instant.astimezone(UTC)


def shown(url: SecretStr) -> str:
    """Write an address for people, without user and password: `postgresql+psycopg://db.example.org/cases`."""
    scheme, _, rest = url.get_secret_value().partition("://")
    if scheme == "sqlite":
        return url.get_secret_value()
    place = rest.partition("?")[0]
    return f"{scheme}://{place.rpartition('@')[2]}"


def reference() -> str:
    """Return docs/reference/settings.md: every variable, its default and its meaning."""
    head = (
        "# Settings\n\n"
        "Settings come from the environment, or from a file `.env` in the working folder; the environment goes first.\n"
        "An empty variable counts as not set. A wrong value stops the command (exit code 2), and the message names\n"
        "the variable without repeating its value.\n\n"
        "<!-- made by `python -m engine.settings > docs/reference/settings.md`; a test compares -->\n\n"
        "| variable | meaning | default |\n|---|---|---|\n"
    )
    rows = (
        f"| `{_variable(name)}` | {field.description} | {_extra(field)['default']} |\n"
        for name, field in Settings.model_fields.items()
        if name in _documented()
    )
    return head + "".join(rows)


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _extra(field: Any) -> dict[str, Any]:
    return dict(field.json_schema_extra or {})


def _documented() -> list[str]:
    return [name for name, field in Settings.model_fields.items() if _extra(field).get("variable", True)]


def _split(value: str, forms: str) -> SplitResult:
    """Take an address apart; raises ValueError with our sentence where the library's would repeat the value."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError(forms) from None
    return parts


def _is_a_path(keys: str) -> bool:
    """Tell a key file, which has an extension, from encoded keys, which hold no dot: a mistyped key is no path."""
    return "." in keys


def _from_file(env_file: Path | None) -> dict[str, str]:
    if env_file is None or not env_file.is_file():
        return {}
    try:
        found = dotenv_values(env_file, interpolate=False)
    except (OSError, ValueError):
        raise WrongUse(f"{env_file} can't be read: it must be a text file of lines NAME=VALUE in UTF-8") from None
    return {name: value for name, value in found.items() if value is not None and name.startswith(PREFIX)}


def _misspelt(given: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that is nearly one of ours, and would be ignored in silence."""
    names = [_variable(field) for field in _documented()]
    sentences = []
    for name in sorted(set(given) - set(names)):
        near = get_close_matches(name, names, n=1, cutoff=0.9)
        if near:
            sentences.append(f"{name} is not a setting; did you mean {near[0]}?")
    return sentences


def _sentences(failed: ValidationError) -> list[str]:
    variables = {"key_file": _variable("keys")}
    sentences = []
    for error in failed.errors(include_input=False, include_url=False):
        # A default that needs the data folder can't be made while the data folder itself is wrong; that one is named.
        if error["type"] == "default_factory_not_called":
            continue
        field = str(error["loc"][0])
        why = str(error["ctx"]["error"]) if error["type"] == "value_error" else "can't be read"
        sentences.append(f"{variables.get(field, _variable(field))} {why}")
    return sentences


def _wrong(sentences: list[str]) -> WrongUse:
    return WrongUse("the settings can't be used", sentences, code="wrong_settings")


if __name__ == "__main__":
    print(reference(), end="")
