"""Scenes are generated and edited: files, masks, views, presets, records, and what is refused."""

import json

import numpy as np
import pytest
import torch

from potstill import edit_scene, generate_scene, load
from potstill.diffusion.views import ByView, CameraEmbedding, PassEntries
from potstill.errors import InputError, Note
from potstill.io.meshes import load_meshes, write_mesh
from potstill.io.selections import read_selection
from potstill.scenes import Cameras, Gaussians
from potstill.scenes.files import read_gaussians, write_cameras, write_gaussians
from potstill.tasks.files.provenance import read_record
from potstill.tasks.runs.replaying import replay
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.scenes.models import scene_model
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.views import WORLDS, BySector, Untold

TINY = {"size": 16, "steps": 3, "gaussians": 40, "views": 2}
EDIT = {"source": "red teapot", "target": "blue teapot", "size": 16, "steps": 3, "views": 2}


pytestmark = pytest.mark.usefixtures("small_orbits")


@pytest.fixture(scope="module")
def teapot(tmp_path_factory):
    """A scene of 40 Gaussians."""
    return generate_scene("red teapot", **TINY).save(tmp_path_factory.mktemp("scene") / "teapot.ply")[0]


def test_a_scene_is_written_with_its_views_and_all_files_make_it_again(teapot):
    names = {"teapot.ply", "teapot.png", "teapot.json", "teapot-orbit.gif"}
    assert {path.name for path in teapot.parent.iterdir()} == names
    document = json.loads(teapot.with_suffix(".json").read_text())
    assert document["files"] == ["teapot.ply", "teapot-orbit.gif"]
    assert set(document["measured"]) == {"psnr", "agreement"}
    for file in (teapot, teapot.with_suffix(".png"), teapot.with_suffix(".json")):
        found = replay(file)
        assert found.agree
        assert found.largest == 0
        assert not found.changes
    teapot.with_suffix(".png").write_bytes(b"other")
    with pytest.raises(InputError):
        replay(teapot)


def test_more_steps_come_nearer_to_the_toy():
    near, far = (
        generate_scene("red teapot", size=16, gaussians=100, steps=steps).measured["psnr"] for steps in (60, 4)
    )
    assert near > far + 5


def test_an_edit_leaves_the_source_and_moves_the_scene(teapot):
    before = teapot.read_bytes()
    result = edit_scene(teapot, **EDIT)
    assert teapot.read_bytes() == before
    scene = read_gaussians(teapot)
    assert isinstance(result.scene, Gaussians)
    assert not torch.equal(result.scene.colours, scene.colours)
    assert result.images.shape == (1, 3, 2 * 32, 4 * 32)  # four views, below the same four of the source
    again = edit_scene(scene, **EDIT)
    assert torch.equal(again.scene.means, result.scene.means)
    assert again.record["scene"]["path"] is None


def test_outside_of_the_box_nothing_moves_to_the_bit(teapot, tmp_path):
    box = (-2.0, 0.0, -2.0, 2.0, -2.0, 2.0)
    made = edit_scene(teapot, **EDIT, only_box=box).save(tmp_path / "half.ply")[0]
    before, after = read_gaussians(teapot), read_gaussians(made)
    inside = before.means[:, 0] <= 0
    assert inside.any()
    assert not inside.all()
    for name, value in before.named_parameters():
        assert torch.equal(value[~inside], getattr(after, name)[~inside]), name
    assert not torch.equal(before.colours[inside], after.colours[inside])
    assert replay(made).agree
    with pytest.raises(InputError, match=r"no Gaussian is in the box .*: they are at x"):
        edit_scene(teapot, **EDIT, only_box=(5.0, 6.0, 5.0, 6.0, 5.0, 6.0))


def test_what_else_a_file_holds_is_in_the_edit_as_well(teapot, tmp_path):
    """So that the edit of a file with a column of a mask is a mask itself."""
    scene = read_gaussians(teapot)
    scene.columns = {"selected": np.arange(len(scene), dtype=np.uint8) % 3}
    write_gaussians(tmp_path / "marked.ply", scene)
    for given in (tmp_path / "marked.ply", scene):
        made = edit_scene(given, **EDIT).save(tmp_path / "made.ply", overwrite=True)[0]
        assert np.array_equal(read_selection(made, len(scene)), scene.columns["selected"] > 0)


def test_only_the_gaussians_of_a_mask_move(teapot, tmp_path):
    before = read_gaussians(teapot)
    chosen = torch.arange(len(before)) % 3 == 0
    numbers = tmp_path / "numbers.txt"
    numbers.write_text(" ".join(map(str, chosen.nonzero()[:, 0].tolist())))
    made = edit_scene(teapot, **EDIT, mask=numbers).save(tmp_path / "some.ply")[0]
    after = read_gaussians(made)
    for name, value in before.named_parameters():
        assert torch.equal(value[~chosen], getattr(after, name)[~chosen]), name
    assert not torch.equal(before.colours[chosen], after.colours[chosen])
    assert replay(made).agree
    again = edit_scene(teapot, **EDIT, mask=chosen.numpy())
    assert torch.equal(again.scene.colours, after.colours)
    assert again.record["mask"]["path"] is None
    left = chosen & (before.means[:, 0] <= 0).detach()
    both = edit_scene(teapot, **EDIT, mask=numbers, only_box=(-2.0, 0.0, -2.0, 2.0, -2.0, 2.0)).scene
    assert torch.equal((both.colours != before.colours).any(1), left)
    with pytest.raises(InputError, match="mask selects from 2 Gaussians, and the scene has"):
        edit_scene(teapot, **EDIT, mask=chosen.numpy()[:2])
    numbers.write_text("0 1")
    with pytest.raises(InputError, match=r"the mask .* has changed"):
        replay(made)


def test_a_volume_becomes_a_mesh_that_carries_its_settings(tmp_path):
    result = generate_scene("red teapot", scene="volume", grid=9, size=16, steps=3)
    made = result.save(tmp_path / "teapot.glb")[0]
    assert read_record(made)["settings"]["grid"] == 9
    assert replay(made).agree
    assert result.save(tmp_path / "plain.obj")[0].read_text().startswith("#")
    with pytest.raises(InputError, match=r"cannot write a volume as .*: end the name in .glb or .obj"):
        result.save(tmp_path / "teapot.ply")


def test_a_mesh_becomes_gaussians_on_its_surface(tmp_path):
    path = tmp_path / "corner.obj"
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    write_mesh(path, corners, faces, np.full((4, 3), 0.5))
    result = edit_scene(path, **EDIT, gaussians=30)
    assert len(result.scene) == 30
    assert result.scene.means.norm(dim=1).max() < 1
    with pytest.warns(Note, match=r"in other colours, .*; the edit also moved the surface, by .*NAME.ply keeps"):
        made = result.save(tmp_path / "made.glb")[0]
    ours, theirs = (load_meshes(each)[0][0] for each in (made, path))
    assert np.allclose(sorted(ours.vertices.tolist()), sorted(theirs.vertices.tolist()))
    assert len(ours.faces) == 4
    with pytest.warns(Note, match="its shape did not change"):
        assert replay(made).agree
    with pytest.raises(InputError, match=r"cannot write Gaussians as .*: end the name in .ply or .splat or .glb"):
        result.save(tmp_path / "made.obj")


def test_a_number_of_gaussians_that_is_stated_stays():
    task = GenerateScene.of({"prompt": "red teapot"})
    assert (task.material.count, task.resolve().most_gaussians) == (500, 2000)
    for told, most in (({"gaussians": 9}, None), ({"most_gaussians": 900}, 900), ({"scene": "volume"}, None)):
        assert GenerateScene.of({"prompt": "red teapot", **told}).resolve().most_gaussians == most
    assert EditScene.of({"source": "a", "target": "b"}).resolve().most_gaussians is None
    assert len(generate_scene("red teapot", size=16, steps=2, views=1).scene) == 1000  # a change doubles at most


def test_cameras_come_from_a_file(priors, teapot, tmp_path):
    write_cameras(tmp_path / "transforms.json", Cameras.orbit([0, 120, 240], distance=2.5, size=32))
    told = {"source": "a pot", "target": "a teapot", "model": priors("sd"), "steps": 2, "views": 2}
    result = edit_scene(teapot, cameras=tmp_path / "transforms.json", **told)
    made = result.save(tmp_path / "made.ply")[0]
    assert result.record["cameras"]["path"].endswith("transforms.json")
    assert set(result.inputs) == {teapot, tmp_path / "transforms.json"}
    assert read_record(made)["cameras"] == result.record["cameras"]
    with pytest.raises(InputError, match="the cameras come from a file: leave fov out"):
        edit_scene(teapot, cameras=tmp_path / "transforms.json", fov=(30, 30), **told)
    with pytest.raises(InputError, match="cameras is fixed in world:toys"):
        edit_scene(teapot, cameras=tmp_path / "transforms.json", **EDIT)


def test_worlds_are_loaded_by_name(priors):
    assert isinstance(load("world:toys"), Toys)
    assert (load("world:toys-sectors").views, load("world:toys-none").views) == (BySector(), Untold())
    assert {scene_model(Toys(views), None).identity["name"] for views in WORLDS.values()} == {
        f"world:{name}" for name in WORLDS
    }
    with pytest.raises(InputError, match="there is no world of scenes 'world:toy': did you mean 'world:toys'"):
        load("world:toy")
    with pytest.raises(InputError, match="leave device out"):
        load("world:toys", device="cuda")
    with pytest.raises(InputError, match="knows the camera itself"):
        generate_scene("red teapot", view_prompts="ViewPrompts()", **TINY)
    model = scene_model(priors("sd"), None)
    assert isinstance(model.denoiser, ByView)
    (one,) = model.encode_prompt("a teapot").values()
    assert one.shape[:2] == (1, 5)


def test_the_bundled_model_does_not_know_views():
    with pytest.warns(UserWarning, match="emoji does not know views"):
        model = scene_model(load("emoji"), None)
    assert model.denoiser.reading == PassEntries(())


def test_a_model_that_knows_the_camera_is_told_it_unless_the_user_says_otherwise(priors):
    assert scene_model(priors("views"), None).denoiser.reading == CameraEmbedding()
    assert scene_model(priors("views"), PassEntries(())).denoiser.reading == PassEntries(())
    told, untold = (
        generate_scene("a pot", model=priors("views"), gaussians=20, steps=2, view_prompts=text)
        for text in (None, "PassEntries(())")
    )
    assert untold.record["settings"]["view_prompts"] == "PassEntries(entries=())"
    assert not torch.equal(told.scene.means, untold.scene.means)


def test_a_prompt_of_several_toys_is_said(recwarn):
    model = scene_model(Toys(), None)
    with pytest.warns(Note, match="'teapot' fits 2 toys, and the scene may become any of them: name a colour"):
        model.encode_prompt("teapot")
    recwarn.clear()
    model.encode_prompt("red teapot")
    model.encode_prompt("")
    assert not recwarn.list


def test_regularizers_and_backgrounds_are_settings(priors):
    told = {"regularizers": ("Sparsity(0.1)", "Opaqueness(0.1)"), "background": "RandomColour()", "negative": "dull"}
    result = generate_scene("a pot", model=priors("sd"), gaussians=20, steps=2, guidance="Rescaled(0.5)", **told)
    settings = result.record["settings"]
    assert settings["regularizers"] == ["Sparsity(weight=0.1)", "Opaqueness(weight=0.1)"]
    assert GenerateScene.of(settings).settings() == settings


REFUSED = {
    "red dragon": ({"prompt": "red dragon"}, "no toy is called 'dragon'.* the toys are red teapot"),
    "an edit": ({"method": "dds"}, "DDS edits a scene: use potstill edit"),
    "a field of view": ({"fov": (0.0, 0.0)}, r"fov from 0.0 to 0.0 must satisfy 0.001"),
    "fixed cameras": ({"elevation": (0.0, 1.0)}, "elevation is fixed in world:toys"),
    "a fixed background": ({"background": "RandomColour()"}, "background is fixed in world:toys"),
    "a size": ({"size": 48}, "size = 48 of the toys must divide 64"),
    "an oblong": ({"size": "32x16"}, "size = 32x16 must be a square for world:toys"),
    "a grid": ({"grid": 9}, "grid does not apply to a scene of gaussians"),
    "no views": ({"views": 0}, "views = 0"),
    "more than there are": ({"views": 100}, "views = 100"),
    "no Gaussians": ({"gaussians": 0}, "count of Gaussians = 0"),
    "a rate": ({"last_rate": 0.0}, "last rate = 0.0 must be above 0"),
    "nothing to avoid": ({"guidance": "PerpNeg()"}, "state negative"),
    "no more than there are": ({"most_gaussians": 40}, "most_gaussians = 40 must be above the 40 that the scene has"),
    "too rarely": ({"most_gaussians": 50, "densify_every": 2}, "densify_every = 2 must be at most 1, half of the run"),
    "to no number": ({"densify_every": 2}, "give most_gaussians as well"),
    "a coarse cloud": ({"coarse_grid": 9}, "coarse_grid does not apply to a scene of gaussians"),
    "not coarse": ({"scene": "volume", "gaussians": None, "grid": 9, "coarse_grid": 9}, "coarse_grid = 9"),
    "a denser volume": ({"scene": "volume", "gaussians": None, "most_gaussians": 9}, "most_gaussians does not apply"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_before_the_first_step(name):
    settings, reason = REFUSED[name]
    with pytest.raises(InputError, match=reason):
        generate_scene(**{"prompt": "red teapot", **TINY, **settings})


def test_edits_that_cannot_be_are_refused(priors, teapot, tmp_path):
    with pytest.raises(InputError, match="name the same toys"):
        edit_scene(teapot, **{**EDIT, "target": "red teapot"})
    with pytest.raises(InputError, match="holds Gaussians of its own: leave --gaussians out"):
        edit_scene(teapot, **EDIT, gaussians=5)
    with pytest.raises(InputError, match="a lower and a higher number for x, y and z"):
        edit_scene(teapot, **EDIT, only_box=(1.0, 0.0, 0.0, 1.0, 0.0, 1.0))
    told = {"source": "a pot", "target": "a teapot", "model": priors("sd"), "steps": 1}
    with pytest.raises(InputError, match=r"the cameras are 0.1 from the origin, inside of .*: give --distance"):
        edit_scene(teapot, distance=(0.1, 0.1), **told)
    far = read_gaussians(teapot)
    with torch.no_grad():
        far.means += torch.tensor([0.0, 0.0, 2.5])
    with pytest.raises(InputError, match="see nothing of the scene"):
        edit_scene(far, elevation=(0.0, 0.0), **told)
