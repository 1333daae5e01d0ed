"""Types of columns by their first cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.datasets.csv_types import type_by_sample


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "23"], "BIGINT"),
        (["007", "1"], "BIGINT"),
        (["9" * 18], "BIGINT"),
        (["9223372036854775807"], "BIGINT"),
        (["9223372036854775808"], "VARCHAR"),
        (["0" * 30], "BIGINT"),
        ([" 1", "+2"], "BIGINT"),
        (["1", ""], "DOUBLE"),
        (["٣"], "VARCHAR"),
        (["1", "1.5"], "DOUBLE"),
        (["1", "x"], "VARCHAR"),
    ],
)
def test_a_column_has_the_type_that_all_its_cells_read_as(cells, expected):
    assert type_by_sample(cells) == expected


@given(st.lists(st.integers(-(2**70), 2**70).map(str), min_size=1))
def test_whole_numbers_are_integers_exactly_if_all_have_64_bits(cells):
    fit = all(-(2**63) <= int(cell) < 2**63 for cell in cells)
    assert type_by_sample(cells) == ("BIGINT" if fit else "VARCHAR")
