"""Tables in databases: DuckDB and SQLite files, and a PostgreSQL server of our own."""

import functools
import json
import re
import socket
import sqlite3
import sys
from contextlib import closing
from urllib.parse import quote

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid import bias, explain
from pellucid.api.job import run_job
from pellucid.api.rows_at_hand import copied
from pellucid.cli.main import main
from pellucid.datasets import DatasetSource, read_database, read_dataset
from pellucid.datasets.database_address import database_address, shown_address
from pellucid.engines.frames import FrameTable
from pellucid.errors import ConfigError, DataError, InputError, MissingExtra, shorten

PEOPLE = [("F", 25, 1.5, 0, 1), ("M", 40, 2.0, 2, 1), ("F", 31, None, None, 0), (None, 58, 0.5, 1, 0)] * 10
"""Sex, age, income, children, hired."""
COLUMNS = "sex TEXT, age INTEGER, income DOUBLE PRECISION, children INTEGER, hired INTEGER"
NAMES = ["sex", "age", "income", "children", "hired"]
TYPES = {"sex": "text", "age": "integer", "income": "float", "children": "float", "hired": "integer"}
SELECT = "SELECT%20*%20FROM%20people"


@pytest.fixture
def sqlite_file(tmp_path):
    file = tmp_path / "bank.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"CREATE TABLE people ({COLUMNS})")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", PEOPLE)
        connection.commit()
    return file


@pytest.fixture
def duckdb_file(tmp_path):
    file = tmp_path / "bank.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE people ({COLUMNS})")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", PEOPLE)
        connection.execute("CREATE VIEW women AS SELECT * FROM people WHERE sex = 'F'")
    return file


@pytest.fixture
def people_in_postgres(postgres):
    with postgres.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS people; DROP SCHEMA IF EXISTS risk CASCADE; CREATE SCHEMA risk")
        connection.execute(f"CREATE TABLE people ({COLUMNS})")
        connection.execute("CREATE TABLE risk.loans (sex varchar(1), amount numeric(10, 2), paid boolean)")
        connection.execute("INSERT INTO risk.loans VALUES ('F', 12.50, true), ('M', NULL, false)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO people VALUES (%s, %s, %s, %s, %s)", PEOPLE)
    return postgres


@pytest.fixture(params=["sqlite", "duckdb", pytest.param("postgresql", marks=pytest.mark.slow)])
def address(request):
    """Gives the address of ``rows`` in each kind of database: ``address("table=people")``."""
    if request.param == "postgresql":
        return request.getfixturevalue("people_in_postgres").address
    file = request.getfixturevalue(f"{request.param}_file")
    return lambda rows: f"{request.param}:///{file}?{rows}"


def table(uri):
    rows = read_database(uri)
    return FrameTable(rows.relation, order=rows.order)


# --- rows -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rows", ["table=people", f"query={SELECT}"])
def test_columns_have_the_types_that_files_would_have(address, rows):
    assert dict(table(address(rows)).columns) == TYPES


@pytest.mark.parametrize("rows", ["table=people", f"query={SELECT}"])
def test_a_report_of_a_database_is_that_of_the_rows_in_memory(address, rows):
    asked = {"label": "hired", "positive": [1], "facets": {"sex": None, "age": [30]}, "minimum_group_rows": 2}
    in_memory = duckdb.connect()
    in_memory.execute(f"CREATE TABLE people ({COLUMNS})")
    in_memory.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", PEOPLE)
    floats = in_memory.table("people").project("* REPLACE (CAST(children AS DOUBLE) AS children)")
    found, expected = bias(address(rows), **asked), bias(floats, **asked)
    assert found.to_dict() == expected.to_dict()
    assert found.details() == expected.details()


def test_a_copy_is_sorted_and_has_every_row(address):
    dataset = read_dataset(DatasetSource(uri=address(f"query={SELECT}"), dataset_type="application/x-parquet"))
    assert dataset.order == "arbitrary"
    copy = copied(dataset)
    assert (copy.rows, copy.order) == (40, "values")
    rows = copy.frame.fetchall()
    assert rows == [row for row in ((None, 58, 0.5, 1, 0), *PEOPLE[:1], *PEOPLE[2:3], *PEOPLE[1:2]) for _ in range(10)]


def test_only_a_table_of_duckdb_keeps_the_order_of_its_rows(duckdb_file):
    assert read_database(f"duckdb:///{duckdb_file}?table=people").order == "rows"
    assert read_database(f"duckdb:///{duckdb_file}?table=women").order == "arbitrary"


def test_a_relative_path_is_meant_from_here(sqlite_file, monkeypatch):
    monkeypatch.chdir(sqlite_file.parent)
    assert database_address("sqlite:///bank.sqlite?table=people", "--data").path.name == "bank.sqlite"


def test_nothing_can_be_written(address):
    relation = read_database(address("table=people")).relation
    if hasattr(relation, "get_backend"):
        delete, rows = relation.get_backend().con.execute, "people"
    else:
        attached = "SELECT database_name FROM duckdb_databases() WHERE database_name LIKE 'pellucid_%'"
        ((catalog,),) = relation.query("r", attached).fetchall()
        delete, rows = functools.partial(relation.query, "r"), f"{catalog}.main.people"
    with pytest.raises(Exception, match=r"read-?only"):
        delete(f"DELETE FROM {rows}")


# --- jobs -------------------------------------------------------------------------------------------------------------
def config(folder, **keys):
    methods = {"pre_training_bias": {"methods": "all"}}
    written = {"dataset_type": "text/csv", "label": "hired", "label_values_or_threshold": [1], "methods": methods}
    file = folder / "analysis_config.json"
    facet = [{"name_or_index": "sex", "value_or_threshold": ["F"]}]
    file.write_text(json.dumps({**written, "facet": facet, **keys}))
    return file


def test_a_job_counts_in_the_database_and_gives_the_numbers_of_a_file(address, tmp_path):
    csv = tmp_path / "people.csv"
    cells = (",".join("" if cell is None else str(cell) for cell in row) for row in PEOPLE)
    csv.write_text("\n".join([",".join(NAMES), *cells]))
    from_file = run_job(config(tmp_path), data=str(csv), output=tmp_path / "a")
    from_database = run_job(config(tmp_path), data=address("table=people"), output=tmp_path / "b")
    assert (tmp_path / "b" / "analysis.json").read_bytes() == (tmp_path / "a" / "analysis.json").read_bytes()
    assert not any("copied" in note for note in from_database.notes)
    assert from_database.document == from_file.document


@pytest.mark.slow
def test_the_flip_test_copies_the_rows_once_and_says_so(address, tmp_path):
    methods = {"post_training_bias": {"methods": ["FT"]}}
    categorical = {"hired": "categorical", "predicted": "categorical"}
    file = config(tmp_path, predicted_label="predicted", methods=methods, column_types=categorical)
    query = "SELECT sex, age, hired, 1 - hired AS predicted FROM people"
    result = run_job(file, data=address(f"query={quote(query)}"), output=tmp_path / "out")
    assert "40 rows were copied from the database, as counts are not enough for this job." in result.notes


DISTINCT = [("FM"[i % 2], 20 + i % 37, i / 7, i % 3 if i % 11 else None, int(i % 5 > 2)) for i in range(60)]


def filled(server, rows, partitions):
    """A table of so many partitions, filled in the order of ``rows``."""
    with server.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS divided")
        connection.execute(f"CREATE TABLE divided ({COLUMNS}) PARTITION BY HASH (age)")
        for part in range(partitions):
            of = f"WITH (MODULUS {partitions}, REMAINDER {part})"
            connection.execute(f"CREATE TABLE divided_{part} PARTITION OF divided FOR VALUES {of}")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO divided VALUES (%s, %s, %s, %s, %s)", rows)
    return server.address("table=divided")


def found_in(uri):
    """The report, and attributions of the rows copied."""
    report = bias(uri, label="hired", positive=[1], facets={"sex": "F", "age": [30]})
    rows = copied(read_dataset(DatasetSource(uri=uri, dataset_type="application/x-parquet"))).frame
    features = rows.project("age, income").pl()
    shap = explain(lambda x: np.tanh(x[:, 0] * x[:, 1] / 99), features, baseline=features[:5], exact=False, seed=1)
    return report.to_dict(), report.details(), rows.fetchall(), shap.values.tolist()


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(st.permutations(DISTINCT), st.integers(1, 5))
def test_no_number_depends_on_the_partitions_of_a_table_or_the_order_of_its_rows(postgres, rows, partitions):
    assert found_in(filled(postgres, rows, partitions)) == found_in(filled(postgres, DISTINCT, 1))


@pytest.mark.slow
def test_no_file_of_a_job_and_no_message_holds_the_password(people_in_postgres, tmp_path, capsys):
    uri = people_in_postgres.address("table=people")
    run_job(config(tmp_path, dataset_uri=uri), output=tmp_path / "out", report=True)
    with pytest.raises(InputError) as error:
        run_job(config(tmp_path, dataset_uri=uri.replace("people", "peopel")), output=tmp_path / "out", report=True)
    written = [file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert len(written) >= 5
    for secret in (people_in_postgres.password, "s3cret%2Fword"):
        assert secret not in str(error.value)
        assert not any(secret.encode() in content for content in written)


# --- faults -----------------------------------------------------------------------------------------------------------
def test_a_table_that_is_not_there_is_told_with_the_nearest_one(address):
    with pytest.raises(DataError) as error:
        read_database(address("table=poeple"))
    assert str(error.value).endswith("There is no table 'poeple' in it; did you mean 'people'?")
    assert "s3cret" not in str(error.value)


def test_an_address_says_one_table_or_one_query(sqlite_file):
    for rows in ("", "?table=", "?table=people&query=SELECT%201"):
        with pytest.raises(ConfigError) as error:
            read_database(f"sqlite:///{sqlite_file}{rows}")
        assert str(error.value) == (
            f"path: got {shorten(shown_address(f'sqlite:///{sqlite_file}{rows}'))}. "
            "Say which rows: end the address with ?table=NAME, ?table=SCHEMA.NAME or ?query=SELECT ..."
        )


def test_a_word_that_means_nothing_is_refused(sqlite_file):
    with pytest.raises(ConfigError) as error:
        read_database(f"sqlite:///{sqlite_file}?table=people&quary=1")
    assert str(error.value).endswith("The address says 'quary', which means nothing here; did you mean 'query'?")


def test_a_file_that_is_not_there_is_told_with_the_nearest_one(sqlite_file):
    with pytest.raises(DataError) as error:
        read_database(f"sqlite:///{sqlite_file.parent}/bnk.sqlite?table=people")
    assert str(error.value).endswith("There is no such database file; did you mean 'bank.sqlite'?")
    assert not (sqlite_file.parent / "bnk.sqlite").exists()


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database_is_refused(tmp_path, kind):
    (tmp_path / "notes.db").write_text("no database at all " * 100)
    with pytest.raises(DataError) as error:
        read_database(f"{kind}:///{tmp_path}/notes.db?table=people")
    assert f"path: got '{kind}:///{tmp_path}/notes.db?table=people'. It cannot be opened: " in str(error.value)


def test_a_query_that_is_none_is_shown_with_what_the_database_says(address):
    with pytest.raises(DataError) as error:
        read_database(address("query=SELEKT%20sex%20FROM%20people"))
    message = str(error.value)
    assert message.startswith("path: got 'SELEKT sex FROM people'. The database does not take this query: ")
    assert "syntax error" in message.lower()


def test_text_in_a_column_of_numbers_is_refused_not_counted(sqlite_file):
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("UPDATE people SET age = 'old' WHERE age = 58")
        connection.commit()
    with pytest.raises(DataError) as error:
        read_database(f"sqlite:///{sqlite_file}?table=people")
    assert str(error.value) == (
        f"path: got 'sqlite:///{sqlite_file}?table=people'. Column 'age' is of type integer and holds something "
        "else in 10 rows. Mend it, or convert it with CAST in ?query=SELECT ..."
    )


def test_rows_without_an_order_are_not_joined_by_position(sqlite_file, tmp_path):
    (tmp_path / "predicted.csv").write_text("predicted_label\n" + "1\n" * 40)
    main = DatasetSource(uri=f"sqlite:///{sqlite_file}?table=people", dataset_type="text/csv", label="hired")
    predictions = DatasetSource(uri=str(tmp_path / "predicted.csv"), dataset_type="text/csv")
    with pytest.raises(ConfigError) as error:
        read_dataset(main, predictions=predictions)
    assert str(error.value) == (
        f"dataset_uri: got 'sqlite:///{sqlite_file}?table=people'. A database joins best itself: name the columns of "
        "all its tables with ?query=SELECT ... JOIN ..."
    )


def test_json_has_no_columns_to_look_for_in_a_database(sqlite_file):
    source = DatasetSource(uri=f"sqlite:///{sqlite_file}?table=people", dataset_type="application/jsonlines")
    with pytest.raises(ConfigError) as error:
        read_dataset(source)
    assert str(error.value) == (
        "dataset_type: got 'application/jsonlines'. A database has columns, as 'application/x-parquet' and 'text/csv' "
        "have. Use one of the two."
    )


# --- PostgreSQL -------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_table_in_a_schema_has_decimals_as_floats(people_in_postgres):
    assert dict(table(people_in_postgres.address("table=risk.loans")).columns) == {
        "sex": "text",
        "amount": "float",
        "paid": "boolean",
    }


@pytest.mark.slow
def test_a_wrong_password_is_told_without_showing_any(people_in_postgres):
    with pytest.raises(DataError) as error:
        read_database(people_in_postgres.address("table=people", password="guessed"))
    message = str(error.value)
    assert 'password authentication failed for user "ada"' in message
    assert message.endswith("Set PGPASSWORD or ~/.pgpass, or name another user in the address.")
    assert "guessed" not in message


@pytest.mark.slow
def test_a_server_that_is_down_is_told_soon(people_in_postgres):
    with socket.socket() as silent:  # nothing listens, and nobody else can
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(DataError) as error:
            read_database(f"postgres://ada@127.0.0.1:{port}/bank?table=people")
    message = str(error.value)
    assert message.startswith(
        f"path: got 'postgres://ada@127.0.0.1:{port}/bank?table=people'. The server cannot be asked: "
    )
    assert message.endswith("Check host, port and name of the database, and that it runs.")


def test_the_extra_that_is_missing_is_named(sqlite_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(MissingExtra) as error:
        read_database(f"sqlite:///{sqlite_file}?table=people")
    assert str(error.value) == "ibis is not installed. Run: pip install 'pellucid[sql]'"


def test_the_command_line_takes_a_database_and_ends_with_2_where_it_is_wrong(
    sqlite_file, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "pellucid",
            "run",
            str(config(tmp_path)),
            "--no-report",
            "--output",
            str(tmp_path / "out"),
            "--data",
            f"sqlite:///{sqlite_file}?table=peopl",
        ],
    )
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "did you mean 'people'?" in re.sub(r"\s+", " ", capsys.readouterr().err)
