"""Rows of several files come in the order of the files, whatever they are compared with, on any number of threads."""

import duckdb
import numpy as np
import polars as pl
import pytest

from pellucid.api.preflight import table_over
from pellucid.bias.analysis import analyse
from pellucid.config.bias_request import BiasRequest, FacetRequest
from pellucid.datasets import DatasetSource, read_dataset
from pellucid.engines.frames import FrameTable
from pellucid.protocols.table import AnyOf

ROWS = 6_000
TURNS = 20
"""Threads seldom meet in the same order twice: one wrong turn of these is enough."""


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(8)
    return pl.DataFrame(
        {
            "town": rng.integers(0, 40, ROWS).astype(str),
            "place": np.arange(ROWS),
            "grade": rng.integers(0, 9, ROWS).astype(str),
            "predicted": rng.integers(0, 9, ROWS).astype(str),
        }
    )


@pytest.fixture(scope="module", params=["files", "relation", "ibis"])
def table(request, people, tmp_path_factory):
    """Opens the same people in four files, by each way that leads to DuckDB."""
    folder = tmp_path_factory.mktemp("people")
    for start in range(0, ROWS, ROWS // 4):
        people[start : start + ROWS // 4].write_parquet(folder / f"part-{start:05}.parquet")
    if request.param == "files":
        source = DatasetSource(uri=str(folder), dataset_type="application/x-parquet")
        return lambda: table_over(read_dataset(source))
    files = str(folder / "*.parquet")
    if request.param == "relation":
        return lambda: FrameTable(duckdb.connect().read_parquet(files))
    ibis = pytest.importorskip("ibis", reason="Ibis is not installed")
    return lambda: FrameTable(ibis.duckdb.connect().read_parquet(files))


@pytest.mark.parametrize("values", [1, 4, 5, 30])
def test_rows_with_one_of_several_values_keep_their_places(table, people, values):
    towns = tuple(map(str, range(values)))
    expected = people["town"].is_in(list(towns)).to_numpy()
    for _ in range(TURNS):
        found = table()
        assert np.array_equal(found.mask(AnyOf("town", towns)), expected)
        chosen = found.where([AnyOf("town", towns)])
        assert np.array_equal(chosen.numbers(["place"])[:, 0], np.flatnonzero(expected))


def test_values_are_seen_in_the_order_of_the_rows(table, people):
    towns = people["town"].unique(maintain_order=True).to_list()
    for _ in range(TURNS):
        assert table().first_seen("town", sorted(towns)) == towns


def test_the_flip_test_of_several_favourable_outcomes_is_that_of_rows_in_memory(table, people):
    request = BiasRequest(
        label="grade",
        positive=("3", "4", "5", "6", "7", "8"),
        facets=(FacetRequest(column="town", values=tuple(map(str, range(6)))),),
        predicted_label="predicted",
        features=("place",),
        post_training=("FT",),
    )
    expected = analyse(request, FrameTable(people))
    for _ in range(3):
        assert analyse(request, table()) == expected
