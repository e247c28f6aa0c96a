"""Judges beside those that read words alone, by what a user writes."""

from collections.abc import Mapping, Sequence

from saetui.embed import EmbedderSettings, load_embedder
from saetui.errors import InputError
from saetui.evaluate.embedder_judge import EmbedderJudge, check_is_another, check_sees_otherwise
from saetui.evaluate.judging import Judge
from saetui.evaluate.model_judge import ModelJudge
from saetui.interpret.llm.model import LanguageModel
from saetui.store.bundle import Bundle, StoredSae

_EMBEDDER = "embedder"
_MODEL = "openai"


def language_models_in(specs: Sequence[str]) -> list[str]:
    """The specs of judges that are language models.

    Raises:
        InputError: A spec names no judge.
    """
    for spec in specs:
        kind, _, argument = spec.partition(":")
        if kind not in (_EMBEDDER, _MODEL) or not argument:
            raise InputError(
                f"'{spec}' does not name a judge.",
                "Write embedder: and an embedder, such as embedder:minilm, or openai: and a "
                "language model's name.",
            )
    return [spec for spec in specs if spec.partition(":")[0] == _MODEL]


def named_judge(
    spec: str,
    bundle: Bundle,
    sae: StoredSae,
    models: Mapping[str, LanguageModel],
    *,
    seed: int,
    base_url: str | None = None,
) -> Judge:
    """The judge that is meant.

    Args:
        spec: `embedder:SPEC` for another embedder, `openai:MODEL` for a language model.
        bundle: With the documents.
        sae: With the labels.
        models: The language models, by spec.
        seed: Of what an embedder draws.
        base_url: Address of an embedder's endpoint.

    Raises:
        InputError: The embedder is the bundle's own.
        EmbedderError: There is no such embedder, or it cannot be loaded here.
    """
    names = [record.label for record in sae.features]
    if spec in models:
        return ModelJudge(
            models[spec], lambda row: bundle.documents.document(row).embedding_text, names
        )
    settings = EmbedderSettings(spec.partition(":")[2].strip())
    check_is_another(settings, bundle)
    # Only embedders behind an endpoint know what to do with its address.
    embedder = load_embedder(settings, base_url=base_url if settings.kind == _MODEL else None)
    check_sees_otherwise(embedder, bundle)
    return EmbedderJudge(spec, embedder, bundle, names, seed)
