"""Settings of methods in 3-D, by name: values for the fields of a task, each of which can be overridden.

Those named as a bundled model are that model's defaults; the others were released for Stable Diffusion.

Guidance scales are given as `uncond + scale (cond - uncond)`; threestudio's SDS writes `text + s (text - uncond)`, so
its 100 is 101 here, and its perp-neg branch, which SDI uses, has the same meaning as here. Learning rates and the
representation stay those of this package: hash grids of NeRF have others. What else these files set, such as shading
by a point light, is left out.

Sources: threestudio, configs/dreamfusion-sd.yaml and configs/sdi.yaml; PDS, arXiv 2311.13831 and its released code.
"""

from collections.abc import Mapping
from typing import Any

from potstill.errors import InputError, did_you_mean

_CAMERAS = {"distance": (1.5, 2.0), "fov": (40.0, 70.0), "background": "RandomColour()", "last_rate": 1.0, "views": 1}
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "generate": {
        "toys": {"guidance_scale": 2.0},
        "sds-threestudio": {
            **_CAMERAS,
            "method": "SDS()",
            "guidance_scale": 101.0,
            "steps": 10_000,
            "elevation": (-10.0, 90.0),
            "regularizers": ("Sparsity(1.0)",),
        },
        "sdi-threestudio": {
            **_CAMERAS,
            "method": "SDI(times=Annealed(low=0.25, high=0.98))",
            "guidance_scale": 7.5,
            "steps": 10_000,
            "elevation": (-10.0, 45.0),
            "regularizers": ("Opaqueness(0.1)",),
        },
    },
    "edit": {
        "toys": {"steps": 37, "learning_rate": 4.0},
        "pds-nerf": {
            "method": "PDS()",
            "guidance_scale": 100.0,
            "steps": 30_000,
            "views": 1,
            "last_rate": 1.0,
        },
    },
}
"""By the command and the name."""


def with_preset(name: str | None, command: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, above those of a preset.

    Raises:
        InputError: there is no such preset.
    """
    if name is None:
        return dict(settings)
    known = PRESETS[command]
    if name not in known:
        raise InputError(f"unknown preset {name!r}: {did_you_mean(name, known)}")
    return {**known[name], **settings}


def default_preset(model: object) -> str | None:
    """The name of a bundled model's own preset, if it has one: `model` is what `load` takes or gives."""
    name = model if isinstance(model, str) else getattr(model, "identity", {}).get("name")
    return "toys" if name == "toys" else None
