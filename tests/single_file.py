"""Stable Diffusion in one file, as it was first released: the same weights under other names."""

import re
from pathlib import Path

import torch
from safetensors.torch import load_file


def original_names(folder: Path) -> dict[str, torch.Tensor]:
    """The weights of the tiny Stable Diffusion under the names of the original code, as single files have them."""
    unet = {
        r"^conv_in": "input_blocks.0.0",
        r"^down_blocks.0.resnets.0": "input_blocks.1.0",
        r"^down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
        r"^down_blocks.1.resnets.0": "input_blocks.3.0",
        r"^down_blocks.1.attentions.0": "input_blocks.3.1",
        r"^mid_block.resnets.0": "middle_block.0",
        r"^mid_block.attentions.0": "middle_block.1",
        r"^mid_block.resnets.1": "middle_block.2",
        r"^up_blocks.0.resnets.(\d)": r"output_blocks.\1.0",
        r"^up_blocks.0.attentions.(\d)": r"output_blocks.\1.1",
        r"^up_blocks.0.upsamplers.0": "output_blocks.1.2",
        r"^up_blocks.1.resnets.0": "output_blocks.2.0",
        r"^up_blocks.1.resnets.1": "output_blocks.3.0",
        r"^conv_norm_out": "out.0",
        r"^conv_out": "out.2",
        r"^time_embedding.linear_1": "time_embed.0",
        r"^time_embedding.linear_2": "time_embed.2",
        r"(\.\d+\.\d)\.norm1": r"\1.in_layers.0",
        r"(\.\d+\.\d|middle_block.\d)\.conv1": r"\1.in_layers.2",
        r"(middle_block.\d)\.norm1": r"\1.in_layers.0",
        r"(\.\d+\.\d|middle_block.\d)\.norm2": r"\1.out_layers.0",
        r"\.conv2": ".out_layers.3",
        r"\.time_emb_proj": ".emb_layers.1",
        r"\.conv_shortcut": ".skip_connection",
    }
    vae = {
        r"down_blocks.(\d).resnets.(\d)": r"down.\1.block.\2",
        r"down_blocks.0.downsamplers.0": "down.0.downsample",
        r"up_blocks.0.upsamplers.0": "up.1.upsample",
        r"up_blocks.0.resnets.(\d)": r"up.1.block.\1",
        r"up_blocks.1.resnets.(\d)": r"up.0.block.\1",
        r"mid_block.resnets.0": "mid.block_1",
        r"mid_block.resnets.1": "mid.block_2",
        r"mid_block.attentions.0.group_norm": "mid.attn_1.norm",
        r"mid_block.attentions.0.to_out.0": "mid.attn_1.proj_out",
        r"mid_block.attentions.0.to_(.)": r"mid.attn_1.\1",
        r"conv_norm_out": "norm_out",
        r"conv_shortcut": "nin_shortcut",
    }
    names = {
        "unet": ("model.diffusion_model.", unet),
        "vae": ("first_stage_model.", vae),
        "text_encoder": ("cond_stage_model.transformer.", {r"^": "text_model."}),
    }
    file = {}
    for part, (prefix, rules) in names.items():
        for key, value in load_file(next((folder / part).glob("*.safetensors"))).items():
            for rule, replacement in rules.items():
                key = re.sub(rule, replacement, key)
            file[prefix + key] = value
    return file
