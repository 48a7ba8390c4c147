"""A pipeline of each family with random weights, a few hundred KB, built from a fixed seed without any file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxTransformer2DModel,
    PixArtTransformer2DModel,
    SD3Transformer2DModel,
    UNet2DConditionModel,
    UNet2DModel,
)
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    ViTConfig,
    ViTModel,
)

from potstill.priors.logs import quiet

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((letter, -3.0) for letter in LETTERS)]


def clip_tokenizer(length: int = 77) -> CLIPTokenizer:
    """A letter is a token."""
    tokens = ["<|startoftext|>", "<|endoftext|>", *LETTERS, *(f"{letter}</w>" for letter in LETTERS)]
    return CLIPTokenizer({token: n for n, token in enumerate(tokens)}, [], model_max_length=length)


def t5_tokenizer() -> T5Tokenizer:
    """A letter is a token."""
    return T5Tokenizer(PIECES, extra_ids=0, model_max_length=512)


def clip(cls: Any = CLIPTextModel) -> Any:
    sizes = {"hidden_size": 16, "intermediate_size": 32, "projection_dim": 16, "num_hidden_layers": 2}
    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    return cls(CLIPTextConfig(vocab_size=54, num_attention_heads=2, initializer_factor=3.0, **sizes, **ids))


def t5() -> T5EncoderModel:
    return T5EncoderModel(T5Config(vocab_size=len(PIECES), d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=2))


def vae(**config: Any) -> AutoencoderKL:
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    return AutoencoderKL(**{"block_out_channels": (8, 16), "norm_num_groups": 4, **blocks, **config})


def ddim(prediction: str = "epsilon", **config: Any) -> DDIMScheduler:
    """Stable Diffusion's."""
    table = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
    return DDIMScheduler(
        prediction_type=prediction, clip_sample=False, **{"set_alpha_to_one": False, **table, **config}
    )


def unet(**config: Any) -> UNet2DConditionModel:
    sizes = {"sample_size": 8, "block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4}
    blocks = {
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    }
    return UNet2DConditionModel(**{**sizes, **blocks, "cross_attention_dim": 16, "attention_head_dim": 2, **config})


def stable_diffusion(scheduler: Any = None, **parts: Any) -> diffusers.StableDiffusionPipeline:
    return diffusers.StableDiffusionPipeline(
        **{
            "vae": vae(),
            "text_encoder": clip(),
            "tokenizer": clip_tokenizer(),
            "unet": unet(),
            "scheduler": scheduler or ddim(),
            "safety_checker": None,
            "feature_extractor": None,
            "requires_safety_checker": False,
            **parts,
        }
    )


def sdxl() -> diffusers.StableDiffusionXLPipeline:
    told = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8}
    return diffusers.StableDiffusionXLPipeline(
        vae=vae(scaling_factor=0.13025),
        text_encoder=clip(),
        text_encoder_2=clip(CLIPTextModelWithProjection),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=unet(cross_attention_dim=32, projection_class_embeddings_input_dim=64, **told),
        scheduler=ddim(),
    )


def sd3(with_t5: bool = True) -> diffusers.StableDiffusion3Pipeline:
    heads = {"num_layers": 2, "num_attention_heads": 2, "attention_head_dim": 8, "caption_projection_dim": 16}
    return diffusers.StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=8, pooled_projection_dim=32, joint_attention_dim=32, pos_embed_max_size=8, **heads
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(latent_channels=16, scaling_factor=1.5305, shift_factor=0.0609),
        text_encoder=clip(CLIPTextModelWithProjection),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip(CLIPTextModelWithProjection),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5() if with_t5 else None,
        tokenizer_3=t5_tokenizer() if with_t5 else None,
    )


def flux(guidance_embeds: bool) -> diffusers.FluxPipeline:
    heads = {"num_layers": 1, "num_single_layers": 1, "num_attention_heads": 2, "attention_head_dim": 16}
    told = {"joint_attention_dim": 32, "pooled_projection_dim": 16, "axes_dims_rope": (4, 4, 8)}
    return diffusers.FluxPipeline(
        transformer=FluxTransformer2DModel(in_channels=16, guidance_embeds=guidance_embeds, **heads, **told),
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=guidance_embeds),
        vae=vae(latent_channels=4, scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=clip(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=t5(),
        tokenizer_2=t5_tokenizer(),
    )


def pixart(cls: Any, **config: Any) -> Any:
    heads = {"num_layers": 1, "num_attention_heads": 2, "attention_head_dim": 12}
    told = {"cross_attention_dim": 24, "caption_channels": 32}
    return cls(
        transformer=PixArtTransformer2DModel(in_channels=4, out_channels=8, **heads, **told, **config),
        scheduler=ddim(),
        vae=vae(),
        text_encoder=t5(),
        tokenizer=t5_tokenizer(),
    )


def deepfloyd() -> diffusers.IFPipeline:
    told = {"encoder_hid_dim_type": "text_proj", "encoder_hid_dim": 32, "addition_embed_type": "text"}
    return diffusers.IFPipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=t5(),
        unet=unet(in_channels=3, out_channels=6, cross_attention_dim=32, addition_embed_type_num_heads=2, **told),
        scheduler=ddim(),
        safety_checker=None,
        feature_extractor=None,
        watermarker=None,
        requires_safety_checker=False,
    )


def pixels(**camera: Any) -> diffusers.StableDiffusionPipeline:
    """As the bundled models: no VAE, blocks of pixels, x0 predicted; that of toys is told the camera."""
    told = {"addition_embed_type": "text", "addition_embed_type_num_heads": 2, **camera}
    network = unet(in_channels=12, out_channels=12, **told)
    return stable_diffusion(ddim("sample", beta_schedule="linear"), vae=None, unet=network)


def ddpm() -> diffusers.DDIMPipeline:
    blocks = {"down_block_types": ("DownBlock2D", "AttnDownBlock2D"), "up_block_types": ("AttnUpBlock2D", "UpBlock2D")}
    sizes = {"sample_size": 8, "block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4}
    return diffusers.DDIMPipeline(UNet2DModel(attention_head_dim=8, **sizes, **blocks), ddim(beta_schedule="linear"))


BUILDERS: dict[str, Callable[[], Any]] = {
    "sd": stable_diffusion,
    "sd-v": lambda: stable_diffusion(ddim("v_prediction")),
    "sd-zero-snr": lambda: stable_diffusion(
        ddim("v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing")
    ),
    "sd-img2img": lambda: diffusers.StableDiffusionImg2ImgPipeline(**stable_diffusion().components),
    "sdxl": sdxl,
    "sd3": sd3,
    "sd3-without-t5": lambda: sd3(with_t5=False),
    "flux-dev": lambda: flux(guidance_embeds=True),
    "flux-schnell": lambda: flux(guidance_embeds=False),
    "pixart-alpha": lambda: pixart(diffusers.PixArtAlphaPipeline, sample_size=128, patch_size=16),
    "pixart-sigma": lambda: pixart(diffusers.PixArtSigmaPipeline, sample_size=8, use_additional_conditions=False),
    "deepfloyd": deepfloyd,
    "pixels": pixels,
    "views": lambda: pixels(class_embed_type="projection", projection_class_embeddings_input_dim=16),
    "ddpm": ddpm,
}
"""Every kind of pipeline there is a test for."""


def build(name: str) -> Any:
    """The pipeline of that name, always with the same weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return BUILDERS[name]()


_JUDGE = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def save_clip(path: Path) -> str:
    """A whole CLIP model, of pictures of 16x16 pixels and texts of 20 tokens, with its processor and its tokenizer."""
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(0)
        text = {
            "vocab_size": 54,
            "bos_token_id": 0,
            "eos_token_id": 1,
            "pad_token_id": 1,
            "max_position_embeddings": 20,
        }
        vision = {"image_size": 16, "patch_size": 8}
        config = CLIPConfig(text_config={**text, **_JUDGE}, vision_config={**vision, **_JUDGE}, projection_dim=8)
        CLIPModel(config).save_pretrained(path)
        transformers.CLIPImageProcessor(size={"shortest_edge": 16}, crop_size=16).save_pretrained(path)
        clip_tokenizer(20).save_pretrained(path)
    return str(path)


def save_vit(path: Path) -> str:
    """A vision transformer of DINO's kind, with patches of 32x32 pixels."""
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(0)
        ViTModel(ViTConfig(image_size=224, patch_size=32, **_JUDGE)).save_pretrained(path)
    return str(path)


def small(prior) -> tuple[int, int]:
    """A size that every family takes; FLUX's own, 256 pixels even here, is slow."""
    return (max(8, 4 * prior.size_multiple),) * 2
