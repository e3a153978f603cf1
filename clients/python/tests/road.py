"""Stands between the client and a gateway, and lets requests pass, answers them itself, or keeps them waiting."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.error
import urllib.request
from typing import Any, Callable, Dict, List, Tuple


class Road:
    """A server on a free port. `mode` says what becomes of the next requests."""

    def __init__(self, gateway: str = "") -> None:
        self.gateway = gateway
        self.mode = "open"
        self.seen: List[List[Dict[str, Any]]] = []
        self.headers: List[Dict[str, str]] = []
        #: Events that were accepted.
        self.taken: List[Dict[str, Any]] = []
        self.release = threading.Event()
        road = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                road.headers.append({name.lower(): value for name, value in self.headers.items()})
                given = json.loads(body)
                road.seen.append(given if isinstance(given, list) else [given])
                road.modes()[road.mode](self, body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=lambda: self.server.serve_forever(0.01), daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def modes(self) -> Dict[str, Callable[[Any, bytes], None]]:
        return {
            "open": self.open,
            "takes": self.takes,
            "loses the answer": self.loses_the_answer,
            "hangs": self.hangs,
            "drips": self.drips,
            "redirects": lambda handler, _body: answer(handler, 307, b"", [("location", f"{self.url}/elsewhere")]),
            "web page": lambda handler, _body: answer(handler, 200, b"<html>"),
            "unauthenticated": lambda handler, _body: problem(handler, 401, "unauthenticated"),
            "busy": lambda handler, _body: problem(handler, 503, "gateway_busy"),
            "known": lambda handler, _body: problem(handler, 409, "idempotency_key_reused"),
            "refuses": self.refuses,
        }

    def open(self, handler: Any, body: bytes) -> None:
        answer(handler, *self.gateway_answer(handler, body))

    def loses_the_answer(self, handler: Any, body: bytes) -> None:
        self.gateway_answer(handler, body)

    def hangs(self, _handler: Any, _body: bytes) -> None:
        self.release.wait(60)

    def gateway_answer(self, handler: Any, body: bytes) -> Tuple[int, bytes]:
        headers = {name: handler.headers[name] for name in ("content-type", "authorization") if name in handler.headers}
        request = urllib.request.Request(self.gateway + handler.path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def takes(self, handler: Any, body: bytes) -> None:
        given = json.loads(body)
        events = given if isinstance(given, list) else [given]
        self.taken.extend(events)
        answer(handler, 202, json.dumps({"events": [{"event_id": "id", "duplicate": False} for _ in events]}).encode())

    def refuses(self, handler: Any, body: bytes) -> None:
        """Every request that has an event with the type `bad`, as a whole."""
        if any(event["event_type"] == "bad" for event in self.seen[-1]):
            problem(handler, 422, "invalid_event")
        else:
            self.takes(handler, body)

    def drips(self, handler: Any, _body: bytes) -> None:
        handler.send_response(202)
        handler.end_headers()
        try:
            while not self.release.wait(0.05):
                handler.wfile.write(b" ")
        except OSError:
            pass


def answer(handler: Any, status: int, body: bytes, headers: Any = ()) -> None:
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def problem(handler: Any, status: int, code: str) -> None:
    body = {"code": code, "title": "No", "todo": "Do this.", "errors": [{"at": "data", "found": "a", "expected": "b"}]}
    answer(handler, status, json.dumps(body).encode())
