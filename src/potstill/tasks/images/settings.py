"""The settings of a task that starts from an image."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.io.decode import Picture, arrays
from potstill.io.images import as_images, read_mask
from potstill.io.resize import Fit, Mode
from potstill.priors.pipeline import Pipeline
from potstill.tasks.files.provenance import input_record
from potstill.tasks.settings.schema import Advanced
from potstill.tasks.settings.shared import Settings
from potstill.tasks.settings.sizes import check_size, note_size
from potstill.tensors import Images


@dataclass(frozen=True, kw_only=True)
class ImageSettings(Settings, abc.ABC):
    """The settings of a task that starts from an image."""

    fit: Advanced[Mode] = "crop"
    """How the image is brought to the size: crop it, resize each side, or pad it."""
    background: Advanced[str] = "white"
    """The colour behind transparent pixels and around padded images."""
    frame: Advanced[int | None] = None
    """The frame of an animated file, counted from 0."""

    def resize(self, prior: Pipeline) -> Fit:
        """How the image and its mask are brought to the working size."""
        return replace(super().resize(prior), mode=self.fit, background=self.background)

    def read(
        self, inputs: Mapping[str, Picture], prior: Pipeline
    ) -> tuple[Images, Float[Tensor, "1 1 h w"] | None, dict[str, dict[str, str | None]]]:
        """The image at working size, its mask if there is one, and the record of each; each is decoded once.

        Raises:
            InputError: one is missing, not used, or cannot be read.
        """
        self.check_inputs(inputs)
        pixels, resize = arrays(inputs["image"], self.frame), self.resize(prior)
        check_size(*resize.shape(*pixels[0].shape[:2]), prior, getattr(self, "count", 1))
        images, mask = torch.cat([as_images(each, resize) for each in pixels]), None
        records = {"image": input_record(inputs["image"], images)}
        if "mask" in inputs:
            mask = read_mask(inputs["mask"], pixels[0].shape[:2], resize)
            records["mask"] = input_record(inputs["mask"], mask)
        note_size(inputs["image"], pixels, resize, prior)
        return images, mask, records
