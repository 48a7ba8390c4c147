"""Options that commands on images share: the model, and what is written."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from potstill.cli.console import step_progress, to_json
from potstill.cli.interrupts import finishing, go_on, take
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.io.files import sweep, writable_file, writable_folder, writable_png, write
from potstill.io.gif import gif_bytes
from potstill.io.images import png_bytes
from potstill.priors.lora import recorded
from potstill.priors.pipeline import Pipeline
from potstill.priors.spec import DTYPES, ModelSpec
from potstill.tasks.checkpoint import ENDING, Checkpoint, Saved
from potstill.tasks.run import Result, Run
from potstill.tensors import Images

FRAMES = 40
"""Pictures of an animation, about."""
SECONDS = 30.0
"""Between two checkpoints."""
_MEMORY = ("attention_slicing", "vae_tiling", "cpu_offload")


@dataclass(frozen=True)
class Model:
    """The model and where it computes."""

    model: str = "emoji"
    """emoji (bundled), a name on the hub, a folder in diffusers' layout, or a .safetensors file."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    lora: str | None = None
    """LoRA weights to put on the model: a name on the hub, a folder or a .safetensors file."""
    device: str | None = None
    """cuda, mps or cpu. None means the first of them there is."""
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    """What the network computes in. None means what suits the device."""
    attention_slicing: bool = False
    """Half of the attention heads at a time: less memory only where torch has no fused attention; slower."""
    vae_tiling: bool = False
    """Encode and decode large pictures in tiles: less memory, and the tiles may show."""
    cpu_offload: bool = False
    """Keep on the device only the part that is at work: much less memory, slower."""
    channels_last: bool | None = None
    """Keep the channels of a pixel together: convolutions may be faster. None means for the bundled model alone."""
    compile: bool = False
    """Compile the network: up to minutes at first, then faster steps. For long runs."""

    def __post_init__(self) -> None:
        """Check what a file may say in place of the command line."""
        if self.dtype not in (None, *DTYPES):
            raise InputError(f"dtype = {self.dtype!r} must be one of {', '.join(DTYPES)}")

    @classmethod
    def of(cls, identity: Mapping[str, Any]) -> "Model":
        """The options that load a model again, from the identity in a record.

        Raises:
            InputError: its LoRAs are more than --lora can say.
        """
        spec, loras = ModelSpec.of(identity), recorded(identity)
        if list(loras.values()) not in ([], [1.0]):
            told = ", ".join(f"{name} at scale {scale:g}" for name, scale in loras.items())
            raise InputError(f"the model was loaded in Python with {told}: --lora takes one, at scale 1; load it there")
        names = {field.name for field in fields(cls)} & identity.keys() - {"lora"}
        return cls(spec.name, lora=next(iter(loras), None), **{name: identity[name] for name in names})

    @classmethod
    def again(cls, saved: Saved) -> "Model":
        """As in a checkpoint."""
        return replace(cls.of(saved.record["model"]), **{name: saved.option(name, bool) for name in _MEMORY})

    def memory(self) -> dict[str, bool]:
        """What saves memory, and changes no result."""
        return {name: getattr(self, name) for name in _MEMORY}

    def load(self) -> Pipeline:
        """Load it."""
        options: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return ModelSpec(options.pop("model"), **options).load()


def picture(record: Mapping[str, Any]) -> Path:
    """The picture that a record is of; an empty path where that came from no file."""
    return Path(record.get("image", {}).get("path") or "")


def check_picture(path: Path) -> None:
    """Raise unless there is a path.

    Raises:
        InputError: neither the command line nor a record named a picture.
    """
    if path == Path():
        raise InputError("no picture is named, on the command line or in the settings: give IMAGE, a file")


@dataclass(frozen=True)
class Output:
    """What is written, and where to."""

    out: Path
    """The PNG; a JSON goes beside it. Several results are numbered."""
    gif: bool = False
    """Write the way there, too, as an animation beside the PNG."""
    preview: bool = False
    """Keep a picture of how it looks now beside the PNG, renewed about once a second."""
    json: bool = False
    """Print the JSON instead of a summary."""
    config: Path | None = None
    """Read settings from a file that --save-config wrote, or from any PNG or JSON of a result."""
    save_config: Path | None = None
    """Write the settings to this file before the run."""
    checkpoint_every: float = SECONDS
    """Save the run so often, in seconds, for `potstill resume`; 0 saves it only when it is interrupted."""

    @property
    def frame_count(self) -> int:
        """Approximate number of intermediate images that are needed."""
        return FRAMES if self.gif else 0

    @classmethod
    def again(cls, saved: Saved) -> "Output":
        """What a checkpoint says, beside it."""
        gif, preview, json = (saved.option(name, bool) for name in ("gif", "preview", "json"))
        every = saved.option("checkpoint_every", float)
        return cls(saved.result_path(), gif=gif, preview=preview, json=json, checkpoint_every=every)

    def check(self) -> None:
        """Make sure, before anything is computed, that it can be written.

        Raises:
            InputError: `out` is no PNG, or its folder cannot be written to.
        """
        writable_png(self.out)
        sweep(self.out.parent)
        if self.save_config:
            sweep(writable_folder(self.save_config.parent))
            writable_file(self.save_config)

    def write(self, run: Run, model: Model, resumed: Path | None = None) -> None:
        """Take the steps of the run, showing them, and write and print what it gives.

        Args:
            run: from its beginning.
            model: how it was loaded.
            resumed: the checkpoint to go on from.
        """
        if self.save_config:
            write(self.save_config, to_json(run.record).encode())
        name, began = run.record["command"], time.monotonic()
        options = {"out": self.out.name, "gif": self.gif, "preview": self.preview, "json": self.json}
        options |= {"checkpoint_every": self.checkpoint_every, **model.memory()}
        place = resumed or self.out.with_suffix(ENDING)
        checkpoint = Checkpoint(place, run.record, options, self.checkpoint_every)
        go_on(run, checkpoint, resumed is not None)
        with self._peek(run) as peek, step_progress() as show:
            take(((name, step) for step in peek), run, checkpoint, show)
        with finishing(run, checkpoint):
            self._finish(run.finish(), [frame / 255 for frame in run.frames], began)

    @contextmanager
    def _peek(self, run: Run) -> Iterator[Iterator[Step]]:
        """The steps, which now and then renew the preview, if there is to be one."""
        peek = self.out.with_stem(f"{self.out.stem}-preview")

        def steps() -> Iterator[Step]:
            shown = time.monotonic()
            for step in run:
                if self.preview and time.monotonic() - shown > 1:
                    write(peek, png_bytes(run.images()[:1]))
                    shown = time.monotonic()
                yield step

        try:
            yield steps()
        finally:
            peek.unlink(missing_ok=True)

    def _finish(self, result: Result, frames: list[Images], began: float) -> None:
        animation = gif_bytes([*frames, result.images]) if self.gif else None
        places = result.save(self.out)
        if animation:
            places.append(self.out.with_suffix(".gif"))
            write(places[-1], animation)
        if self.json:
            print(self.out.with_suffix(".json").read_text())
        else:
            last = result.trace[-1]
            far = "" if last["distance"] is None else f"distance {last['distance']:.3g}, "
            seconds = time.monotonic() - began
            far += "".join(f"{name} {value:.4g}, " for name, value in result.measured.items())
            print(f"{far}{last['evaluations']:,} network evaluations, {seconds:.0f} s")
            print(f"wrote {', '.join(map(str, places))} and {self.out.with_suffix('.json').name}")
