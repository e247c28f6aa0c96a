"""A folder with what the paper published (arXiv 2408.00657), made from any bundle."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from saetui.store.bundle import Bundle


@dataclass(frozen=True)
class Published:
    """A folder in the paper's layout, and the bundle that it was made of."""

    path: Path
    bundle: Path
    k: int
    n: int

    @property
    def weights(self) -> Path:
        return self.path / f"{self.k}_{self.n}_{2 * self.k}_auxk_epoch_50.pth"

    def file(self, pattern: str) -> Path:
        """A file whose name holds k and n, such as `topk_indices_{k}_{n}.npy`."""
        return self.path / pattern.format(k=self.k, n=self.n)


def publish(
    bundle_path: Path, path: Path, *, codes: bool = True, analysis: bool = True
) -> Published:
    """Write the files that the paper published from the first SAE of a bundle.

    Args:
        bundle_path: Of the bundle.
        path: Of the folder.
        codes: Write the codes.
        analysis: Write labels, scores and families.
    """
    path.mkdir(parents=True)
    bundle = Bundle(bundle_path)
    sae = bundle.sae()
    published = Published(path, bundle_path, sae.record.k, sae.record.n)
    documents = list(bundle.documents)
    np.save(path / "abstract_embeddings.npy", bundle.embeddings.astype(np.float32))
    texts = {
        "doc_ids": [document.id for document in documents],
        "abstracts": [f"{document.title}\n\n{document.text}" for document in documents],
    }
    (path / "abstract_texts.json").write_text(json.dumps(texts), "utf-8")
    with (path / "paper_metadata.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["arxiv_id", "title", "citation_count", "year"])
        for number, document in enumerate(documents):
            writer.writerow([document.id, document.title, number, f"{2000 + number % 20}.0"])
    torch.save(state_of(sae.weights), published.weights)
    if codes:
        indices = np.maximum(sae.codes.indices, 0).astype(np.int64)
        np.save(published.file("topk_indices_{k}_{n}.npy"), indices)
        np.save(published.file("topk_values_{k}_{n}.npy"), np.array(sae.codes.values))
    if analysis:
        _write_analysis(published, bundle)
    bundle.close()
    return published


def state_of(weights) -> dict[str, torch.Tensor]:
    """The state dictionary of the paper's model."""
    return {
        "encoder.weight": torch.from_numpy(np.array(weights.encoder)),
        "decoder.weight": torch.from_numpy(np.array(weights.directions.T)),
        "pre_bias": torch.from_numpy(np.array(weights.bias)),
        "latent_bias": torch.from_numpy(np.array(weights.encoder_bias)),
    }


def label_of(feature: int) -> str:
    """The label that a feature was published with."""
    return f"Topic number {feature}"


def _write_analysis(published: Published, bundle: Bundle) -> None:
    features = bundle.sae().features
    entries = [
        {
            "index": feature.id,
            "label": label_of(feature.id),
            "reasoning": f"Most abstracts say {', '.join(feature.terms[:3])}.",
            "f1": 0.9,
            "pearson_correlation": 0.85 if feature.id % 2 else float("nan"),
            "density": feature.density,
        }
        for feature in features
    ]
    analysis = published.path / f"feature_analysis_results_{published.k}.json"
    analysis.write_text(json.dumps(entries), "utf-8")
    dense = sorted(range(len(features)), key=lambda feature: -features[feature].documents)
    (plain, *first), (sized, *second) = dense[0:6], dense[6:11]
    either = {label_of(plain): [[label_of(child), child] for child in first]}
    (published.path / "clean_families.json").write_text(json.dumps(either), "utf-8")
    other = {
        label_of(sized): {
            "parent": [label_of(sized), 1 + len(second)],
            "children": [[label_of(child), child] for child in second],
        }
    }
    published.file("clean_families_{k}_{n}.json").write_text(json.dumps(other), "utf-8")
