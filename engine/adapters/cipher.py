"""Sealing: AES-256-GCM-SIV under the key of a scope, with the place as associated data.

Sealed bytes are one version byte, the number of the data key (4 bytes), a nonce (12 bytes) and the ciphertext with its tag.
What was sealed for one place can't be put into another: it doesn't open there. GCM-SIV, because a nonce that repeats by mishap
gives away no more than that two texts are equal. Why: docs/decisions/0006-encryption.md.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from engine.adapters.keystore import KeyStore
from engine.errors import Unreadable

VERSION: Final = b"\x01"
_NONCE: Final = 12
_HEAD: Final = 5
_CACHED: Final = 4096


class SealBroken(Unreadable):
    """Sealed bytes were changed, or belong to another place."""

    code = "seal_broken"


class KeyedCipher:
    """Implements `engine.application.ports.Cipher` over a key store; keeps the last keys used, opened."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._open: OrderedDict[str, tuple[bytes, AESGCMSIV]] = OrderedDict()
        self._mac: bytes | None = None

    def make_key(self, scope: str) -> None:
        self._keys.make(scope)

    def erase_key(self, scope: str) -> None:
        self._open.pop(scope, None)
        self._keys.erase(scope)

    def mac_key(self) -> bytes:
        if self._mac is None:
            _, self._mac = self._keys.make("audit")
        return self._mac

    def seal(self, scope: str, place: str, data: bytes) -> bytes:
        number, cipher = self._cipher(scope)
        nonce = os.urandom(_NONCE)
        return VERSION + number + nonce + cipher.encrypt(nonce, data, _associated(scope, place))

    def open(self, scope: str, place: str, sealed: bytes) -> bytes:
        number, cipher = self._cipher(scope)
        if sealed[:_HEAD] != VERSION + number:
            raise SealBroken(f"what is stored at {place} was not sealed with the key of this case")
        nonce, body = sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            return cipher.decrypt(nonce, body, _associated(scope, place))
        except (InvalidTag, ValueError):
            raise SealBroken(f"what is stored at {place} was changed or belongs elsewhere") from None

    def _cipher(self, scope: str) -> tuple[bytes, AESGCMSIV]:
        known = self._open.get(scope)
        if known is None:
            number, key = self._keys.find(scope)
            known = self._open[scope] = (number.to_bytes(4, "big"), AESGCMSIV(key))
            if len(self._open) > _CACHED:
                self._open.popitem(last=False)
        return known


def _associated(scope: str, place: str) -> bytes:
    return f"{scope}|{place}".encode()
