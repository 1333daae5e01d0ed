"""What all tests share: one table of people in every form that Pellucid reads."""

import os
import shutil
import sys

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import settings

from pellucid.engines.frames import FrameTable

settings.register_profile("no deadline", deadline=None)  # the first example of a test may pay for imports
settings.load_profile("no deadline")

PEOPLE = {
    "sex": ["F", "M", "F", None, "M", "F", "M", "M", "F", "M", "F", "M"],
    "age": [25, 40, 31, 58, 40, 19, 62, 33, 47, 25, 70, 40],
    "income": [1.5, 2.0, None, 0.5, float("nan"), 3.25, 2.0, -1.0, 0.0, 4.5, None, 2.0],
    "member": [True, False, True, True, False, False, None, True, False, True, True, False],
    "children": [0, 2, None, 1, 2, 0, None, 3, 1, 0, 0, 2],
    "hired": [1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1],
    "predicted": [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1],
    "weight": [1.0, 0.5, 2.0, 1.0, 0.1, 0.2, 0.3, 1.0, 1.0, 0.7, 1.0, 3.0],
}
"""Text, a nullable float that holds not-a-number too, nullable truth values and integers, and complete columns."""

TYPES = {
    "sex": pl.String,
    "age": pl.Int64,
    "income": pl.Float64,
    "member": pl.Boolean,
    "children": pl.Int64,
    "hired": pl.Int64,
    "predicted": pl.Int64,
    "weight": pl.Float64,
}

DIALECT = {pl.String: "string", pl.Int64: "bigint", pl.Float64: "double", pl.Boolean: "boolean"}


def pytest_configure(config):
    # Ibis calls what DuckDB is about to rename, PySpark leaves sockets open: no fault of this package.
    config.addinivalue_line("filterwarnings", "ignore:fetch_arrow_table:DeprecationWarning")
    config.addinivalue_line("filterwarnings", "ignore:unclosed <socket:ResourceWarning")


def polars_frame(columns, types):
    return pl.DataFrame(columns, schema=types)


def pandas_frame(columns, types):
    names = {pl.String: object, pl.Int64: "Int64", pl.Float64: float, pl.Boolean: "boolean"}
    return pd.DataFrame({name: pd.Series(values, dtype=names[types[name]]) for name, values in columns.items()})


def duckdb_relation(columns, types):
    return duckdb.connect().from_arrow(polars_frame(columns, types).to_arrow())


def ibis_table(columns, types):
    import ibis

    connection = ibis.duckdb.connect()
    connection.con.register("people", polars_frame(columns, types).to_arrow())
    return connection.table("people")


ENGINES = {
    "pandas": pandas_frame,
    "polars": polars_frame,
    "polars-lazy": lambda columns, types: polars_frame(columns, types).lazy(),
    "pyarrow": lambda columns, types: polars_frame(columns, types).to_arrow(),
    "duckdb": duckdb_relation,
    "ibis": ibis_table,
}


@pytest.fixture(scope="session")
def spark():
    """One Spark session for all tests."""
    pyspark_sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed")
    if shutil.which("java") is None:
        pytest.skip("PySpark needs Java, which is not installed")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # PySpark would take the first python3 on the path
    builder = pyspark_sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", value=False)
    builder = builder.config("spark.sql.shuffle.partitions", 1).config("spark.default.parallelism", 1)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def spark_frame(spark, columns, types):
    schema = ", ".join(f"`{name}` {DIALECT[types[name]]}" for name in columns)
    return spark.createDataFrame(list(zip(*columns.values(), strict=True)), schema)


@pytest.fixture(params=[*ENGINES, pytest.param("spark", marks=pytest.mark.slow)])
def native(request):
    """Turns columns into the native table of one engine: ``native(columns, types)``."""
    if request.param == "spark":
        spark = request.getfixturevalue("spark")
        return lambda columns, types: spark_frame(spark, columns, types)
    return ENGINES[request.param]


@pytest.fixture
def people(native):
    """The twelve people, as a table of every engine in turn."""
    return FrameTable(native(PEOPLE, TYPES))


@pytest.fixture
def people_in_polars():
    """The same people as a Polars frame, which the other engines are measured by."""
    return pl.DataFrame(PEOPLE, schema=TYPES)
