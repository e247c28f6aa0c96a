"""Attributes that are read from disk when they are first used."""

import threading
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class loaded_once(Generic[Value]):  # noqa: N801
    """Like `functools.cached_property`, but one thread loads and other threads wait for it.

    `cached_property` lets every thread compute, so that an index that is being warmed up while
    the user searches would be verified and loaded twice.
    """

    def __init__(self, load: Callable[[Any], Value]) -> None:
        self._load = load
        self.__doc__ = load.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        if instance is None:
            return self
        # The loaded value then hides this descriptor, so only the first readers come here.
        attributes = instance.__dict__
        locks: dict[str, threading.Lock] = attributes.setdefault("_loading", {})
        with locks.setdefault(self._name, threading.Lock()):
            if self._name not in attributes:
                attributes[self._name] = self._load(instance)
            value: Value = attributes[self._name]
            return value
