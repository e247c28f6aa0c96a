"""eai-sparsify: `SparseCoder` under `Trainer`.

Its trainer takes activations from a hook in a language model. Here the model is a module that
passes the current batch on, as one sequence of so many tokens, and `fit` is called for one step at
a time; saving at its end is left out.
"""

from functools import partial

import torch
from schedulefree import ScheduleFreeWrapper
from sparsify import SaeConfig, TrainConfig, Trainer

from peers import silence

NAME = "rows"
NEVER = 1 << 40


class Steps:
    """A dataset of one sequence a step, all of them the same: the model looks at none."""

    def __init__(self, steps, batch):
        self.steps = steps
        self.tokens = {"input_ids": torch.zeros(batch, dtype=torch.int64)}

    def __len__(self):
        return self.steps

    def __getitem__(self, number):
        return self.tokens

    def select(self, _rows):
        return self


class PassedOn(torch.nn.Module):
    """What the trainer needs of a language model."""

    device = torch.device("cpu")

    def __init__(self, d):
        super().__init__()
        self.x = torch.zeros(1, 1, d)
        self.add_module(NAME, torch.nn.Identity())

    @property
    def base_model(self):
        return self

    @property
    def dummy_inputs(self):
        return {"input_ids": torch.zeros(1, 1, dtype=torch.int64)}

    def forward(self, input_ids):
        return self.get_submodule(NAME)(self.x)


class QuietTrainer(Trainer):
    def save(self):
        pass


class Sparsify:
    def __init__(self, plan, *, optimizer, auxiliary=False):
        config = TrainConfig(
            SaeConfig(num_latents=plan.n, k=plan.k),
            batch_size=1,
            optimizer=optimizer,
            lr=plan.rate,
            hookpoints=[NAME],
            init_seeds=[plan.seed],
            log_to_wandb=False,
            lr_warmup_steps=plan.warmup(1000),
            auxk_alpha=1 / 32 if plan.tuned or auxiliary else 0.0,
            **({"dead_feature_threshold": plan.epoch} if plan.tuned else {}),
        )
        self.model = PassedOn(plan.d)
        with silence():
            self.trainer = QuietTrainer(config, Steps(plan.steps, plan.batch), self.model)
        self.sae = self.trainer.saes[NAME]
        group = self.trainer.optimizers[0].param_groups[0]
        schedule = (
            "without a schedule, averaged by schedule-free"
            if optimizer == "signum"
            else f"{config.lr_warmup_steps} steps of warm-up, then falling to 0"
        )
        self.revives = config.auxk_alpha > 0
        auxiliary_loss = (
            f"auxiliary loss 1/32 for latents silent for {config.dead_feature_threshold:,} rows"
            if self.revives
            else "no auxiliary loss"
        )
        self.settings = (
            f"{optimizer} {group.get('initial_lr', group['lr']):.1e}, {schedule}; b_dec starts at "
            f"the first batch's mean; {auxiliary_loss}"
        )

    def step(self, x):
        trainer, precision = self.trainer, torch.get_float32_matmul_precision()
        self.model.x = x[None]
        trainer.dataset = Steps(1, len(x))
        with silence():
            trainer.fit()
        torch.set_float32_matmul_precision(precision)

    def keep_dead(self, dead):
        self.trainer.num_tokens_since_fired[NAME][dead] = NEVER

    @torch.no_grad()
    def reconstruct(self, x):
        averaged = [o for o in self.trainer.optimizers if isinstance(o, ScheduleFreeWrapper)]
        for optimizer in averaged:
            optimizer.eval()
        result = self.sae(x).sae_out
        for optimizer in averaged:
            optimizer.train()
        return result


WAYS = {
    "eai-sparsify, signum": partial(Sparsify, optimizer="signum"),
    "eai-sparsify, adam": partial(Sparsify, optimizer="adam"),
    "eai-sparsify, signum, auxiliary": partial(Sparsify, optimizer="signum", auxiliary=True),
}
