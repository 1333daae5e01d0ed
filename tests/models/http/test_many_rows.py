"""Requests of many rows are printed a column at a time; their bytes are those of the rows printed one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.models.http.templates import MANY_ROWS, RequestFormat
from pellucid.protocols.model import Batch

FORMATS = {
    "csv": (RequestFormat(), b"\n", b"", b""),
    "json lines": (
        RequestFormat(content_type="application/jsonlines", content_template='{"f%s":$features,"n":$feature_names}'),
        b"\n",
        b"",
        b"",
    ),
    "json": (
        RequestFormat(
            content_type="application/json", content_template='{"r": $records}', record_template="$features_kvp"
        ),
        b", ",
        b'{"r": [',
        b"]}",
    ),
    "named placeholders": (
        RequestFormat(
            content_type="application/json", content_template="$records", record_template='["${0}", {"a": "${0}"}]'
        ),
        b", ",
        b"[",
        b"]",
    ),
}

decimals = st.builds(lambda digits, places: digits / 10**places, st.integers(-(10**17), 10**17), st.integers(0, 12))
columns = st.one_of(
    *(
        st.lists(values, min_size=1, max_size=12).map(lambda cells, kind=kind: np.array(cells, dtype=kind))
        for values, kind in (
            (st.integers(-(2**63), 2**63 - 1), np.int64),
            (st.integers(0, 2**64 - 1), np.uint64),
            (st.integers(-128, 127), np.int8),
            (st.booleans(), np.bool_),
            (st.floats(allow_infinity=False), np.float64),
            (decimals | st.just(float("nan")), np.float64),
            (st.sampled_from([0.0, -0.0, 1.0, 0.5, 1e-4, 9e-5, 1e15, 1e16, 5e-324]), np.float64),
            (st.floats(width=32, allow_infinity=False), np.float32),
            (st.none() | st.text(st.characters(exclude_categories=("Cs",))), object),
            (st.none() | st.integers(), object),
            (st.none() | st.booleans(), object),
            (st.sampled_from([None, True, 1, 1.0, 0.0, -0.0, "1"]), object),
        )
    )
)


@pytest.mark.parametrize("form", list(FORMATS))
@settings(deadline=None)
@given(repeated=st.lists(columns, min_size=1, max_size=3))
def test_many_rows_are_printed_as_few_are(form, repeated):
    request, between, before, after = FORMATS[form]
    rows = Batch({str(place): np.resize(values, MANY_ROWS + 5) for place, values in enumerate(repeated)})
    few = [request.encode(rows[start : start + 100]) for start in range(0, len(rows), 100)]
    together = between.join(part.removeprefix(before).removesuffix(after) for part in few)
    assert request.encode(rows) == before + together + after


@pytest.mark.parametrize(
    ("cells", "printed"),
    [
        ([7, -12], "7 -12"),
        ([-(2**63), 2**63 - 1], "-9223372036854775808 9223372036854775807"),
        ([0.5, -0.0, 12.25, 100.0, 1e16, 1e-5], "0.5 -0.0 12.25 100.0 1e+16 1e-05"),
        ([True, False], "True False"),
    ],
)
def test_cells_of_many_rows_on_paper(cells, printed):
    rows = Batch({"a": np.resize(np.array(cells), len(cells) * MANY_ROWS), "b": np.zeros(len(cells) * MANY_ROWS, int)})
    assert RequestFormat().encode(rows).decode().split("\n") == [f"{cell},0" for cell in printed.split()] * MANY_ROWS


def test_a_missing_value_that_stands_alone_does_not_leave_an_empty_line_among_many():
    rows = Batch({"a": np.resize(np.array(["a", None], dtype=object), MANY_ROWS)})
    assert RequestFormat().encode(rows) == b"\n".join([b'"a"', b'""'] * (MANY_ROWS // 2))
