"""Sealing: what is sealed opens at its place, under its case's key, unchanged, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.adapters.cipher import VERSION, KeyedCipher, SealBroken
from engine.adapters.keystore import KeyErased, KeyStore
from engine.errors import Unreadable

KEY = bytes(range(32))
PLACE = "records|body|7"


@pytest.fixture
def cipher(tmp_path: Path) -> Iterator[KeyedCipher]:
    keys = KeyStore(tmp_path / "keys.db", [KEY])
    made = KeyedCipher(keys)
    made.make_key("case")
    made.make_key("other")
    yield made
    keys.close()


def test_what_is_sealed_opens_again_and_shows_nothing(cipher):
    """One version byte first; the same text twice gives different bytes."""
    one, two = cipher.seal("case", PLACE, b"where she is"), cipher.seal("case", PLACE, b"where she is")

    assert cipher.open("case", PLACE, one) == cipher.open("case", PLACE, two) == b"where she is"
    assert one[:1] == VERSION
    assert one != two
    assert b"where" not in one


@pytest.mark.parametrize(
    ("scope", "place"), [("case", "records|body|8"), ("case", "history|payload|7"), ("other", PLACE)]
)
def test_moved_to_another_place_it_does_not_open(cipher, scope, place):
    """Not in another row, not in another column, not in another case."""
    sealed = cipher.seal("case", PLACE, b"where she is")

    with pytest.raises(SealBroken):
        cipher.open(scope, place, sealed)


def test_no_byte_can_be_changed_or_cut_off(cipher):
    """Each byte turned, and each length short of the whole."""
    sealed = cipher.seal("case", PLACE, b"where")
    changed = [sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :] for n in range(len(sealed))]
    cut = [sealed[:n] for n in range(len(sealed))]

    for spoilt in changed + cut:
        with pytest.raises(SealBroken):
            cipher.open("case", PLACE, spoilt)


def test_of_an_erased_case_nothing_opens_and_nothing_more_is_sealed(cipher):
    """At once, though its key had just been in use; other cases go on."""
    sealed, other = cipher.seal("case", PLACE, b"where she is"), cipher.seal("other", PLACE, b"more")

    cipher.erase_key("case")

    with pytest.raises(KeyErased):
        cipher.open("case", PLACE, sealed)
    with pytest.raises(Unreadable):
        cipher.seal("case", PLACE, b"again")
    assert cipher.open("other", PLACE, other) == b"more"
