"""A run on a 3-D scene, and how its result is shown: views on a sheet, and an orbit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.distillation import Step
from potstill.errors import InputError
from potstill.scenes.cameras import Cameras
from potstill.scenes.viewing import RandomColour, Solid, SolidColour
from potstill.state import Resumable
from potstill.tasks.files.baking import Baking
from potstill.tasks.runs.run import Result, Run, Shown
from potstill.tasks.scenes.models import SceneModel, ToysModel
from potstill.tasks.scenes.settings import SceneSettings
from potstill.tensors import Images
from potstill.worlds.toys.measures import measure_toy
from potstill.worlds.toys.prior import CLASSES

COLUMNS = 4
"""Views in a row of the sheet."""
FRAMES = 24
"""Of the orbit."""


class SceneLoop(NamedTuple):
    """The steps of a run on a scene."""

    steps: Iterator[Step]
    """They move the scene, or pictures of it."""
    state: Resumable
    """What they change."""
    look: Callable[[Cameras], Images]
    """What cameras see at that time, which is what the steps move."""


def scene_run(
    task: SceneSettings,
    model: SceneModel,
    scene: Solid,
    target: str,
    loop: SceneLoop,
    record: Mapping[str, Any],
    before: Solid | None = None,
    frame_count: int = 0,
    baking: Baking | None = None,
) -> Run:
    """The run of a task: its picture is a sheet of views, in an edit below those of the scene as it was.

    Args:
        task: the settings.
        model: that made the predictions.
        scene: what the steps move.
        target: what it becomes.
        loop: the steps of the run.
        record: all that the result depends on.
        before: the scene before the edit.
        frame_count: approximate number of intermediate sheets to keep.
        baking: the mesh that the scene was made from.
    """
    viewing = scene.viewing
    around = task.shown(viewing, COLUMNS if before else 2 * COLUMNS)
    first = None if before is None else look(before, around)

    def sheet() -> Images:
        now = loop.look(around)
        views = now if first is None else torch.cat([first, now])
        rows = [torch.cat([*row], 2) for row in views.split(COLUMNS)]
        return torch.cat(rows, 1)[None]

    def complete(result: Result) -> Result:
        orbit = look(scene, task.shown(viewing, FRAMES)).cpu().float()
        measured = _measured(model, scene, target) if isinstance(model, ToysModel) else {}
        return replace(result, scene=scene, baking=baking, orbit=list(orbit.split(1)), measured=measured)

    def turning(number: int) -> Images:
        cameras = task.shown(viewing, FRAMES)
        return loop.look(cameras[[number % FRAMES]]).cpu().float()

    def showing(result: Result) -> Shown:
        frames = [] if before is None else look(before, task.shown(viewing, FRAMES)).cpu().float().split(1)
        return Shown(_turned(result.orbit), _turned(frames))

    return Run(
        dict(record),
        loop.steps,
        loop.state,
        sheet,
        frame_count=frame_count,
        complete=complete,
        scene=scene,
        look=loop.look,
        turning=turning,
        showing=showing,
    )


def _turned(orbit: Sequence[Float[Tensor, "1 3 h w"]]) -> list[Float[Tensor, "four 3 h w"]]:
    """Four views of an orbit beside each other, as they turn once around; the last are those of the beginning."""
    count = len(orbit)
    quarters = [k * count // COLUMNS for k in range(COLUMNS)]
    return [torch.cat([orbit[(start + k) % count] for k in quarters]) for start in range(1, count + 1)]


def look(scene: Solid, cameras: Cameras) -> Images:
    """The scene from cameras, a few at a time, before its background or white if that is random."""
    background = SolidColour() if isinstance(scene.viewing.background, RandomColour) else None
    parts = torch.arange(len(cameras)).split(8)
    return torch.cat([scene.pictures(cameras[part], background) for part in parts])


def check_seen(scene: Solid, cameras: Cameras, what: str) -> None:
    """Raise unless the cameras see the object, from outside of it.

    Raises:
        InputError: half of it lies around a camera, or nothing of it is in front of any.
    """
    with torch.no_grad():
        places, shares = (each.detach().double().cpu() for each in scene.mass())
        distance = places.norm(dim=1)
        order = distance.argsort()
        half = torch.searchsorted(shares[order].cumsum(0), shares.sum() / 2).clamp(max=len(order) - 1)
        radius, nearest = float(distance[order][half]), float(cameras.position.norm(dim=1).min())
        if nearest <= radius:
            raise InputError(
                f"the cameras are {nearest:g} from the origin, inside of {what}, half of which lies within "
                f"{radius:.3g}: give --distance {3 * radius:.2g} {3 * radius:.2g}, or its own --cameras"
            )
        like = next(scene.parameters())
        view = {**cameras.to(like.dtype).to(like.device).view(), "background": torch.ones(len(cameras), 3).to(like)}
        if not float(scene.shade(view)[1].max()) > 0.01:
            raise InputError(
                f"the cameras see nothing of {what}: it must lie around the origin, with z up; half of it lies within "
                f"{radius:.3g}"
            )


def _measured(model: ToysModel, scene: Solid, target: str) -> dict[str, float]:
    """How near the scene is to the nearest toy of its class over all cameras."""
    prior = model.world
    found = measure_toy(prior.bank, look(scene, prior.cameras), prior.encode_prompt(target)[CLASSES][0])
    return {"psnr": found.psnr, "agreement": found.agreement}
