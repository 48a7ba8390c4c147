"""The tab 3D without a browser: its results are those of the library, seen from where the visitor looks."""

import base64

import numpy as np
import pytest

from potstill import edit_scene, generate_scene
from potstill.io.gaussian_files import gaussians_ply
from potstill.methods import InfEdit
from potstill.scenes.files import arrays_of
from potstill.scenes.snapshots import Refit
from potstill.tasks.files.provenance import read_record
from potstill.tasks.scenes.presets import PRESETS
from potstill.web import limits, scenes

MAKE = {"task": "generate", "target": "red teapot", "methods": ["sds"], "steps": 2, "seed": 3}
EDIT = {"task": "edit", "source": "red teapot", "target": "blue teapot", "methods": ["infedit"], "steps": 2}


@pytest.fixture(autouse=True)
def quick(monkeypatch, small_orbits):
    """One question takes all steps, of few pixels."""
    monkeypatch.setattr(limits, "SHARE", 60.0)
    monkeypatch.setitem(limits.SCENE, "size", 16)
    monkeypatch.setattr(limits, "VIEW", 32)


def begun(settings, **more):
    answer = scenes.scenes_begin(settings | more)
    assert "error" not in answer, answer
    return answer


def finished(settings, **more):
    answer = begun(settings, **more)
    assert scenes.scenes_advance({"run": answer["run"]})["done"]
    return answer["run"]


def taken(run, kind=".ply"):
    answer = scenes.scenes_take({"run": run, "index": 0, "kind": kind})
    assert "error" not in answer, answer
    return base64.b64decode(answer["data"])


def origin(run):
    visit = scenes.SCENES.get(run)
    assert isinstance(visit, scenes.SceneVisit)
    return visit.origin


def numbers(scene):
    return np.concatenate([part.ravel() for part in arrays_of(scene)[:6]])


def test_a_scene_of_the_page_is_that_of_the_library(tmp_path):
    run = finished(MAKE)
    expected = generate_scene("red teapot", method="sds", steps=2, seed=3, size=16)
    path = tmp_path / "a.ply"
    path.write_bytes(taken(run))
    assert read_record(path)["settings"]["prompt"] == "red teapot"
    made = scenes.SCENES.get(run).runs[0].run.scene
    assert np.array_equal(numbers(made), numbers(expected.scene))
    assert taken(run, ".gif").startswith(b"GIF8")
    assert "cannot write Gaussians" in scenes.scenes_take({"run": run, "index": 0, "kind": ".glb"})["error"]


def test_the_network_has_the_defaults_of_the_command():
    """An edit moves pictures, and then the scene."""
    answer = begun(EDIT, model="toys", steps=None)
    assert answer["panels"][0]["total"] == InfEdit.default_optimizer.steps + Refit.steps
    run = finished(EDIT, model="toys", steps=1)
    file = scenes.EXAMPLES / "red-teapot.splat"
    expected = edit_scene(file, source="red teapot", target="blue teapot", steps=1, model="toys")
    assert np.array_equal(numbers(scenes.SCENES.get(run).runs[0].run.scene), numbers(expected.scene))
    begin = scenes.choices()["begin"]["of"]
    assert begin["generate"]["toys"]["guidance_scale"] == PRESETS["generate"]["toys"]["guidance_scale"]
    assert begin["edit"] == {
        "world:toys": {"steps": limits.SCENE["steps"], "guidance_scale": 1.0},
        "toys": {"steps": None, "guidance_scale": 1.0},
    }


def test_an_edit_begins_with_an_example_a_file_or_the_scene_of_a_run(tmp_path):
    run = finished(EDIT)
    file = scenes.EXAMPLES / "red-teapot.splat"
    expected = edit_scene(file, source="red teapot", target="blue teapot", steps=2, size=16)
    assert np.array_equal(numbers(scenes.SCENES.get(run).runs[0].run.scene), numbers(expected.scene))
    data = base64.b64encode(file.read_bytes()).decode()
    assert scenes.scenes_open({"scene": data, "ending": ".splat"})["count"] == 600
    other = finished(EDIT, scene=data, ending=".splat")
    assert taken(other, ".splat") == taken(run, ".splat")
    again = begun(EDIT, of_run=run, source="blue teapot", target="red teapot", run=run)
    assert np.array_equal(numbers(origin(again["run"])), numbers(expected.scene))
    once_more = begun(EDIT, of_run=again["run"], index=-1)
    assert np.array_equal(numbers(origin(once_more["run"])), numbers(expected.scene))


def test_the_view_turns_and_stays_turned():
    answer = begun(EDIT)
    turned = scenes.scenes_find({"run": answer["run"], "azimuth": 150.0})
    assert turned["before"] != answer["before"]
    assert turned["panels"][0]["data"] != answer["panels"][0]["data"]
    assert scenes.scenes_find({"run": answer["run"]}) == turned
    assert scenes.scenes_find({"run": answer["run"], "azimuth": 30.0})["before"] == answer["before"]


def test_a_volume_is_made_and_cannot_be_edited():
    answer = begun(MAKE, made_of="volume")
    assert (answer["endings"], answer["editable"], answer["before"]) == ([".glb", ".obj", ".gif"], False, "")
    assert "only Gaussians can be edited" in scenes.scenes_begin(EDIT | {"of_run": answer["run"]})["error"]


def test_steps_that_are_not_stated_are_those_of_the_page():
    assert begun(MAKE, steps=None)["panels"][0]["total"] == limits.SCENE["steps"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (MAKE | {"target": "green dragon"}, "no toy is called 'dragon'"),
        (MAKE | {"methods": ["dds"]}, "unknown method"),
        (MAKE | {"methods": ["SDS(noise=Picard(1000))"]}, "unknown method"),
        (MAKE | {"azimuth": float("nan")}, "azimuth"),
        (MAKE | {"elevation": 1e9}, "elevation"),
        (MAKE | {"task": "delete"}, "task of"),
        (MAKE | {"steps": 10**6}, "steps"),
        (EDIT | {"target": "red teapot"}, "name the same toys"),
        (EDIT | {"scene": base64.b64encode(b"ply\n").decode()}, "'scene.ply'"),
        (EDIT | {"scene": "../../etc/passwd"}, "upload it again"),
        (EDIT | {"scene": "AAAA", "ending": ".py"}, "ending of"),
        (EDIT | {"of_run": "../x"}, "this run is gone"),
        (EDIT | {"index": -1}, "index"),
    ],
)
def test_what_cannot_be_is_one_line_without_a_path(settings, told):
    error = scenes.scenes_begin(settings)["error"]
    assert told in error
    assert "/tmp" not in error
    assert "\n" not in error


def test_a_scene_of_too_many_gaussians_is_refused(monkeypatch):
    example = scenes.read_gaussians(scenes.EXAMPLES / "red-teapot.splat")
    data = base64.b64encode(gaussians_ply(arrays_of(example), {})).decode()
    monkeypatch.setattr(limits, "GAUSSIANS", 500)
    assert "500" in scenes.scenes_open({"scene": data})["error"]
