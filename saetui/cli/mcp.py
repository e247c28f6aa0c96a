"""`saetui mcp`: let an assistant explore a bundle, by the Model Context Protocol over stdio."""

import functools
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ParamSpec

from saetui.cli.open import opened
from saetui.cli.options import BundlePath, SaeName
from saetui.errors import MissingDependency, SaetuiError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from saetui.cli.mcp_tools import BundleTools

Asked = ParamSpec("Asked")

_STEERING = (
    'Each change is FEATURE=AMOUNT: the feature\'s number or label, "family:NAME", or "~any '
    'words" for the feature that fits them best; the amount +0.3 or -0.3 adds, 0.3 sets, 0 turns '
    "it off, x2 scales, neg negates. 0.25 to 0.5 is a large step, 1 weighs as much as the query."
)
_INSTRUCTIONS = (
    "A bundle is a corpus of documents whose embeddings a sparse autoencoder splits into named "
    "features. Search it, look at the features of a query or a document, and steer: raise or lower "
    "features and see which results come and go (baseline_rank is the rank without steering). "
    f"{_STEERING} A label is only as true as its figures say. Nothing here changes the bundle."
)


def mcp(bundle: BundlePath, sae: SaeName = None) -> None:
    """Let an assistant explore a bundle, by the Model Context Protocol over stdio.

    Name the command in the assistant's settings, such as: {"command": "saetui", "args": ["mcp",
    "/path/to/my.bundle"]}. All tools only read.
    """
    if find_spec("mcp") is None:
        raise MissingDependency("mcp", "saetui mcp", "mcp")
    from saetui.cli.mcp_tools import BundleTools

    with opened(bundle, sae) as session:
        server(BundleTools(session)).run("stdio")


def server(tools: "BundleTools") -> "MCPServer[Any]":
    """The server that answers by an open bundle's tools."""
    from mcp.server.mcpserver import MCPServer
    from mcp_types import ToolAnnotations

    from saetui.version import __version__

    found = MCPServer("saetui", instructions=_INSTRUCTIONS, version=__version__, log_level="ERROR")
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)

    def tool(ask: Callable[Asked, dict[str, Any]]) -> None:
        found.tool(description=ask.__doc__, annotations=reads)(_in_one_sentence(ask))

    def about() -> dict[str, Any]:
        """Say what the bundle holds: documents, SAE, and the fields to filter documents by."""
        return tools.about()

    # The arguments of tools come by name, however many they are.
    def search(  # noqa: PLR0917
        query: str = "",
        filter: str = "",
        steer: list[str] | None = None,
        mode: str = "",
        retrieval: str = "",
        like: str = "",
        limit: int = 10,
    ) -> dict[str, Any]:
        """Search documents by meaning and words; gives results and the query's features.

        filter: such as "after:2019 category:cs.LG has:12". steer: changes to features at once.
        mode: both (default), codes, delta, decode or optimise. retrieval: hybrid (default),
        semantic or lexical. like: a document's id to search from instead of a query.

        Of a feature, sure says whether the query is fairly sure to ask about it, and near how many
        of the told nearest documents count for it.
        """
        return tools.search(
            query,
            filter_text=filter,
            steer=steer or (),
            mode=mode,
            retrieval=retrieval,
            like=like,
            limit=limit,
        )

    def steer(changes: list[str], start_over: bool = False, undo: int = 0) -> dict[str, Any]:
        """Repeat the last search with changes on top of those made so far."""
        return tools.steer(changes, start_over=start_over, undo=undo)

    def compare(question: str, families: bool = False, limit: int = 20) -> dict[str, Any]:
        """Answer a question about the whole corpus, with shares, ratios and corrected p values.

        question: "category:cs.LG vs after:2020" (what sets two groups apart; a group is a filter,
        search:WORDS, results or unsteered of the last search, rest or all), "to stars" (what goes
        with a field), "over years" (what rises and falls), or "topics 30"; each may end in "within
        FILTER". families: count families of features instead of features. limit: rows, half of
        them from either end. The app takes the same question in its view 5.
        """
        return tools.ask(question, families=families, limit=limit)

    def features(words: str = "", limit: int = 20) -> dict[str, Any]:
        """List features by words of their labels, "~any words" by meaning, or figures.

        Figures and names narrow the list: true>0.8, density<0.01, quality:coherent, family:any.
        """
        return tools.features(words, limit=limit)

    def feature(name: str, examples: int = 5) -> dict[str, Any]:
        """Show a feature by number or label: figures, documents, related features, labels."""
        return tools.feature(name, examples=examples)

    def families(words: str = "", limit: int = 20) -> dict[str, Any]:
        """List families of features, from general to specific, the largest first."""
        return tools.families(words, limit=limit)

    def family(name: str, examples: int = 5) -> dict[str, Any]:
        """Show a family by number or label: its tree and its documents."""
        return tools.family(name, examples=examples)

    def document(id: str, limit: int = 10) -> dict[str, Any]:
        """Show a document by its id: text, metadata, features, nearest documents."""
        return tools.document(id, limit=limit)

    def preset() -> dict[str, Any]:
        """Give the last search with its steps as a preset.

        Saved as a file, the app opens it with the key o, and so does: saetui search BUNDLE --preset
        FILE --replay.
        """
        return tools.preset()

    steer.__doc__ = f"{steer.__doc__} {_STEERING}"
    browsing = (features, feature, families, family, document)
    for ask in (about, search, steer, compare, *browsing, preset):
        tool(ask)
    return found


def _in_one_sentence(ask: Callable[Asked, dict[str, Any]]) -> Callable[Asked, dict[str, Any]]:
    """A tool whose mistakes are told as the command line tells them, without a traceback."""
    from mcp.server.mcpserver.exceptions import ToolError

    @functools.wraps(ask)
    def asked(*arguments: Asked.args, **named: Asked.kwargs) -> dict[str, Any]:
        try:
            return ask(*arguments, **named)
        except SaetuiError as error:
            raise ToolError(f"{error.message} {error.hint or ''}".strip()) from None

    return asked
