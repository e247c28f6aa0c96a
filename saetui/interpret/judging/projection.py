"""How far each document lies along a direction, in standard deviations of the corpus.

A plain cosine to a short text says little, since some texts are near to everything. Standard
deviations say how a document compares with all others.
"""

from dataclasses import dataclass

import numpy as np

from saetui.core.codec import Float

# Added to the covariance before it is inverted, as a share of the mean variance. A smaller share
# trusts directions in which documents hardly differ; a larger one comes close to a plain cosine.
_RIDGE = 0.3
_LEAST_SPREAD = 1e-4


@dataclass(frozen=True)
class Directions:
    """Directions scaled so that documents along them have variance 1.

    Attributes:
        vectors: float32 `(m, d)`.
        centres: float32 `(m,)`, the position of the corpus's mean along each.
    """

    vectors: Float
    centres: Float

    def place(self, documents: Float) -> Float:
        """The position of each document `(s, d)` along each direction, float32 `(m, s)`."""
        return self.vectors @ documents.T - self.centres[:, None]


class Projection:
    """Projects documents onto directions of their space.

    Args:
        vectors: float32 `(s, d)`, documents that stand for the corpus.
    """

    def __init__(self, vectors: Float) -> None:
        self._mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        centred = vectors - self._mean
        self._covariance = centred.T @ centred / np.float32(max(len(vectors), 1))
        width = vectors.shape[1]
        ridge = _RIDGE * max(float(np.trace(self._covariance)) / width, 1e-9)
        self._precision = np.linalg.inv(
            self._covariance.astype(np.float64) + ridge * np.eye(width)
        ).astype(np.float32)

    def towards(self, queries: Float) -> Directions:
        """The directions of queries `(m, d)`: projection onto them is similarity."""
        variances = np.einsum("id,id->i", queries @ self._covariance, queries)
        spread = np.sqrt(np.maximum(variances, _LEAST_SPREAD**2))
        scaled = queries / spread[:, None]
        return Directions(scaled, scaled @ self._mean)

    def discriminating(self, queries: Float) -> Directions:
        """Fisher's linear discriminant between documents around each query and the corpus.

        It is the difference from the corpus's mean times the inverse covariance (Fisher 1936), so
        directions in which all documents vary count less.
        """
        return self.towards((queries - self._mean) @ self._precision)
