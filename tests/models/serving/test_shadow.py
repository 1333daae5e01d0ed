"""A server for the length of a job: started, waited for, ended with everything it started."""

import io
import shlex
import signal
import socket
import subprocess
import sys
import tarfile
import textwrap

import httpx
import numpy as np
import pytest
from waiting import alive, wait_until

from pellucid.errors import ModelError
from pellucid.models.http.endpoint import endpoint
from pellucid.models.http.extraction import ResponseFormat
from pellucid.models.http.templates import RequestFormat
from pellucid.models.serving.script import brings_script, unpack
from pellucid.models.serving.shadow import serving_command, shadow_server
from pellucid.protocols.model import Batch

BATCH = Batch({"a": np.array([1, 2]), "b": np.array([0.5, 0.25])})

PING_ONLY = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""

SCRIPT = """
import json
import os
import numpy as np

def model_fn(model_dir):
    with open(os.path.join(model_dir, "weights.json")) as file:
        return np.array(json.load(file))

def input_fn(data, content_type):
    assert content_type == "text/csv" and isinstance(data, str)
    rows = [[float(cell) for cell in line.split(",")] for line in data.split("\\n")]
    if any(row[0] == 13 for row in rows):
        raise ValueError("thirteen")
    return np.array(rows)

def predict_fn(rows, weights, context):
    return rows @ weights
"""


def python(code):
    return [sys.executable, "-S", "-c", code]


def archive(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def failure(command, tmp_path, **settings):
    with pytest.raises(ModelError) as caught, shadow_server(command, log=tmp_path / "server.log", **settings):
        pass
    return str(caught.value)


def test_a_command_is_waited_for_and_ended(tmp_path):
    with shadow_server(python(PING_ONLY), log=tmp_path / "server.log") as url:
        assert httpx.get(f"{url}/ping").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/ping")


@pytest.mark.parametrize("end", [ModelError("the analysis failed"), KeyboardInterrupt()])
def test_it_is_ended_with_its_children_however_the_job_ends(tmp_path, end):
    child = tmp_path / "child"
    start_child = (
        "import subprocess, sys\nc = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
    )
    note = f"open({str(child)!r}, 'w').write(str(c.pid))\n"

    def job():
        with shadow_server(python(start_child + note + PING_ONLY), log=tmp_path / "server.log"):
            assert alive(int(child.read_text()))
            raise end

    with pytest.raises(type(end)):
        job()
    wait_until(lambda: not alive(int(child.read_text())))


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert failure(python(PING_ONLY), tmp_path, port=port) == (
            f"Port {port} cannot be used for the model server: Address already in use. End the process that listens "
            "there, or leave the port out, so that a free one is chosen."
        )


def test_a_server_that_ends_at_once_shows_the_end_of_its_log(tmp_path):
    message = failure([sys.executable, "-S", "-c", "print('no weights'); raise SystemExit(3)"], tmp_path)
    assert message.startswith("The model server ended with exit code 3 before it answered GET /ping. The command was: ")
    assert message.endswith(f"The end of its log ({tmp_path}/server.log):\nno weights")


def test_a_server_that_never_answers_ping_is_ended(tmp_path):
    message = failure(python("import time; time.sleep(60)"), tmp_path, ready_seconds=0.2)
    assert message.startswith(
        "The model server did not answer GET /ping with status 200 within 0.2 seconds (last: [Errno 111] Connection "
        "refused). Let it listen on the port that {port} or the variable PORT gives, or wait longer. The command was: "
    )
    assert message.endswith(f"Its log ({tmp_path}/server.log) is empty.")


def test_a_command_that_is_not_there_is_named(tmp_path):
    assert failure("no-such-server --port {port}", tmp_path, port=0) == (
        "The model server cannot be started: No such file or directory. The command was: no-such-server --port 0"
    )


def test_an_archive_with_a_script_is_served_in_its_own_process(tmp_path):
    model = archive(tmp_path / "model.tar.gz", {"code/inference.py": SCRIPT, "weights.json": "[1, 2]"})
    command = serving_command(str(model))
    with (
        shadow_server(command, log=tmp_path / "server.log") as url,
        endpoint(url, RequestFormat(), ResponseFormat()) as served,
    ):
        assert served.predict(BATCH).values.tolist() == [[2.0], [2.5]]
        with pytest.raises(ModelError, match=r"^Row 1 .* status 500: 'ValueError: thirteen' It was sent: '13,1.0'"):
            served.predict(Batch({"a": np.array([1, 13]), "b": np.array([1.0, 1.0])}))
    assert "ValueError: thirteen" in (tmp_path / "server.log").read_text()


NEEDS = "import no_such_library\n"
NEEDS_LATE = "def model_fn(model_dir):\n    import no_such_library\n"
SAID = "code/inference.py cannot be imported: No module named 'no_such_library'."
NOT_INSTALLED = (
    f"{SAID} It brings code/requirements.txt, which Pellucid does not install by itself, since that changes the "
    "environment and can run code of others. Look through it, install it where Pellucid runs, and run again:\n"
)


@pytest.mark.parametrize("script", [NEEDS, NEEDS_LATE], ids=["when imported", "when the model is loaded"])
@pytest.mark.parametrize("member", ["code/requirements.txt", "./code/requirements.txt"])
def test_requirements_of_a_script_that_are_not_installed_are_told_with_the_command_that_does(tmp_path, script, member):
    model = archive(tmp_path / "model.tar.gz", {"code/inference.py": script, member: "no-such-library==1.0"})
    message = failure(serving_command(str(model)), tmp_path)
    command = f"tar -xOf {model} {member} > requirements.txt && {sys.executable} -m pip install -r requirements.txt"
    assert message.endswith(f"\nmodel.tar.gz: {NOT_INSTALLED}{command}")
    printed = subprocess.run(shlex.split(command.partition(" > ")[0]), check=True, capture_output=True, text=True)
    assert printed.stdout == "no-such-library==1.0"


def test_requirements_in_a_folder_are_installed_from_there(tmp_path):
    (tmp_path / "credit" / "code").mkdir(parents=True)
    (tmp_path / "credit" / "code" / "inference.py").write_text(NEEDS)
    requirements = tmp_path / "credit" / "code" / "requirements.txt"
    requirements.write_text("no-such-library==1.0")
    message = failure(serving_command(str(tmp_path / "credit")), tmp_path)
    assert message.endswith(f"\ncredit: {NOT_INSTALLED}{sys.executable} -m pip install -r {requirements}")


def test_a_script_whose_imports_fail_without_requirements_says_what_is_missing(tmp_path):
    model = archive(tmp_path / "model.tar.gz", {"code/inference.py": NEEDS})
    assert failure(serving_command(str(model)), tmp_path).endswith(
        f"\nmodel.tar.gz: {SAID} Install what it needs where Pellucid runs, or add code/requirements.txt to the "
        "archive to say what that is."
    )


def test_any_model_of_ours_is_served(tmp_path):
    (tmp_path / "credit.py").write_text(
        textwrap.dedent("""
        def score(frame):
            return (frame["age"] + (frame["job"] == "none")).to_numpy() / 100
        """)
    )
    command = serving_command("credit:score", features=["age", "job"])
    request = RequestFormat()
    with (
        shadow_server(
            command, log=tmp_path / "server.log", environment={"PYTHONPATH": str(tmp_path)}, folder=tmp_path
        ) as url,
        endpoint(url, request, ResponseFormat(accept_type="application/json", probability="predictions[*].score")) as m,
    ):
        people = Batch({"age": np.array([30, 40]), "job": np.array(["none", "clerk"], dtype=object)})
        assert m.predict(people).values.tolist() == [[0.31], [0.4]]


def test_our_server_ends_when_the_job_is_killed(tmp_path):
    model = archive(tmp_path / "model.tar.gz", {"code/inference.py": SCRIPT, "weights.json": "[1, 2]"})
    job = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from pellucid.models.serving.shadow import serving_command, shadow_server
        with shadow_server(serving_command({str(model)!r}), log=Path({str(tmp_path)!r}) / "log") as url:
            print(url, flush=True)
            time.sleep(60)
        """)
    with subprocess.Popen([sys.executable, "-c", job], stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)

    def nothing_listens():
        try:
            httpx.get(f"{url}/ping", timeout=60)
        except httpx.ConnectError:
            return True
        except httpx.TransportError:  # it ends in the middle of an answer
            pass
        return False

    wait_until(nothing_listens)


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "code/../../outside"])
def test_an_archive_cannot_write_outside_of_its_folder(tmp_path, name):
    model = archive(tmp_path / "model.tar.gz", {name: "x"})
    target = tmp_path / "a" / "b"
    target.mkdir(parents=True)
    if name.startswith("/"):
        unpack(model, target)
        assert (target / "etc" / "outside").is_file()
        return
    with pytest.raises(ModelError, match=r"A model archive holds plain files below its own folder; pack it again.$"):
        unpack(model, target)


def test_an_archive_with_a_script_is_told_from_a_plain_model(tmp_path):
    assert brings_script(archive(tmp_path / "a.tar.gz", {"./code/inference.py": SCRIPT}))
    assert not brings_script(archive(tmp_path / "b.tar.gz", {"xgboost-model": "x"}))
    (tmp_path / "model.onnx").write_bytes(b"x")
    assert not brings_script(tmp_path / "model.onnx")
