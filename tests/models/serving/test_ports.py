"""The port of a server that is about to be started: nothing else gets it meanwhile."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pellucid.models.serving.ports import FIRST, LOOPBACK, free_port, given_out_from


def test_a_port_in_use_is_passed_over():
    first = free_port()
    with socket.socket() as taken:
        taken.bind((LOOPBACK, first))
        assert free_port() != first


def test_threads_that_ask_at_the_same_time_get_different_ports():
    together = threading.Barrier(8)

    def chosen(_):
        together.wait()
        return free_port()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(chosen, range(8)))) == 8


@pytest.mark.skipif(given_out_from() <= FIRST, reason="This system gives out nearly every port.")
def test_what_the_system_gives_out_is_another_port():
    with socket.socket() as given:
        given.bind((LOOPBACK, 0))
        assert given.getsockname()[1] > free_port()
