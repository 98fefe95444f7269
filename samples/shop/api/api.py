"""The shop's API: counts orders in Redis. Standard library only, so that any Python image runs it.

GET /api/orders tells how many orders there are, POST counts one more, GET /api/health says whether Redis answers.
`api.py --check` asks for the health of a running instance and exits 0 or 1.
"""

import json
import os
import signal
import socket
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8000
TIMEOUT_S = 2


class RedisError(Exception):
    """Redis answered with an error."""


def redis(*command: str) -> str | int | None:
    """Runs one command on a connection of its own and returns the reply (RESP: simple, integer or bulk)."""
    host = os.environ.get("REDIS_HOST", "redis")
    with socket.create_connection((host, 6379), TIMEOUT_S) as connection, connection.makefile("rb") as replies:
        with open(os.environ["REDIS_PASSWORD_FILE"], encoding="utf-8") as file:
            connection.sendall(encode("AUTH", file.read().strip()))
        decode(replies)
        connection.sendall(encode(*command))
        return decode(replies)


def encode(*words: str) -> bytes:
    """A command as an array of bulk strings."""
    parts = [f"*{len(words)}\r\n".encode()]
    for word in words:
        data = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def decode(replies) -> str | int | None:
    """The next reply of the stream. Raises RedisError for an error reply."""
    line = replies.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind == b"+":
        return rest.decode()
    if kind == b":":
        return int(rest)
    if kind == b"$":
        size = int(rest)
        return None if size < 0 else replies.read(size + 2)[:-2].decode()
    raise RedisError(rest.decode() or "the connection was closed")


class Api(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/api/orders":
            self.answer(lambda: {"orders": int(redis("GET", "orders") or 0)})
        elif self.path == "/api/health":
            self.answer(lambda: {"redis": redis("PING")})
        else:
            self.reply(404, {"error": "not found"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/api/orders":
            self.answer(lambda: {"orders": redis("INCR", "orders")})
        else:
            self.reply(404, {"error": "not found"})

    def log_request(self, code="-", size="-") -> None:
        if self.path != "/api/health":
            super().log_request(code, size)

    def answer(self, ask) -> None:
        try:
            self.reply(200, {**ask(), "served_by": socket.gethostname()})
        except (OSError, RedisError) as error:
            self.reply(503, {"error": f"redis: {error}"})

    def reply(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def check() -> int:
    """0 when the instance on this host answers that Redis does, else 1."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/health", timeout=TIMEOUT_S):
            return 0
    except OSError as error:
        print(error)
        return 1


def main() -> int:
    if "--check" in sys.argv:
        return check()
    server = ThreadingHTTPServer(("", PORT), Api)
    # As process 1 of a container there is no default action for SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"Listening on port {PORT}")
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
