"""How an edit is judged whose true result nobody knows: by what stayed, and by what the caption says.

Either alone rewards the wrong thing: doing nothing keeps everything, and a new picture of the target prompt has the
best caption score. So nothing is ranked, and both are shown.
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
from potstill.bench.reference_based import Judge, Scores, array, decibels
from potstill.errors import InputError
from potstill.tensors import Images

Lpips = Literal["alex", "vgg", "squeeze"]


@dataclass(frozen=True)
class Unanswered(Judge):
    """Scores an edit without a true result.

    - `ssim`, `psnr`, `mse`, `lpips`: between result and source outside the region that may change, see `preserved`.
    - `structure`: DINO structure distance to the source, see `Dino`.
    - `clip`, `clip_region`: CLIP score for the target prompt, see `Clip`, of the picture, and of its region alone:
      the rest is black.

    A score that a pair does not have is None: those of the outside where the region is the whole picture, and
    `clip_region` where no region is stated.
    """

    clip: str | None = None
    dino: str | None = None
    lpips: Lpips | None = None
    device: str = "cpu"
    """Where the networks compute."""

    @property
    def order(self) -> None:
        """Nothing is ranked."""

    @property
    def headline(self) -> tuple[str, ...]:
        """What stayed, against what the caption says."""
        return ("ssim", "clip") if self.clip else ("ssim",)

    @property
    def identity(self) -> dict[str, str]:
        """The weights of its networks, which it loads."""
        found = {"clip": self.clip and self._clip.version, "dino": self.dino and self._dino.version}
        if self.lpips:
            _ = _lpips(self.lpips, self.device)
            found["lpips"] = f"{self.lpips} {version('lpips')}"
        return {name: value for name, value in found.items() if value}

    @torch.no_grad()
    def __call__(self, out: Images, pair: Pair) -> Scores:
        """The scores of one picture."""
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
    """What stayed: SSIM, PSNR and mean squared error between result and source, outside the region.

    As PIE-Bench's evaluation computes them, so that numbers can be laid beside published ones: in both pictures the
    region is black, and the mean is over the whole picture, so a large region flatters. SSIM (Wang et al. 2004)
    has Gaussian windows of 11 pixels with a standard deviation of 1.5; PSNR is at most 100 dB. Without a region
    the picture counts as it is; where the region is all of it, there is nothing to measure.
    """
    if region is not None and region.min() > 0:
        return dict.fromkeys(("ssim", "psnr", "mse"))
    ends = [_outside(one, region) for one in (out, source)]
    error = float((ends[0] - ends[1]).square().mean())
    windows = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    alike = structural_similarity(*map(array, ends), channel_axis=-1, data_range=1.0, **windows)
    return {"ssim": np.asarray(alike).item(), "psnr": decibels(error), "mse": error}


def _outside(image: Images, region: Float[Tensor, "1 1 h w"] | None) -> Images:
    return image if region is None else image * (1 - region)


@cache
def _lpips(net: Lpips, device: str) -> Any:
    """LPIPS (arXiv 1801.03924) of the package of that name, which takes pictures in [-1, 1]."""
    for package in ("lpips", "torchvision"):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"--lpips {net} needs {package}: run `pip install lpips`, or leave the option out")
    return importlib.import_module("lpips").LPIPS(net=net, verbose=False).to(device).eval()
