"""What a job will cost: formulas that can be followed by hand, and laws."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.jobs.cost import job_cost
from pellucid.jobs.workload import Calls, Machines, Range, Workload

SHAP = Workload(
    rows=1000, columns=10, players=10, coalitions=Range(50, 100), background=Range(20, 20), local_values=True
)
LOCAL = Machines(records_per_second=1000)


def step(cost, name):
    return next(step for step in cost.steps if step.name == name)


def test_shap_asks_rows_times_coalitions_times_background():
    inputs = step(job_cost(SHAP, LOCAL), "SHAP").inputs
    base = 16 * 20  # once for each unit of 64 rows
    assert inputs.high == 1000 * 100 * 20 + 1000 + base
    assert inputs.low == pytest.approx(0.2 * (1000 * 50 * 20 + 1000) + base)  # a fifth differ from one another at least


def test_the_model_sets_the_time_where_it_is_slow():
    found = step(job_cost(SHAP, LOCAL), "SHAP")
    assert found.seconds.high == pytest.approx(found.inputs.high / 1000, rel=0.01)
    assert found.limit == "the model"


def test_our_own_work_sets_the_time_where_the_model_is_quick():
    assert step(job_cost(SHAP, Machines(records_per_second=1e9)), "SHAP").limit == "masking rows and solving"


def test_without_the_speed_of_the_model_there_is_no_time_but_all_else():
    found = job_cost(SHAP, Machines())
    assert found.total.seconds is None
    assert found.total.inputs == job_cost(SHAP, LOCAL).total.inputs
    assert found.total.files.high > 0


@pytest.mark.parametrize(
    ("workload", "name", "units"),
    [
        (SHAP, "SHAP", 16),  # of 64 rows, as a row alone asks for 2,000
        (
            replace(SHAP, coalitions=Range(4, 4), background=Range(32, 32)),
            "SHAP",
            8,
        ),  # of 128, so that many can share them
        (
            replace(SHAP, rows=20_000, block_rows=512, coalitions=Range(4, 4), background=Range(32, 32)),
            "SHAP",
            40,
        ),  # of 512 rows, 129 each
        (replace(SHAP, coalitions=Range(32, 32), trained=300), "SHAP", 1),  # of 2,048 rows, 32 each
        (replace(SHAP, by_formula=Range(1e-3, 1e-3), rows=6_000), "SHAP", 3),  # of 2,048 rows
        (Workload(rows=40_000, columns=14, points=Range(9, 9)), "partial dependence", 3),  # of 16,384 rows
    ],
)
def test_more_workers_than_units_do_not_help(workload, name, units):
    as_many, more = (step(job_cost(workload, replace(LOCAL, workers=w)), name) for w in (units, 200))
    assert more.seconds == as_many.seconds
    assert more.limit == f"{units} unit{'s' if units > 1 else ''} of work for 200 workers"
    assert "units" not in as_many.limit


def test_an_endpoint_is_said_to_be_the_limit_however_many_workers_there_are():
    assert step(job_cost(SHAP, replace(LOCAL, remote=True, workers=200)), "SHAP").limit == "the endpoint"


def test_an_endpoint_is_as_fast_for_many_workers_as_for_one():
    remote = replace(LOCAL, remote=True)
    one, many = (step(job_cost(SHAP, replace(remote, workers=w)), "SHAP") for w in (1, 50))
    assert one.seconds == many.seconds
    # Half a second of an eighth of 1,000 records; and the rows and a rest of each unit.
    assert one.requests == Range(one.inputs.low / 16_384, one.inputs.high / 62.5 + 2 * 16)
    assert one.limit == "the endpoint"


def test_requests_to_an_endpoint_of_unknown_speed_hold_a_hundred_to_16384_records():
    workload = replace(SHAP, coalitions=Range(200, 200), background=Range(1, 1))
    found = step(job_cost(workload, Machines(remote=True)), "SHAP")
    units = 4  # of five blocks, 64 x 201 records each
    assert found.inputs.high == 1000 * 201 + units
    assert found.requests == Range(found.inputs.low / 16_384, found.inputs.high / 100 + 2 * units)


def test_files_grow_with_values_and_have_parquet_from_a_hundred_thousand_rows():
    small = job_cost(replace(SHAP, rows=99_999), LOCAL).total.files
    large = job_cost(replace(SHAP, rows=100_000), LOCAL).total.files
    assert small.high == pytest.approx(99_999 * 10 * 23)
    assert large.high == pytest.approx(100_000 * 10 * 32)
    assert job_cost(replace(SHAP, local_values=False), LOCAL).total.files.high == 0


def test_memory_of_counting_is_bounded_by_the_limit():
    counting = Workload(rows=1e9, columns=20, bias=True)
    limited = job_cost(counting, Machines(memory=2**29)).total.memory
    assert limited.high == pytest.approx(260 * 2**20 + 2**29)


def test_a_flip_test_of_unknown_time_does_not_hide_that_of_the_rest():
    cost = job_cost(Workload(rows=1e6, columns=6, bias=True, flip_test=True), Machines())
    assert step(cost, "flip test").seconds is None
    assert cost.total.seconds is not None


@pytest.mark.parametrize(("machines", "share"), [(Machines(processors=4), 4), (Machines(workers=10, processors=4), 10)])
def test_the_flip_test_is_divided_among_processors_or_workers_and_part_of_the_total(machines, share):
    workload = Workload(rows=1e6, columns=6, bias=True, flip_test=True)
    known = job_cost(replace(workload, comparing=Range(40, 80)), machines)
    assert step(known, "flip test").seconds == Range(40 / share, 80 / share)
    rest = job_cost(workload, machines).total.seconds
    assert known.total.seconds.high == pytest.approx(rest.high + 80 / share)


def test_a_formula_asks_for_the_rows_themselves_and_the_background_of_every_unit():
    found = step(job_cost(replace(SHAP, rows=5000, by_formula=Range(1e-4, 2e-4)), LOCAL), "SHAP")
    assert found.inputs == Range(5000 + 3 * 20, 5000 + 3 * 20)  # units of 2,048 rows
    assert found.seconds.high == pytest.approx(5060 / 1000 + 5000 * 2e-4)


def test_a_coalition_beside_a_surrogate_is_one_input_whatever_the_background():
    found = step(job_cost(replace(SHAP, trained=20_000, audited=10), LOCAL), "SHAP")
    full = 20 * (2**10 - 2)  # all coalitions of ten players are fewer than 2 M + 2048
    background = 20 * 2  # once for each unit of 640 rows
    assert found.inputs.high == 1000 * 100 + 1000 + 20_000 + 10 * (100 + full) + background


def test_images_and_forecasts_are_a_number_of_inputs():
    cost = job_cost(Workload(rows=10, columns=0, calls=Calls("explaining images", Range(100, 200))), LOCAL)
    assert [step.name for step in cost.steps] == ["explaining images"]
    assert cost.total.inputs == Range(100, 200)
    assert cost.steps[0].seconds == Range(0.1, 0.2)


@given(
    st.floats(1, 1e9),
    st.integers(1, 300),
    st.floats(1, 5000),
    st.integers(1, 1000),
    st.floats(1, 1e6),
    st.sampled_from([1, 3, 40]),
)
def test_costs_are_ranges_and_grow_with_rows(rows, players, coalitions, background, rate, workers):
    workload = Workload(
        rows=rows,
        columns=players,
        players=players,
        coalitions=Range(coalitions / 2, coalitions),
        background=Range(background, background),
    )
    machines = Machines(records_per_second=rate, workers=workers)
    once, twice = (job_cost(replace(workload, rows=factor * rows), machines).total for factor in (1, 2))
    for name in ("inputs", "seconds", "memory", "files"):
        found, more = getattr(once, name), getattr(twice, name)
        assert found.low <= found.high
        assert more.high >= found.high * (1 - 1e-9) or (name == "seconds" and workers > 1)
