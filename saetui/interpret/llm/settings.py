"""Which language model to ask, where, how patiently, and for how much."""

from dataclasses import dataclass, field

from saetui.endpoint.address import address_of, check_address, is_this_machine
from saetui.errors import InputError, LanguageModelError
from saetui.interpret.llm.prices import Price, listed_price


@dataclass(frozen=True)
class Patience:
    """How long to wait for an endpoint, and how often to ask it again.

    Attributes:
        timeout: Seconds until a request counts as unanswered.
        tries: How often one request is sent while the endpoint is busy, failing or silent.
        pause: Seconds before the second try; doubled each time, unless the endpoint asks for more.
        longest_pause: Seconds beyond which it is not doubled.
        attempts: How often one question is asked while the replies cannot be used.
    """

    timeout: float = 120.0
    tries: int = 8
    pause: float = 0.5
    longest_pause: float = 60.0
    attempts: int = 3


@dataclass(frozen=True)
class ModelSettings:
    """Everything needed to ask a model, and nothing secret: keys stay in the environment.

    Attributes:
        model: Its name at the endpoint.
        address: The endpoint's address.
        price: What it costs; None where that is not known.
        concurrency: How many requests may be under way at once. As many may have been paid for
            without an answer when the process is killed.
        patience: How long to wait.
    """

    model: str
    address: str
    price: Price | None
    concurrency: int = 8
    patience: Patience = field(default_factory=Patience)

    @property
    def spec(self) -> str:
        """How the model is named on the command line."""
        return f"openai:{self.model}"


@dataclass(frozen=True)
class Budget:
    """What a job may cost; None sets no limit.

    Attributes:
        dollars: US dollars.
        tokens: Tokens, of prompts and replies together.
    """

    dollars: float | None = None
    tokens: int | None = None


def model_settings(
    spec: str,
    *,
    base_url: str | None = None,
    price: Price | None = None,
    concurrency: int = 8,
) -> ModelSettings:
    """Settings from what a user writes.

    Args:
        spec: `openai:MODEL`; the endpoint may be any that speaks OpenAI's chat protocol.
        base_url: Its address; by default that in `OPENAI_BASE_URL`, or else OpenAI's own.
        price: What the model costs; by default its listed price, and nothing for one on this
            machine that is not listed.
        concurrency: See `ModelSettings`.

    Raises:
        InputError: The spec names no model, or the concurrency is below 1.
        LanguageModelError: The address cannot be asked.
    """
    kind, _, model = (part.strip() for part in spec.partition(":"))
    if kind != "openai" or not model:
        raise InputError(
            f"'{spec}' does not name a language model.", "Write openai: and a model's name."
        )
    if concurrency < 1:
        raise InputError(f"There cannot be {concurrency} requests at a time.")
    address = address_of(base_url)
    check_address(address, LanguageModelError)
    price = price or listed_price(model, is_this_machine(address))
    return ModelSettings(model, address, price, concurrency)
