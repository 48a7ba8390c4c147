"""What a run on a GPU keeps of the same run on the CPU: pictures of the bundled models, bytes, checkpoints, replays."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import potstill
from benchmarks.cuda_laws import TINY, of_each
from potstill.baselines import BASELINES
from potstill.io.files import write
from potstill.io.images import png_bytes
from potstill.methods import named
from potstill.priors.logs import quiet
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Volume
from potstill.tasks.runs.state_file import pack, unpack
from potstill.tensors import Images

PROMPTS = {"source": "fluent red heart", "target": "fluent blue heart"}
TEAPOTS = {"source": "red teapot", "target": "blue teapot"}
DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<path d="M32 56 C4 36 8 10 22 10 C28 10 32 16 32 18 C32 16 36 10 42 10 C56 10 60 36 32 56 Z" fill="#d22"/></svg>"""


@cache
def bundled(name: str, device: torch.device) -> Pipeline:
    """The bundled model in torch, whatever the device: ONNX Runtime rounds otherwise."""
    return potstill.load(name, device=device, backend="torch" if device.type == "cpu" else None)


@cache
def heart() -> Images:
    """A red heart on white, (x² + y² - 1)³ < x² y³, so that no file is needed."""
    across = torch.linspace(-1.4, 1.4, 64)
    x, y = across[None], -across[:, None]
    inside = ((x**2 + y**2 - 1) ** 3 < x**2 * y**3).float()
    red = torch.tensor([0.85, 0.15, 0.2])[:, None, None]
    return (1 + inside * (red - 1))[None]


def heart_file(folder: str) -> str:
    """The heart as a file in the folder."""
    write(file := Path(folder) / "red.png", png_bytes(heart()))
    return str(file)


def apart(one: Images, other: Images) -> dict[str, float]:
    """The largest and the mean difference of pictures in [0, 1]."""
    difference = (one - other).abs()
    return {"largest": float(difference.max()), "mean": float(difference.mean())}


@contextmanager
def full_precision() -> Iterator[None]:
    """Without the TF32 that cuDNN uses for convolutions by default."""
    kept, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = kept


def beside(make: Callable[[torch.device], Images], device: torch.device) -> dict[str, Any]:
    """Pictures of the device beside those of the CPU, with and without TF32, and whether they can be made twice."""
    own, first, second = make(torch.device("cpu")), make(device), make(device)
    with full_precision():
        whole = make(device)
    return {**apart(own, first), "without TF32": apart(own, whole), "same bytes twice": torch.equal(first, second)}


def default_edit(device: torch.device) -> Images:
    """A heart, from red to blue."""
    return potstill.edit(heart(), **PROMPTS, model=bundled("emoji", device)).images


def on_pixels(device: torch.device) -> Images:
    """The same edit of pixels, with a mask, three at once."""
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48] = 1
    told = {"space": "pixels", "count": 3, "steps": 4, "method": "dds"}
    return potstill.edit(heart(), **PROMPTS, mask=mask, model=bundled("emoji", device), **told).images


def short_run(name: str, device: torch.device) -> Images:
    """Two steps of a method or baseline on the bundled model; a baseline takes ten."""
    prior, methods = bundled("emoji", device), named()
    if name in methods and not methods[name].edits:
        return potstill.generate("red heart", model=prior, method=name, steps=2).images
    return potstill.edit(heart(), **PROMPTS, model=prior, method=name, steps=2 if name in methods else 10).images


def methods_on_emoji(device: torch.device) -> dict[str, Any]:
    """Of every method and baseline: the largest difference of the picture, without TF32."""
    cpu = torch.device("cpu")
    with full_precision():
        return of_each([*named(), *BASELINES], lambda name: apart(short_run(name, cpu), short_run(name, device)))


def inverted(device: torch.device) -> Images:
    """A heart, found again from its noise."""
    return potstill.invert(heart(), prompt="fluent red heart", model=bundled("emoji", device), steps=10).images


def volume(device: torch.device) -> Images:
    """A teapot made of a volume whose grid becomes finer."""
    settings = {"scene": "volume", "grid": 17, "coarse_grid": 9, "steps": 8}
    return potstill.generate_scene("red teapot", model=bundled("toys", device), **settings).images


def drawing(device: torch.device) -> Images:
    """A heart of one path, edited."""
    return potstill.edit_drawing(DRAWING, **PROMPTS, model=bundled("emoji", device), steps=6).images


def new_drawing(device: torch.device) -> Images:
    """A heart of a few paths."""
    return potstill.generate_drawing("red heart", model=bundled("emoji", device), steps=6).images


def resumed(device: torch.device) -> dict[str, Any]:
    """An edit that stops halfway: its checkpoint, resumed on the device and on the CPU, beside an uninterrupted run."""

    def begun(place: torch.device) -> Any:
        return potstill.edit_steps(heart(), **PROMPTS, model=bundled("emoji", place), method="dds", steps=8)

    whole, half = begun(device).finish().images, begun(device)
    for _, _ in zip(range(4), half, strict=False):
        pass
    answers = {}
    with TemporaryDirectory() as folder:
        write(file := Path(folder) / "half.safetensors", pack(half.state()))
        for place in (device, torch.device("cpu")):
            again = begun(place)
            again.restore(unpack(file))
            answers[str(place)] = apart(whole, again.finish().images)
    return answers


def replayed(device: torch.device) -> dict[str, Any]:
    """The exit codes of `potstill edit`, `sample` and `replay`, and what the last says."""
    from potstill.cli import main

    def code(*words: str) -> tuple[object, str]:
        heard = StringIO()
        try:
            with redirect_stdout(heard):
                main(words)
        except SystemExit as end:
            return end.code, heard.getvalue().strip()
        return None, heard.getvalue().strip()

    with TemporaryDirectory() as folder:
        file, place = f"{folder}/heart.png", ("--device", str(device))
        words = (f"--source={PROMPTS['source']}", f"--target={PROMPTS['target']}", "--out", file)
        return {
            "edit": code("edit", heart_file(folder), *words, *place)[0],
            "sample": code("sample", "red heart", "--out", f"{folder}/sample.png")[0],
            "replay": code("replay", file),
        }


def offloaded(device: torch.device) -> dict[str, Any]:
    """An edit whose model is on the device only while it runs."""
    told = {"source": "a red apple", "target": "a green pear", "method": "dds", "steps": 2}
    plain, moved = (
        potstill.edit(heart(), **told, model=potstill.load(TINY, dtype=torch.float32, device=device, cpu_offload=each))
        for each in (False, True)
    )
    return apart(plain.images, moved.images)


def surface(device: torch.device) -> dict[str, Any]:
    """The mesh of a volume, which is found on the CPU."""
    found, own = (Volume.ball(17).to(place).surface(3.0) for place in (device, torch.device("cpu")))
    return {"largest": float(abs(found.vertices - own.vertices).max()), "vertices": len(found.vertices)}


def family(name: str, device: torch.device) -> dict[str, Any]:
    """Two DDS steps of a tiny pipeline with random weights; samples where it takes no text."""
    from tests import tiny

    def pictures(prior: Pipeline) -> Images:
        if not prior.unconditional:
            return potstill.sample("", model=prior, steps=3)
        told = {"source": "a b", "target": "c d", "method": "dds", "steps": 2, "size": tiny.small(prior)}
        return potstill.edit(heart(), model=prior, **told).images

    with TemporaryDirectory() as folder, quiet():
        tiny.build(name).save_pretrained(folder, safe_serialization=True)
        own, there = (potstill.load(folder, dtype=torch.float32, device=place) for place in ("cpu", device))
        half = potstill.load(folder, device=device)
        finite = bool(pictures(half).isfinite().all())
        return {**apart(pictures(own), pictures(there)), str(half.dtype).removeprefix("torch."): finite}


def families(device: torch.device) -> dict[str, Any]:
    """Every kind of pipeline that is tested, in float32 beside the CPU, and in the device's own dtype."""
    from tests import tiny

    with full_precision():
        return of_each(tiny.BUILDERS, lambda name: family(name, device))


def trained(device: torch.device) -> dict[str, Any]:
    """VSD, which trains a model of the renders beside the run."""
    images = potstill.generate("red heart", model=bundled("emoji", device), method="vsd", steps=4).images
    return {"finite": bool(images.isfinite().all()), "peft": "peft" in sys.modules}


def sampled(device: torch.device) -> Images:
    """A heart and toys from two sides."""
    hearts = potstill.sample("red heart", model=bundled("emoji", device), count=2, steps=10)
    toys = potstill.sample("red teapot", model=bundled("toys", device), azimuth=(0.0, 90.0), steps=10)
    return torch.cat([each.flatten(1) for each in (hearts, toys)], 1)[:, None, None]


CHECKS = {
    "default edit": lambda device: beside(default_edit, device),
    "edit of pixels with a mask, three at once": lambda device: beside(on_pixels, device),
    "samples": lambda device: beside(sampled, device),
    "volume of toys": lambda device: beside(volume, device),
    "edit of a drawing": lambda device: beside(drawing, device),
    "drawing": lambda device: beside(new_drawing, device),
    "inversion": lambda device: beside(inverted, device),
    "methods and baselines on emoji": methods_on_emoji,
    "VSD": trained,
    "checkpoint": resumed,
    "commands and replay": replayed,
    "cpu_offload": offloaded,
    "surface of a volume": surface,
}
FAMILIES = {"kinds of pipelines": families}
