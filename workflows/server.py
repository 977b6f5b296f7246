"""A Prefect server of our own, as a child process: started, watched, and taken down with us. Nothing ever waits for it in vain."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from workflows.environment import embedded, for_child

_DEATH_SIGNAL: Final = 1
_LINUX: Final = sys.platform == "linux"


class PrefectServer:
    """The embedded server: `start` returns at once, `is_ready` says whether it answers, `stop` ends it with its children.

    Args:
        home: folder of its own, made owner-only.
        port: wanted; another free one is taken where it is in use.
    """

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self.port = port if _is_free(port) else _any_free()
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._next_start = 0.0

    @property
    def environment(self) -> dict[str, str]:
        return embedded(self._home, self.port)

    def start(self) -> None:
        """Start the server if it does not run; after a crash not at once, but later each time (at most a minute)."""
        if self._process is not None and self._process.poll() is None:
            return
        if time.monotonic() < self._next_start:
            return
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._home.chmod(0o700)
        log = os.open(self._home / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "prefect", "server", "start", "--no-ui"],
                env=for_child(os.environ, self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if _LINUX else None,
            )
        finally:
            os.close(log)
        self._next_start = time.monotonic() + min(60.0, 2.0**self._starts)
        self._starts += 1

    def is_ready(self) -> bool:
        """Say whether the server answers now; takes at most a second."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError, ValueError):
            return False

    def wait(self, seconds: float) -> bool:
        """Wait until the server answers, at most so long; False if it does not, or has died."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.is_ready():
                return True
            if self._process is None or self._process.poll() is not None:
                return False
            time.sleep(0.1)
        return False

    def stop(self) -> None:
        """End the server and its children: asked first, killed after five seconds."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, sign)
                process.wait(5)
                return
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue


def _die_with_parent() -> None:
    """Ask Linux to end the child when we are killed, so that no server is left behind."""
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
