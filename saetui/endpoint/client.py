"""One request to an endpoint, within limits of time and size."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack

from saetui.endpoint.keys import NO_KEY, hidden_in_logs, key_for, without_key
from saetui.endpoint.retries import (
    NoAnswer,
    NoConnection,
    NotTheProtocol,
    Redirected,
    Refused,
    retry_after,
)
from saetui.errors import MissingDependency
from saetui.text import visible_line
from saetui.version import __version__

if TYPE_CHECKING:
    import ssl

    import anyio
    import httpx2

ResultT = TypeVar("ResultT")
ArgumentsT = TypeVarTuple("ArgumentsT")

PACKAGES = ("httpx2", "anyio")
"""What a client needs; the extra `openai` installs it."""

_CONNECTING = 10.0
_MOST_REDIRECTS = 3
_MOST_BYTES_OF_AN_ERROR = 65_536
_SHOWN_CHARACTERS = 300
# Replies keep what is as short as this: "ollama" is a usual placeholder for a key, and a word.
_SHORTEST_SECRET = 8
# Others grow without bound when they are decoded, or are unknown to some installations.
_ENCODINGS = ("", "identity", "gzip", "deflate")


def check_installed(purpose: str) -> None:
    """Refuse work for which packages are missing.

    Raises:
        MissingDependency: One is not installed.
    """
    for package in PACKAGES:
        if find_spec(package) is None:
            raise MissingDependency(package, purpose, "openai")


def run(work: Callable[[Unpack[ArgumentsT]], Awaitable[ResultT]], *args: *ArgumentsT) -> ResultT:
    """Run a coroutine function in an event loop of its own thread.

    The calling thread may have a loop already: notebooks do. When it is interrupted, the work is
    cancelled, and has ended before this function does.
    """
    from anyio.from_thread import start_blocking_portal

    with start_blocking_portal() as portal:
        return portal.call(work, *args)


@asynccontextmanager
async def tasks() -> "AsyncIterator[anyio.abc.TaskGroup]":
    """A group of tasks; when one fails, the others are cancelled and its error is raised."""
    import anyio

    try:
        async with anyio.create_task_group() as group:
            yield group
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


@asynccontextmanager
async def connected(address: str, deadline: float) -> "AsyncIterator[Endpoint]":
    """A connection to an endpoint, for as long as the block lasts.

    The key comes from `OPENAI_API_KEY`. It is sent to OpenAI and to the address in
    `OPENAI_BASE_URL`, and nowhere else: the address in a bundle was written by whoever built it.

    Args:
        address: Such as `http://localhost:11434/v1`.
        deadline: Seconds that a request may take in all, to the last byte of its answer.
    """
    import httpx2

    key = key_for(address)
    client = httpx2.AsyncClient(
        verify=_certificates(),
        timeout=httpx2.Timeout(None, connect=min(_CONNECTING, deadline)),
        headers={
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "user-agent": f"saetui/{__version__}",
        },
    )
    async with client:
        with hidden_in_logs(key):
            yield Endpoint(client, address, key, deadline)


class Endpoint:
    """A server that speaks OpenAI's protocol; see `connected`."""

    def __init__(
        self, client: "httpx2.AsyncClient", address: str, key: str, deadline: float
    ) -> None:
        self.address = address
        self._client, self._key, self._deadline = client, key, deadline

    async def post(self, path: str, body: Mapping[str, Any], most_bytes: int) -> Mapping[str, Any]:
        """The JSON object that the endpoint answers with.

        Args:
            path: Behind the address, such as `/embeddings`.
            body: What to send, as JSON.
            most_bytes: How large the answer may be, decompressed.

        Raises:
            EndpointFailure: There is none.
        """
        import anyio
        import httpx2

        never_sent = (
            httpx2.ConnectError,
            httpx2.ConnectTimeout,
            httpx2.ProxyError,
            httpx2.UnsupportedProtocol,
            httpx2.InvalidURL,
        )
        # JSON can hold halves of characters, which UTF-8 cannot.
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        # What the library says may quote the server, and is not shown as a cause.
        try:
            with anyio.fail_after(self._deadline):
                request = self._client.build_request("POST", self.address + path, content=content)
                return await self._answer(request, most_bytes)
        except TimeoutError:
            raise NoAnswer(f"did not answer in time ({self._deadline:g} s)") from None
        except never_sent as error:
            raise NoConnection(self.shown(str(error)) or type(error).__name__) from None
        except httpx2.DecodingError:
            raise NotTheProtocol("its compression is broken") from None
        except httpx2.HTTPError as error:
            said = self.shown(str(error)) or type(error).__name__
            raise NoAnswer(f"broke off its answer ({said})") from None

    def shown(self, text: str) -> str:
        """Words of the server as one line that can be shown: without the key, and not too long."""
        beginning = text[: 20 * _SHOWN_CHARACTERS]
        key = "" if self._key == NO_KEY else self._key
        return visible_line(without_key(beginning, key), _SHOWN_CHARACTERS)

    def without_key(self, text: str) -> str:
        """A reply without any trace of the key, in case that the server put it there."""
        return text if len(self._key) < _SHORTEST_SECRET else without_key(text, self._key)

    async def _answer(self, request: "httpx2.Request", most_bytes: int) -> Mapping[str, Any]:
        response = await self._response(request)
        try:
            if not response.is_success:
                raise self._refusal(response, await _beginning(response))
            body = await _body(response, most_bytes)
        finally:
            await response.aclose()
        try:
            answer = json.loads(body)
        # Deeply nested brackets exhaust the reader's stack.
        except (ValueError, RecursionError):
            raise NotTheProtocol("it is not JSON") from None
        if not isinstance(answer, dict):
            raise NotTheProtocol("it is not a JSON object")
        return answer

    async def _response(self, request: "httpx2.Request") -> "httpx2.Response":
        """The response past redirects within a server; only its headers have been read."""
        for _ in range(_MOST_REDIRECTS):
            response = await self._client.send(request, stream=True)
            following = response.next_request
            if following is None:
                return response
            await response.aclose()
            if _origin(following) != _origin(request) or following.method != request.method:
                raise Redirected(f"refers to {self.shown(str(following.url))}")
            request = following
        raise Redirected("refers to ever other addresses")

    def _refusal(self, response: "httpx2.Response", body: bytes) -> Refused:
        text = body.decode("utf-8", "replace")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = text
        # OpenAI nests its errors, others do not, and each names the text differently.
        error = found.get("error", found) if isinstance(found, dict) else found
        details = error if isinstance(error, dict) else {}
        said = details.get("message") or details.get("detail") or error
        said = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        return Refused(
            self.shown(said) or "it does not say why",
            response.status_code,
            code=self.shown(str(details.get("code") or "")),
            param=self.shown(str(details.get("param") or "")),
            pause=retry_after(response.headers),
        )


@cache
def _certificates() -> "ssl.SSLContext":
    """Made once: that takes longer than the rest of a client."""
    import httpx2

    return httpx2.create_ssl_context()


def _origin(request: "httpx2.Request") -> tuple[str, str, int | None]:
    return request.url.scheme, request.url.host, request.url.port


async def _beginning(response: "httpx2.Response") -> bytes:
    """As much of a body as explains an error; nothing where it cannot be read."""
    import httpx2

    try:
        return await _body(response, _MOST_BYTES_OF_AN_ERROR, cut=True)
    except (NotTheProtocol, httpx2.DecodingError):
        return b""


async def _body(response: "httpx2.Response", most_bytes: int, cut: bool = False) -> bytes:
    """The body, decompressed; of one larger than `most_bytes` the beginning, if `cut` allows it."""
    if response.headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
        raise NotTheProtocol("it is compressed in a way that was not asked for", passes=False)
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > most_bytes and not cut:
            raise NotTheProtocol(f"it is larger than {most_bytes // 1_000_000} MB", passes=False)
        if len(body) > most_bytes:
            break
    return bytes(body[:most_bytes])
