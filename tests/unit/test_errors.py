"""The tree that `saetui.errors` draws of its errors is the tree that they are."""

import inspect
import re

from saetui import errors

LINE = re.compile(r"^(?P<branches>[|` -]*)(?P<name>[A-Z]\w+)(?: {2,}(?P<what>\S.*))?$")
# Columns by which a branch is drawn further to the right than the one it hangs on.
INDENT = 4


def drawn() -> dict[str, str]:
    """By each error in the drawing, the one that it hangs on."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines()[2:]:
        found = LINE.match(line)
        assert found, f"this line draws no error: {line!r}"
        depth = len(found["branches"]) // INDENT
        assert depth <= len(path), f"{found['name']} hangs on nothing"
        path = [*path[:depth], found["name"]]
        if depth:
            assert found["what"], f"nothing is said about {found['name']}"
        parents[found["name"]] = path[depth - 1] if depth else "Exception"
    return parents


def defined() -> dict[str, str]:
    """By each error of the module, the one that it inherits from."""
    return {
        name: error.__base__.__name__
        for name, error in inspect.getmembers(errors, inspect.isclass)
        if error.__module__ == errors.__name__ and error.__base__ is not None
    }


def test_the_drawn_tree_is_the_tree_of_classes() -> None:
    assert drawn() == defined()
