"""How many standard errors an interval of a confidence level reaches to either side."""

from __future__ import annotations

__all__ = ["critical_value"]


def critical_value(level: float) -> float:
    """The ``z`` that a standard normal value stays within, on both sides, with probability ``level``.

    Parameters
    ----------
    level
        Confidence level, in (0, 1).

    Raises
    ------
    ValueError
        If ``level`` is not strictly between 0 and 1.

    Examples
    --------
    >>> round(critical_value(0.95), 6)
    1.959964
    """
    # Loads the decimal and random modules, which commands that tell no interval do without.
    from statistics import NormalDist

    if not 0 < level < 1:
        raise ValueError(f"level: got {level!r}. Use a number between 0 and 1, such as 0.95.")
    # The lower tail keeps its digits where the upper one would round to 1.
    return -NormalDist().inv_cdf((1 - level) / 2)
