"""A Stable Diffusion of about 10 M parameters with random weights, for the benchmarks."""

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

from potstill.priors.unets import StableDiffusion

WIDTH = 256
"""The width of the text embeddings."""


def small_prior() -> StableDiffusion:
    """The prior, without a text encoder: the embeddings of two prompts are random."""
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(64, 128, 192),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    )
    vae = AutoencoderKL(
        block_out_channels=(32, 64, 64, 64),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        sample_size=256,
    )
    table = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
    scheduler = DDIMScheduler(clip_sample=False, steps_offset=1, **table)
    none = dict.fromkeys(("text_encoder", "tokenizer", "safety_checker", "feature_extractor"))
    pipe = StableDiffusionPipeline(vae=vae, unet=unet, scheduler=scheduler, requires_safety_checker=False, **none)
    for part in (unet, vae):
        part.requires_grad_(False).eval()
    told = {prompt: {"encoder_hidden_states": torch.randn(1, 77, WIDTH)} for prompt in ("", "source", "target")}
    return StableDiffusion(pipe, _prompt_cache=told)
