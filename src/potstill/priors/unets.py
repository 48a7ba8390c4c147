"""The families of U-Nets: Stable Diffusion, SDXL, DeepFloyd IF, and unconditional networks."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from potstill.diffusion.prior import Condition
from potstill.diffusion.views import CameraEmbedding, ViewReading
from potstill.priors.pipeline import Pipeline
from potstill.tensors import Grid, Times

MOST_CAMERA_NUMBERS = 256
"""Those of 64 orders; more numbers are no camera."""


@dataclass(frozen=True, eq=False)
class StableDiffusion(Pipeline):
    """Stable Diffusion 1 and 2, and every U-Net conditioned on the states of one text encoder."""

    def embed(self, prompt: str) -> Condition:
        """The states of the text encoder; zeros, an unknown camera, for a network that takes one."""
        numbers = camera_numbers(self.network.config)
        camera = {"class_labels": torch.zeros(1, numbers)} if numbers else {}
        return {"encoder_hidden_states": _states(self, prompt), **camera}

    @property
    def view_reading(self) -> ViewReading | None:
        """The embedding of the camera, for a network that takes one."""
        numbers = camera_numbers(self.network.config)
        return CameraEmbedding(numbers // 4) if numbers else None

    def output(self, x_t: Grid, t: Times, condition: Condition) -> Grid:
        """The output of the U-Net."""
        states, labels = condition["encoder_hidden_states"], condition.get("class_labels")
        return self.network(x_t, self.timesteps(t), states, class_labels=labels, return_dict=False)[0]


@dataclass(frozen=True, eq=False)
class StableDiffusionXL(Pipeline):
    """SDXL: conditioned on the states of two text encoders, a pooled state, and image sizes.

    The empty prompt is all zeros where the pipeline says so (`force_zeros_for_empty_prompt`).
    """

    def embed(self, prompt: str) -> Condition:
        """Both encoders' states side by side, and the pooled state of the second."""
        states, _, pooled, _ = self.pipe.encode_prompt(
            prompt, device=self.device, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        return {"encoder_hidden_states": states, "text_embeds": pooled}

    @property
    def unconditional(self) -> Condition:
        """Zeros, or the empty prompt."""
        empty = self.encode_prompt("")
        zeros = self.pipe.config.force_zeros_for_empty_prompt
        return {name: torch.zeros_like(value) for name, value in empty.items()} if zeros else empty

    def size_condition(self, latents: Grid) -> Condition:
        """Original size, crop offset 0 and target size, in pixels (arXiv 2307.01952, section 2.2)."""
        height, width = (cells * self.codec.factor for cells in latents.shape[-2:])
        return {"time_ids": torch.tensor([[height, width, 0, 0, height, width]])}

    def output(self, x_t: Grid, t: Times, condition: Condition) -> Grid:
        """The output of the U-Net."""
        added = {name: condition[name] for name in ("text_embeds", "time_ids")}
        states = condition["encoder_hidden_states"]
        return self.network(x_t, self.timesteps(t), states, added_cond_kwargs=added, return_dict=False)[0]


@dataclass(frozen=True, eq=False)
class DeepFloyd(Pipeline):
    """DeepFloyd IF, on pixels, conditioned on the states of a T5 encoder. The learned variance is not used."""

    @property
    def token_limits(self) -> dict[str, int]:
        """77 tokens, as in training; T5 itself could read more."""
        return dict.fromkeys(super().token_limits, 77)

    def embed(self, prompt: str) -> Condition:
        """The states of the T5 encoder."""
        return {"encoder_hidden_states": _states(self, prompt)}

    def output(self, x_t: Grid, t: Times, condition: Condition) -> Grid:
        """The first half of the channels, without the variance."""
        raw = self.network(x_t, self.timesteps(t), condition["encoder_hidden_states"], return_dict=False)[0]
        return raw[:, : x_t.shape[1]]


@dataclass(frozen=True, eq=False)
class Unconditional(Pipeline):
    """A network without a condition, such as DDPM's: for SDS without text, not for edits.

    Guidance has nothing to compare, so a guidance scale changes nothing.
    """

    @property
    def size_multiple(self) -> int:
        """The factor by which the network downsamples: this kind of U-Net cannot upsample to other sizes."""
        return self.codec.factor * 2 ** (len(self.network.config.block_out_channels) - 1)

    @property
    def unconditional(self) -> Condition:
        """Empty: there is no condition."""
        return {}

    def embed(self, prompt: str) -> Condition:
        """Empty."""
        return {}

    def output(self, x_t: Grid, t: Times, condition: Condition) -> Grid:
        """The output of the U-Net."""
        return self.network(x_t, self.timesteps(t), return_dict=False)[0]


def camera_numbers(config: Any) -> int:
    """How many numbers of the camera a U-Net takes, as those of `CameraEmbedding`; 0 if it takes none.

    They are its `class_labels` (`class_embed_type="projection"`), beside the states of a text. Networks that take the
    embedding of an image there, such as those of unCLIP, take many more numbers.
    """
    beside_text = config.get("class_embed_type") == "projection" and config.get("cross_attention_dim")
    numbers = config.get("projection_class_embeddings_input_dim") if beside_text else 0
    return numbers if numbers in range(4, MOST_CAMERA_NUMBERS + 1, 4) else 0


def _states(prior: Pipeline, prompt: str) -> Tensor:
    """The states of the only text encoder. By keyword: pipelines differ in the order of these parameters."""
    return prior.pipe.encode_prompt(
        prompt, device=prior.device, num_images_per_prompt=1, do_classifier_free_guidance=False
    )[0]
