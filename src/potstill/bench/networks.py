"""The networks that judge edits: CLIP and DINO, from safetensors in a folder or on the hub."""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError
from potstill.io.images import to_pil
from potstill.priors import hub
from potstill.priors.identity import hash_of
from potstill.priors.load_errors import loading
from potstill.priors.safety import read_json
from potstill.priors.weights import Weights, find_weights
from potstill.tensors import Images


@dataclass(frozen=True, eq=False)
class Clip:
    """CLIP score (arXiv 2104.08718): 100 times the cosine between the embeddings of an image and a prompt.

    It is not clipped at 0. The processor of the model scales the shorter side and crops the centre.
    """

    model: Any
    processor: Any
    tokenizer: Any
    version: str

    @classmethod
    @cache
    def load(cls, name: str, device: str = "cpu") -> "Clip":
        """Load from a folder or the hub, once.

        Raises:
            InputError: it is not a CLIP model, has no safetensors, or does not exist.
        """
        with loading(name):
            from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

            weights, revision = _found(name, "clip", CLIPModel)
            model, folder = weights.read(), weights.folder
            parts = (CLIPImageProcessor.from_pretrained(folder), CLIPTokenizer.from_pretrained(folder))
            model.to(device)
        return cls(model, *parts, revision)

    @torch.no_grad()
    def __call__(self, images: Images, prompt: str) -> Float[Tensor, " b"]:
        """The score of each image; tokens beyond the limit of the text encoder are ignored."""
        text = self.tokenizer([prompt], truncation=True, max_length=self._length, return_tensors="pt")
        pixels = self.processor(to_pil(images), return_tensors="pt")["pixel_values"]
        device = self.model.device
        tokens = {name: text[name].to(device) for name in ("input_ids", "attention_mask")}
        both = self.model(pixel_values=pixels.to(device), **tokens)
        # Both embeddings are normalised.
        return 100 * (both.image_embeds @ both.text_embeds[0]).cpu()

    @property
    def _length(self) -> int:
        return self.model.config.text_config.max_position_embeddings


@dataclass(frozen=True, eq=False)
class Dino:
    """DINO structure distance, introduced with Splice (arXiv 2201.00424).

    The structure of an image is the cosine similarity of every two tokens, by their keys in the last attention layer
    with concatenated heads; the distance is the mean squared difference. The published score uses DINO ViT-B/8. The
    shorter side of an image is scaled to 224 pixels.
    """

    model: Any
    version: str

    SIDE = 224
    MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    @classmethod
    @cache
    def load(cls, name: str, device: str = "cpu") -> "Dino":
        """Load from a folder or the hub, once.

        Raises:
            InputError: it is not a ViT, has no safetensors, or does not exist.
        """
        with loading(name):
            from transformers import ViTModel

            weights, revision = _found(name, "vit", ViTModel)
            model = weights.read(add_pooling_layer=False).to(device)
        return cls(model, revision)

    def distance(self, image: Images, other: Images) -> float:
        """The distance between two images of one size."""
        ours, theirs = self.similarities(torch.cat([image, other]))
        return float((ours - theirs).square().mean())

    @torch.no_grad()
    def similarities(self, images: Images) -> Float[Tensor, "b tokens tokens"]:
        """The similarities of all tokens of each image; the class token is first."""
        factor = self.SIDE / min(images.shape[-2:])
        size = [round(side * factor) for side in images.shape[-2:]]
        scaled = F.interpolate(images, size, mode="bilinear", antialias=True)
        mean, deviation = (torch.tensor(values)[:, None, None] for values in (self.MEAN, self.DEVIATION))
        outputs: list[Tensor] = []
        # The name of the layer depends on the version of transformers.
        names = [name for name, _ in self.model.named_modules() if name.endswith(("attention.key", "k_proj"))]
        hook = self.model.get_submodule(names[-1]).register_forward_hook(lambda *call: outputs.append(call[-1]))
        try:
            self.model(((scaled - mean) / deviation).to(self.model.device), interpolate_pos_encoding=True)
        finally:
            hook.remove()
        keys = F.normalize(outputs[0].float(), dim=-1)
        return (keys @ keys.mT).cpu()


def _found(name: str, model_type: str, kind: Any) -> tuple[Weights, str]:
    """The weights of a network of that type, with its commit or the hash of its weights."""
    folder = hub.expanded(name)
    if not folder.is_dir():
        if name.count("/") != 1 or name.startswith((".", "~", "/")):
            raise InputError(f"there is no folder {name!r}: give a folder, or ORGANISATION/NAME on the hub")
        folder = hub.fetch_network(name)
    stated = read_json(folder / "config.json").get("model_type")
    if stated != model_type:
        raise InputError(f"{name} is a {stated!r} model and must be {model_type!r}: choose another")
    weights = find_weights(kind, folder)
    if folder.parent.name == "snapshots":
        return weights, folder.name
    digests = b"".join(bytes.fromhex(hash_of(path)) for path in weights.files)
    return weights, hashlib.sha256(digests).hexdigest()
