"""Work in another process: a recipe and a unit go there as bytes, a result or an error of ours comes back."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from pellucid.errors import InputError, PellucidError
from pellucid.explain.one_thread import one_thread
from pellucid.protocols.pool import Recipe

__all__ = ["answered", "answered_by", "digest_of", "result_of"]

_opened: dict[bytes, Callable[[Any], Any]] = {}
"""The work that this process has set up last, by a hash of its recipe."""


def digest_of(recipe: Recipe) -> tuple[bytes, int]:
    """What tells a recipe from others, and how many bytes it takes pickled; it is pickled without being held."""
    measured = _Measured()
    pickle.dump(recipe, measured, pickle.HIGHEST_PROTOCOL)
    return measured.digest.digest(), measured.size


class _Measured:
    """A file that is not kept."""

    def __init__(self) -> None:
        self.digest = blake2b(digest_size=16)
        self.size = 0

    def write(self, part: Any) -> int:
        """Take note of a part."""
        self.digest.update(part)
        self.size += memoryview(part).nbytes
        return memoryview(part).nbytes


def answered(recipe: bytes, unit: bytes) -> bytes:
    """Do a pickled unit by a pickled recipe; the result or error, pickled. See `answered_by`."""
    digest = blake2b(recipe, digest_size=16).digest()
    return answered_by(digest, lambda: pickle.loads(recipe), unit)  # noqa: S301 - written by our own driver


def answered_by(digest: bytes, recipe: Callable[[], Recipe], unit: bytes) -> bytes:
    """Do a pickled unit; the result or error, pickled.

    The recipe is asked for at its first unit only, and told from others by its digest: a model is loaded
    once per process. Only the last recipe stays open, since the process may serve many jobs. Linear algebra takes one
    thread, in a model too: several would add up in another order.
    """
    try:
        with one_thread():
            result = _work(digest, recipe)(pickle.loads(unit))  # noqa: S301 - written by our own driver
        return pickle.dumps(("done", result))
    except InputError as error:
        return pickle.dumps(("input", type(error), error.problems))
    except PellucidError as error:
        return pickle.dumps(("own", type(error), str(error)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the driver tells it
        return pickle.dumps(("other", f"{type(error).__name__}: {error}", traceback.format_exc()))


def result_of(answer: bytes) -> Any:
    """What `answered` found.

    Raises
    ------
    PellucidError
        The work raised it.
    RuntimeError
        The work failed otherwise; a note holds where.
    """
    kind, *told = pickle.loads(answer)  # noqa: S301 - written by our own workers
    match kind:
        case "done":
            return told[0]
        case "input" | "own":
            raise told[0](told[1])
    error = RuntimeError(told[0])
    error.add_note(told[1])
    raise error


def _work(digest: bytes, recipe: Callable[[], Recipe]) -> Callable[[Any], Any]:
    if digest not in _opened:
        _opened.clear()
        _opened[digest] = recipe().opened()
    return _opened[digest]
