"""Linear algebra on one thread: the matrices of a block are so small that threads wait for each other most of the time.

With two threads, solving takes eight times as long for 14 features and 100 samples; blocks are what is worth dividing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS and LAPACK to one thread for the length of the block; models that are asked outside keep theirs."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> Any:
    import scipy.linalg  # noqa: F401 - brings a BLAS of its own, which must be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
