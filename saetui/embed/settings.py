"""What a bundle records about its embedder, so that the same one can be loaded again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.embed.protocol import Embedder


@dataclass(frozen=True)
class EmbedderSettings:
    """Everything needed to load an embedder, and nothing secret: keys stay in the environment.

    Attributes:
        spec: Name of the embedder, with the model after a colon where it needs one.
        dimensions: Width of its vectors; None before an embedder was loaded.
        revision: What identifies its weights; empty before an embedder was loaded. Loading other
            weights than these is an error.
        requested_dimensions: Width asked of a model that can shorten its vectors; None for the
            model's own.
        base_url: Address of the endpoint; None for the embedder's usual one.
        ids: For precomputed vectors, the file that names the document of every row.
        query_spec: For precomputed vectors, the embedder that made them, which embeds queries.
    """

    spec: str
    dimensions: int | None = None
    revision: str = ""
    requested_dimensions: int | None = None
    base_url: str | None = None
    ids: str | None = None
    query_spec: str | None = None

    @property
    def kind(self) -> str:
        """The part of the spec that names the embedder."""
        return self.spec.partition(":")[0].strip()

    @property
    def argument(self) -> str:
        """The part of the spec after the first colon: a model or a file; may be empty."""
        return self.spec.partition(":")[2].strip()

    def resolved(self, embedder: "Embedder") -> "EmbedderSettings":
        """These settings with what `embedder`, which was loaded from them, turned out to be."""
        return replace(
            self,
            spec=embedder.name,
            dimensions=embedder.dimensions,
            revision=embedder.revision,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a manifest; what is not set is left out."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "EmbedderSettings":
        """The settings of a manifest; entries that a later version may have added are ignored.

        Raises:
            InputError: There is no spec, or an entry has the wrong type.
        """
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        for name, value in known.items():
            is_width = name in ("dimensions", "requested_dimensions")
            if value is not None and (type(value) is int if is_width else type(value) is str):
                continue
            if value is None and name not in ("spec", "revision"):
                continue
            raise InputError(f"The embedder's settings hold {value!r} as '{name}'.")
        if not known.get("spec"):
            raise InputError("The embedder's settings do not name an embedder.")
        return cls(**known)
