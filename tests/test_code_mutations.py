"""The list of mutations fits the code, and the tool that tries them can tell."""

import ast
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from code_mutations import MUTATIONS, TOP, Mutation, check, main

BROKEN = "def double(x):\n    return 2 * x\n"
NOTICING = "from product import double\n\n\ndef test_double():\n    assert double(3) == 6\n"
SLEEPING = "from product import double\n\n\ndef test_double():\n    assert double(0) == 0\n"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_fits_the_code(mutation: Mutation) -> None:
    content = (TOP / mutation.file).read_text("utf-8")
    mutated = mutation.applied(content)
    assert mutated != content
    assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(content))
    for test in mutation.tests:
        file, _, name = test.partition("::")
        assert (TOP / file).exists()
        assert not name or f"def {name}(" in (TOP / file).read_text("utf-8")


def test_every_mutation_has_a_name_of_its_own() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    # Without plugins, whose imports take most of the time of such small tests.
    names = {each.name for each in entry_points(group="pytest11")}
    without = " ".join(f"-p no:{name}" for name in sorted(names))
    (tree / "pyproject.toml").write_text(f"[tool.pytest.ini_options]\naddopts = '{without}'\n")
    (tree / "product.py").write_text(BROKEN)
    (tree / "test_noticing.py").write_text(NOTICING)
    (tree / "test_sleeping.py").write_text(SLEEPING)
    return tree


def test_the_tool_tells_what_was_caught_and_what_was_not(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    caught = Mutation("tripled", "product.py", "2 * x", "3 * x", ("test_noticing.py",))
    missed = Mutation("unnoticed", "product.py", "2 * x", "3 * x", ("test_sleeping.py",))
    moved = Mutation("moved", "product.py", "4 * x", "3 * x", ("test_noticing.py",))
    wrong = Mutation("no Python", "product.py", "2 * x", "2 *", ("test_noticing.py",))
    assert not check([caught, missed, moved, wrong], tree)
    said = capsys.readouterr().out
    assert "tripled\n    test_noticing.py::test_double\n" in said
    assert "unnoticed\n    NO TEST NOTICES\n" in said
    assert "moved\n    product.py holds 0 times, not once: '4 * x'\n" in said
    assert "SyntaxError" in said
    assert "1 of 4 mutations caught" in said
    assert (tree / "product.py").read_text() == BROKEN
    assert check([caught], tree)


def test_tests_that_fail_anyway_prove_nothing(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "product.py").write_text(BROKEN.replace("2", "5"))
    mutation = Mutation("tripled", "product.py", "5 * x", "3 * x", ("test_noticing.py",))
    assert not check([mutation], tree)
    assert "fail without any mutation" in capsys.readouterr().out


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no such"]) == 2
    assert "There is no mutation called 'no such'" in capsys.readouterr().out
