"""How files of the product depend on each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

PRODUCT = Path(__file__).resolve().parents[2] / "saetui"


def modules(product: Path) -> dict[str, Path]:
    """Every module of the product by its dotted name."""
    found = {}
    for path in sorted(product.rglob("*.py")):
        parts = path.relative_to(product.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(source: str, known: dict[str, Path]) -> Iterator[str]:
    """Modules that a file imports, also inside functions and for type checkers alone."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "the product's imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield from (name for name in (whole, node.module) if name in known)


def circles(product: Path) -> set[frozenset[str]]:
    """Groups of modules each of which imports, directly or not, all others of the group."""
    known, graph = modules(product), nx.DiGraph()
    for name, path in known.items():
        for other in imported(path.read_text("utf-8"), known):
            # A module imports its package before itself; that is no choice of the module's.
            if other != name and not name.startswith(f"{other}."):
                graph.add_edge(name, other)
    return {frozenset(found) for found in nx.strongly_connected_components(graph) if len(found) > 1}


def test_no_files_import_each_other_in_a_circle() -> None:
    known = modules(PRODUCT)
    view = known["saetui.tui.views.search"].read_text("utf-8")
    assert "saetui.tui.search_control" in imported(view, known)
    assert not circles(PRODUCT)


def test_circles_inside_functions_and_for_type_checkers_count(tmp_path: Path) -> None:
    product = tmp_path / "saetui"
    product.mkdir()
    (product / "__init__.py").touch()
    (product / "a.py").write_text("from saetui import b\n")
    (product / "b.py").write_text("def f():\n    from saetui.c import g\n")
    (product / "c.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import saetui.a\n"
    )
    (product / "d.py").write_text("from saetui.a import b\n")
    assert circles(product) == {frozenset({"saetui.a", "saetui.b", "saetui.c"})}
