"""The page on a real job that measures bias, explains a boosted model and draws partial dependence."""

import json
from importlib.resources import files

import pytest

from pellucid.api.job import run_job
from pellucid.reports.content import build_document
from pellucid.reports.html import render_html
from pellucid.reports.source import read_source

pytestmark = pytest.mark.slow

FEATURES = ("age", "education-num", "capital-gain", "capital-loss", "hours-per-week")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Written by a job on some of the rows inside the package, whose model was trained on them."""
    duckdb, xgboost = pytest.importorskip("duckdb"), pytest.importorskip("xgboost")
    folder = tmp_path_factory.mktemp("job")
    columns = ", ".join(f'"{name}"' for name in (*FEATURES, "sex", "income"))
    adult = files("pellucid") / "demo" / "adult.parquet"
    rows = duckdb.sql(f"select {columns} from '{adult}' limit 600")
    rows.write_csv(str(folder / "adult.csv"))
    table = rows.fetchnumpy()
    cells = list(zip(*(table[name] for name in FEATURES), strict=True))
    labels = [int(label == ">50K") for label in table["income"]]
    model = xgboost.XGBClassifier(n_estimators=20, max_depth=3, random_state=0).fit(cells, labels)
    model.save_model(folder / "income.ubj")
    config = {
        "dataset_type": "text/csv",
        "dataset_uri": "adult.csv",
        "label": "income",
        "label_values_or_threshold": [">50K"],
        "facet": [{"name_or_index": "sex", "value_or_threshold": ["Female"]}],
        "excluded_columns": ["sex"],
        "predictor": {"model": "income.ubj", "label_headers": ["<=50K", ">50K"]},
        "methods": {
            "pre_training_bias": {"methods": "all"},
            "post_training_bias": {"methods": ["DPPL", "DI", "RD", "AD"]},
            "shap": {"num_clusters": 1, "num_samples": 64, "save_local_shap_values": True},
            "pdp": {"grid_resolution": 10, "top_k_features": 3},
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    run_job(folder / "config.json", output=folder / "out")
    return render_html(build_document(read_source(folder / "out")))


LIVE = "[...document.querySelectorAll('figure.chart .live')]"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_all_charts_are_drawn_without_a_complaint_a_request_or_a_barrier(browser, page, width, dark):
    browser.open(page, width=width, dark=dark)
    browser.draw_all()
    charts = browser.run(f"return {LIVE}.filter(e => !e.hidden && e.querySelector('svg')).length")
    assert charts == browser.run(f"return {LIVE}.length") >= 12
    assert browser.complaints == []
    assert [url for url in browser.requests if not url.startswith(("data:", "file:"))] == []
    browser.run("document.querySelectorAll('details').forEach(e => { e.open = true })")
    assert browser.audit() == []


def test_the_first_screen_answers_who_by_how_much_how_sure_and_what_drives_the_predictions(browser, page):
    browser.open(page)
    first = browser.run("return document.querySelector('#findings').innerText")
    assert "The group compared, sex = Female, is clearly worse off than all others" in first
    assert "points less often than all others" in first
    assert "95\u00a0% interval" in first
    assert "The predictions are driven most by " in first
    assert browser.run("return document.querySelector('.findings').getBoundingClientRect().bottom") < 900


def test_headings_follow_the_order_of_questions(browser, page):
    browser.open(page)
    assert browser.run("return [...document.querySelectorAll('h2')].map(e => e.textContent.trim())") == [
        "What was found",
        "The data",
        "Bias by sex",
        "Performance of the model",
        "Explanations of the model",
        "What was not estimated, and why",
        "Method and limits",
        "Evidence",
        "Appendix: configuration",
        "Notes",
    ]


def test_no_table_scrolls_sideways_on_a_telephone(browser, page):
    browser.open(page, width=390)
    browser.run("document.querySelectorAll('details').forEach(e => { e.open = true })")
    beyond = "e => e.scrollWidth > e.clientWidth + 1"
    captions = "e => e.querySelector('caption').textContent.trim()"
    assert browser.run(f"return [...document.querySelectorAll('.scroll')].filter({beyond}).map({captions})") == []


def test_numbers_of_a_chart_do_not_stand_over_each_other_on_a_telephone(browser, page):
    browser.open(page, width=390)
    browser.draw_all()
    meeting = browser.run(
        """
        const aside = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1;
        const apart = (a, b) => aside(a, b) || a.bottom <= b.top + 3 || b.bottom <= a.top + 3;
        const box = (text) => text.getBoundingClientRect();
        return [...document.querySelectorAll("figure.chart")].flatMap((figure) => {
          const texts = [...figure.querySelectorAll(".live .mark-text text")].filter((text) => text.textContent.trim());
          return texts.flatMap((text, i) => texts.slice(i + 1).filter((other) => !apart(box(text), box(other))))
            .map((text) => text.textContent);
        });
        """
    )
    assert meeting == []
