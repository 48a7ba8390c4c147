"""A run of a task, to watch, stop and resume, and its result."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from jaxtyping import Float
from torch import Tensor

from potstill.distillation import Step
from potstill.errors import InputError
from potstill.io.claims import Claim, check_outputs
from potstill.io.files import as_path, writable_folder, write
from potstill.io.gif import gif_bytes
from potstill.io.images import levels, png_bytes
from potstill.scenes import Cameras, Solid, Volume
from potstill.state import Resumable, State
from potstill.tasks.files.baking import Baking
from potstill.tasks.files.drawings import Drawn
from potstill.tasks.files.provenance import INPUTS, KEY
from potstill.tasks.files.scenes import ORBIT, check_ending, outputs_of, scene_bytes
from potstill.tensors import Images, Levels


@dataclass(frozen=True)
class Result:
    """The images of a run, and everything that is written with them."""

    images: Images
    """[count, 3, h, w] in [0, 1]."""
    trace: list[dict[str, Any]]
    """A record for each step: t, loss, gradient_norm, distance, evaluations."""
    record: dict[str, Any]
    """All that the result depends on: command, settings as stated and resolved, model, inputs, versions."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """Numbers of the result."""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    """Saved beside the images, in a safetensors file."""
    scene: Solid | None = None
    """The 3-D scene that the image shows; its file is saved beside the image."""
    baking: Baking | None = None
    """The mesh that the scene was made from, to whose file it can be written."""
    orbit: Sequence[Float[Tensor, "1 3 rows columns"]] = ()
    """Views all around the scene."""
    drawing: Drawn | None = None
    """The drawing that the image shows; its file is saved beside the image."""

    @property
    def subject(self) -> str:
        """The name of what was made."""
        return "drawing" if self.drawing else "picture" if self.scene is None else "scene"

    @property
    def svg(self) -> str:
        """The SVG, with its settings in `<metadata>`.

        Raises:
            InputError: the result is no drawing.
        """
        if self.drawing is None:
            raise InputError("the result is no drawing: take its images")
        return self.drawing.text(self.record)

    @property
    def inputs(self) -> list[Path]:
        """The files that the run read."""
        records = [self.record[name] for name in INPUTS if name in self.record]
        return [Path(record["path"]) for record in records if record["path"]]

    def pngs(self) -> list[bytes]:
        """Each image as a PNG that carries the record."""
        texts = [json.dumps({**self.record, "index": index}) for index in range(len(self.images))]
        return [png_bytes(image, {KEY: text}) for image, text in zip(self.images.split(1), texts, strict=True)]

    def save(self, path: str | Path, *, overwrite: bool = False) -> list[Path]:
        """Write the images, `path` or `path-1`, `path-2`, ... for several, and one JSON beside them.

        If a file of that name exists, all take the next free name, such as `edit-2.png`, and a warning says so.

        Args:
            path: a PNG; for a scene a .ply, .splat, .glb or .obj, for a drawing an .svg, and the PNG is beside it.
            overwrite: replace existing files; the picture that was edited is never replaced.

        Returns:
            The files that were written, without the JSON.

        Raises:
            InputError: the files cannot be written.
        """
        outputs = outputs_of(self.subject, path, len(self.images), name="path =")
        if self.scene is not None:
            check_ending(path, isinstance(self.scene, Volume), self.baking is not None)
        check_outputs(outputs, self.inputs, overwrite)
        with Claim(outputs, self.inputs, overwrite, fix="overwrite=True") as claim:
            return self.write(claim.outputs.path)

    def write(self, path: str | Path) -> list[Path]:
        """As `save`, under exactly this name: existing files are replaced."""
        path = as_path(path)
        writable_folder(path.parent)
        pngs, beside = self.pngs(), self.files(path)
        path = path.with_suffix(".png") if beside else path
        several = [path.with_stem(f"{path.stem}-{index + 1}") for index in range(len(pngs))]
        places = [path] if len(pngs) == 1 else several
        document = {**self.record, "images": [place.name for place in places], "trace": self.trace}
        if self.measured:
            document["measured"] = dict(self.measured)
        if beside:
            document["files"] = [place.name for place in beside]
        text = json.dumps(document, indent=2, allow_nan=False)
        for place, data in beside.items():
            write(place, data)
        for place, png in zip(places, pngs, strict=True):
            write(place, png)
        write(path.with_suffix(".json"), text.encode())
        if self.tensors:
            kept = {name: value.detach().cpu().contiguous() for name, value in self.tensors.items()}
            write(path.with_suffix(".safetensors"), safetensors.torch.save(kept))
            places.append(path.with_suffix(".safetensors"))
        return [*beside, *places]

    def files(self, path: str | Path) -> dict[Path, bytes]:
        """The files beside the PNG, by their names: a drawing, or a scene and the GIF of its orbit."""
        path = as_path(path)
        if self.drawing is not None:
            return {path: self.svg.encode()}
        if self.scene is None:
            return {}
        orbit = path.with_name(f"{path.stem}{ORBIT}")
        data = scene_bytes(self.scene, path.suffix.lower(), self.record, self.baking)
        return {path: data, orbit: gif_bytes(self.orbit, rest=0.06)}


class Shown(NamedTuple):
    """What a comparison shows of a result: images in motion, of which the last is the still one."""

    images: Sequence[Images]
    """Each is a batch, shown side by side."""
    source: Sequence[Images] = ()
    """The same for what was edited; empty for a generation. A single image does not move."""


@dataclass(eq=False)
class Run(Resumable):
    """A prepared run: iterate over it for its steps, read `images` at any time, or `finish` it.

    Between two steps `state` is all that it depends on: a run that is started in the same way and restored continues
    to the same bytes.
    """

    record: dict[str, Any]
    """As in `Result`."""
    steps: Iterator[Step]
    """The steps that are left."""
    resumable: Resumable
    """What the steps change."""
    render: Callable[[], Images]
    """The images as they are now."""
    source: Images | None = None
    """The image that the run starts from, at working size."""
    frame_count: int = 0
    """Approximate number of intermediate images to keep."""
    complete: Callable[[Result], Result] = lambda result: result
    """Adds the measurements and tensors that are known at the end."""
    scene: Solid | None = None
    """What becomes the result, if it is a 3-D scene."""
    look: Callable[[Cameras], Images] | None = None
    """What cameras see of a scene as it is now, or of the pictures of it that the steps move."""
    turning: Callable[[int], Images] | None = None
    """A view of a scene, from further around for each number; to watch the run."""
    showing: "Callable[[Result], Shown] | None" = None
    """What a comparison shows of the result, if it is not the images."""
    trace: list[dict[str, Any]] = field(default_factory=list, init=False)
    """As in `Result`, of the steps so far."""
    frames: list[Levels] = field(default_factory=list, init=False)
    """The intermediate images."""

    def __iter__(self) -> Iterator[Step]:
        """The steps that are left, recorded in `trace`."""
        for step in self.steps:
            record = {"step": step.index, "t": step.t.tolist(), "loss": step.loss}
            names = ("gradient_norm", "distance", "evaluations")
            self.trace.append(record | {name: getattr(step, name) for name in names})
            if self.frame_count and step.index % max(1, step.total // self.frame_count) == 0:
                self.frames.append(levels(self.images()))
            yield step

    def live_state(self) -> State:
        """The trace, the intermediate images, and what the steps change; not a copy."""
        return {"trace": self.trace, "frames": self.frames, "changing": self.resumable.live_state()}

    def restore(self, state: State) -> None:
        """Continue from a state."""
        self.resumable.restore(state["changing"])
        self.trace, self.frames = list(state["trace"]), list(state["frames"])

    @torch.no_grad()
    def images(self) -> Images:
        """The images as they are now, [count, 3, h, w] in [0, 1], on the CPU."""
        return self.render().float().cpu()

    @torch.no_grad()
    def preview(self) -> Images:
        """One image of the run as it is now; of a scene, a view that turns with the steps."""
        return self.images()[:1] if self.turning is None else self.turning(len(self.trace))

    def shown(self, result: Result) -> Shown:
        """What a comparison shows of this run's result: by default its images, as they came about."""
        if self.showing:
            return self.showing(result)
        made = [*(frame / 255 for frame in self.frames), result.images]
        return Shown(made, () if self.source is None else (self.source,))

    def finish(self, on_step: Callable[[Step], None] | None = None) -> Result:
        """Take the steps that are left; `on_step` is called with each."""
        for step in self:
            if on_step:
                on_step(step)
        return self.complete(Result(self.images(), self.trace, self.record))


def change(images: Images, source: Images) -> dict[str, float]:
    """The change of images from their source: root mean square, and the share of pixels that differ by over 0.1."""
    difference = (images - source).abs()
    return {
        "rms_change": float(difference.square().mean().sqrt()),
        "pixels_changed": float((difference.amax(1) > 0.1).float().mean()),
    }
