"""``pellucid schema``: the JSON Schema of the configuration."""

from __future__ import annotations

import json
import sys

from pellucid.cli.failures import attempt, ended
from pellucid.cli.interruption import Interruption

__all__ = ["schema"]


def schema() -> int:
    """Print the JSON Schema; the exit code."""

    def work(interruption: Interruption) -> None:
        from pellucid.config.schema import json_schema

        sys.stdout.write(f"{json.dumps(json_schema(), indent=2)}\n")
        sys.stdout.flush()

    return ended(attempt(work))
