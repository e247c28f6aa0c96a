"""dictionary-learning: `TopKTrainer`.

`normalize_activations`, which it recommends, divides by the root of the mean squared norm; that
is 1 for unit vectors.
"""

import torch
from dictionary_learning.trainers.top_k import TopKTrainer

WARMUP_STEPS = 1000
NEVER = 1 << 40


class DictionaryLearning:
    revives = True

    def __init__(self, plan):
        self.trainer = TopKTrainer(
            steps=plan.steps,
            activation_dim=plan.d,
            dict_size=plan.n,
            k=plan.k,
            layer=0,
            lm_name="vectors",
            lr=plan.rate,
            warmup_steps=plan.warmup(WARMUP_STEPS),
            decay_start=int(plan.steps * 0.8),
            seed=plan.seed,
            device="cpu",
        )
        if plan.tuned:
            self.trainer.dead_feature_threshold = plan.epoch
        self.steps = 0
        self.settings = (
            f"Adam {self.trainer.lr:.1e}, {self.trainer.warmup_steps} steps of warm-up, last fifth "
            f"falling to 0; b_dec starts at the geometric median; auxiliary loss 1/32 for latents "
            f"silent for {self.trainer.dead_feature_threshold:,} rows"
        )

    def step(self, x):
        self.trainer.update(self.steps, x)
        self.steps += 1

    def keep_dead(self, dead):
        self.trainer.num_tokens_since_fired[dead] = NEVER

    @torch.no_grad()
    def reconstruct(self, x):
        return self.trainer.ae(x)


WAYS = {"dictionary-learning": DictionaryLearning}
