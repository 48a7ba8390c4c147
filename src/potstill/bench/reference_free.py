"""The judge of edits without a known true result, by preservation of the source and by caption score.

Either alone rewards the wrong thing: the unchanged source preserves everything, and a new image of the target prompt
has the best caption score. So nothing is ranked, and both are shown.
"""

import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from skimage.metrics import structural_similarity
from torch import Tensor

from potstill.bench.emoji_pairs import Pair
from potstill.bench.networks import Clip, Dino
from potstill.bench.reference_based import Judge, Scores, array
from potstill.errors import InputError
from potstill.io.images import psnr
from potstill.tensors import Images

Lpips = Literal["alex", "vgg", "squeeze"]


@dataclass(frozen=True)
class ReferenceFree(Judge):
    """Scores an edit without a true result.

    - `ssim`, `psnr`, `mse`, `lpips`: between result and source outside the edit region, see `preserved`.
    - `structure`: DINO structure distance to the source, see `Dino`.
    - `clip`, `clip_region`: CLIP score for the target prompt, see `Clip`, of the image, and of its region with the
      rest black.

    A score that is not defined is None: those of the outside if the region is the whole image, and `clip_region` if
    there is no region.
    """

    clip: str | None = None
    dino: str | None = None
    lpips: Lpips | None = None
    device: str = "cpu"
    """The device of the networks."""

    @property
    def order(self) -> None:
        """None: nothing is ranked."""

    @property
    def headline(self) -> tuple[str, ...]:
        """Preservation, and the caption score if there is one."""
        return ("ssim", "clip") if self.clip else ("ssim",)

    @property
    def identity(self) -> dict[str, str]:
        """The versions of its networks; loads them."""
        found = {"clip": self.clip and self._clip.version, "dino": self.dino and self._dino.version}
        if self.lpips:
            _ = _lpips(self.lpips, self.device)
            found["lpips"] = f"{self.lpips} {version('lpips')}"
        return {name: value for name, value in found.items() if value}

    @torch.no_grad()
    def __call__(self, out: Images, pair: Pair) -> Scores:
        """The scores of one image."""
        found = preserved(out, pair.source, pair.region)
        if self.lpips:
            found["lpips"] = None
            if found["mse"] is not None:
                distance = _lpips(self.lpips, self.device)
                ends = (2 * _outside(one, pair.region).to(self.device) - 1 for one in (out, pair.source))
                found["lpips"] = float(distance(*ends))
        if self.dino:
            found["structure"] = self._dino.distance(out, pair.source)
        if self.clip:
            views = [out] if pair.region is None else [out, out * pair.region]
            whole, *region = self._clip(torch.cat(views), pair.target_prompt).tolist()
            found |= {"clip": whole, "clip_region": region[0] if region else None}
        return found

    @property
    def _clip(self) -> Clip:
        return Clip.load(self.clip or "", self.device)

    @property
    def _dino(self) -> Dino:
        return Dino.load(self.dino or "", self.device)


def preserved(out: Images, source: Images, region: Float[Tensor, "1 1 h w"] | None) -> Scores:
    """SSIM, PSNR and mean squared error between result and source, outside the region.

    They follow PIE-Bench's evaluation, so numbers are comparable with published ones: the region is black in both
    images, and the mean is over the whole image, so a large region flatters. SSIM (Wang et al. 2004) has Gaussian
    windows of 11 pixels with a standard deviation of 1.5. Without a region the whole image counts; if the region is
    the whole image, all scores are None.
    """
    if region is not None and region.min() > 0:
        return dict.fromkeys(("ssim", "psnr", "mse"))
    ends = [_outside(one, region) for one in (out, source)]
    error = float((ends[0] - ends[1]).square().mean())
    windows = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    alike = structural_similarity(*map(array, ends), channel_axis=-1, data_range=1.0, **windows)
    return {"ssim": np.asarray(alike).item(), "psnr": psnr(error), "mse": error}


def _outside(image: Images, region: Float[Tensor, "1 1 h w"] | None) -> Images:
    return image if region is None else image * (1 - region)


@cache
def _lpips(net: Lpips, device: str) -> Any:
    """LPIPS (arXiv 1801.03924) from the package lpips, which takes images in [-1, 1]."""
    for package in ("lpips", "torchvision"):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"--lpips {net} needs {package}: run `pip install lpips`, or leave the option out")
    return importlib.import_module("lpips").LPIPS(net=net, verbose=False).to(device).eval()
