"""A fake of the Hugging Face hub: the calls that an upload without Xet makes, kept in memory."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hub:
    """Datasets by name: their files. objects: contents by sha256. fails_after: objects that are taken
    before the hub fails; None: all."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    commits: list[tuple[str, list[str]]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    fails_after: int | None = None
    token: str = "writer"
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_: Any) -> None:
        """Nothing: the test command shows its own output."""

    def _answer(self, content: Any, status: int = 200, **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self) -> None:
        path, hub = self.path.partition("?")[0], self.hub
        if path.startswith("/api/datasets/") and "/tree/main" in path:
            repo = path.removeprefix("/api/datasets/").partition("/tree/")[0]
            self._answer([_entry(name, data) for name, data in hub.files[repo].items()])
        elif "/resolve/main/" in path:
            repo, _, name = path.removeprefix("/datasets/").partition("/resolve/main/")
            data = hub.files[repo][name]
            etag = f'"{hashlib.sha256(data).hexdigest()}"'
            self._answer(data, ETag=etag, X_Repo_Commit="c" * 40)
        else:
            self._answer({"error": f"no such thing: {path}"}, 404)

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        hub, data = self.hub, self._body()
        if hub.fails_after is not None and len(hub.sent) >= hub.fails_after:
            self._answer({"error": "the disk is full"}, 400)
            return
        oid = hashlib.sha256(data).hexdigest()
        hub.objects[oid] = data
        hub.sent.append(oid)
        self._answer({})

    def do_POST(self) -> None:
        hub, path, body = self.hub, self.path.partition("?")[0], self._body()
        if self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._answer({"error": "Invalid username or password."}, 401)
        elif path == "/api/repos/create":
            asked = json.loads(body)
            repo = f"{asked['organization']}/{asked['name']}"
            known = repo in hub.files
            hub.files.setdefault(repo, {".gitattributes": b""})
            hub.private.setdefault(repo, asked.get("private", asked.get("visibility") == "private"))
            self._answer({"url": f"{hub.url}/datasets/{repo}"}, 409 if known else 200)
        elif "/preupload/" in path:
            asked = json.loads(body)["files"]
            self._answer({"files": [_mode(each["path"]) for each in asked]})
        elif path.endswith("/info/lfs/objects/batch"):
            self._answer({"objects": [self._place(each) for each in json.loads(body)["objects"]]})
        elif "/commit/" in path:
            repo = path.removeprefix("/api/datasets/").partition("/commit/")[0]
            self._commit(repo, [json.loads(line) for line in body.splitlines()])
        else:
            self._answer({"error": f"no such thing: {path}"}, 404)

    def _place(self, asked: dict[str, Any]) -> dict[str, Any]:
        known = {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] in self.hub.objects:
            return known
        return known | {"actions": {"upload": {"href": f"{self.hub.url}/lfs/{asked['oid']}"}}}

    def _commit(self, repo: str, lines: list[dict[str, Any]]) -> None:
        hub, names = self.hub, []
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                hub.files[repo][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                hub.files[repo][value["path"]] = hub.objects[value["oid"]]
            if line["key"] != "header":
                names.append(value["path"])
        hub.commits.append((lines[0]["value"]["summary"], names))
        url = f"{hub.url}/datasets/{repo}/commit/{'c' * 40}"
        self._answer({"success": True, "commitOid": "c" * 40, "commitUrl": url})


def _is_large(name: str) -> bool:
    return name.endswith((".parquet", ".tar"))


def _mode(path: str) -> dict[str, Any]:
    mode = "lfs" if _is_large(path) else "regular"
    return {"path": path, "uploadMode": mode, "shouldIgnore": False}


def _entry(name: str, data: bytes) -> dict[str, Any]:
    oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": oid}
    if _is_large(name):
        sha256 = hashlib.sha256(data).hexdigest()
        entry["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 130}
    return entry


@contextmanager
def running() -> Iterator[Hub]:
    """A hub that listens on loopback."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
