"""The key store: keys made once, wrapped, rotated, erased; a crash at any moment leaves every case readable."""

from __future__ import annotations

import base64
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.adapters.keystore import KeyErased, KeyStore, read_keys
from engine.errors import Fault, Unreadable, WrongUse
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def test_the_key_file_is_made_at_first_start_for_the_owner_only(tmp_path):
    """Made once, 32 random bytes, readable by nobody else; the next start reads the same key."""
    settings = Settings(data_dir=tmp_path / "house")
    first = read_keys(settings)

    assert read_keys(settings) == first
    assert [len(key) for key in first] == [32]
    assert settings.key_file.stat().st_mode & 0o777 == 0o600
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700
    assert os.listdir(settings.data_dir) == ["keys.txt"]


def test_two_houses_opened_at_the_same_moment_have_one_key(tmp_path):
    """Eight processes start on an empty folder: all read the same whole key, none finds a half-made file."""
    code = (
        "import sys; from pathlib import Path; from engine.settings import Settings; "
        "from engine.adapters.keystore import read_keys; print(read_keys(Settings(data_dir=Path(sys.argv[1])))[0].hex())"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "house")]
    racers = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(8)]

    assert len({racer.communicate(timeout=60)[0] for racer in racers}) == 1
    assert all(racer.returncode == 0 for racer in racers)


@pytest.mark.parametrize("text", ["", "short", "not base64 !", base64.b64encode(bytes(31)).decode()])
def test_a_key_that_is_none_is_refused_without_being_repeated(tmp_path, text):
    """A mistyped key is nearly the key: it stands in no message."""
    (tmp_path / "keys.txt").write_text(text)

    with pytest.raises(WrongUse) as refused:
        read_keys(Settings(data_dir=tmp_path))

    assert not text or text not in refused.value.message


def test_a_key_is_made_once_and_never_stands_in_the_file(tmp_path):
    """The same key after a repeat and after opening anew; another scope has another number and another key."""
    store = KeyStore(tmp_path / "keys.db", [OLD])
    number, key = store.make("case")
    other_number, other = store.make("other")
    again = store.make("case")
    store.close()

    assert again == (number, key) == KeyStore(tmp_path / "keys.db", [OLD]).find("case")
    assert (number, key) != (other_number, other)
    assert key not in (tmp_path / "keys.db").read_bytes()
    assert (tmp_path / "keys.db").stat().st_mode & 0o777 == 0o600


def test_after_a_rotation_the_new_key_alone_opens_everything(tmp_path):
    """The data keys stay the same, so nothing is sealed anew; the old key opens nothing any more."""
    path = tmp_path / "keys.db"
    store = KeyStore(path, [OLD])
    keys = {scope: store.make(scope) for scope in ("actors", "database", "audit", "AAAA-AAAA-A")}
    store.close()
    rotating = KeyStore(path, [NEW, OLD])
    done, again = rotating.rotate(), rotating.rotate()
    rotating.close()

    assert (done, again) == (4, 0)
    newest = KeyStore(path, [NEW])
    assert {scope: newest.find(scope) for scope in keys} == keys
    with pytest.raises(Fault) as fault:
        KeyStore(path, [OLD]).find("actors")
    assert "one is missing" in fault.value.message


def test_a_rotation_that_can_not_be_done_changes_nothing(tmp_path):
    """Without the old key there is nothing to wrap anew; the store can be used on and nothing is lost."""
    path = tmp_path / "keys.db"
    store = KeyStore(path, [OLD])
    known = store.make("case")
    without = KeyStore(path, [NEW])

    with pytest.raises(Fault):
        without.rotate()

    assert without.make("more")[0] == known[0] + 1
    assert store.find("case") == known


CHILD = """
import sys
from pathlib import Path
from engine.adapters.keystore import KeyStore
old, new = bytes(range(32)), bytes(range(32, 64))
while True:
    for keys in ([new, old], [old, new]):
        store = KeyStore(Path(sys.argv[1]), keys)
        store.rotate()
        print("turned", flush=True)
        store.close()
"""


def test_killed_in_a_rotation_every_key_can_be_read(tmp_path):
    """Ten rotations of a hundred keys are killed at random moments: each key is wrapped by one of the two, none is lost."""
    path = tmp_path / "keys.db"
    store = KeyStore(path, [OLD])
    keys = {f"case{number}": store.make(f"case{number}") for number in range(100)}
    store.close()
    chance = random.Random(5)

    for _ in range(10):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"turned\n"
        time.sleep(chance.random() / 20)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        opened = KeyStore(path, [OLD, NEW])
        assert {scope: opened.find(scope) for scope in keys} == keys
        opened.close()


def test_an_erased_key_is_gone_from_the_file_and_is_never_made_again(tmp_path):
    """Neither the wrapped key nor a new one in its place: the tombstone stays."""
    path = tmp_path / "keys.db"
    store = KeyStore(path, [OLD])
    store.make("case")
    with sqlite3.connect(path) as reader:
        (wrapped,) = reader.execute("SELECT wrapped FROM data_keys").fetchone()
    reader.close()

    store.erase("case")

    assert wrapped not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for use in (store.find, store.make):
        with pytest.raises(KeyErased):
            use("case")


def test_a_key_put_in_another_ones_place_is_noticed(tmp_path):
    """Whoever can write the file can't make one case read with the key of another."""
    path = tmp_path / "keys.db"
    store = KeyStore(path, [OLD])
    store.make("one")
    store.make("two")
    with sqlite3.connect(path) as writer:
        writer.execute(
            "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE scope = 'one') WHERE scope = 'two'"
        )
    writer.close()

    with pytest.raises(Unreadable):
        store.find("two")


@pytest.mark.parametrize("spoilt", ["folder", "text"])
def test_a_key_store_that_can_not_be_opened_is_a_fault(tmp_path, spoilt):
    """A folder in its place, or a file that is something else."""
    path = tmp_path / "keys.db"
    if spoilt == "folder":
        path.mkdir()
    else:
        path.write_text("this is no database, but long enough to look like one to whoever does not look" * 20)

    with pytest.raises(Fault) as fault:
        KeyStore(path, [OLD])

    assert "can't be opened" in fault.value.message
