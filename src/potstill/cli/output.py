"""What the commands on images share: the model, the output, and how they run."""

import abc
import math
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, get_type_hints

from potstill.cli.console import print_written, to_json, waiting
from potstill.cli.interrupts import claimed, note, run_resumably
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.io.claims import Claim, check_outputs, same_file
from potstill.io.files import WriteError, write, write_drawing
from potstill.io.gif import gif_bytes
from potstill.io.images import png_bytes
from potstill.io.outputs import FileOutputs, Outputs, pictures
from potstill.priors.lora import recorded
from potstill.priors.pipeline import Pipeline
from potstill.priors.spec import ModelSpec
from potstill.tasks.runs.checkpoint import ENDING, Saved
from potstill.tasks.runs.resuming import finalise
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.settings.schema import Advanced
from potstill.tensors import Images

T = TypeVar("T", bound="RunCommand")

GIF_FRAMES = 40
"""Approximate number of frames in the animation of a run."""
SECONDS = 30.0
"""Default time between two checkpoints."""
_MEMORY = ("attention_slicing", "vae_tiling", "cpu_offload")


@dataclass(frozen=True)
class Model:
    """The model and where it runs."""

    model: str = "emoji"
    """emoji or toys (bundled, 64x64 pixels), a name on the Hugging Face hub, a diffusers folder, or a .safetensors
    file. Scenes in 3-D also take world:toys, the exact score of pictures of toys, and world:toys-sectors or
    world:toys-none, which know less of the view."""
    revision: Advanced[str | None] = None
    """Branch, tag or commit of the model on the hub."""
    variant: Advanced[str | None] = None
    """Weights of that name in a folder or on the hub, such as fp16."""
    model_config: Advanced[str | None] = None
    """For a .safetensors file: a pipeline of its kind, on the hub or a folder, or epsilon, v_prediction or sample."""
    lora: Advanced[str | None] = None
    """LoRA weights for the model: a name on the hub, a folder or a .safetensors file."""
    device: str | None = None
    """cuda, mps or cpu; by default the first that is available."""
    dtype: Advanced[Literal["float32", "bfloat16", "float16"] | None] = None
    """Precision of the network; by default what suits the device."""
    attention_slicing: Advanced[bool] = False
    """Compute attention in slices: slower, and less memory only where torch has no fused attention."""
    vae_tiling: Advanced[bool] = False
    """Encode and decode large pictures in tiles: less memory, but the tiles may be visible."""
    cpu_offload: Advanced[bool] = False
    """Keep only the part in use on the device: much less memory, but slower."""
    channels_last: Advanced[bool | None] = None
    """Use the channels-last memory format, which may be faster; by default only for the bundled models."""
    compile: Advanced[bool] = False
    """Compile the network: the first step takes minutes, the others are faster. For long runs."""
    backend: Advanced[Literal["onnx", "torch"] | None] = None
    """What evaluates the network on a CPU; onnx (ONNX Runtime) is the default of the bundled models, and faster."""

    @classmethod
    def from_record(cls, identity: Mapping[str, Any]) -> "Model":
        """The options that load a model again, from its identity in a record.

        Raises:
            InputError: it had LoRAs that --lora cannot express.
        """
        spec, loras = ModelSpec.of(identity), recorded(identity)
        if list(loras.values()) not in ([], [1.0]):
            text = ", ".join(f"{name} at scale {scale:g}" for name, scale in loras.items())
            fix = "--lora takes one, at scale 1, so load it there"
            raise InputError(f"the model was loaded in Python with {text}: {fix}")
        names = {field.name for field in fields(cls)} & identity.keys() - {"lora", "backend"}
        told = {name: identity[name] for name in names}
        return cls(spec.name, lora=next(iter(loras), None), model_config=spec.config, backend=spec.backend, **told)

    @classmethod
    def from_checkpoint(cls, saved: Saved) -> "Model":
        """The options of a checkpoint."""
        return replace(cls.from_record(saved.record["model"]), **{name: saved.option(name, bool) for name in _MEMORY})

    def files(self) -> list[Path]:
        """The files that are read, if the model or its LoRA is one."""
        return [Path(name) for name in (self.model, self.lora) if name]

    def memory(self) -> dict[str, bool]:
        """The options that save memory and change no result."""
        return {name: getattr(self, name) for name in _MEMORY}

    def spec(self) -> ModelSpec:
        """The same as plain values."""
        options: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return ModelSpec(options.pop("model"), config=options.pop("model_config"), **options)

    def load(self) -> Pipeline:
        """Load the model."""
        return self.spec().load()


@dataclass(frozen=True)
class RunOutput(abc.ABC):
    """What a run writes and prints."""

    out: Path
    overwrite: bool = False
    """Replace existing files instead of taking the next free name."""
    gif: bool = False
    """Also write an animation of the run, beside the PNG."""
    preview: Advanced[bool] = False
    """Show the current state in a picture beside the PNG, updated about once a second."""
    json: bool = False
    """Print the JSON instead of a summary."""
    config: Path | None = None
    """Take the settings from a result, its PNG or JSON. A file written by --save-config will do as well."""
    save_config: Advanced[Path | None] = None
    """Write the settings to this file before the run."""
    checkpoint_every: Advanced[float] = SECONDS
    """Seconds between checkpoints for `potstill resume`; 0 writes one only when interrupted."""

    written: ClassVar[tuple[str, ...]] = ("gif", "preview", "json")
    """The options that say what else is written, which a checkpoint keeps."""

    @property
    def frame_count(self) -> int:
        """Approximate number of intermediate images that the animation needs."""
        return GIF_FRAMES if self.gif else 0

    @classmethod
    def from_checkpoint(cls, saved: Saved) -> "RunOutput":
        """The options of a checkpoint, to write beside it."""
        kept: dict[str, Any] = {name: saved.option(name, bool) for name in cls.written}
        return cls(saved.result_path(), checkpoint_every=saved.option("checkpoint_every", float), **kept)

    @abc.abstractmethod
    def outputs(self, count: int) -> FileOutputs:
        """All that may be written for that many results.

        Raises:
            InputError: the name of `out` does not fit what is written.
        """

    def completed(self, task: Any) -> "RunOutput":
        """For that task.

        Raises:
            InputError: what it makes cannot be written to `out`.
        """
        return self

    def check(self, count: int, inputs: Sequence[Path], resumed: bool = False) -> None:
        """Check, before anything is computed, that the output can be written.

        Raises:
            InputError: `out` is no file of that kind, a name cannot be written, or it would replace an input.
        """
        outputs = self.outputs(count)
        check_outputs(outputs, inputs, self.overwrite or resumed)
        if self.save_config:
            places = {path.absolute() for path in outputs.files()}
            if self.save_config.absolute() in places or any(same_file(self.save_config, path) for path in places):
                raise InputError(f"--save-config {str(self.save_config)!r} is what --out writes: give another name")
            check_outputs(FileOutputs(self.save_config, (self.save_config.suffix,)), inputs, self.overwrite)

    def run_and_write(
        self, run: Run, model: Model, inputs: Sequence[Path], began: float, resumed: Path | None = None
    ) -> None:
        """Take the steps of a run, show them, and write and print its result.

        Args:
            run: a run at its beginning.
            model: the options that its model was loaded with.
            inputs: the files that it reads.
            began: when the command did, by `time.monotonic`.
            resumed: the checkpoint to resume from.
        """
        name = run.record["command"]
        options = {name: getattr(self, name) for name in ("checkpoint_every", *self.written)} | model.memory()
        rules: Any = {"inputs": inputs, "overwrite": self.overwrite}
        outputs = self.outputs(run.record["settings"].get("count", 1))
        with claimed(outputs, run.record, options, self.checkpoint_every, **rules, resumed=resumed) as (claim, place):
            if self.save_config:
                with Claim(FileOutputs(self.save_config, (self.save_config.suffix,)), **rules, say=note) as config:
                    write(config.outputs.path, to_json(run.record).encode())
            with self._previewed(run, claim.outputs.member("-preview.png")) as steps:
                run_resumably(((name, step) for step in steps), run, place, required=resumed is not None)
            with finalise(run, place):
                self._finish(run, began, claim)

    @contextmanager
    def _previewed(self, run: Run, preview: Path) -> Iterator[Iterator[Step]]:
        """The steps of a run, which update the preview now and then if one is wanted."""

        def steps() -> Iterator[Step]:
            shown = time.monotonic() if self.preview else math.inf
            for step in run:
                if time.monotonic() - shown > 1:
                    try:
                        write(preview, png_bytes(run.preview()))
                        shown = time.monotonic()
                    except WriteError as error:
                        warnings.warn(f"{error}; the run continues without a preview", stacklevel=2)
                        shown = math.inf
                yield step

        try:
            yield steps()
        finally:
            if self.preview:
                preview.unlink(missing_ok=True)

    def animations(self, result: Result, frames: list[Images], outputs: Outputs) -> list[Path]:
        """Write what moves and was asked for; the paths of it."""
        place = outputs.member(".gif")
        return write_drawing(place, lambda: gif_bytes([*frames, result.images])) if self.gif else []

    def _finish(self, run: Run, began: float, claim: Claim) -> None:
        with waiting("finish"):
            result, outputs = run.finish(), claim.settle()
            places = [*result.write(outputs.path), *self.animations(result, [f / 255 for f in run.frames], outputs)]
        if self.json:
            print(outputs.member(".json").read_text())
        else:
            summary = "".join(f"{name} {value:.4g}, " for name, value in result.measured.items())
            print(f"{summary}{result.trace[-1]['evaluations']:,} network evaluations, {time.monotonic() - began:.1f} s")
            print_written([*places, outputs.member(".json")])


@dataclass(frozen=True)
class Output(RunOutput):
    """The output and where it is written."""

    out: Path
    """The PNG to write, with a JSON file beside it. Several results are numbered. If a file of that name exists, the
    next free name is taken, such as edit-2.png."""

    def outputs(self, count: int) -> FileOutputs:
        """All that may be written for that many results.

        Raises:
            InputError: `out` is not a PNG.
        """
        return pictures(self.out, count, ENDING)


@dataclass(frozen=True, kw_only=True)
class RunCommand(abc.ABC):
    """A command that runs one task and writes its images, with a field for each input of the task."""

    task: Any
    model: Model
    output: Any

    @classmethod
    def from_record(cls: type[T], record: Mapping[str, Any]) -> T:
        """The command that a record describes; a required picture that came from no file is the empty path."""
        kind = get_type_hints(cls)["task"]
        paths = {name: Path(record.get(name, {}).get("path") or "") for name in kind.inputs}
        inputs: dict[str, Any] = {name: each for name, each in paths.items() if kind.inputs[name] or each != Path()}
        return cls(task=kind.from_record(record), model=Model.from_record(record["model"]), **inputs)

    @classmethod
    def from_checkpoint(cls: type[T], saved: Saved) -> T:
        """The command that a checkpoint belongs to."""
        model, output = Model.from_checkpoint(saved), get_type_hints(cls)["output"].from_checkpoint(saved)
        return replace(cls.from_record(saved.record), model=model, output=output)

    def run(self, resumed: Path | None = None) -> None:
        """Run the task, write, print.

        Raises:
            InputError: neither the command line nor the record names the picture.
        """
        inputs = {name: path for name in self.task.inputs if (path := getattr(self, name)) is not None}
        for name, word in (("image", "picture"), ("scene", "scene"), ("drawing", "SVG")):
            if inputs.get(name) == Path():
                raise InputError(f"no {word} is named, here or in the settings: give {name.upper()}, a file")
        files = [*inputs.values(), *self.model.files(), *filter(None, [self.output.config])]
        output, began = self.output.completed(self.task), time.monotonic()
        output.check(getattr(self.task, "count", 1), files, resumed is not None)
        with waiting("start"):
            run = self.task.start(inputs, prior := self.load(), frame_count=output.frame_count)
        if isinstance(prior, Pipeline):
            prior.release_text_encoders()
        output.run_and_write(run, self.model, files, began, resumed)

    def load(self) -> Any:
        """The model."""
        return self.model.load()
