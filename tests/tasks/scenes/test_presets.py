"""Presets: released settings and those of the bundled model."""

import pytest

from potstill import edit_scene, generate_scene
from potstill.errors import InputError
from potstill.methods import PDS, SDI
from potstill.scenes import Orbit, RandomColour, Sparsity
from potstill.tasks.files.scenes import scene_kind
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.scenes.presets import PRESETS, default_preset, with_preset

pytestmark = pytest.mark.usefixtures("small_orbits")


@pytest.fixture(scope="module")
def teapot(tmp_path_factory):
    """A scene of 40 Gaussians."""
    made = generate_scene("red teapot", size=16, steps=3, gaussians=40, views=2)
    return made.save(tmp_path_factory.mktemp("scene") / "teapot.ply")[0]


@pytest.mark.parametrize(("command", "name"), [(command, name) for command in PRESETS for name in PRESETS[command]])
def test_released_settings_run_on_a_small_stable_diffusion(command, name, priors, teapot, tmp_path):
    model, few = priors("sd"), {"steps": 2, "seed": 1}
    if command == "generate":
        result = generate_scene("a teapot", model=model, preset=name, scene="volume", grid=9, **few)
        made = result.save(tmp_path / "made.glb")[0]
    else:
        result = edit_scene(teapot, source="a pot", target="a teapot", model=model, preset=name, **few)
        made = result.save(tmp_path / "made.ply")[0]
    assert scene_kind(made) == made.suffix
    assert len(result.trace) == 2 + result.record["resolved"]["fit_steps"]
    settings = result.record["settings"]
    assert settings["guidance_scale"] == PRESETS[command][name].get("guidance_scale", settings["guidance_scale"])
    assert result.record["resolved"]["steps"] == 2


def test_presets_say_what_the_released_configurations_say():
    sds = GenerateScene.of({"prompt": "a", **with_preset("sds-threestudio", "generate", {})})
    assert (sds.scale, sds.resolve().steps) == (101, 10_000)
    assert sds.orbit((64, 64)) == Orbit(elevation=(-10, 90), distance=(1.5, 2.0), fov=(40, 70))
    assert (sds.background, sds.regularizers) == (RandomColour(), (Sparsity(1.0),))
    sdi = GenerateScene.of({"prompt": "a", **with_preset("sdi-threestudio", "generate", {"steps": 5})})
    assert isinstance(sdi.method, SDI)
    assert (sdi.method.times.low, sdi.method.noise.guidance_scale, sdi.resolve().steps) == (0.25, -7.5, 5)
    pds = EditScene.of({"source": "a", "target": "b", **with_preset("pds-nerf", "edit", {})})
    assert (pds.method, pds.scale, pds.resolve().steps) == (PDS(), 100, 30_000)
    with pytest.raises(InputError, match="unknown preset 'sdi'"):
        with_preset("sdi", "generate", {})


def test_the_model_toys_has_settings_of_its_own():
    assert default_preset("toys") == "toys"
    assert default_preset("world:toys") is default_preset("emoji") is default_preset("pds-nerf") is None
    task = GenerateScene.of({"prompt": "a", **with_preset("toys", "generate", {"steps": 5})})
    assert (task.resolve().guidance_scale, task.steps) == (2.0, 5)
