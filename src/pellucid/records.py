"""``dataclass``: the standard library's decorator for classes that a command has to define at every start.

The standard decorator compiles up to six methods for every class, 0.3 ms in all, used or not; for the sixty classes of
a small job that was a tenth of its time. Here the methods of all classes are shared functions, and ``__init__`` is
compiled when a class is first instantiated or inspected. Everything else is the standard library's: its fields, its
rules, and ``field``, ``fields``, ``replace``, ``asdict`` and ``is_dataclass`` work as ever. A subclass takes this
decorator too: the standard one does not see that a class of this one is frozen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, eq=True, repr=True):  # noqa: A002 - the name of the standard decorator
        """Make a class a dataclass: the standard decorator with the arguments that are used here.

        Parameters
        ----------
        cls
            The class, where the decorator is written without arguments.
        frozen, slots, kw_only, eq, repr
            As for `dataclasses.dataclass`. ``InitVar`` is not understood.

        Returns
        -------
        The class (with ``slots``, a new one of the same name), or a decorator.

        Examples
        --------
        >>> @dataclass(frozen=True, slots=True)
        ... class Facet:
        ...     name: str
        ...     values: tuple[str, ...] = ()
        >>> Facet("sex", values=("Female",))
        Facet(name='sex', values=('Female',))
        >>> Facet("sex") == Facet("sex")
        True
        """

        def decorated(cls):
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
            add_methods(made, frozen=frozen, slots=slots, eq=eq, repr=repr)
            return made

        return decorated if cls is None else decorated(cls)


def add_methods(cls: type[Any], *, frozen: bool, slots: bool, eq: bool, repr: bool) -> None:  # noqa: A002
    """Give a class whose fields are known the methods of a dataclass, besides those that its body defines."""
    methods: dict[str, object] = {"__init__": _Initializer(cls, frozen=frozen)}
    if repr:
        methods["__repr__"] = _representation
    if eq:
        methods["__eq__"] = _equality(cls)
        methods["__hash__"] = _hash(cls) if frozen else None
    if frozen:
        methods["__setattr__"] = _refuse_assignment
        methods["__delattr__"] = _refuse_deletion
        if slots:
            methods["__getstate__"] = _state
            methods["__setstate__"] = _restore
    for name, method in methods.items():
        # A body that defines equality alone leaves `__hash__` at None behind, which is no method of its own.
        if cls.__dict__.get(name) is None:
            setattr(cls, name, method)


class _Initializer:
    """``__init__`` of a dataclass, which puts the compiled function into its own place when it is first looked up."""

    __slots__ = ("cls", "frozen")

    def __init__(self, cls: type[Any], *, frozen: bool) -> None:
        self.cls = cls
        self.frozen = frozen

    def __get__(self, instance: object, owner: type[Any]) -> Callable[..., None]:
        function = _compiled_initializer(self.cls, frozen=self.frozen)
        self.cls.__init__ = function
        bound: Callable[..., None] = function.__get__(instance, owner)
        return bound


def _compiled_initializer(cls: type[Any], *, frozen: bool) -> Any:
    """The function that takes the fields of ``cls`` as arguments and stores them."""
    names: dict[str, object] = {"_set": object.__setattr__, "_ABSENT": _ABSENT}
    positional: list[str] = []
    keywords: list[str] = []
    body: list[str] = []
    for field in dataclasses.fields(cls):
        value = field.name
        has_default = field.default is not dataclasses.MISSING
        has_factory = field.default_factory is not dataclasses.MISSING
        names[f"_default_{field.name}"] = field.default_factory if has_factory else field.default
        if field.init:
            default = f"=_default_{field.name}" if has_default else "=_ABSENT" if has_factory else ""
            (keywords if field.kw_only else positional).append(f"{field.name}{default}")
            if has_factory:
                value = f"_default_{field.name}() if {field.name} is _ABSENT else {field.name}"
        elif has_default or has_factory:
            value = f"_default_{field.name}{'()' if has_factory else ''}"
        else:
            continue
        body.append(f"_set(self, {field.name!r}, {value})" if frozen else f"self.{field.name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join(["self", *positional, *(["*"] if keywords else []), *keywords])
    exec(f"def __init__({parameters}):\n " + "\n ".join(body or ["pass"]), names)  # noqa: S102 - as dataclasses does
    function: Any = names["__init__"]
    function.__qualname__ = f"{cls.__qualname__}.__init__"
    function.__module__ = cls.__module__
    function.__annotations__ = {field.name: field.type for field in dataclasses.fields(cls) if field.init}
    function.__annotations__["return"] = None
    return function


class _Absent:
    """Stands for an argument that was not given, where every new instance makes a default of its own."""

    def __repr__(self) -> str:
        return "<factory>"


_ABSENT = _Absent()


@recursive_repr()
def _representation(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({shown})"


def _equality(cls: type[Any]) -> Callable[[Any, object], bool]:
    """Equality of two instances of one class by the tuples of their fields."""
    compared = _values([field.name for field in dataclasses.fields(cls) if field.compare])

    def equality(self: Any, other: object) -> bool:
        return compared(self) == compared(other) if type(other) is type(self) else NotImplemented

    return equality


def _hash(cls: type[Any]) -> Callable[[Any], int]:
    """Hash of an instance: that of the tuple of its fields."""
    fields = dataclasses.fields(cls)
    hashed = _values([field.name for field in fields if (field.compare if field.hash is None else field.hash)])
    return lambda self: hash(hashed(self))


def _values(names: list[str]) -> Callable[[Any], Hashable]:
    """How to read some fields of an instance as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda instance: tuple(getattr(instance, name) for name in names)


def _refuse_assignment(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
