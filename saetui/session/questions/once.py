"""What is computed once for an open bundle, and let go of with it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from saetui.session.session import Session

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")


def once_per_session(
    make: Callable[Concatenate[Session, Parameters], Value],
) -> Callable[Concatenate[Session, Parameters], Value]:
    """Keep what a function returns for a session and further arguments, as long as the session."""
    kept: WeakKeyDictionary[Session, dict[object, Value]] = WeakKeyDictionary()

    @wraps(make)
    def cached(session: Session, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Value:
        found = kept.setdefault(session, {})
        key = (args, tuple(kwargs.items()))
        if key not in found:
            found[key] = make(session, *args, **kwargs)
        return found[key]

    return cached
