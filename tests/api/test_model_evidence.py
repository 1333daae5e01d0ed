"""What evidence holds of a model."""

from hashlib import sha256

from pellucid.api.evidence import gathering
from pellucid.api.model_access import ModelSource


def evidence_of(uri, folder):
    with gathering() as digests:
        source = ModelSource("predictor.model", uri)
        digests.model(source)
        found = digests.evidence(folder, (), command="", model=source, model_rows=None, model_requests=None, seed=0)
    return [(file.role, file.path, file.sha256) for file in found.inputs]


def test_of_a_function_the_file_of_its_module_is_digested(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = b"def score(rows):\n    return rows[:, 0]\n"
    (tmp_path / "scoring.py").write_bytes(code)
    assert evidence_of("scoring:score", tmp_path) == [("model", "scoring.py", sha256(code).hexdigest())]


def test_a_module_that_is_not_there_has_no_digest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert evidence_of("no_such_module_anywhere:score", tmp_path) == []
