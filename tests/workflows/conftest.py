"""A Prefect server for all tests of this room, and what it was found to know afterwards."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflows.server import PrefectServer


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    server = PrefectServer(tmp_path_factory.mktemp("prefect"), 4290)
    server.start()
    assert server.wait(90)
    yield server
    server.stop()


@pytest.fixture
def known_to():
    """Returns all that lies in the files of a folder, as it stands and with every base64 text decoded."""

    def read(folder: Path) -> bytes:
        held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        encoded = re.findall(rb"[A-Za-z0-9+/]{16,}", held)
        # A text may begin anywhere in a run of such characters, so that each of the four beginnings is tried.
        decoded = [base64.b64decode(one[at:][: (len(one) - at) // 4 * 4]) for one in encoded for at in range(4)]
        return b"\n".join([held, *decoded])

    return read
