"""What the documentation shows: its programs run, its commands parse, its configurations load, its messages are so."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

import pellucid
from pellucid.api.job import run_job
from pellucid.cli.commands import app
from pellucid.config.load import load_config
from pellucid.config.project_file import load_project_file
from pellucid.errors import ConfigError
from pellucid.protocols.model import Batch

ROOT = Path(__file__).parents[1]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8")
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md"))
}
ELSEWHERE = {"docs/endpoints.md", "docs/scaling.md"}
"""Pages whose programs need a server, which has a test of its own, or a cluster, as tests of these have."""
FRAGMENT = re.compile(r'"predictor": \{"model": "[\w.]+"\}\n')
"""A key of a configuration by itself."""


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)


def pages_with(language):
    return sorted(page for page in PAGES if blocks(page, language))


def applications():
    """The data set of the README."""
    rng = np.random.default_rng(0)
    sex = rng.choice(["F", "M"], 400)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, 400),
            "sex": sex,
            "race": rng.choice(["A", "B"], 400),
            "region": rng.choice(["north", "south"], 400),
            "approved": (rng.random(400) < np.where(sex == "F", 0.3, 0.5)).astype(int),
            "predicted": (rng.random(400) < np.where(sex == "F", 0.2, 0.5)).astype(int),
        }
    )
    return frame.assign(town=frame["region"])


@pytest.fixture
def names(tmp_path, monkeypatch):
    """What the programs take for granted, in a folder with the configuration of the README and its results."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    monkeypatch.chdir(tmp_path)
    frame = applications()
    frame.to_csv("applications.csv", index=False)
    Path("analysis_config.json").write_text(blocks("README.md", "json")[0])
    run_job("analysis_config.json", data="applications.csv", output="output")
    rows = pd.DataFrame({"age": frame["age"], "job": (frame["race"] == "A").astype(int)})
    model = RandomForestClassifier(5, max_depth=3, random_state=0).fit(rows, frame["approved"])
    yield {
        "pellucid": pellucid,
        "np": np,
        "pd": pd,
        "plt": plt,
        "ax": plt.subplots()[1],
        "frame": frame,
        "model": model,
        "rows": rows[:20],
        "typical_rows": rows[30:60],
        "WEIGHTS": np.array([1.0, 2.0]),
        "BIAS": 0.1,
    }
    plt.close("all")


def forecasts():
    return {
        "model": lambda records: [[record.target[-1]] * 14 for record in records],
        "sales_a": [1.0, 2.0, 3.0],
        "sales_b": [2.0, 3.0, 4.0],
        "prices_a": [1.0, 1.0, 1.0],
        "prices_b": [1.0, 2.0, 2.0],
    }


def of_texts(texts):
    return [0.9 if "Great" in text or "engineer" in text else 0.1 for text in texts]


def of_images(images):
    return np.stack([images.mean(axis=(1, 2, 3)), 255 - images.mean(axis=(1, 2, 3))], axis=1)


def photos():
    from PIL import Image

    for name, shade in (("cat.jpg", 200), ("dog.png", 90)):
        Image.fromarray(np.full((24, 32, 3), shade, dtype=np.uint8)).save(name)
    return {"model": of_images}


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(set(pages_with("python")) - ELSEWHERE))
def test_the_programs_of_a_page_run_one_after_another(page, names, capsys):
    if page == "docs/forecasts.md":
        names |= forecasts()
    if page == "docs/text.md":
        names["model"] = of_texts
    if page == "docs/image_explanations.md":
        names |= photos()
    for program in blocks(page, "python"):
        exec(compile(program, page, "exec"), names)
    if page == "docs/forecasts.md":
        assert names["found"]["A"].elements[0].shown == "step at 0"
    if page == "README.md":
        assert "sex = F has approved = 1" in capsys.readouterr().out


def test_the_program_that_asks_an_endpoint_runs(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "models" / "http"))
    from faulty_server import serve

    def scores(body):
        records = [json.loads(line)["features"] for line in body.decode().splitlines()]
        return "\n".join(json.dumps({"score": sum(features) / 100}) for features in records).encode()

    names = {"batch": Batch({"age": np.array([20.0, 60.0]), "hours": np.array([40.0, 30.0])})}
    with serve(scores, content_type="application/jsonlines") as server:
        program = blocks("docs/endpoints.md", "python")[0].replace("http://127.0.0.1:8080", server.url)
        exec(compile(program, "docs/endpoints.md", "exec"), names)
    assert names["scores"].values.tolist() == [[0.6], [0.9]]
    assert capsys.readouterr().out.startswith("Model: 2 requests, 2 records, ")


def commands():
    """Command lines that are shown, on a line of their own or within a sentence; places for values filled in."""
    shown = [
        (page, found)
        for page, text in PAGES.items()
        for found in re.findall(r"^ {4}(pellucid [^#>\n]+)|`(pellucid [^`#>]+)`", text, re.MULTILINE)
    ]
    return sorted({(page, " ".join(filter(None, found)).strip()) for page, found in shown})


@pytest.mark.parametrize(("page", "line"), commands())
def test_commands_that_are_shown_have_these_options(page, line):
    from typer.main import get_command

    _, name, *arguments = shlex.split(line)
    command = get_command(app).commands[name]
    required = [parameter for parameter in command.params if parameter.required]
    given = arguments or ["PLACE"] * len(required)  # a sentence may speak of a command by its name
    assert command.make_context(name, given).command is command  # which fails on an option that there is not


@pytest.mark.parametrize("page", pages_with("json"))
def test_configurations_that_are_shown_are_accepted(page, tmp_path):
    for block in blocks(page, "json"):
        if FRAGMENT.fullmatch(block) or "json.schemas" in block:
            assert isinstance(json.loads(block if block.startswith("{") else f"{{{block}}}"), dict)
            continue
        (tmp_path / "analysis_config.json").write_text(block)
        assert load_config(tmp_path / "analysis_config.json").warnings == ()


@pytest.mark.parametrize("page", pages_with("toml"))
def test_project_files_that_are_shown_are_read(page, tmp_path):
    for block in blocks(page, "toml"):
        (tmp_path / "pellucid.toml").write_text(block)
        assert load_project_file(tmp_path) != load_project_file()


def test_the_message_that_is_shown_is_the_one_that_is_given(tmp_path):
    config = json.loads(blocks("README.md", "json")[0])
    config["lable"] = config.pop("label")
    config |= {"methods": {"shap": {"num_samples": 0}}, "predictor": {"model": "income.ubj"}}
    (tmp_path / "analysis_config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path / "analysis_config.json")
    assert str(refused.value).splitlines() == blocks("docs/configuration.md", "text")[0].splitlines()
