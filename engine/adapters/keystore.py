"""The key store: one data key per case, each wrapped by a key-encryption key that can be rotated.

It lies apart from the cases (a database of its own), so that a copy of either alone says nothing, and erasing one row here makes a
case unreadable for good. An erased scope leaves a tombstone: no new key is ever made for it in silence. The key-encryption keys
come from the settings, newest first, or from a file that is made with owner-only rights at first start.

Why: docs/decisions/0006-encryption.md.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from engine.errors import Fault, Unreadable, WrongUse
from engine.settings import Settings

KEY_BYTES: Final = 32
_NONCE: Final = 12
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS data_keys (
    scope TEXT PRIMARY KEY, id INTEGER NOT NULL UNIQUE, wrapped BLOB, wrapped_by TEXT NOT NULL
) WITHOUT ROWID
"""


class KeyErased(Unreadable):
    """The key was destroyed: what was sealed under it can't be read any more, by anybody."""

    code = "erased"


def read_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the key-encryption keys, newest first; makes the key file, owner-only, where there is none.

    Raises:
        WrongUse: a key is not 32 bytes in base64.
        Fault: the key file can't be read or made.
    """
    given = settings.keys
    written = _from_file(settings.key_file) if given is None else given.get_secret_value().split(",")
    keys = tuple(_decoded(one) for one in written if one.strip())
    if not keys:
        raise WrongUse("PASSERELLE_KEYS holds no key: one is 32 bytes in base64")
    return keys


def _from_file(path: Path) -> list[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make_key_file(path)
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as why:
        reason = getattr(why, "strerror", None) or "it is not a text file"
        raise Fault(f"the key file {path} can't be read or made: {reason}") from None


def _make_key_file(path: Path) -> None:
    """Make the key file whole or not at all; of two processes that start at once, the first one's stays."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _decoded(text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.strip().replace("+", "-").replace("/", "_"))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise WrongUse("a key in PASSERELLE_KEYS or in the key file is not 32 bytes in base64")
    return key


class KeyStore:
    """Data keys by scope: a case's reference, `actors`, `audit`, `database`. Safe to use from several threads."""

    def __init__(self, path: Path, keys: Sequence[bytes]) -> None:
        self._wrappers = {_name(key): AESGCMSIV(key) for key in keys}
        self._newest = _name(keys[0])
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            for pragma in ("journal_mode=DELETE", "synchronous=FULL", "secure_delete=ON"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as why:
            raise Fault(f"the key store {path} can't be opened: {_reason(why)}") from None

    def make(self, scope: str) -> tuple[int, bytes]:
        """Return the scope's key, made if there is none; raises KeyErased if it was destroyed."""
        with self._lock:
            found = self._find(scope)
            if found is not None:
                return found
            wrapped = self._wrap(scope, secrets.token_bytes(KEY_BYTES))
            try:
                self._db.execute(
                    "INSERT OR IGNORE INTO data_keys SELECT ?, coalesce(max(id), 0) + 1, ?, ? FROM data_keys",
                    (scope, wrapped, self._newest),
                )
            except sqlite3.Error as why:
                raise Fault(f"a key can't be kept: {_reason(why)}") from None
            made = self._find(scope)
        if made is None:
            raise Fault("a key can't be kept")
        return made

    def find(self, scope: str) -> tuple[int, bytes]:
        """Return the number and the key of a scope.

        Raises:
            KeyErased: it was destroyed, or there never was one.
            Fault: none of the keys of the settings opens it.
        """
        with self._lock:
            found = self._find(scope)
        if found is None:
            raise KeyErased(f'there is no key for "{scope}"')
        return found

    def erase(self, scope: str) -> None:
        """Destroy a scope's key; its tombstone stays."""
        with self._writing() as db:
            db.execute("UPDATE data_keys SET wrapped = NULL WHERE scope = ?", (scope,))

    def rotate(self) -> int:
        """Wrap every key anew under the newest key of the settings, all or none; returns how many were not yet."""
        with self._writing() as db:
            rows = db.execute(
                "SELECT scope, wrapped, wrapped_by FROM data_keys WHERE wrapped NOTNULL AND wrapped_by <> ?",
                (self._newest,),
            ).fetchall()
            again = [(self._wrap(scope, self._unwrap(scope, old, by)), self._newest, scope) for scope, old, by in rows]
            db.executemany("UPDATE data_keys SET wrapped = ?, wrapped_by = ? WHERE scope = ?", again)
        return len(rows)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction: all or nothing."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.Error as why:
                raise Fault(f"the key store can't be written: {_reason(why)}") from None
            finally:
                if self._db.in_transaction:
                    self._db.rollback()

    def close(self) -> None:
        self._db.close()

    def _find(self, scope: str) -> tuple[int, bytes] | None:
        try:
            row = self._db.execute("SELECT id, wrapped, wrapped_by FROM data_keys WHERE scope = ?", (scope,)).fetchone()
        except sqlite3.Error as why:
            raise Fault(f"the key store can't be read: {_reason(why)}") from None
        if row is None:
            return None
        if row[1] is None:
            raise KeyErased(f'the key of "{scope}" was destroyed')
        return row[0], self._unwrap(scope, row[1], row[2])

    def _wrap(self, scope: str, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._wrappers[self._newest].encrypt(nonce, key, scope.encode())

    def _unwrap(self, scope: str, wrapped: bytes, by: str) -> bytes:
        wrapper = self._wrappers.get(by)
        if wrapper is None:
            raise Fault("the keys of PASSERELLE_KEYS or of the key file don't open the key store: one is missing")
        try:
            return wrapper.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], scope.encode())
        except InvalidTag:
            raise Unreadable(f'the key of "{scope}" was changed in the key store') from None


def _name(key: bytes) -> str:
    """Name a key-encryption key without giving it away: the tag of an empty text sealed under it."""
    return AESGCMSIV(key).encrypt(bytes(_NONCE), b"", b"name").hex()[:16]


def _reason(why: Exception) -> str:
    return getattr(why, "strerror", None) or str(why)
