"""The list of embedders."""

from command_line import Run

from saetui.embed.short_names import MODELS


def test_embedders_are_listed_with_what_to_expect(run: Run) -> None:
    found = {each["name"]: each for each in run("embedders", "--json").json}
    assert set(MODELS) < set(found) and "minilm" in found
    assert found["nomic"]["tokens"] == 8192
    lines = run("embedders").out.splitlines()
    assert any(line.startswith("potion") and "any" in line for line in lines)
    assert any(line.startswith("minilm") for line in lines)
