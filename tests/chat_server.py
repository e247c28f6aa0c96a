"""A local endpoint that speaks OpenAI's chat-completions protocol, and keeps the bill."""

import json
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import Any

from endpoint_server import Answer, Behaviour, EndpointServer

from saetui.interpret.llm import Price

_TOPIC = re.compile(r"topic (\d+)")
_CONCEPT = re.compile(r'Concept: "(.*)"')


def replying(text: str | None, finish: str = "stop", usage: Any = ..., **message: Any) -> Behaviour:
    """Answer with a reply of these words."""

    def behave(request: dict[str, Any]) -> Answer:
        return 200, {}, json.dumps(completion(request, text, finish, usage, message)).encode()

    return behave


def topic_of(request: dict[str, Any]) -> int:
    """The topic that a request is about."""
    found = _TOPIC.search(request["messages"][1]["content"])
    assert found
    return int(found[1])


def completion(
    request: dict[str, Any],
    text: str | None,
    finish: str = "stop",
    usage: Any = ...,
    message: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A chat completion; by default with usage."""
    content = {"role": "assistant", "content": text, **(message or {})}
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [{"index": 0, "message": content, "finish_reason": finish}],
    }
    if usage is ...:
        prompt, written = tokens_of(request, text or "")
        usage = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": 0}
    if usage is not None:
        body["usage"] = usage
    return body


def tokens_of(request: dict[str, Any], text: str) -> tuple[int, int]:
    """What the server counts: a token for three bytes, and some around each message."""
    size = sum(len(message["content"].encode()) + 15 for message in request["messages"])
    return size // 3, len(text.encode()) // 3 + 1


def usual_reply(request: dict[str, Any]) -> str:
    """A label that names the topic of the documents, or confidences that compare it to them."""
    asked = request["messages"][1]["content"]
    if concept := _CONCEPT.search(asked):
        documents = [json.loads(line) for line in asked.splitlines() if line.startswith("{")]
        return json.dumps(
            {
                "judgements": [
                    {
                        "document": document["document"],
                        "confidence": 0.75 if concept[1].lower() in document["text"] else -0.5,
                    }
                    for document in documents
                ]
            }
        )
    found = _TOPIC.search(asked)
    return json.dumps({"label": f"topic {found[1]}" if found else "nothing"})


class ChatServer(EndpointServer):
    """Labels documents by the topic that they name.

    Attributes:
        delay: Seconds before each answer.
        most_at_once: Requests that were under way at once.
        bill: Everything to be paid: the request, tokens of its prompt, tokens of the reply.
    """

    def __init__(self) -> None:
        super().__init__()
        self.delay = 0.0
        self.most_at_once = 0
        self.bill: list[tuple[dict[str, Any], int, int]] = []
        self._at_once = 0
        self._counting = threading.Lock()

    def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._under_way():
            if self.delay:
                time.sleep(self.delay)
            text = usual_reply(request)
            self.charge(request, text)
        return completion(request, text)

    def charge(self, request: dict[str, Any], text: str) -> None:
        """Put a reply on the bill."""
        with self._counting:
            self.bill.append((request, *tokens_of(request, text)))

    @property
    def paid_tokens(self) -> int:
        """Tokens on the bill."""
        with self._counting:
            return sum(prompt + written for _, prompt, written in self.bill)

    def paid_dollars(self, price: Price) -> float:
        """Dollars on the bill."""
        with self._counting:
            return sum(price.of(prompt, written) for _, prompt, written in self.bill)

    def times_paid(self) -> Counter[str]:
        """How often each different request is on the bill."""
        with self._counting:
            return Counter(json.dumps(request) for request, *_ in self.bill)

    @contextmanager
    def _under_way(self) -> Any:
        with self._counting:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._counting:
                self._at_once -= 1
