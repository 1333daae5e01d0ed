"""Digests of results and inputs, and what verification finds of them later."""

import hashlib
from pathlib import Path

import pytest

from pellucid.errors import DataError
from pellucid.jobs.evidence import Checked, digest_of_file, digests_below, verified
from pellucid.results.evidence import Evidence, FileDigest, evidence_from


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "output"
    (found / "explanations_shap").mkdir(parents=True)
    (found / "analysis.json").write_text("{}")
    (found / "explanations_shap" / "out.csv").write_text("a\n1\n")
    (tmp_path / "people.csv").write_text("sex,income\nf,1\n")
    return found


def evidence_of(folder, inputs=()):
    return Evidence(
        command="pellucid run analysis_config.json",
        inputs=tuple(inputs),
        results=digests_below(folder, [folder / "analysis.json", folder / "explanations_shap"]),
        model=None,
        model_rows=None,
        model_requests=None,
        seed=0,
        started="2024-01-01T00:00:00+00:00",
        seconds=1.5,
        versions={"pellucid": "1"},
    )


def data_of(folder):
    return digest_of_file(folder.parent / "people.csv", "data", "people.csv")


def test_a_digest_is_sha_256_of_the_bytes(folder):
    (found,) = digests_below(folder, [folder / "analysis.json"])
    assert found == FileDigest(role="result", path="analysis.json", sha256=hashlib.sha256(b"{}").hexdigest(), bytes=2)


def test_untouched_results_and_inputs_beside_them_are_unchanged(folder):
    checked = verified(folder, evidence_of(folder, [data_of(folder)]), {})
    assert checked == (
        Checked("result", "analysis.json", "unchanged"),
        Checked("result", "explanations_shap/out.csv", "unchanged"),
        Checked("data", "people.csv", "unchanged"),
    )


def test_inputs_lie_beside_the_folder_that_one_stands_in_too(folder, monkeypatch):
    evidence = evidence_of(folder, [data_of(folder)])
    monkeypatch.chdir(folder)
    assert verified(Path(), evidence, {})[-1] == Checked("data", "people.csv", "unchanged")


def test_an_edit_of_the_same_length_is_found(folder):
    evidence = evidence_of(folder)
    (folder / "explanations_shap" / "out.csv").write_text("a\n2\n")
    assert Checked("result", "explanations_shap/out.csv", "changed") in verified(folder, evidence, {})


def test_a_removed_file_is_missing_and_a_foreign_one_is_added(folder):
    evidence = evidence_of(folder)
    (folder / "analysis.json").unlink()
    (folder / "report.html").write_text("<p>All is well.</p>")
    checked = verified(folder, evidence, {})
    assert Checked("result", "analysis.json", "missing") in checked
    assert Checked("result", "report.html", "added") in checked


def test_changed_data_are_found_where_the_user_says_they_are(folder, tmp_path):
    evidence = evidence_of(folder, [data_of(folder)])
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "people.csv").write_text("sex,income\nf,0\n")
    assert verified(folder, evidence, {"data": moved})[-1] == Checked("data", "people.csv", "changed")
    assert verified(folder, evidence, {"data": moved / "people.csv"})[-1] == Checked("data", "people.csv", "changed")


def test_data_that_are_nowhere_are_not_called_unchanged(folder):
    evidence = evidence_of(folder, [data_of(folder)])
    (folder.parent / "people.csv").unlink()
    assert verified(folder, evidence, {})[-1] == Checked("data", "people.csv", "not checked")


def test_evidence_survives_its_file(folder):
    evidence = evidence_of(folder, [data_of(folder)])
    assert evidence_from(evidence.to_dict()) == evidence


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            {"format": "x"},
            "evidence.json: format: got 'x'. Expected 'pellucid-evidence-1': the file was edited or cut.",
        ),
        ({"seed": "one"}, None),
        ({"results": [{"role": "spy", "path": "a", "sha256": "", "bytes": 0}]}, None),
    ],
)
def test_edited_evidence_is_refused(folder, edit, message):
    with pytest.raises(DataError) as raised:
        evidence_from({**evidence_of(folder).to_dict(), **edit})
    assert "edited" in str(raised.value)
    assert message is None or str(raised.value) == message


def test_a_key_that_was_cut_out_is_named(folder):
    document = evidence_of(folder).to_dict()
    del document["command"]
    with pytest.raises(DataError, match=r"^evidence.json: command: The key is missing: the file was edited.$"):
        evidence_from(document)
