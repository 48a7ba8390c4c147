"""A run of a task, which one can watch and stop, and its result."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from potstill.distillation import Step
from potstill.io.files import writable_folder, write
from potstill.io.images import levels, png_bytes
from potstill.state import Resumable, State
from potstill.tasks.provenance import KEY
from potstill.tensors import Images, Levels


@dataclass(frozen=True)
class Result:
    """What a run gives."""

    images: Images
    """[count, 3, h, w] in [0, 1]."""
    trace: list[dict[str, Any]]
    """A record for each step: t, loss, gradient_norm, distance, evaluations."""
    record: dict[str, Any]
    """All that it rests on: command, settings, model, inputs, versions."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """Numbers of the result."""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    """What is kept beside the images, in a safetensors file."""

    def pngs(self) -> list[bytes]:
        """Each image as a PNG that carries the record."""
        texts = [json.dumps({**self.record, "index": index}) for index in range(len(self.images))]
        return [png_bytes(image, {KEY: text}) for image, text in zip(self.images.split(1), texts, strict=True)]

    def save(self, path: str | Path) -> list[Path]:
        """Write the images, `path` or `path-1`, `path-2`, ... for several, and one JSON beside them."""
        path = Path(path)
        writable_folder(path.parent)
        pngs = self.pngs()
        several = [path.with_stem(f"{path.stem}-{index + 1}") for index in range(len(pngs))]
        places = [path] if len(pngs) == 1 else several
        document = {**self.record, "images": [place.name for place in places], "trace": self.trace}
        if self.measured:
            document["measured"] = dict(self.measured)
        text = json.dumps(document, indent=2, allow_nan=False)
        for place, png in zip(places, pngs, strict=True):
            write(place, png)
        write(path.with_suffix(".json"), text.encode())
        if self.tensors:
            kept = {name: value.detach().cpu().contiguous() for name, value in self.tensors.items()}
            write(path.with_suffix(".safetensors"), safetensors.torch.save(kept))
            places.append(path.with_suffix(".safetensors"))
        return places


class Run(Resumable):
    """A prepared run: iterate over it for its steps, look at `images` whenever you like, or `finish` it.

    Between two steps `state` is all that it rests on. A run that was started in the same way and restored goes on
    from there to the same bytes.
    """

    def __init__(
        self,
        record: dict[str, Any],
        steps: Iterator[Step],
        look: Callable[[], Images],
        changing: Resumable,
        measure: Callable[[], Mapping[str, float]] = dict,
        tensors: Mapping[str, Tensor] | None = None,
    ) -> None:
        """`look` shows what the steps change, which is `changing`; at the end `measure` is asked, `tensors` full."""
        self.record, self._measure, self._tensors = record, measure, {} if tensors is None else tensors
        self.trace: list[dict[str, Any]] = []
        self.film = 0
        """How many pictures of the way are kept, about."""
        self.frames: list[Levels] = []
        """Those pictures."""
        self._steps, self._look, self._changing = steps, look, changing

    def __iter__(self) -> Iterator[Step]:
        """The steps that are left, recorded in `trace`."""
        for step in self._steps:
            record = {"step": step.index, "t": step.t.tolist(), "loss": step.loss}
            names = ("gradient_norm", "distance", "evaluations")
            self.trace.append(record | {name: getattr(step, name) for name in names})
            if self.film and step.index % max(1, step.total // self.film) == 0:
                self.frames.append(levels(self.images()))
            yield step

    def state(self) -> State:
        """The trace, the pictures of the way, and what the steps change."""
        return {"trace": self.trace, "frames": self.frames, "changing": self._changing.state()}

    def restore(self, state: State) -> None:
        """Go on from there."""
        self._changing.restore(state["changing"])
        self.trace, self.frames = list(state["trace"]), list(state["frames"])

    @torch.no_grad()
    def images(self) -> Images:
        """The images as they are now, [count, 3, h, w] in [0, 1], on the CPU."""
        return self._look().float().cpu()

    def finish(self, on_step: Callable[[Step], None] | None = None) -> Result:
        """Take the steps that are left; `on_step` sees each."""
        for step in self:
            if on_step:
                on_step(step)
        return Result(self.images(), self.trace, self.record, self._measure(), self._tensors)
