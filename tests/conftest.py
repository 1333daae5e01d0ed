"""What all tests share: one table of people in every form that Pellucid reads."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from pellucid.engines.frames import FrameTable
from pellucid.models.serving.ports import free_port

sys.path.insert(0, str(Path(__file__).parent))  # for what tests of all folders import

# No time limits: the first example of a test may pay for imports, and a machine may be busy.
settings.register_profile("fixed", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fixed")

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


@pytest.fixture(autouse=True)
def _modules_of_a_test_go_with_it(tmp_path_factory):
    """Modules imported from a test's own folder: another test may write one of the same name."""
    before = set(sys.modules)
    yield
    folder = str(tmp_path_factory.getbasetemp())
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder):
            del sys.modules[name]


@pytest.hookimpl(trylast=True)  # after the options of Hypothesis were read
def pytest_configure(config):
    if settings.get_current_profile_name() == "fixed":
        # Hypothesis mixes in constants of the modules that happen to be loaded, which differ from worker to worker.
        providers._get_local_constants = lambda: providers._local_constants
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


def sqlite_table(columns, types):
    import ibis

    kinds = {pl.String: "TEXT", pl.Int64: "BIGINT", pl.Float64: "DOUBLE", pl.Boolean: "BOOLEAN"}
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE people ({', '.join(f'{name} {kinds[types[name]]}' for name in columns)})")
    places = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO people VALUES ({places})", zip(*columns.values(), strict=True))
    return ibis.sqlite.from_connection(connection).table("people")


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
    # Its driver and its worker are this machine, whatever name that goes by.
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
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


POSTGRES = Path("/usr/lib/postgresql")


class PostgresServer:
    """A PostgreSQL server of its own, on loopback and a socket, with the user ``ada`` and her password."""

    user, password = "ada", "s3cret/word"

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        programs = sorted(POSTGRES.glob("*/bin"))[-1]
        # The server refuses to run as root.
        self.runner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        self.control = [programs / "pg_ctl", "-D", folder / "data"]
        (folder / "password").write_text(self.password)
        if self.runner:
            for path in (folder, folder / "password"):
                shutil.chown(path, "postgres", "postgres")
        self.run(
            programs / "initdb",
            "-D",
            folder / "data",
            "--no-sync",
            "-U",
            self.user,
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            f"--pwfile={folder / 'password'}",
        )
        self.start()

    def run(self, *command):
        subprocess.run([*self.runner, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self):
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder} -c fsync=off"
        self.run(*self.control, "-w", "-t", "300", "-l", self.folder / "log", "-o", options, "start")

    def stop(self):
        self.run(*self.control, "-w", "-m", "immediate", "stop")

    def address(self, rows, *, password=None, user=None):
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{user or self.user}:{secret}@127.0.0.1:{self.port}/postgres?{rows}"

    def connect(self):
        import psycopg

        return psycopg.connect(
            host=str(self.folder), port=self.port, user=self.user, dbname="postgres", autocommit=True
        )


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL server for all tests."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    if not list(POSTGRES.glob("*/bin/initdb")):
        pytest.skip("the PostgreSQL server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="pellucid-postgres-"))
    server = PostgresServer(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def postgres_table(postgres):
    """Turns columns into a table of PostgreSQL: ``postgres_table(columns, types)``."""
    import ibis

    connections = []

    def table(columns, types):
        connection = ibis.postgres.from_connection(postgres.connect())
        connections.append(connection)
        # NULL and not-a-number stay apart, as they do in a table of someone else's.
        kinds = {pl.String: "text", pl.Int64: "bigint", pl.Float64: "double precision", pl.Boolean: "boolean"}
        declared = ", ".join(f'"{name}" {kinds[types[name]]}' for name in columns)
        with connection.con.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS people_of_all_engines")
            cursor.execute(f"CREATE TABLE people_of_all_engines ({declared})")
            places = ", ".join(["%s"] * len(columns))
            rows = list(zip(*columns.values(), strict=True))
            cursor.executemany(f"INSERT INTO people_of_all_engines VALUES ({places})", rows)
        return connection.table("people_of_all_engines")

    yield table
    for connection in connections:
        connection.disconnect()


DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


@pytest.fixture(params=[*ENGINES, *DATABASES, pytest.param("spark", marks=pytest.mark.slow)])
def native_anywhere(request):
    """As ``native``, and in databases too, whose rows have no order."""
    if request.param == "spark":
        spark = request.getfixturevalue("spark")
        return lambda columns, types: spark_frame(spark, columns, types)
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_table")
    return sqlite_table if request.param == "sqlite" else ENGINES[request.param]


@pytest.fixture
def people_anywhere(native_anywhere):
    """The twelve people, as a table of every engine and database in turn."""
    return FrameTable(native_anywhere(PEOPLE, TYPES))


@pytest.fixture(scope="session")
def in_sqlite():
    """Turns columns into a table of SQLite: ``in_sqlite(columns, types)``."""
    return sqlite_table


@pytest.fixture(params=DATABASES)
def people_in_a_database(request):
    """The twelve people, as a table of every database in turn."""
    table = sqlite_table if request.param == "sqlite" else request.getfixturevalue("postgres_table")
    return FrameTable(table(PEOPLE, TYPES))


@pytest.fixture
def people(native):
    """The twelve people, as a table of every engine in turn."""
    return FrameTable(native(PEOPLE, TYPES))


@pytest.fixture
def people_in_polars():
    """The same people as a Polars frame, which the other engines are measured by."""
    return pl.DataFrame(PEOPLE, schema=TYPES)
