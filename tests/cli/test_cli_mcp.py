"""`saetui mcp` answers the protocol's own client, over standard input and output."""

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from bundles import make_bundle
from command_line import Run

from saetui.embed import load_embedder

mcp = pytest.importorskip("mcp", reason="needs saetui[mcp]")
Ask = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "small.bundle"
    return make_bundle(folder, d=384, embedder=load_embedder("minilm"))


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


async def test_an_assistant_explores_a_bundle(bundle: Path, tmp_path: Path, run: Run) -> None:
    before = hashes(bundle)
    settings = mcp.StdioServerParameters(
        command=sys.executable, args=["-m", "saetui", "mcp", str(bundle)], env=dict(os.environ)
    )
    async with mcp.Client(mcp.stdio_client(settings)) as client:
        listed = (await client.list_tools()).tools
        assert {tool.name for tool in listed} >= {
            "search", "steer", "compare", "features", "feature", "families", "document",
        }  # fmt: skip
        assert all(tool.annotations.read_only_hint for tool in listed)
        assert all(tool.description for tool in listed)

        async def ask(tool: str, /, **arguments: Any) -> Any:
            answer = await client.call_tool(tool, arguments)
            text = answer.content[0].text
            assert not answer.is_error, text
            return answer.structured_content or json.loads(text)

        async def refused(tool: str, /, **arguments: Any) -> str:
            answer = await client.call_tool(tool, arguments)
            assert answer.is_error
            return str(answer.content[0].text)

        assert "Call search first." in await refused("steer", changes=["1=+0.3"])
        about = await ask("about")
        assert (about["documents"], about["features"]) == (60, 24)
        found = await ask("search", query="fish on a reef", limit=5)
        assert [result["rank"] for result in found["results"]] == [1, 2, 3, 4, 5]
        first = found["results"][0]
        document = await ask("document", id=first["id"])
        assert document["id"] == first["id"]
        assert document["features"]
        feature = await ask("feature", name="Accretion discs")
        assert feature["label"] == "Accretion discs"
        assert feature["top"]
        listed_features = await ask("features", words="reef", limit=2)
        assert "reef" in listed_features["features"][0]["label"].casefold()
        assert (await ask("families"))["families"]
        steered = await ask("steer", changes=["Accretion discs=+1"])
        assert [r["id"] for r in steered["results"]] != [r["id"] for r in found["results"]]
        assert steered["request"]["changes"][0]["feature"] == feature["id"]
        further = await ask("steer", changes=["Reef fish=0"])
        assert len(further["request"]["changes"]) == 2
        preset = await ask("preset")
        compared = await ask("compare", question="results vs rest", limit=6)
        assert compared["question"] == "results vs rest"
        assert len(compared["feature"]) == 6 < compared["found"]
        ratios = [row["ratio"] or 0 for row in compared["feature"]]
        assert ratios[0] > 1 > ratios[-1]
        known = {result["id"] for result in further["results"]}
        assert known & set(compared["documents"][0]["ids"])
        rising = await ask("compare", question="over years", families=True)
        assert rising["family"]
        assert "a field called 'years'" in await refused("compare", question="to years")
        back = await ask("steer", changes=[], undo=1)
        assert back["results"] == steered["results"]
        for wrong in (
            await refused("feature", name="no such feature"),
            await refused("document", id="no such document"),
            await refused("search", query="x", mode="sideways"),
            await refused("search", query="x", filter="date:tomorrowish"),
        ):
            assert "Traceback" not in wrong
    assert hashes(bundle) == before
    # What was done can be repeated in the app and on the command line.
    (tmp_path / "steps.json").write_text(json.dumps(preset), encoding="utf-8")
    again = run("search", bundle, "--preset", tmp_path / "steps.json", "--json")
    assert [r["id"] for r in again.json["results"]] == [r["id"] for r in further["results"]]
    words = shlex.split(further["command"])
    assert words[:2] == ["saetui", "search"]
    typed = run(*words[1:], "--json")
    assert [r["id"] for r in typed.json["results"]] == [r["id"] for r in further["results"]]
    replayed = run("search", bundle, "--preset", tmp_path / "steps.json", "--replay", "--json")
    assert replayed.code == 0
    assert len(replayed.json) >= 3 or len(replayed.json.get("steps", ())) >= 3
