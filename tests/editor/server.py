"""yaml-language-server over stdio, as far as an editor's four questions go: what is wrong, what may stand here, what is this.

The Language Server Protocol (3.17): messages of JSON with a header that says their length.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 60.0
"""Seconds; the server answers in a tenth of one."""

SETTINGS: Final = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "hover": True, "completion": True}}


class LanguageServer:
    """One running server for the files of one folder."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self._asked = 0
        threading.Thread(target=self._listen, daemon=True).start()
        capabilities = {
            "textDocument": {
                "hover": {"contentFormat": ["markdown"]},
                "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
            }
        }
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        self._ask(
            "initialize",
            {
                "processId": None, "rootUri": folder.as_uri(), "workspaceFolders": folders, "capabilities": capabilities,
            },
        )  # fmt: skip
        self._say("initialized", {})
        self._say("workspace/didChangeConfiguration", {"settings": SETTINGS})

    def opened(self, file: Path, text: str) -> list[tuple[int, str]]:
        """Open a text under a file's name; return what is underlined: lines from 1, and what is said of them."""
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._say("textDocument/didOpen", {"textDocument": document})
        while True:
            heard = self._next()
            if heard.get("method") == "textDocument/publishDiagnostics" and heard["params"]["uri"] == file.as_uri():
                found = heard["params"]["diagnostics"]
                return sorted((one["range"]["start"]["line"] + 1, one["message"]) for one in found)

    def completions(self, file: Path, line: int, column: int) -> dict[str, str]:
        """Return what may stand at a place (both from 1), with what is said of it."""
        answer = self._ask("textDocument/completion", _at(file, line, column))
        items = answer["items"] if isinstance(answer, dict) else answer
        return {one["label"]: _text(one.get("documentation", "")) for one in items}

    def hover(self, file: Path, line: int, column: int) -> str:
        """Return what is shown of the word at a place."""
        answer = self._ask("textDocument/hover", _at(file, line, column))
        return _text(answer["contents"]) if answer else ""

    def close(self) -> None:
        """End the server."""
        self._ask("shutdown", None)
        self._say("exit", None)
        self._process.wait(timeout=PATIENCE)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def _ask(self, method: str, params: Any) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        while True:
            heard = self._next()
            if heard.get("id") == self._asked and "method" not in heard:
                assert "error" not in heard, heard["error"]
                return heard["result"]

    def _say(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        """Return the next message; a question of the server's is answered on the way."""
        heard = self._heard.get(timeout=PATIENCE)
        if heard.get("method") == "workspace/configuration":
            wanted = [SETTINGS.get(one.get("section", "")) for one in heard["params"]["items"]]
            self._send({"id": heard["id"], "result": wanted})
        elif "method" in heard and "id" in heard:
            self._send({"id": heard["id"], "result": None})
        return heard

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while (header := stream.readline().strip()) != b"":
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if length == 0:
                return
            self._heard.put(json.loads(stream.read(length)))


def _at(file: Path, line: int, column: int) -> dict[str, Any]:
    return {"textDocument": {"uri": file.as_uri()}, "position": {"line": line - 1, "character": column - 1}}


def _text(content: Any) -> str:
    return content["value"] if isinstance(content, dict) else str(content)
