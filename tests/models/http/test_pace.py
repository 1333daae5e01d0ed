"""Batch size, concurrency and the circuit breaker, on made-up clocks."""

import pytest

from pellucid.models.http.breaker import CircuitBreaker
from pellucid.models.http.pace import FAIR_SHARE, FIRST_BATCH, LARGEST_BATCH, MODERATE_BATCH, WANTED_SECONDS, Pace
from pellucid.models.http.settings import RequestSettings


def run(pace, seconds_for, rounds):
    """Answer rounds of requests, ``seconds_for(records, concurrency)`` each."""
    now = 0.0
    for _ in range(rounds):
        seconds = seconds_for(pace.batch_records, pace.concurrency)
        now += seconds / pace.concurrency
        pace.answered(pace.batch_records, seconds, now)
    return pace


def test_batches_of_a_server_where_a_request_costs_more_than_its_records_grow_to_the_largest():
    def seconds(records, flying):
        return 0.01 + 1e-7 * records

    assert run(Pace(RequestSettings()), seconds, 40).batch_records == LARGEST_BATCH


def test_batches_stay_large_where_a_record_costs_the_same_in_any_batch():
    assert run(Pace(RequestSettings()), lambda records, flying: 1e-5 * records, 200).batch_records == LARGEST_BATCH


def test_a_moderate_batch_is_not_tried_in_a_job_of_moderate_length():
    tried = []

    def seconds(records, flying):
        tried.append(records)
        return 1e-5 * records * (1.0 if records <= MODERATE_BATCH else 2.0) * flying

    pace = run(Pace(RequestSettings()), seconds, 32)
    assert MODERATE_BATCH not in tried
    run(pace, seconds, 32)
    assert MODERATE_BATCH in tried


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_two_hundred_thousand_records_in_parts_are_at_most_fifty_requests(workers):
    """Of a thousand rows that are explained a part at a time, on a server that works on so many requests at once."""
    pace, requests, now = Pace(RequestSettings()), 0, 0.0
    for _ in range(16):
        left = 13_300
        while left:
            records = pace.next_records(left)
            now += 5e-6 * records / min(workers, pace.concurrency)
            pace.answered(records, 5e-6 * records * max(1.0, pace.concurrency / workers), now)
            left, requests = left - records, requests + 1
    assert requests <= 50


def test_the_first_request_goes_alone():
    pace = Pace(RequestSettings())
    assert (pace.concurrency, pace.next_records(16_281)) == (1, FIRST_BATCH)
    assert run(pace, lambda records, flying: 0.005, 1).concurrency == 2


def test_the_first_answer_leads_to_the_largest_batch_where_it_comes_soon():
    pace = run(Pace(RequestSettings()), lambda records, flying: 0.001 + 4e-6 * records, 1)
    assert pace.batch_records == LARGEST_BATCH


def test_the_first_step_is_no_longer_than_half_a_second_can_hold_if_all_time_was_that_of_the_records():
    assert run(Pace(RequestSettings()), lambda records, flying: 0.001 * records, 1).batch_records == 500
    assert run(Pace(RequestSettings()), lambda records, flying: 0.016, 1).batch_records == 2_000


def test_steps_go_on_while_most_of_the_time_is_that_of_the_request():
    pace = run(Pace(RequestSettings()), lambda records, flying: 0.016, 2)
    assert pace.batch_records == LARGEST_BATCH


@pytest.mark.parametrize(
    ("own", "each", "smallest", "longest"),
    [
        (0.1, 1e-5, LARGEST_BATCH, 0.3),
        (0.2, 1e-5, LARGEST_BATCH, 0.4),
        (0.5, 0.0, LARGEST_BATCH, 0.5),  # a gateway that takes its time
        (0.5, 1e-5, LARGEST_BATCH, 0.7),
        (0.5, 0.01, 150, 2.6),  # a request by itself, and a hundred records a second
        (2.0, 0.01, 250, 6.0),
        (0.0, 0.01, 25, 0.65),  # a hundred records a second
    ],
)
@pytest.mark.parametrize("is_serial", [True, False])
def test_a_slow_endpoint_gets_batches_that_make_what_a_request_costs_by_itself_a_small_part(
    own, each, smallest, longest, is_serial
):
    """On a server that works on requests one after the other, two that are in flight wait for each other."""

    def seconds(records, flying):
        return (own + each * records) * (flying if is_serial else 1)

    pace = run(Pace(RequestSettings(max_concurrency=2)), seconds, 30)
    assert pace.batch_records >= smallest
    assert seconds(pace.batch_records, 1) <= longest


def test_a_slow_first_answer_of_a_server_that_was_just_starting_keeps_no_batch_small():
    answers = iter(range(200))

    def seconds(records, flying):
        return (3.0 if next(answers) == 0 else 0.002) + 5e-6 * records

    assert run(Pace(RequestSettings()), seconds, 20).batch_records == LARGEST_BATCH


@pytest.mark.parametrize("first", [0.016, 0.2, 0.9])
def test_no_request_takes_more_than_half_a_second_while_the_batch_is_looked_for(first):
    times = []

    def seconds(records, flying):
        times.append(first * records / FIRST_BATCH)
        return times[-1]

    run(Pace(RequestSettings()), seconds, 40)
    assert max(times[1:]) <= WANTED_SECONDS


def cut(pace, left):
    """Sizes of the requests for the rest of a part."""
    sizes = [0]
    while left:
        sizes.append(pace.next_records(left, sizes[-1]))
        left -= sizes[-1]
    return sizes[1:]


def test_the_rest_of_a_part_is_cut_into_equal_requests():
    pace = run(Pace(RequestSettings()), lambda records, flying: 0.016, 1)
    assert pace.batch_records == 2_000
    assert cut(pace, 7_001) == [1_751, 1_751, 1_751, 1_748]


def test_the_rest_of_a_part_is_divided_among_the_requests_that_may_be_in_flight():
    pace = run(Pace(RequestSettings()), lambda records, flying: 0.001, 1)
    assert cut(pace, 2 * FAIR_SHARE) == [FAIR_SHARE, FAIR_SHARE]
    assert cut(pace, 2 * FAIR_SHARE - 1) == [2 * FAIR_SHARE - 1]


@pytest.mark.parametrize(("flying", "requests"), [(1, 4), (2, 4), (3, 6), (4, 4), (8, 8)])
def test_a_part_is_cut_once_into_full_rounds_of_what_may_be_in_flight(flying, requests):
    pace = run(Pace(RequestSettings()), lambda records, concurrency: 0.001, 1)
    pace.concurrency = flying
    sizes = cut(pace, 4 * LARGEST_BATCH)
    assert len(sizes) == requests
    assert len(set(sizes[:-1])) == 1
    assert sizes[0] - sizes[-1] < requests


def test_requests_of_a_given_size_hold_no_fewer_than_that():
    assert cut(Pace(RequestSettings(batch_records=50)), 120) == [50, 50, 20]


@pytest.mark.parametrize(("dearer", "best"), [(1.05, LARGEST_BATCH), (1.3, MODERATE_BATCH)])
def test_a_large_batch_is_left_where_a_moderate_one_brings_a_tenth_more(dearer, best):
    def seconds(records, flying):
        return 10e-6 * records * (1.0 if records <= MODERATE_BATCH else dearer)

    assert run(Pace(RequestSettings()), seconds, 200).batch_records == best


def test_one_late_answer_does_not_make_the_next_size_look_good():
    answers = iter(range(200))

    def seconds(records, flying):
        dearer = 1.0 if records <= MODERATE_BATCH else 1.3
        return 1e-5 * records * dearer + (0.05 if next(answers) == 1 else 0.0)

    assert run(Pace(RequestSettings()), seconds, 200).batch_records == MODERATE_BATCH


@pytest.mark.parametrize("best", [1_024, 2_048, 4_096])
def test_batches_go_back_to_the_size_above_which_records_cost_more(best):
    def seconds(records, flying):
        return 0.01 + 8e-6 * records * (1.0 if records <= best else 3.0)

    assert run(Pace(RequestSettings()), seconds, 200).batch_records == best


def test_one_slow_answer_does_not_end_the_growth_of_batches():
    answers = iter(range(200))

    def seconds(records, flying):
        return 0.01 + 1e-6 * records + (0.05 if next(answers) in (0, 2) else 0.0)

    assert run(Pace(RequestSettings()), seconds, 200).batch_records >= LARGEST_BATCH / 2


def test_requests_take_no_more_than_about_half_a_second():
    pace = run(Pace(RequestSettings()), lambda records, flying: 0.1 + 0.001 * records, 60)
    assert 0.2 <= 0.1 + 0.001 * pace.batch_records <= 1.0


def test_batches_shrink_when_the_server_gets_slower():
    pace = run(Pace(RequestSettings()), lambda records, flying: 0.1 + 0.001 * records, 60)
    before = pace.batch_records
    run(pace, lambda records, flying: 0.1 + 0.01 * records, 60)
    assert pace.batch_records < before
    assert 0.2 <= 0.1 + 0.01 * pace.batch_records <= 1.0


def test_batches_fit_the_payload_limit():
    pace = Pace(RequestSettings(payload_limit_bytes=1000))
    pace.measured(FIRST_BATCH, FIRST_BATCH * 100)
    assert pace.batch_records == 10
    assert run(pace, lambda records, flying: 1e-6, 20).batch_records == 10


@pytest.mark.parametrize("rounds", [1, 5, 9, 40])
def test_a_limit_that_the_server_shows_is_kept_whenever_it_comes(rounds):
    def seconds(records, flying):
        return 0.003 + 10e-6 * records

    pace = run(Pace(RequestSettings()), seconds, rounds)
    pace.limit_records(500)
    for _ in range(100):
        assert pace.batch_records <= 500
        run(pace, seconds, 1)
    assert pace.batch_records == 500


def test_a_given_batch_stays():
    assert run(Pace(RequestSettings(batch_records=7)), lambda records, flying: 1e-6, 20).batch_records == 7


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_concurrency_grows_to_what_the_server_works_on_at_a_time(workers):
    def seconds(records, flying):
        return 0.5 * max(1.0, flying / workers)

    pace = run(Pace(RequestSettings(max_concurrency=16)), seconds, 400)
    assert pace.concurrency == max(2, workers)


def concurrency_after(requests, seconds):
    """What is in flight after so many answers, which all take ``seconds(records, flying)``."""
    return run(Pace(RequestSettings()), seconds, requests).concurrency


def test_of_long_requests_eight_are_in_flight_after_fifteen_answers():
    """A record takes 3 ms, and the server works on any number of requests at a time."""
    assert [concurrency_after(n, lambda records, flying: 0.01 + 0.003 * records) for n in (2, 7, 15)] == [2, 4, 8]


def test_requests_that_waited_for_each_other_do_not_make_the_next_ones_smaller():
    def seconds(records, flying):
        return 0.0035 * records * flying  # one at a time

    pace = run(Pace(RequestSettings()), seconds, 6)
    batch = pace.batch_records
    assert pace.concurrency == 4
    for _ in range(4):  # those that were in flight together
        pace.answered(batch, 4 * 0.0035 * batch, 10.0)
    run(pace, seconds, 40)
    assert (pace.concurrency, pace.batch_records) == (2, batch)


def test_concurrency_stays_within_its_bound():
    assert run(Pace(RequestSettings(max_concurrency=3)), lambda records, flying: 0.5, 400).concurrency == 3
    assert run(Pace(RequestSettings(max_concurrency=1)), lambda records, flying: 0.5, 400).concurrency == 1


def test_a_throttling_server_gets_fewer_requests_at_a_time():
    pace = run(Pace(RequestSettings(max_concurrency=8)), lambda records, flying: 0.5, 400)
    pace.throttled()
    assert run(pace, lambda records, flying: 0.5, 400).concurrency == 4


def breaker():
    made = CircuitBreaker(failures=2, first_pause=1.0, longest_pause=3.0)
    made.succeeded()
    return made


def test_the_breaker_opens_after_failures_in_a_row():
    made = breaker()
    made.failed(0.0)
    made.succeeded()
    made.failed(0.0)
    assert not made.is_open
    made.failed(0.0)
    assert made.is_open


def test_one_trial_passes_per_pause_and_pauses_grow():
    made = breaker()
    made.failed(0.0)
    made.failed(0.0)
    assert [made.wait(0.5), made.wait(1.0), made.wait(1.0)] == [0.5, 0.0, 1.0]
    made.failed(1.0)
    assert made.wait(1.0) == 2.0
    made.wait(3.0)
    made.failed(3.0)
    assert made.wait(3.0) == 3.0
    assert made.away_seconds(3.0) == 3.0


def test_an_answer_closes_the_breaker():
    made = breaker()
    made.failed(0.0)
    made.failed(0.0)
    made.succeeded()
    assert (made.is_open, made.wait(0.0), made.away_seconds(5.0)) == (False, 0.0, 0.0)


def test_a_server_that_never_answered_is_not_waited_for():
    made = CircuitBreaker(failures=2, first_pause=1.0, longest_pause=3.0)
    made.failed(0.0)
    made.failed(0.0)
    assert not made.is_open
