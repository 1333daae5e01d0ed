"""A loopback endpoint that takes images as SageMaker's containers do."""

import io
import json
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# The tests of this folder share a detector and small images, and pytest does not put their folder on the path.
sys.path.insert(0, str(Path(__file__).parent))


@dataclass
class Received:
    """What an endpoint was sent."""

    url: str = ""
    content_types: list = field(default_factory=list)
    images: list = field(default_factory=list)


def pixels_in(body, content_type):
    if content_type == "application/x-npy":
        return np.load(io.BytesIO(body), allow_pickle=False)
    assert Image.open(io.BytesIO(body)).format == {"image/jpeg": "JPEG", "image/png": "PNG"}[content_type]
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))[None]


@contextmanager
def serving(answer):
    """An endpoint whose answer to an array of images is what ``answer`` gives, as JSON."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            images = pixels_in(body, self.headers["Content-Type"])
            received.content_types.append(self.headers["Content-Type"])
            received.images.append(len(images))
            said = json.dumps(answer(images)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def endpoint():
    return serving
