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
    steering = (tools.about, tools.search, tools.steer, tools.compare)
    browsing = (tools.features, tools.feature, tools.families, tools.family, tools.document)
    for ask in (*steering, *browsing, tools.preset):
        description = f"{ask.__doc__} {_STEERING}" if ask == tools.steer else ask.__doc__
        found.tool(description=description, annotations=reads)(_in_one_sentence(ask))
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
