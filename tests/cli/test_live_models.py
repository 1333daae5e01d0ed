"""Jobs with a live model at the command line: flags, what doctor shows, failures, and jobs that were killed."""

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "models" / "http"))

from faulty_server import serve
from waiting import SECONDS_OF_A_HANG, alive, wait_until

PREDICTOR = {"endpoint_name": "income"}
HEADERS = ["age", "sex", "region", "approved"]


def people(rows):
    """Half the rows are women; 1 of 5 women and 2 of 5 men are approved, those of the lowest ages."""
    lines = []
    for i in range(rows):
        sex, turn = "FM"[i % 2], (i // 2) % 5
        approved = int(turn == 0 or (sex == "M" and turn == 1))
        lines.append(f"{20 + turn},{sex},{'north' if i % 4 < 2 else 'south'},{approved}")
    return "\n".join(lines) + "\n"


def young(body):
    """The score of a record: high for ages below 22."""
    return b"\n".join(b"0.75" if line[:2] < b"22" else b"0.25" for line in body.split(b"\n"))


def at_once(text):
    """Every record is answered with ``text``."""
    return lambda body: b"\n".join([text] * len(body.split(b"\n")))


@pytest.fixture
def live(workplace):
    """The workplace without predictions in its data."""
    workplace.file("people.csv", people(200))

    def configured(predictor=PREDICTOR, **keys):
        keys = {"headers": HEADERS, "predictor": predictor} | keys
        workplace.config(without=["predicted_label"], **keys)
        return workplace

    return configured


def records(server):
    return sum(len(body.split(b"\n")) for _, _, body in server.requests)


# --- what is said -----------------------------------------------------------------------------------------------------
def test_the_closing_line_is_told_last_and_as_no_warning(live):
    with serve(young) as server:
        ended = live().run("--endpoint", f"income={server.url}")
    assert (ended.code, ended.err) == (0, "")
    assert "Warning" not in ended.out
    assert "\nModel: " in ended.out
    assert ended.out.index("\nModel: ") > ended.out.index("DPPL")


def test_with_json_the_closing_line_goes_to_the_error_stream(live):
    with serve(young) as server:
        ended = live().run("--endpoint", f"income={server.url}", "--json")
    assert json.loads(ended.out)["version"] == "1.0"
    assert ended.err.startswith("Note: Model: ")


def test_names_that_the_configuration_does_not_ask_for_are_told(live):
    with serve(young) as server:
        ended = live().run("--endpoint", f"income={server.url}", "--model", "credit=m.onnx")
    assert ended.code == 0
    assert "--model: got 'credit', which the configuration does not ask for." in ended.out


# --- doctor -----------------------------------------------------------------------------------------------------------
def test_doctor_shows_request_and_response_unshortened_and_what_was_read(live):
    with serve(young) as server:
        ended = live().command(
            "doctor",
            "analysis_config.json",
            "--data",
            "people.csv",
            "--endpoint",
            f"income={server.url}",
        )
    assert (ended.code, ended.err) == (0, "")
    for text in (
        f"The model: {server.url}",
        f"Request\nPOST {server.url}/invocations",
        "content-type: text/csv\n",
        '20,"F","north"\n20,"M","north"\n21,"F","south"\n21,"M","south"\n22,"F","north"\n',
        "Status 200\n",
        "\n0.75\n0.75\n0.75\n0.75\n0.25\n",
        "4    0.25   0",
        "All is sound: the job can run.",
    ):
        assert text in "\n".join(line.rstrip() for line in ended.out.splitlines())
    assert re.search(r"All 200 rows: about \d+ requests? and .*\. Estimated from 100 records", ended.out)
    assert records(server) == 100


def test_doctor_keeps_long_requests_in_one_line(live):
    long = "x" * 500
    with serve(at_once(b"0.5")) as server:
        place = live()
        place.file("people.csv", people(200).replace("north", long))
        ended = place.command(
            "doctor",
            "analysis_config.json",
            "--data",
            "people.csv",
            "--endpoint",
            f"income={server.url}",
        )
    assert f'20,"F","{long}"\n' in ended.out


def test_doctor_names_the_key_to_change(live):
    with serve(lambda body: b'{"score": 1}', content_type="application/json") as server:
        ended = live().command(
            "doctor",
            "analysis_config.json",
            "--data",
            "people.csv",
            "--endpoint",
            f"income={server.url}",
        )
    assert ended.code == 2
    assert '\n{"score": 1}\n' in ended.out
    said = " ".join(ended.out.split())
    assert (
        "✗ predictor.accept_type: got 'text/csv', and the model answered with Content-Type 'application/json'." in said
    )


def test_doctor_compares_labels_answered_with_those_observed(live):
    with serve(at_once(b"maybe")) as server:
        ended = live({**PREDICTOR, "label": 0}).command(
            "doctor",
            "analysis_config.json",
            "--data",
            "people.csv",
            "--endpoint",
            f"income={server.url}",
        )
    assert ended.code == 2
    said = " ".join(ended.out.split())
    assert "✗ predictor.endpoint_name: The model answers the label 'maybe', and the observed labels are integer" in said


def test_doctor_says_what_a_model_in_this_process_was_given(live):
    place = live({"model": "age_scoring:score"})
    place.file("age_scoring.py", "def score(rows):\n    return (rows['age'] < 22) * 0.5 + 0.25\n")
    ended = place.process("doctor", "analysis_config.json", "--data", "people.csv")
    assert (ended.code, ended.err) == (0, "")
    assert "The model: age_scoring:score" in ended.out
    assert "sex          text     'F', 'M', 'F', 'M', 'F'" in ended.out
    assert "4    0.25   0" in ended.out
    assert re.search(r"All 200 rows: about 1 call and (less than 0\.1|\d+\.\d) s\.", ended.out)


def test_doctor_tells_of_the_model_beside_other_faults(live):
    facet = [{"name_or_index": "sex", "value_or_threshold": ["f"]}]
    place = live({"model": "missing.onnx"}, facet=facet)
    ended = place.command("doctor", "analysis_config.json", "--data", "people.csv")
    said = " ".join(ended.out.split())
    assert ended.code == 2
    assert "2 things are wrong" in said
    assert "✗ facet[0].value_or_threshold: got 'f'." in said
    assert "✗ predictor.model: missing.onnx: there is no such file or folder;" in said


def test_doctor_tells_a_fault_of_the_keys_once_and_asks_nothing(live):
    with serve(young) as server:
        ended = live({**PREDICTOR, "probability": "score"}, excluded_columns=["age", "sex", "region"]).command(
            "doctor",
            "analysis_config.json",
            "--data",
            "people.csv",
            "--endpoint",
            f"income={server.url}",
        )
    assert (ended.code, server.requests) == (2, [])
    said = " ".join(ended.out.split())
    assert "1 thing is wrong ✗ excluded_columns: got ['age', 'sex', 'region']. Nothing is left" in said
    with serve(young) as server:
        ended = live({**PREDICTOR, "probability": "score"}).command(
            "doctor",
            "analysis_config.json",
            "--data",
            "people.csv",
            "--endpoint",
            f"income={server.url}",
        )
    assert (ended.code, server.requests) == (2, [])
    assert "1 thing is wrong ✗ predictor.probability: got 'score'." in " ".join(ended.out.split())


# --- failures ---------------------------------------------------------------------------------------------------------
ONE_BY_ONE = {"batch_records": 1, "max_concurrency": 1}
FAILURES = {
    "another content type": (lambda body: b'{"score": 1}', "application/json", {}),
    "a web page": (lambda body: b"<html>login</html>", "text/html", {}),
    "a score that is no number": (at_once(b"nan"), "text/csv", ONE_BY_ONE),
    "two scores for a record": (lambda body: b"0.5\n0.25", "text/csv", ONE_BY_ONE),
    "a label without a header": (
        at_once(b"maybe"),
        "text/csv",
        {**ONE_BY_ONE, "label": 0, "label_headers": ["no", "yes"]},
    ),
}
SENT = 'It was sent: \'20,"F","north"\''
MESSAGES = {
    "another content type": "predictor.accept_type: got 'text/csv', and the model answered with Content-Type "
    "'application/json'. Set predictor.accept_type to 'application/json', and predictor.label and "
    "predictor.probability to what that answer holds. The answer: '{\"score\": 1}'",
    "a web page": "The model answered with a web page instead of predictions. Check the URL of the endpoint "
    "(/invocations is appended to it) and that no proxy or login stands before it. The answer: '<html>login</html>'",
    "a score that is no number": "Row 0 (the first is 0): the model answered [nan] where finite numbers are expected: "
    "a score is missing or not finite. Correct the model or the row, or set predictor.on_record_error to 'skip' to go "
    f"on without such rows. The answer: 'nan' {SENT}",
    "two scores for a record": "Row 0 (the first is 0): The model answered 1 record with 2 predictions. The number of "
    "predictions must equal the number of records; check predictor.accept_type and predictor.probability, or set "
    f"predictor.batch_records to 1 for a model that takes single records. The answer: '0.5\\n0.25' {SENT} Correct the "
    "row or the model, or set predictor.on_record_error to 'skip' to go on without such rows.",
    "a label without a header": "predictor.label_headers: the model answered the label 'maybe', which is not among "
    "them; there are 'no', 'yes'. Add it, or point predictor.label at the labels. The answer: 'maybe'",
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_model_that_answers_wrongly_ends_the_job_with_one_message(live, failure):
    answer, content_type, keys = FAILURES[failure]
    place = live(PREDICTOR | keys)
    place.file("output/analysis.json", "earlier")
    with serve(answer, content_type=content_type) as server:
        ended = place.run("--endpoint", f"income={server.url}")
    assert (ended.code, ended.out, ended.err) == (1, "", f"{MESSAGES[failure]}\n")
    assert (place.folder / "output" / "analysis.json").read_text() == "earlier"


def test_a_server_that_never_answers_ping_is_told_with_its_log(live):
    command = "sh -c 'echo loading; exec sleep 60'"
    place = live({"model_name": "income", "startup_seconds": 1.5})
    ended = place.run("--model", f"income=command:{command}")
    assert ended.code == 1
    assert ended.err.startswith("The model server did not answer GET /ping with status 200 within 1.5 seconds (last: ")
    assert ended.err.endswith("The end of its log (output/.resume/model-server.log):\nloading\n")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("incom.ubj", "incom.ubj: there is no such file or folder; did you mean 'income.ubj'?"),
        ("scoring:scoer", "scoring:scoer: there is no 'scoer' in 'scoring'; did you mean 'score'?"),
        ("scorin:score", "scorin:score: there is no module 'scorin' in the working folder or on PYTHONPATH."),
        (
            "scoring:FEW",
            "scoring:FEW: is a int, which is no model. Give a function of rows, or a fitted ",
        ),
        ("scoring:Score", "scoring:Score: is the class Score. Give a fitted instance of it, or a function."),
        ("empty.onnx", "empty.onnx: loading failed with "),
        (
            "people.csv",
            "people.csv: is no model file that is known, by its name or its first bytes. A model is a",
        ),
        ("models", "models: is a folder without a file 'MLmodel', so no MLflow model; "),
    ],
)
def test_what_is_no_model_that_can_be_loaded_is_wrong_input(live, model, message):
    place = live({"model": model})
    place.file("income.ubj", b"")
    place.file("empty.onnx", b"")
    (place.folder / "models").mkdir()
    place.file("scoring.py", "FEW = 3\ndef score(rows):\n    return [0.75] * len(rows)\nclass Score:\n    pass\n")
    ended = place.process("run", "analysis_config.json", "--data", "people.csv", "--no-report")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(message)


def test_a_pickle_needs_the_flag(live):
    place = live({"model_name": "income"})
    place.file("constant.py", "class Constant:\n    def predict(self, rows):\n        return [0.75] * len(rows)\n")
    making = "import pickle, constant; pickle.dump(constant.Constant(), open('income.pkl', 'wb'))"
    subprocess.run([sys.executable, "-c", making], cwd=place.folder, check=True)
    arguments = ("run", "analysis_config.json", "--data", "people.csv", "--no-report", "--model", "income=income.pkl")
    ended = place.process(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "income.pkl: is a pickle, and loading it runs whatever code its author put in. If you know where it comes "
        "from, allow it by --allow-pickle (allow_pickle=True); else save the model as skops, ONNX or in the format of "
        "its library.\n"
    )
    assert place.process(*arguments, "--allow-pickle", PYTHONPATH=str(place.folder)).code == 0
    doctor = ("doctor", "analysis_config.json", "--data", "people.csv", "--model", "income=income.pkl")
    assert place.process(*doctor).code == 2
    assert place.process(*doctor, "--allow-pickle", PYTHONPATH=str(place.folder)).code == 0


def test_run_and_doctor_say_that_requirements_of_an_archive_are_not_installed(live):
    place = live({"model_name": "income"})
    (place.folder / "code").mkdir()
    place.file("code/inference.py", "import no_such_library\n")
    place.file("code/requirements.txt", "no-such-library==1.0\n")
    with tarfile.open(place.folder / "model.tar.gz", "w:gz") as archive:
        archive.add(place.folder / "code", "code")
    said = (
        "model.tar.gz: code/inference.py cannot be imported: No module named 'no_such_library'. It brings "
        "code/requirements.txt, which Pellucid does not install by itself, since that changes the environment and can "
        "run code of others. Look through it, install it where Pellucid runs, and run again:"
    )
    ended = place.run("--model", "income=model.tar.gz")
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    doctor = place.command("doctor", "analysis_config.json", "--data", "people.csv", "--model", "income=model.tar.gz")
    assert doctor.code == 2
    assert said in " ".join(doctor.out.split())


def test_a_name_that_is_not_known_is_wrong_input(live):
    place = live({"model_name": "income"})
    ended = place.run("--model", "incom=m.ubj")
    assert ended.code == 2
    assert ended.err == (
        "predictor.model_name: got 'income'. Say where it is: --model income=model.tar.gz, or in pellucid.toml under "
        "[models]. To analyse predictions that the data set holds, name their column in 'predicted_label'. No "
        "such name is given there; did you mean 'incom'?\n"
    )


# --- jobs that are stopped --------------------------------------------------------------------------------------------
def started(place, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", "from pellucid.cli.main import entry; entry()", *arguments],
        cwd=place.folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_job_that_was_killed_continues_where_it_was(live):
    rows = 3000
    place = live({**PREDICTOR, "batch_records": 50, "max_concurrency": 1})
    place.file("people.csv", people(rows))
    place.file("output/analysis.json", "earlier")
    kept = place.folder / "output" / ".resume"

    killed = threading.Event()

    def slow(number, body):
        """Slow enough that the job keeps what it has every second, and silent before it is done."""
        time.sleep(0.05)
        if number > 45:
            killed.wait()

    with serve(young, slow) as server:
        arguments = (
            "run",
            "analysis_config.json",
            "--data",
            "people.csv",
            "--no-report",
            "--endpoint",
            f"income={server.url}",
        )
        with started(place, *arguments) as job:
            wait_until(lambda: sum(int(path.name.split("-")[1]) for path in kept.glob("*/*.npz")) >= rows / 3)
            job.send_signal(signal.SIGKILL)
        killed.set()
        assert (place.folder / "output" / "analysis.json").read_text() == "earlier"
        before = records(server)
        assert before < rows
        server.fault = None
        ended = place.run("--endpoint", f"income={server.url}")
    assert ended.code == 0
    assert records(server) - before < 0.75 * rows
    assert " of 3,000 rows were predicted by an earlier run and not asked again." in ended.out
    assert not kept.exists()
    again = place.folder / "again"
    with serve(young) as server:
        place.run("--endpoint", f"income={server.url}", "--output", str(again))
    assert place.analysis() == place.analysis("again")


def test_an_interrupted_job_says_that_the_same_command_goes_on(live):
    place = live({**PREDICTOR, "batch_records": 50, "max_concurrency": 1})
    place.file("people.csv", people(3000))
    released = threading.Event()

    def slow(number, body):
        """Slow enough that the job keeps what it has every second, and silent before it is done."""
        time.sleep(0.05)
        if number > 45:
            released.wait()

    with serve(young, slow) as server:
        arguments = ("run", "analysis_config.json", "--data", "people.csv", "--endpoint", f"income={server.url}")
        with started(place, *arguments) as job:
            wait_until(lambda: any((place.folder / "output" / ".resume").glob("*/*.npz")))
            job.send_signal(signal.SIGINT)
            _, said = job.communicate(timeout=SECONDS_OF_A_HANG)
        released.set()
    assert job.returncode == 130
    assert said == (
        b"Interrupted. No results were written. What is finished is kept: the same command goes on from there.\n"
    )


def test_a_function_that_fails_is_told_with_its_line(live):
    place = live({"model": "scoring:score"})
    place.file("scoring.py", "import json\n\ndef score(rows):\n    return json.loads('income')\n")
    ended = place.run()
    assert ended.code == 1
    assert ended.err == (
        "scoring:score: predicting failed with JSONDecodeError: Expecting value: line 1 column 1 (char 0)\n"
        "scoring.py, line 4, in score: return json.loads('income')\n"
    )


def test_interrupting_a_job_ends_the_server_that_was_started_for_it(live):
    place = live({"model_name": "income"})
    place.file(
        "server.py",
        "import os, sys, time\n"
        "from http.server import BaseHTTPRequestHandler, HTTPServer\n"
        "open('server.pid', 'w').write(str(os.getpid()))\n"
        "class Handler(BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200)\n"
        "        self.end_headers()\n"
        "    def do_POST(self):\n"
        "        open('asked', 'w').close()\n"
        "        time.sleep(60)\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()\n",
    )
    command = f"income=command:{sys.executable} server.py {{port}}"
    with started(
        place, "run", "analysis_config.json", "--data", "people.csv", "--no-report", "--model", command
    ) as job:
        wait_until((place.folder / "asked").exists)
        number = int((place.folder / "server.pid").read_text())
        job.send_signal(signal.SIGINT)
        _, said = job.communicate(timeout=SECONDS_OF_A_HANG)
    assert job.returncode == 130
    assert said == b"Interrupted. No results were written.\n"
    wait_until(lambda: not alive(number))
