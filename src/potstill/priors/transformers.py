"""The families of transformers: Stable Diffusion 3, Flux and PixArt."""

import inspect
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
import torch.nn.functional as F

from potstill.diffusion.prior import Condition
from potstill.priors.pipeline import Pipeline
from potstill.tensors import Grid, Times

_STATES = ("encoder_hidden_states", "pooled_projections")
"""The entries of a prompt for Stable Diffusion 3 and Flux."""


@dataclass(frozen=True, eq=False)
class Transformer(Pipeline):
    """A transformer over patches of the latents, conditioned on T5 and perhaps other text encoders."""

    t5: ClassVar[str]
    """The name of T5's tokenizer in the pipeline."""

    @property
    def size_multiple(self) -> int:
        """The size of a patch."""
        return self.codec.factor * self.network.config.patch_size

    @property
    def token_limits(self) -> dict[str, int]:
        """T5's limit is the default of the pipeline."""
        limits = super().token_limits
        if self.t5 in limits:
            parameters = inspect.signature(self.pipe.encode_prompt).parameters
            limits[self.t5] = parameters["max_sequence_length"].default
        return limits


@dataclass(frozen=True, eq=False)
class StableDiffusion3(Transformer):
    """Stable Diffusion 3 and 3.5, rectified flows: the states of two CLIP encoders and T5, and a pooled state."""

    t5: ClassVar = "tokenizer_3"

    def embed(self, prompt: str) -> Condition:
        """CLIP's states, then T5's (zeros without T5), and both CLIPs' pooled states."""
        states, _, pooled, _ = self.pipe.encode_prompt(
            prompt, prompt_2=None, prompt_3=None, device=self.device, do_classifier_free_guidance=False
        )
        return {"encoder_hidden_states": states, "pooled_projections": pooled}

    def output(self, x_t: Grid, t: Times, condition: Condition) -> Grid:
        """The output of the transformer, at timesteps 1,000 t."""
        told = {name: condition[name] for name in _STATES}  # a view may have added entries
        return self.network(x_t, timestep=self.timesteps(t), return_dict=False, **told)[0]


@dataclass(frozen=True, eq=False)
class Flux(Transformer):
    """Flux, a rectified flow: T5's states, CLIP's pooled state, and on some models an embedded guidance scale.

    Latents are [b, c, h, w] as the VAE makes them. Blocks of 2x2 are packed into tokens only inside `output`.

    Where guidance was distilled into the network (`guidance_embeds`, FLUX.1-dev), the scale is an input, and a
    guided prediction costs one evaluation: `with_scale(prior, scale)` is this prior at another `guidance`. Scales
    below 1 were never trained; there, and on models without the embedding (FLUX.1-schnell), `with_scale` compares
    with the empty prompt as for any prior. `Guided(prior, scale)` always compares.
    """

    t5: ClassVar = "tokenizer_2"
    to_last_step: ClassVar = True

    guidance: float = 3.5
    """The guidance scale that a network with distilled guidance takes."""

    @property
    def channels(self) -> int:
        """Channels of the latents; a token holds those of four cells."""
        return self.network.config.in_channels // 4

    @property
    def size(self) -> tuple[int, int]:
        """The pipeline's default; the network's config has none."""
        side = self.pipe.default_sample_size * self.codec.factor
        return side, side

    @property
    def size_multiple(self) -> int:
        """The size of a block."""
        return 2 * self.codec.factor

    @property
    def call_key(self) -> Hashable:
        """With the scale, which is an input of the whole call."""
        return super().call_key, self.guidance

    @property
    def guidance_scale(self) -> float:
        """The scale that the network takes; 1 if it takes none."""
        return self.guidance if self.network.config.guidance_embeds else 1.0

    def with_distilled_scale(self, scale: float) -> "Flux | None":
        """This prior at that scale, where guidance was distilled and the scale is at least 1."""
        return replace(self, guidance=scale) if self.network.config.guidance_embeds and scale >= 1 else None

    def embed(self, prompt: str) -> Condition:
        """T5's states and CLIP's pooled state."""
        states, pooled, _ = self.pipe.encode_prompt(prompt, device=self.device)
        return {"encoder_hidden_states": states, "pooled_projections": pooled}

    def output(self, x_t: Grid, t: Times, condition: Condition) -> Grid:
        """The output of the transformer on packed latents, at t itself; tokens carry their row and column."""
        blocks = F.pixel_unshuffle(x_t, 2)
        height, width = blocks.shape[-2:]
        rows, columns = torch.arange(height), torch.arange(width)
        places = torch.cartesian_prod(torch.zeros(1), rows.float(), columns.float())
        texts = torch.zeros(condition["encoder_hidden_states"].shape[1], 3)
        embedded = self.network.config.guidance_embeds
        told = {name: condition[name] for name in _STATES}  # a view may have added entries
        raw = self.network(
            blocks.flatten(2).mT,
            timestep=self.timesteps(t) / 1000,
            guidance=torch.full((len(x_t),), self.guidance, device=x_t.device) if embedded else None,
            img_ids=places.to(self.device),
            txt_ids=texts.to(self.device),
            return_dict=False,
            **told,
        )[0]
        return F.pixel_shuffle(raw.mT.unflatten(2, (height, width)), 2)


@dataclass(frozen=True, eq=False)
class PixArt(Transformer):
    """PixArt-alpha and -sigma: T5's states with their mask. A learned variance is not used."""

    t5: ClassVar = "tokenizer"

    def embed(self, prompt: str) -> Condition:
        """T5's states, and the mask of those that are text and not padding."""
        states, mask, *_ = self.pipe.encode_prompt(prompt, do_classifier_free_guidance=False, device=self.device)
        return {"encoder_hidden_states": states, "encoder_attention_mask": mask}

    def size_condition(self, latents: Grid) -> Condition:
        """Height, width and their ratio, in pixels, for networks that take them (1024-alpha)."""
        if not self.network.use_additional_conditions:
            return {}
        height, width = (float(cells * self.codec.factor) for cells in latents.shape[-2:])
        return {"resolution": torch.tensor([[height, width]]), "aspect_ratio": torch.tensor([[height / width]])}

    def output(self, x_t: Grid, t: Times, condition: Condition) -> Grid:
        """The first channels of the transformer's output, without the variance."""
        raw = self.network(
            x_t,
            encoder_hidden_states=condition["encoder_hidden_states"],
            encoder_attention_mask=condition["encoder_attention_mask"],
            timestep=self.timesteps(t),
            added_cond_kwargs={name: condition.get(name) for name in ("resolution", "aspect_ratio")},
            return_dict=False,
        )[0]
        return raw[:, : x_t.shape[1]]
