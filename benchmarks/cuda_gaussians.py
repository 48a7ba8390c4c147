"""Gaussians on a GPU, which gsplat draws, beside our own compositing on the CPU; needs `pip install potstill[gpu]`."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Generator, Tensor

from benchmarks.cuda_laws import largest, of_each
from benchmarks.cuda_models import TEAPOTS, apart, bundled
from benchmarks.cuda_speed import seconds
from potstill.io.files import write
from potstill.scenes import Cameras, Gaussians, ring
from potstill.tasks.runs.state_file import pack, unpack
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.scenes.task import SceneTask
from potstill.tensors import Images, copied

CASES = {
    "as in training": {},
    "harmonics of degree 2": {"degree": 2},
    "wide pictures": {"size": (96, 40)},
    "from near": {"distance": 1.1},
    "small": {"size": 17},
    "opaque": {"opacity": 0.98},
    "many": {"count": 20_000, "size": 128},
}
NAMES = ("means", "log_scales", "quaternions", "opacity_logits", "colours", "harmonics")


def cloud(device: torch.device, count: int = 500, degree: int = 0, opacity: float = 0.3) -> Gaussians:
    """Uneven Gaussians, the same on every device."""
    scene = Gaussians.ball(count, 0.8, Generator().manual_seed(0), degree=degree, opacity=opacity)
    rng = Generator().manual_seed(1)
    with torch.no_grad():
        for value in scene.parameters():
            value += 0.3 * torch.randn(value.shape, generator=rng)
    return scene.to(device)


def cameras(size: int | tuple[int, int] = 64, distance: float = 3.0) -> Cameras:
    """Two sides, from above and from below."""
    return Cameras.orbit([20.0, 200.0], [10.0, -30.0], distance, size=size)


def drawn(scene: Gaussians, seen: Cameras) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Colour, opacity, and the gradients of a loss on both by parameter."""
    like = scene.means
    colour, opacity = scene.shade(seen.to(like.dtype).to(like.device).view())
    weights = torch.linspace(0.5, 1.5, colour[0].numel()).reshape(colour.shape[1:]).to(colour)
    (colour.square() * weights).sum().add(opacity.sum()).backward()
    gradients = {name: getattr(scene, name).grad.cpu() for name in NAMES if getattr(scene, name).numel()}
    return colour.detach().cpu(), opacity.detach().cpu(), gradients


def compared(device: torch.device, size: Any = 64, distance: float = 3.0, **told: Any) -> dict[str, Any]:
    """Differences of the pictures, and relative ones of the gradients."""
    seen = cameras(size, distance)
    one, other = (drawn(cloud(place, **told), seen) for place in (torch.device("cpu"), device))
    found = {"colour": apart(one[0], other[0]), "opacity": apart(one[1], other[1])}
    pairs = {name: (one[2][name], other[2][name]) for name in one[2]}
    return {**found, "gradients": {name: float((a - b).norm() / a.norm()) for name, (a, b) in pairs.items()}}


def double(device: torch.device) -> dict[str, Any]:
    """A scene in float64."""
    one, other = (drawn(cloud(place).double(), cameras()) for place in (torch.device("cpu"), device))
    return {"dtype": str(other[0].dtype), "colour": largest(one[0], other[0])}


def unseen(device: torch.device) -> dict[str, Any]:
    """All Gaussians behind the cameras: an empty picture, and gradients of 0."""
    scene = cloud(device)
    with torch.no_grad():
        scene.means[:] = torch.tensor([0.0, -50.0, 0.0], device=device)
    colour, _, gradients = drawn(scene, Cameras.orbit(0.0, size=32))
    return {"largest": float(colour.abs().max()), "gradient": float(gradients["means"].abs().max())}


def repeated(device: torch.device) -> dict[str, Any]:
    """The same picture and gradients twice: sums in another order round otherwise."""
    one, other = (drawn(cloud(device), cameras()) for _ in range(2))
    return {"picture": apart(one[0], other[0]), "means": largest(one[2]["means"], other[2]["means"])}


def taken(task: SceneTask, inputs: dict[str, Any], device: torch.device) -> Images:
    """The views of a scene after the run, without the rest of a result."""
    run = task.start(inputs, bundled("toys", device))
    for _ in run:
        pass
    return run.images()


def generated(device: torch.device) -> Images:
    """A teapot in 16 steps, with Gaussians added on the way."""
    return taken(GenerateScene(prompt="red teapot", steps=16), {}, device)


def edited(device: torch.device, **settings: Any) -> Images:
    """The cloud, edited for 8 steps."""
    task = EditScene.of({**TEAPOTS, "steps": 8, **settings})
    return taken(task, {"scene": cloud(torch.device("cpu"), count=1000)}, device)


def runs(device: torch.device) -> dict[str, Any]:
    """Short runs beside the CPU: the pictures drift apart step by step, since optimisers enlarge rounding."""
    refit = {"route": "Refit(steps=8)", "steps": 4}
    some = {"only_box": (-1.0, 0.0, -1.0, 1.0, -1.0, 1.0)}
    tasks = {
        "generate": generated,
        "edit": edited,
        "edit by refit": lambda place: edited(place, **refit),
        "edit in a box": lambda place: edited(place, **some),
    }
    cpu = torch.device("cpu")
    return of_each(tasks, lambda name: apart(tasks[name](cpu), tasks[name](device)))


def resumed(device: torch.device) -> dict[str, Any]:
    """A generation stopped while it grows, resumed on the device and on the CPU."""
    task, answers = GenerateScene(prompt="red teapot", steps=24), {}

    def begun(place: torch.device) -> Any:
        return task.start({}, bundled("toys", place))

    def rest(run: Any) -> Images:
        for _ in run:
            pass
        return run.images()

    half = begun(device)
    for _, _ in zip(range(7), half, strict=False):
        pass
    state = copied(half.state())
    whole = rest(half)
    with TemporaryDirectory() as folder:
        write(file := Path(folder) / "half.safetensors", pack(state))
        for place in (device, torch.device("cpu")):
            again = begun(place)
            again.restore(unpack(file))
            answers[str(place)] = apart(whole, rest(again))
    return answers


def saved(device: torch.device) -> dict[str, Any]:
    """The files of a scene on the device, and the scene read from them."""
    scene, seen = cloud(device, degree=1), ring(4, size=64)
    with TemporaryDirectory() as folder:
        result = EditScene(**TEAPOTS, steps=1).start({"scene": scene}, bundled("toys", device)).finish()
        files = result.save(Path(folder) / "scene.ply")
        again = EditScene(**TEAPOTS, steps=1).start({"scene": files[0]}, bundled("toys", device)).scene
        assert result.scene is not None
        assert again is not None
        return {**apart(result.scene.pictures(seen).cpu(), again.pictures(seen).cpu()), "files": len(files)}


def drawing_speed(device: torch.device) -> dict[str, Any]:
    """Milliseconds of a picture of each of two views with its gradient, by Gaussians and size."""
    found: dict[str, Any] = {}
    for count, size in ((1000, 64), (10_000, 128), (50_000, 256)):
        for place in dict.fromkeys((torch.device("cpu"), device)):
            scene, seen = cloud(place, count), cameras(size)
            took = seconds(
                lambda scene=scene, seen=seen: drawn(scene, seen), place, repeats=5 if place.type == "cuda" else 1
            )
            found.setdefault(f"{count} Gaussians, {size} pixels", {})[place.type] = 1e3 * took
    return found


def run_speed(device: torch.device) -> dict[str, Any]:
    """Milliseconds of a step of the default edit and generation, in their first steps: 20 on a CPU, else 100."""
    tasks = {
        "edit": (EditScene(**TEAPOTS), {"scene": cloud(torch.device("cpu"), count=1000)}),
        "generate": (GenerateScene(prompt="red teapot"), {}),
    }
    found: dict[str, Any] = {}
    for name, (task, inputs) in tasks.items():
        for place in dict.fromkeys((torch.device("cpu"), device)):
            run, times = task.start(inputs, bundled("toys", place)), []
            for _, _ in zip(range(20 if place.type == "cpu" else 100), run, strict=False):
                times.append(time.perf_counter())
            per_step = (times[-1] - times[3]) / (len(times) - 4)  # a step reads its loss, and so waits for the device
            found.setdefault(name, {})[place.type] = 1e3 * per_step
    return found


CHECKS = {
    **{f"picture, {name}": lambda device, told=told: compared(device, **told) for name, told in CASES.items()},
    "float64": double,
    "nothing in sight": unseen,
    "twice": repeated,
    "short runs": runs,
    "checkpoint of a growing scene": resumed,
    "files": saved,
    "speed of a picture": drawing_speed,
    "speed of runs": run_speed,
}
