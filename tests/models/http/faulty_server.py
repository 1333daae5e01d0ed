"""A model server on loopback, with faults: the score of a record is the sum of its numbers times a hundredth."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DROP = object()
"""An answer that is none: the connection is closed."""


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    content_type: str = "text/csv"
    headers: dict[str, str] = field(default_factory=dict)


def sums(body: bytes) -> bytes:
    rows = [[float(cell) for cell in line.split(",")] for line in body.decode().split("\n")]
    return "\n".join(repr(sum(row) / 100) for row in rows).encode()


Fault = Callable[[int, bytes], object]
"""Number of the request (from 1) and its body; None answers as a healthy server."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128  # a busy machine is slow to accept, and what does not fit waits a second to try again

    def handle_error(self, request, client_address):
        pass  # a client that gives up is part of the tests


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server
        with server.lock:
            server.requests.append((self.path, dict(self.headers), body))
            number = len(server.requests)
            server.in_flight += 1
            server.most_in_flight = max(server.most_in_flight, server.in_flight)
        try:
            reply = server.fault(number, body) if server.fault else None
            if reply is None:
                reply = Reply(server.answer(body), content_type=server.content_type)
        finally:
            with server.lock:
                server.in_flight -= 1
        if reply is DROP:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *args):
        pass


@contextmanager
def serve(
    answer: Callable[[bytes], bytes] = sums, fault: Fault | None = None, content_type: str = "text/csv", port: int = 0
) -> Iterator[Server]:
    server = Server(("127.0.0.1", port), Handler)
    server.answer, server.fault, server.content_type = answer, fault, content_type
    server.requests, server.lock = [], threading.Lock()
    server.in_flight = server.most_in_flight = 0
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def silent_from(request: int, released: threading.Event) -> Fault:
    """Answers the first requests, and the others only once ``released`` is set."""

    def wait(number: int, body: bytes) -> None:
        if number >= request:
            released.wait()

    return wait


def slow(seconds: float) -> Fault:
    def wait(number: int, body: bytes) -> None:
        time.sleep(seconds)

    return wait


def once_each(fault: Fault) -> Fault:
    """The fault, never twice for the same request: however requests interleave, a retry brings the answer."""
    failed: set[bytes] = set()

    def first(number: int, body: bytes) -> object:
        if body in failed or (reply := fault(number, body)) is None:
            return None
        failed.add(body)
        return reply

    return first


@contextmanager
def own_process(port: int = 0) -> Iterator[tuple[subprocess.Popen, str]]:
    """A healthy server that can be killed; it works on a request for 10 ms."""
    command = [sys.executable, "-S", __file__, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


if __name__ == "__main__":
    with serve(fault=slow(0.01), port=int(sys.argv[1])) as running:
        sys.stdout.write(running.url + "\n")
        sys.stdout.flush()
        threading.Event().wait()
