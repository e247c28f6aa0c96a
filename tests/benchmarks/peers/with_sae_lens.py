"""sae-lens: `TopKTrainingSAE` under `SAETrainer`.

Its option to scale inputs to a mean norm of `sqrt(d)` is off, as it is by default: with it the
held-out error of abstracts was higher at every learning rate tried.
"""

from functools import partial

import torch
from sae_lens import LoggingConfig, TopKTrainingSAE, TopKTrainingSAEConfig
from sae_lens.config import SAETrainerConfig
from sae_lens.training.sae_trainer import SAETrainer

# Its tutorial lets the rate fall over the last fifth.
DECAY_SHARE = 0.2


class SaeLens:
    revives = True

    def __init__(self, plan, *, sparse=False):
        torch.manual_seed(plan.seed)
        config = TopKTrainingSAEConfig(
            d_in=plan.d,
            d_sae=plan.n,
            k=plan.k,
            use_sparse_activations=sparse,
            # Sparse activations cannot be scaled on a CPU: torch then lacks a backward operation.
            rescale_acts_by_decoder_norm=not sparse,
        )
        rate = plan.rate or SAETrainerConfig.lr
        trainer_config = SAETrainerConfig(
            lr=rate,
            lr_end=rate / 10,  # As its runner sets it; the constant schedule ignores it.
            total_training_samples=plan.steps * plan.batch,
            train_batch_size_samples=plan.batch,
            lr_decay_steps=int(plan.steps * DECAY_SHARE),
            logger=LoggingConfig(log_to_wandb=False),
            **({"dead_feature_window": max(1, plan.epoch // plan.batch)} if plan.tuned else {}),
        )
        self.trainer = SAETrainer(trainer_config, TopKTrainingSAE(config), iter(()))
        form = "sparse, activations not scaled by decoder norms" if sparse else "dense"
        self.settings = (
            f"Adam {rate:.1e}, last fifth falling to 0; W_dec starts at norm 0.1, b_dec at 0; "
            f"auxiliary loss for latents silent for {trainer_config.dead_feature_window} steps; "
            f"{form}"
        )

    def step(self, x):
        trainer = self.trainer
        trainer.maybe_reset_sparsity()
        trainer.step(x)
        trainer.n_training_steps += 1

    def keep_dead(self, dead):
        self.trainer.n_forward_passes_since_fired[dead] = self.trainer.cfg.dead_feature_window + 1

    @torch.no_grad()
    def reconstruct(self, x):
        return self.trainer.sae(x)


WAYS = {
    "sae-lens": SaeLens,
    "sae-lens, sparse": partial(SaeLens, sparse=True),
}
