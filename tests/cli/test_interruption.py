"""A signal stops a job at once, but never between the first result moved into place and the last."""

import os
import signal

import pytest

from pellucid.cli.interruption import Stopped, interruptible


def test_a_signal_stops_the_work_and_is_remembered():
    with interruptible() as interruption:
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGINT)
        assert interruption.signal == signal.SIGINT
        with pytest.raises(Stopped):
            interruption.check()


def test_results_that_are_being_written_are_finished_unless_asked_twice():
    with interruptible() as interruption:
        interruption.writing = True
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGTERM)


def test_the_handlers_of_before_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
