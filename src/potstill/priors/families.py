"""The family of a pipeline. It follows from the components, so any pipeline class around them works."""

from typing import Any

from potstill.errors import InputError
from potstill.priors.pipeline import Pipeline, network_of
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
    """The class of priors for this pipeline.

    Raises:
        InputError: no family fits, or the network takes inputs that do not follow from a prompt.
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
    packed = 4 if type(network_of(pipe)).__name__ == "FluxTransformer2DModel" else 1
    if vae is not None and config.in_channels != packed * vae.config.latent_channels:
        return (
            f"its network takes {config.in_channels} channels where the latents have "
            f"{packed * vae.config.latent_channels}, so it takes another image as well"
        )
    return ""
