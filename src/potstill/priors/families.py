"""The family of a pipeline. It follows from the components, so any pipeline class around them works."""

import warnings
from typing import Any

from torch import nn

from potstill.errors import InputError, Note
from potstill.priors.pipeline import Pipeline, network_of
from potstill.priors.safety import NOT_LOADED
from potstill.priors.transformers import Flux, PixArt, StableDiffusion3
from potstill.priors.unets import DeepFloyd, StableDiffusion, StableDiffusionXL, Unconditional, camera_numbers

FAMILIES: dict[str, type[Pipeline]] = {
    "UNet2DModel": Unconditional,
    "UNet2DConditionModel": StableDiffusion,
    "SD3Transformer2DModel": StableDiffusion3,
    "FluxTransformer2DModel": Flux,
    "PixArtTransformer2DModel": PixArt,
}
"""The family for each class of network; U-Nets with conditions are divided further in `family`."""


def family(pipe: Any) -> type[Pipeline]:
    """The class of priors for this pipeline. Notes parts with weights that no prior uses.

    Raises:
        InputError: no family fits, the network takes inputs that do not follow from a prompt, or no text is encoded.
    """
    network = network_of(pipe)
    name = type(network).__name__
    if network is None:
        raise InputError(f"{type(pipe).__name__} has no network (unet or transformer): fetch the model again")
    if name not in FAMILIES:
        raise InputError(
            f"{type(pipe).__name__} with the network {name} is not supported: choose a pipeline with one of "
            f"{', '.join(FAMILIES)}, or write a class below potstill.priors.Pipeline"
        )
    if reason := _other_inputs(pipe, network.config):
        raise InputError(f"{type(pipe).__name__} is not supported: {reason}; choose a plain text-to-image model")
    if FAMILIES[name] is not Unconditional and not hasattr(pipe, "encode_prompt"):
        raise InputError(
            f"{type(pipe).__name__} is not supported: it has no encode_prompt, which encodes a text; choose a "
            "text-to-image pipeline around the same network"
        )
    _note_unused(pipe)
    if name != "UNet2DConditionModel":
        return FAMILIES[name]
    if network.config.addition_embed_type == "text_time":
        return StableDiffusionXL
    return DeepFloyd if network.config.out_channels == 2 * network.config.in_channels else StableDiffusion


def _other_inputs(pipe: Any, config: Any) -> str:
    """The reason why the network takes more than a noisy image, its time and a text; empty if it does not."""
    classes = config.get("class_embed_type") is not None or config.get("num_class_embeds") is not None
    if classes and not camera_numbers(config):
        return "its network takes a class or another image's noise level"
    if config.get("addition_embed_type") not in (None, "text", "text_time"):
        return f"its network takes {config.addition_embed_type} embeddings"
    if config.get("encoder_hid_dim_type") not in (None, "text_proj"):
        return f"its network takes {config.encoder_hid_dim_type} embeddings"
    if config.get("time_cond_proj_dim") is not None:
        return "its network is a consistency model that takes a guidance scale"
    if pipe.config.get("requires_aesthetics_score"):
        return "it refines images and takes an aesthetic score"
    vae = getattr(pipe, "vae", None)
    for part, module in _modules(pipe).items():
        if module is not vae and hasattr(module, "encode") and hasattr(module, "decode"):
            return f"its latents are those of {part} ({type(module).__name__}), and only a part named vae is read"
    packed = 4 if type(network_of(pipe)).__name__ == "FluxTransformer2DModel" else 1
    if vae is not None and config.in_channels != packed * vae.config.latent_channels:
        return (
            f"its network takes {config.in_channels} channels where the latents have "
            f"{packed * vae.config.latent_channels}, so it takes another image as well"
        )
    return ""


def _note_unused(pipe: Any) -> None:
    """Say which parts with weights are left out, such as a ControlNet, as the network takes only a text prompt."""
    used = (network_of(pipe), getattr(pipe, "vae", None))
    left = [
        f"{name} ({type(module).__name__})"
        for name, module in _modules(pipe).items()
        if not (any(module is each for each in used) or name.startswith("text_encoder") or name in NOT_LOADED)
    ]
    if left:
        text = f"{', '.join(left)} of {type(pipe).__name__} is not used: the network takes only a text prompt"
        warnings.warn(f"{text}. Load the pipeline without it to avoid this note", Note, stacklevel=4)


def _modules(pipe: Any) -> dict[str, nn.Module]:
    """The parts with weights, by name."""
    return {name: part for name, part in pipe.components.items() if isinstance(part, nn.Module)}
