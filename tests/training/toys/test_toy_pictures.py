from dataclasses import replace

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from potstill.bench.scene_pictures import PARTS, paint
from potstill.priors.bundled import BundledPipeline, has_graphs
from potstill.priors.loading import load
from potstill.priors.unets import StableDiffusion
from potstill.priors.vocabulary import read_vocabulary
from potstill.tasks.images.prompt_sampling import sample
from potstill.worlds.toys.bank import smoothed
from tests.optional import needs
from tests.tiny_emoji import TINY
from training import export, reopen, sheet
from training.checkpoint import Trained
from training.compose import generator
from training.examples import Emoji
from training.model import Networks, as_prior, build_tokenizer, tokenize
from training.toys import pictures
from training.toys.examples import READING, Pictures, Toys
from training.train import Train, train

pytestmark = needs("embreex")
CPU = Accelerator(cpu=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("toys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "TOYS", 1)
        patch.setattr(pictures, "KINDS", {kind: pictures.KINDS[kind] for kind in ("mug", "duck")})
        pictures.main(pictures.Settings(place, shards=1))
    return place


def test_packed_pictures_are_those_of_the_renderer():
    """Up to the rays of a third colour in a pixel, and the rounding of light."""
    from training.toys.looks import whole
    from training.toys.parts import COLOURS, MAIN, Drawn
    from training.toys.render import Renderer

    toy = whole("mug", Drawn(np.random.default_rng(0)))
    seen = pictures.cameras(3, np.random.default_rng(1))
    shading = Renderer(toy)(seen, pictures.SAMPLES)
    palette = COLOURS | {MAIN: COLOURS["green"]}
    true = torch.from_numpy(shading.pictures(palette, (0.2, 0.3, 0.4))).float()
    colours = torch.zeros(3, PARTS + 1, 3)
    colours[:, : len(shading.shares)] = torch.tensor([palette[name] for name in shading.shares])
    packed = torch.from_numpy(pictures.packed(shading))
    found = paint(packed, colours, torch.tensor([[0.2, 0.3, 0.4]]).expand(3, -1))
    error = (found - smoothed(true)).abs()
    assert error.mean() < 1e-3
    assert error.quantile(0.999) < 0.02


def test_cameras_cover_the_sphere_above_the_lowest():
    seen = pictures.cameras(2000, np.random.default_rng(0))
    assert seen.elevation.min() >= pictures.LOWEST - 1e-3
    assert seen.elevation.max() > 80
    assert seen.elevation.deg2rad().sin().mean() == pytest.approx((1 + np.sin(np.deg2rad(-20))) / 2, abs=0.03)
    assert seen.azimuth.deg2rad().cos().mean() == pytest.approx(0, abs=0.05)


def test_shards_are_kept_and_read(folder):
    before = pictures.path(folder, 0).read_bytes()
    pictures.main(pictures.Settings(folder, shards=1))
    assert pictures.path(folder, 0).read_bytes() == before
    rendered = pictures.load(folder)
    assert rendered.pixels.shape == (2 * pictures.VIEWS, 3, 64, 64)
    assert [toy["kind"] for toy in rendered.toys] == ["mug", "duck"]
    with pytest.raises(FileNotFoundError, match=r"training\.toys\.pictures"):
        pictures.load(folder / "none")


def test_a_batch_is_a_function_of_its_seed(folder):
    source = Pictures(pictures.load(folder))
    one, again, other = (source.draw(8, generator(seed)) for seed in (1, 1, 2))
    images, again_images, other_images = (source.paint(plan.layout) for plan in (one, again, other))
    assert torch.equal(images, again_images)
    assert one.captions == again.captions
    assert torch.equal(one.camera, again.camera)
    assert not torch.equal(images, other_images)
    assert images.shape == (8, 3, 64, 64)
    assert images.min() >= 0
    assert images.max() <= 1


def test_a_tenth_of_the_captions_and_of_the_cameras_is_left_out(folder):
    rendered = pictures.load(folder)
    batch = Pictures(rendered).draw(1000, generator(3))
    assert 0.06 < np.mean([not caption for caption in batch.captions]) < 0.14
    untold = (batch.camera == 0).all(1)
    assert 0.06 < untold.float().mean() < 0.14
    waves = READING.embed(rendered.azimuth, rendered.elevation)
    assert (
        torch.cdist(batch.camera[~untold], waves, compute_mode="donot_use_mm_for_euclid_dist").min(1).values.max()
        < 1e-5
    )


def test_a_model_that_knows_views_starts_from_one_that_does_not_and_resumes_to_the_same_bytes(folder, tmp_path):
    torch.manual_seed(0)
    emoji = Networks(TINY, build_tokenizer(Emoji().words))
    start = Trained(emoji).save(tmp_path / "emoji", keep=1)
    reopen.main(reopen.Reopen(0, tmp_path / "run", start, TINY, Toys(folder)))
    begun = sheet.read(tmp_path / "run" / "step-000000")
    rng = torch.Generator().manual_seed(0)
    x_t, t = torch.randn(2, 48, 16, 16, generator=rng), torch.tensor([500, 900])
    camera = torch.randn(2, Toys.camera, generator=rng)
    words = ["red heart", "blue castle on a white background"]
    with torch.no_grad():
        one = emoji.eval()(x_t, t, tokenize(emoji.tokenizer, words))
        known = ["red red", "blue castle on a white background"]  # heart is not of the toys
        two = begun(x_t, t, tokenize(begun.tokenizer, known), camera)
    torch.testing.assert_close(one[1], two[1])

    sizes = {"batch": 2, "sheet_steps": 1, "architecture": TINY}
    run = Train(folder=tmp_path / "run", data=Toys(folder), steps=3, warmup=1, **sizes)
    halves = replace(run, folder=tmp_path / "halves", start=tmp_path / "run" / "step-000000", checkpoint_every=0.0)
    first = train(halves, CPU)
    for _ in range(3):
        next(first)
    first.close()  # step 3 is lost
    assert [step["step"] for step in train(halves, CPU)] == [3]
    assert [step["step"] for step in train(run, CPU)] == [1, 2, 3]
    ends = [place / "step-000003" for place in (run.folder, halves.folder)]
    for file in ("model", "average", "optimiser"):
        one, other = ((end / f"{file}.safetensors").read_bytes() for end in ends)
        assert one == other, file
    assert sheet.read(ends[0]).unet.class_embedding.linear_2.weight.any(), "it begins at zero"
    assert (run.folder / "sheet-000003.png").exists()
    assert (ends[0] / "state.json").read_text().count('"camera": 16') == 1


def test_the_exported_model_knows_its_words_and_the_camera(folder, tmp_path):
    torch.manual_seed(0)
    model = Networks(TINY, build_tokenizer(Toys(folder).words), Toys.camera).eval()
    place = Trained(model).save(tmp_path, keep=1)
    with pytest.raises(SystemExit, match="was not trained on emoji"):
        export.main(export.Export(place))
    export.main(export.Export(place, Toys(folder), tmp_path / "toys"))
    assert has_graphs(tmp_path / "toys")
    vocabulary = read_vocabulary(tmp_path / "toys")
    assert {*vocabulary.words} - {"a", "an"} == {*Toys(folder).words}
    prior = load(tmp_path / "toys", dtype=torch.float32)
    fast = StableDiffusion(BundledPipeline(tmp_path / "toys"))
    options = {"azimuth": (30.0, 210.0), "steps": 2}
    expected = sample("green mug", as_prior(model), **options)
    for found in (prior, fast):
        torch.testing.assert_close(sample("green mug", found, **options), expected, rtol=0, atol=5e-3)  # half precision
