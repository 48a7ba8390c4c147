"""Pictures from captions: plain DDIM sampling with guidance, for looking at the model while it learns."""

from collections.abc import Sequence

import torch
from diffusers import DDIMScheduler
from transformers import PreTrainedTokenizerFast

from training.compose import generator
from training.model import Emoji, Images, to_images, tokenize


@torch.no_grad()
def sample(
    model: Emoji,
    tokenizer: PreTrainedTokenizerFast,
    scheduler: DDIMScheduler,
    prompts: Sequence[str],
    *,
    seed: int = 0,
    guidance: float = 4.0,
    steps: int = 50,
) -> Images:
    """One picture a prompt, in [0, 1]; picture n starts from the noise of seed and n."""
    device = next(model.parameters()).device
    shape = (model.unet.config.in_channels, model.unet.config.sample_size, model.unet.config.sample_size)
    noise = [torch.randn(shape, generator=generator(seed, n)) for n in range(len(prompts))]
    x_t = torch.stack(noise).to(device)
    tokens = tokenize(tokenizer, [*prompts, *[""] * len(prompts)]).to(device)
    scheduler.set_timesteps(steps)
    for t in scheduler.timesteps:
        conditional, free = model(x_t.repeat(2, 1, 1, 1), t.to(device), tokens).chunk(2)
        x_t = scheduler.step(free + guidance * (conditional - free), t, x_t, use_clipped_model_output=True).prev_sample
    return to_images(x_t).clamp(0, 1)
