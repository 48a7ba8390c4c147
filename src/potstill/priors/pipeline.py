"""A diffusers pipeline as a prior, with its own network, noise schedule, codec, text encoders and conventions."""

import abc
import copy
import sys
import warnings
from collections.abc import Hashable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Shaped
from torch import Generator, Tensor

from potstill.diffusion.codec import Codec
from potstill.diffusion.prior import Condition, NetworkPrior, Prediction, Query, predict
from potstill.diffusion.schedule import Flow, Schedule
from potstill.diffusion.views import ViewReading
from potstill.errors import InputError
from potstill.priors.logs import quiet
from potstill.priors.lora import adapt
from potstill.priors.onnx_network import in_torch
from potstill.priors.prompts import PromptReader
from potstill.priors.schedules import PREDICTIONS, flow_times, schedule_of
from potstill.priors.vae import codec_of
from potstill.tensors import Grid, Times, per_sample

_CACHED_PROMPTS = 256
"""Prompts whose embeddings are kept: thousands of those of a large model would fill the memory."""
_LONGEST = 10_000
"""The largest side of a training image in cells."""


@dataclass(frozen=True, eq=False)
class Pipeline(NetworkPrior, abc.ABC):
    """A denoiser of images with a text prompt. Each family of models is a final subclass.

    What the network predicts, the table of noise levels and the scale of the latents come from the pipeline's own
    configs. Predictions have the dtype and device of x_t; the network computes in its own.
    """

    to_last_step: ClassVar[bool] = False
    """Whether the pipeline samples a flow from 1 to 1 / steps before a shift, and not to the scheduler's last level."""

    pipe: Any
    """A `diffusers.DiffusionPipeline`."""
    identity: Mapping[str, str | bool | dict[str, str]] = field(default_factory=dict)
    """All that a result rests on, for the record: name, revision or hash of each part, LoRAs, dtype, device."""
    _prompt_cache: dict[str, Condition] = field(default_factory=dict, repr=False)
    """The conditions of the latest prompts."""

    def __post_init__(self) -> None:
        """Read schedule and codec, so that an unsupported config is reported here and not in the first step."""
        _ = self.schedule, self.codec

    @cached_property
    def schedule(self) -> Schedule:  # type: ignore[override]
        """The scheduler's table, or a rectified flow."""
        return schedule_of(self.pipe.scheduler)

    @cached_property
    def codec(self) -> Codec:
        """The VAE, or the pixels themselves."""
        return codec_of(getattr(self.pipe, "vae", None), self.channels)

    @property
    def network(self) -> Any:
        """The denoising network, a U-Net or a transformer."""
        return network_of(self.pipe)

    @property
    def channels(self) -> int:
        """Channels of the latents."""
        return self.network.config.in_channels

    # diffusers walks through every module for these two, which takes a tenth of a small network's own time.
    @cached_property
    def device(self) -> torch.device:
        """The device that the network computes on."""
        return self.pipe._execution_device

    @cached_property
    def dtype(self) -> torch.dtype:
        """The dtype that the network computes in."""
        return self.network.dtype

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the training images, in pixels.

        Raises:
            InputError: the config of the network states none.
        """
        cells = self.network.config.sample_size
        sides = cells if isinstance(cells, list | tuple) else (cells, cells)
        if len(sides) != 2 or not all(type(side) is int and 1 <= side <= _LONGEST for side in sides):
            raise InputError(
                f"sample_size = {cells!r} of the network's config is no size: state the size of the images"
            )
        return sides[0] * self.codec.factor, sides[1] * self.codec.factor

    @property
    def size_multiple(self) -> int:
        """Heights and widths, in pixels, must be multiples of this."""
        return self.codec.factor

    @property
    def token_limits(self) -> dict[str, int]:
        """The number of tokens that the network reads from each tokenizer, by its name in the pipeline."""
        parts = self.pipe.components
        return {name: parts[name].model_max_length for name in parts if name.startswith("tokenizer") and parts[name]}

    @cached_property
    def _reader(self) -> PromptReader:
        return PromptReader([(getattr(self.pipe, name), limit) for name, limit in self.token_limits.items()])

    def encode_prompt(self, prompt: str) -> Condition:
        """The condition for a prompt, with one row. The text encoders run once for each prompt.

        A model of few words, such as the bundled one, reads emoji, other names, Korean, and any order of the words as
        the captions that it knows (`read_as`). Warns of what is read as something near, and of what is not read:
        unknown words, the notation of other programs, text beyond the token limit.

        Raises:
            InputError: nothing of the prompt is understood, it holds control characters or is too long, or the text
                encoders were released.
        """
        if prompt not in self._prompt_cache:
            encoders = [self.pipe.components[name] for name in self._text_encoders]
            if encoders and all(encoder is None for encoder in encoders):
                raise InputError(f"the text encoders were released before {prompt!r} was encoded: load the model again")
            self._reader.check(prompt)
            logs = "transformers" in sys.modules  # the bundled model is loaded without its import
            with torch.no_grad(), quiet() if logs else nullcontext():
                condition = self.embed(self._reader.plain(prompt))
            while len(self._prompt_cache) >= _CACHED_PROMPTS:
                del self._prompt_cache[next(iter(self._prompt_cache))]
        else:
            condition = self._prompt_cache.pop(prompt)
        self._prompt_cache[prompt] = condition  # the latest comes last
        return condition

    def read_as(self, prompt: str) -> str:
        """The caption that a model of few words reads in a prompt: "grey car" for "a gray automobile".

        Empty for other models, and for a prompt that is read as it stands.
        """
        return self._reader.read_as(prompt)

    @property
    def styles(self) -> tuple[str, ...]:
        """The drawing styles that a prompt can name; models of free text have no list of them."""
        return self._reader.styles

    def style_of(self, prompt: str) -> str:
        """The style that a prompt names, if it is one of `styles`."""
        return self._reader.read(prompt).style if self.styles else ""

    def check_difference(self, source: str, target: str) -> None:
        """Warn if two prompts are the same, and refuse those that only become the same to the model.

        Raises:
            InputError: they differ in what the model does not read; or as `encode_prompt`.
        """
        if source == target:
            warnings.warn("source and target prompt are the same, so there is little to edit", stacklevel=3)
            return
        one, other = self.encode_prompt(source), self.encode_prompt(target)
        if one and all(torch.equal(one[name], other[name]) for name in one):
            raise self._reader.same(source, target)

    def release_text_encoders(self) -> None:
        """Free the memory of the text encoders. Only prompts that were encoded before can be used afterwards."""
        self.encode_prompt("")
        for name in self._text_encoders:
            setattr(self.pipe, name, None)

    @property
    def _text_encoders(self) -> list[str]:
        return [name for name in self.pipe.components if name.startswith("text_encoder")]

    @property
    def unconditional(self) -> Condition:
        """The empty prompt."""
        return self.encode_prompt("")

    @property
    def view_reading(self) -> ViewReading | None:
        """How the camera enters the network, if it knows any."""
        return None

    def size_condition(self, latents: Grid) -> Condition:
        """The network's inputs for the size of the image, with one row; empty for most networks."""
        return {}

    def check(self, x0: Tensor, condition: Condition) -> None:
        """Raise unless x0 is a batch of latents with the network's channels, and the condition has `size_condition`.

        Raises:
            InputError: either is not so.
        """
        if x0.ndim != 4 or x0.shape[1] != self.channels:
            raise InputError(
                f"a render of shape {tuple(x0.shape)} must be a batch of latents [b, {self.channels}, h, w]: encode "
                "pictures with prior.codec.encode"
            )
        self._check_size(x0, condition)

    def _check_size(self, latents: Grid, condition: Condition) -> None:
        if missing := sorted(self.size_condition(latents).keys() - condition.keys()):
            raise InputError(
                f"the condition lacks {', '.join(missing)}, the size of the picture, which {type(self).__name__} "
                "takes: use {**prior.encode_prompt(prompt), **prior.size_condition(x0)}"
            )

    @abc.abstractmethod
    def embed(self, prompt: str) -> Condition:
        """Run the text encoders on a prompt: the condition, with one row."""

    @abc.abstractmethod
    def output(self, x_t: Grid, t: Times, condition: Condition) -> Grid:
        """The raw output of the network, in its own dtype, at times t of the schedule."""

    def __call__(self, x_t: Grid, t: Times, condition: Condition) -> Prediction:
        """The network's output as x0 and eps, in the dtype and on the device of x_t."""
        self._check_size(x_t, condition)
        # Before the network, whose weights push everything else out of the processor's caches.
        alpha, sigma = (per_sample(value, x_t) for value in self.schedule(t))
        moved = {name: self._moved(value) for name, value in condition.items()}
        raw = self.output(self._moved(x_t), t, moved).to(x_t)
        return self._conversions[0](raw, x_t, alpha, sigma)

    def loss(self, x0: Grid, noise: Grid, t: Times, condition: Condition) -> Float[Tensor, ""]:
        """The denoising loss: mean |prediction - truth|² in what the network predicts (eps, x0, v or a flow)."""
        alpha, sigma = (per_sample(value, x0) for value in self.schedule(t))
        (hat,) = predict(self, Query(self.schedule.perturb(x0, noise, t), t, condition))
        found, truth = (self._conversions[1](each, alpha, sigma) for each in (hat, Prediction(x0, noise)))
        return (found - truth).square().mean()

    @property
    def trainable_weights(self) -> list[Tensor]:
        """Those of the network; none unless this is a `trainable` copy."""
        return [weight for weight in self.network.parameters() if weight.requires_grad]

    def trainable(self, rank: int, rng: Generator) -> "Pipeline":
        """A copy with low-rank weights beside those of the attention (LoRA, arXiv 2106.09685; needs peft).

        Raises:
            InputError: peft is missing, or the network has no attention or is under cpu_offload.
        """
        pipe = copy.copy(self.pipe)
        setattr(
            pipe,
            "transformer" if getattr(pipe, "unet", None) is None else "unet",
            adapt(in_torch(self.network), rank, rng),
        )
        return replace(self, pipe=pipe)

    @property
    def call_key(self) -> Hashable:
        """Copies on one pipeline of diffusers make the same predictions."""
        return id(self.pipe)

    @cached_property
    def _conversions(self) -> Any:
        flow = isinstance(self.schedule, Flow)
        return PREDICTIONS["flow_prediction" if flow else self.pipe.scheduler.config.prediction_type]

    def _moved(self, value: Shaped[Tensor, "*s"]) -> Shaped[Tensor, "*s"]:
        return value.to(self.device, self.dtype if value.is_floating_point() else value.dtype)

    def sampling_times(self, steps: int, x0: Grid) -> list[Times]:
        """Equal steps for a table; for a flow those of the pipeline, whose scheduler may shift them towards noise."""
        if not isinstance(self.schedule, Flow):
            return super().sampling_times(steps, x0)
        patch = self.size_multiple // self.codec.factor
        tokens = (x0.shape[-2] // patch) * (x0.shape[-1] // patch)
        return flow_times(self.pipe.scheduler, steps, tokens, self.to_last_step)

    def timesteps(self, t: Times) -> Float[Tensor, " b"]:
        """The network's timesteps, [b]: t itself for a table, for a flow t of all timesteps, which are mostly 1,000."""
        flow = isinstance(self.schedule, Flow)
        steps = self.pipe.scheduler.config.num_train_timesteps * t if flow else t
        return steps.to(torch.float32).to(self.device)


def network_of(pipe: Any) -> Any:
    """The denoising network of a pipeline, a U-Net or a transformer; None without one."""
    unet = getattr(pipe, "unet", None)
    return getattr(pipe, "transformer", None) if unet is None else unet
