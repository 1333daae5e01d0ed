"""JMESPath on time series without its two traps: projections that drop nulls, and lists that lose the item's bounds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

from pellucid.errors import ConfigError, Problem

__all__ = ["Locator", "keys_within", "last_name", "records_under"]

_BEFORE_LIST = re.compile(r"[^\[]*")
_KEY_OF_RECORD = re.compile(r"[^\[]*\[\*?\]\.([A-Za-z_]\w*)")
_NAMES = re.compile(r'"([^"]+)"|([A-Za-z_]\w*)')


class _KeepingNulls(TreeInterpreter):  # type: ignore[misc]
    """A projection gives one entry per element, null where nothing is found, so that positions stay aligned."""

    def visit_projection(self, node: dict[str, Any], value: Any) -> Any:
        """One entry per element of a list."""
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        return [self.visit(node["children"][1], element) for element in base]


class Locator:
    """Where a part of time series is: a JMESPath, or the position in rows that are lists.

    Parameters
    ----------
    key
        Key of the configuration that holds it.
    path
        What stands there.

    Examples
    --------
    >>> Locator("target_time_series", "[*].ts[].y").found([{"ts": [{"y": 5}, {"y": None}, {}]}])
    [5, None, None]
    """

    def __init__(self, key: str, path: int | str) -> None:
        self.key, self.path = key, path
        self._parsed = None if isinstance(path, int) else jmespath.compile(path).parsed
        named = _KEY_OF_RECORD.fullmatch(str(path))
        self._name = None if named is None else named.group(1)

    @property
    def prefix(self) -> str:
        """Path of the list of records, empty for the document itself."""
        found = _BEFORE_LIST.match(str(self.path))
        return found.group() if found is not None and "[" in str(self.path) else ""

    def found(self, document: Any) -> Any:
        """What is there; positions without a value hold None.

        Raises
        ------
        ConfigError
            The expression cannot be applied to the document.
        """
        try:
            return _KeepingNulls().visit(self._parsed, document)
        except JMESPathError as error:
            fix = f"This JMESPath cannot be applied to the data: {error}."
            raise ConfigError(Problem(self.key, self.path, fix=fix)) from None

    def in_record(self, record: Any) -> Any:
        """What one record holds: a value, or a list of them.

        >>> Locator("item_id", "rows[*].id").in_record({"id": "A"}), Locator("item_id", 1).in_record([7, "B"])
        ('A', 'B')
        """
        if isinstance(self.path, int):
            return record[self.path] if isinstance(record, list) and self.path < len(record) else None
        if self._name is not None and isinstance(record, dict):  # most paths are so, and a hundred times quicker then
            return _unwrapped(record.get(self._name))
        document: Any = [record]
        for name in reversed([part for part in self.prefix.split(".") if part]):
            document = {name.strip('"'): document}
        return _unwrapped(self.found(document))


def _unwrapped(found: Any) -> Any:
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found


def records_under(locators: Iterable[Locator], document: Any) -> list[Any]:
    """The list of records that all locators speak of.

    Raises
    ------
    ConfigError
        They speak of different lists, or there is none.
    """
    listed = list(locators)
    problems = [
        Problem(one.key, one.path, fix=f"Begin it as {listed[0].key} does, which is {listed[0].path!r}.")
        for one in listed
        if one.prefix != listed[0].prefix
    ]
    if problems:
        raise ConfigError(problems)
    prefix = listed[0].prefix
    found = jmespath.search(prefix, document) if prefix else document
    if not isinstance(found, list):
        what = "nothing" if found is None else "no list but an object" if isinstance(found, dict) else "no list"
        where = f"under {prefix!r}" if prefix else "at the top of the file"
        fix = f"There is {what} {where}, and this layout is a list of records. Check 'dataset_format' as well."
        raise ConfigError(Problem(listed[0].key, listed[0].path, fix=fix))
    return found


def last_name(path: int | str) -> str | None:
    """The last name in a path, which says what is there.

    >>> last_name("[*].ts[].price"), last_name("sales"), last_name(3)
    ('price', 'sales', None)
    """
    if isinstance(path, int):
        return None
    names = [quoted or plain for quoted, plain in _NAMES.findall(path)]
    return names[-1] if names else None


def keys_within(value: Any) -> list[str]:
    """Names of all keys in a document, looking at the first entry of lists.

    >>> keys_within([{"id": 1, "ts": [{"t": 2}]}])
    ['id', 'ts', 't']
    """
    if isinstance(value, dict):
        return list(dict.fromkeys([*value, *(name for part in value.values() for name in keys_within(part))]))
    return keys_within(value[0]) if isinstance(value, list) and value else []
