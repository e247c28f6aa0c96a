"""How much of a text an embedder reads before it cuts it off."""

from collections.abc import Sequence

from saetui.core.words import first_words
from saetui.embed.protocol import Embedder

# Of English, as tokenizers of 30,000 tokens have it.
_WORDS_PER_TOKEN = 0.75


def most_tokens(embedder: Embedder) -> int:
    """How many tokens of a text an embedder reads; 0 where it does not say."""
    return int(getattr(embedder, "most_tokens", 0))


def usual_words(tokens: int) -> int:
    """About how many English words so many tokens are."""
    return int(tokens * _WORDS_PER_TOKEN)


def lengths_read(embedder: Embedder, texts: Sequence[str]) -> list[int]:
    """How many characters of each text an embedder reads.

    An embedder that knows it exactly has a method `lengths_read`. Of others, tokens are taken for
    words; and one that does not say how many tokens it reads is taken to read all.
    """
    exact = getattr(embedder, "lengths_read", None)
    if exact is not None:
        lengths: list[int] = exact(texts)
        return lengths
    tokens = most_tokens(embedder)
    if not tokens:
        return [len(text) for text in texts]
    return [first_words(text, usual_words(tokens)) for text in texts]


def cut_off(count: int, documents: int, tokens: int, embedder: str) -> str:
    """How many texts an embedder cuts off, in a sentence."""
    return (
        f"{count:,} of {documents:,} texts are longer than the {tokens:,} tokens (about "
        f"{usual_words(tokens):,} words) that {embedder} reads: the rest of each is cut off."
    )
