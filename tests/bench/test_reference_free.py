"""Judges of edits without true results, on tiny random networks, against what is computed by hand."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Generator

from potstill.bench.emoji_pairs import Pair
from potstill.bench.networks import Clip, Dino
from potstill.bench.reference_free import ReferenceFree, preserved
from potstill.bench.run import means
from potstill.errors import InputError
from potstill.io.images import to_pil
from tests import tiny


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory):
    return tiny.save_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def dino_folder(tmp_path_factory):
    return tiny.save_vit(tmp_path_factory.mktemp("dino"))


@pytest.fixture
def images():
    return torch.rand(3, 3, 32, 32, generator=Generator().manual_seed(0))


@pytest.fixture
def pair(images):
    region = torch.zeros(1, 1, 32, 32)
    region[..., 8:24, 4:20] = 1
    return Pair("one", "colour", "", "a red heart", "a blue heart", images[:1], region=region)


def test_what_stays_has_its_closed_forms(pair):
    assert preserved(pair.source, pair.source, None) == {"ssim": 1, "psnr": 100, "mse": 0}
    moved = preserved(pair.source * 0 + 0.5, pair.source * 0 + 0.4, None)
    assert moved["mse"] == pytest.approx(0.01)
    assert moved["psnr"] == pytest.approx(20)
    # Of flat pictures only the means count: (2 a b + c) / (a² + b² + c), c = 0.01² (Wang et al. 2004).
    assert moved["ssim"] == pytest.approx((2 * 0.5 * 0.4 + 1e-4) / (0.25 + 0.16 + 1e-4))


def test_what_stays_is_measured_outside_the_region(pair):
    assert pair.region is not None
    inside = pair.source + pair.region * 0.3
    assert preserved(inside, pair.source, pair.region) == {"ssim": 1, "psnr": 100, "mse": 0}
    both = inside + (1 - pair.region) * 0.1
    # The mean is over the whole picture: a quarter is region.
    assert preserved(both, pair.source, pair.region)["mse"] == pytest.approx(0.01 * 0.75, rel=1e-4)
    nothing_left = preserved(both, pair.source, torch.ones(1, 1, 32, 32))
    assert nothing_left == {"ssim": None, "psnr": None, "mse": None}


def test_means_leave_out_what_is_not_there():
    assert means([{"a": 1.0, "b": None}, {"a": 3.0, "b": 5.0}]) == {"a": 2.0, "b": 5.0}
    assert means([{"a": None}, {"a": None}]) == {"a": None}


def test_the_clip_score_is_100_cosines(clip_folder, images):
    from transformers import CLIPModel

    clip = Clip.load(clip_folder)
    found = clip(images, "a blue heart")
    model = CLIPModel.from_pretrained(clip_folder)
    mean, deviation = (
        torch.tensor(one)[:, None, None] for one in (clip.processor.image_mean, clip.processor.image_std)
    )
    small = [np.asarray(one.resize((16, 16), 3)) for one in to_pil(images)]
    pixels = (torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2) / 255 - mean) / deviation
    letters = [0, *(token for word in ("a", "blue", "heart") for token in tokens_of(word)), 1]
    with torch.no_grad():
        text = model.text_projection(model.text_model(torch.tensor([letters])).pooler_output)
        image = model.visual_projection(model.vision_model(pixels).pooler_output)
    assert torch.allclose(found, 100 * F.cosine_similarity(image, text), atol=1e-3)
    assert found.std() > 1e-3
    # What the encoder has no room for is not read.
    assert torch.equal(clip(images, "a" * 18), clip(images, "a" * 18 + " heart"))


def tokens_of(word: str) -> list[int]:
    """The tokens of a word in `tiny.clip_tokenizer`: its last letter is another token."""
    first = [2 + tiny.LETTERS.index(letter) for letter in word]
    return [*first[:-1], first[-1] + 26]


def test_the_clip_score_of_the_region_sees_nothing_else(clip_folder, pair, images):
    assert pair.region is not None
    judge, clip = ReferenceFree(clip=clip_folder), Clip.load(clip_folder)
    found = judge(images[1:2], pair)
    assert found["clip"] == pytest.approx(float(clip(images[1:2], pair.target_prompt)))
    assert found["clip_region"] == pytest.approx(float(clip(images[1:2] * pair.region, pair.target_prompt)))
    other = judge(images[1:2] * pair.region + images[2:] * (1 - pair.region), pair)
    assert other["clip_region"] == pytest.approx(found["clip_region"], rel=1e-5)
    assert other["clip"] != pytest.approx(found["clip"], rel=1e-5)
    alone = judge(images[1:2], Pair("one", "colour", "", "a red heart", "a blue heart", images[:1]))
    assert alone["clip"] == pytest.approx(found["clip"], rel=1e-5)
    assert alone["clip_region"] is None


def test_the_structure_distance_is_that_of_the_keys(dino_folder, images):
    from transformers import ViTModel

    dino = Dino.load(dino_folder)
    first, second = images[:1], images[1:2]
    found = dino.distance(first, second)
    assert dino.distance(first, first) == 0
    assert found == pytest.approx(dino.distance(second, first), rel=1e-6)
    assert found > 1e-9
    model: torch.nn.Module = ViTModel.from_pretrained(dino_folder, add_pooling_layer=False).eval()
    scaled = F.interpolate(images[:2], 224, mode="bilinear", antialias=True)
    mean, deviation = (torch.tensor(one)[:, None, None] for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        states = model((scaled - mean) / deviation, output_hidden_states=True).hidden_states[-2]
        modules = dict(model.named_modules())
        norm = [part for name, part in modules.items() if name.endswith("layernorm_before")][-1]
        key = [part for name, part in modules.items() if name.endswith(("attention.key", "k_proj"))][-1]
        keys = key(norm(states))
    one, other = (F.cosine_similarity(k[:, None], k[None], dim=-1) for k in keys)
    assert one.shape == (50, 50)
    assert found == pytest.approx(float((one - other).square().mean()), rel=1e-3)
    wide = dino.similarities(torch.rand(1, 3, 32, 64))
    assert wide.shape == (1, 1 + 7 * 14, 1 + 7 * 14)


def test_lpips_gets_what_stays_in_its_own_range(monkeypatch, pair):
    seen = []

    class Network:
        def __init__(self, net, verbose):
            assert (net, verbose) == ("alex", False)

        def to(self, device):
            return self

        def eval(self):
            return self

        def __call__(self, out, source):
            seen.extend([out, source])
            return torch.tensor([[[[0.25]]]])

    monkeypatch.setitem(sys.modules, "lpips", SimpleNamespace(LPIPS=Network, __spec__=SimpleNamespace()))
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(__spec__=SimpleNamespace()))
    assert pair.region is not None
    found = ReferenceFree(lpips="alex")(pair.source.flip(-1), pair)
    assert found["lpips"] == 0.25
    assert torch.allclose(seen[1], pair.source * (1 - pair.region) * 2 - 1)
    whole = Pair("one", "colour", "", "red", "blue", pair.source, region=torch.ones(1, 1, 32, 32))
    assert ReferenceFree(lpips="alex")(pair.source, whole)["lpips"] is None


def test_a_missing_package_is_named(monkeypatch):
    from potstill.bench.reference_free import _lpips

    _lpips.cache_clear()
    monkeypatch.setitem(sys.modules, "lpips", SimpleNamespace(__spec__=SimpleNamespace()))
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(InputError, match="--lpips vgg needs torchvision"):
        _ = ReferenceFree(lpips="vgg").identity


def test_a_network_that_cannot_be_used_is_named(clip_folder, dino_folder, tmp_path):
    with pytest.raises(InputError, match="is a 'vit' model and must be 'clip'"):
        _ = ReferenceFree(clip=dino_folder).identity
    with pytest.raises(InputError, match=r"there is no folder '\./gone'"):
        _ = ReferenceFree(dino="./gone").identity
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickled")
    with pytest.raises(InputError, match="pickled"):
        _ = ReferenceFree(dino=str(tmp_path)).identity
    both = ReferenceFree(clip=clip_folder, dino=dino_folder).identity
    assert {name: len(value) for name, value in both.items()} == {"clip": 64, "dino": 64}
    assert ReferenceFree().identity == {}
