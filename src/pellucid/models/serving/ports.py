"""A port for a server that is about to be started."""

from __future__ import annotations

import socket
import threading
from itertools import chain
from pathlib import Path

__all__ = ["LOOPBACK", "free_port", "given_out_from"]

LOOPBACK = "127.0.0.1"
FIRST = 20_000
USUALLY_GIVEN_OUT_FROM = 32_768
"""Linux begins here unless it says otherwise, other systems later."""
SPREAD = 7_919
"""A prime, so that processes started one after the other look in different places."""


def free_port() -> int:
    """A port on loopback that nothing takes by chance until a server listens there.

    A port that the system chooses is free at that moment, and is given to the next who asks while the server still
    loads its model: the job would end, or be answered by the server of another job. So the port is one of those that
    the system does not give out, and threads, whose numbers no two share, look for it in different places.

    Examples
    --------
    >>> 1024 < free_port() < 65_536
    True
    """
    ports = range(FIRST, given_out_from())
    first = threading.get_native_id() * SPREAD % len(ports) if ports else 0
    for port in chain(ports[first:], ports[:first], (0,)):
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise OSError("No port is free on loopback.")


def given_out_from() -> int:
    """The first port that the system gives out by itself."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return USUALLY_GIVEN_OUT_FROM
