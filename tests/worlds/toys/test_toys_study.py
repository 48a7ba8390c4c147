import json
from dataclasses import replace
from io import BytesIO

import pytest
import torch
from PIL import Image

from potstill.errors import InputError
from potstill.worlds.toys.bank import ToyBank
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.starts import Block, Cloud
from potstill.worlds.toys.study import EDIT, GENERATE, ToysStudy

TINY = {
    "prior": Toys(bank=ToyBank(size=16, kinds=("teapot", "snowman"))),
    "steps": 3,
    "scene": Cloud(count=30),
    "views": 2,
}


def taken(study):
    run = study.begin()
    names = [name for name, _ in run]
    return run, names


def test_generation_compares_noise_sources():
    study = ToysStudy([(name, GENERATE[name]) for name in ("sds", "cached")], target="red snowman", **TINY)
    run, names = taken(study)
    assert names == ["sds"] * 3 + ["cached"] * 3
    document = json.loads(json.dumps(study.document(run.runs)))
    assert list(document) == ["world", "task", "source", "target", "guidance_scale", "seed", "methods"]
    assert (document["world"], document["task"], document["source"]) == ("toys", "generate", None)
    keys = ["method", "psnr", "agreement", "relative_error", "janus", "evaluations", "seconds"]
    assert [list(row) for row in document["methods"]] == [keys] * 2
    assert [row["evaluations"] for row in document["methods"]] == [6, 6]
    assert all(row["relative_error"] is None for row in document["methods"])
    again, _ = taken(study)
    assert torch.equal(run.runs[1].pictures, again.runs[1].pictures)
    alone, _ = taken(replace(study, methods=study.methods[1:]))
    assert torch.equal(run.runs[1].pictures, alone.runs[0].pictures), "no method depends on the others"
    with Image.open(BytesIO(study.picture(run.runs))) as picture:
        assert picture.format == "PNG"
    with Image.open(BytesIO(study.animation(run.runs))) as animation:
        assert animation.n_frames == 24


def test_an_edit_starts_from_the_source():
    study = ToysStudy([("infedit", EDIT["infedit"])], source="red teapot", target="blue teapot", fit_steps=60, **TINY)
    source, answer = study.answer()
    start = study.pictures(study.start()).double()
    grey = study.pictures(replace(study, source=None, methods=[("sds", GENERATE["sds"])]).start()).double()
    assert (start - source).square().mean() < 0.2 * (grey - source).square().mean()
    metrics = study.measured(start.float(), start.float())
    assert metrics.relative_error == pytest.approx(1, abs=1e-4)
    assert study.measured(answer.float(), start.float()).relative_error == pytest.approx(0, abs=1e-4)
    run, _ = taken(study)
    assert run.runs[0].metrics.relative_error is not None


def test_a_volume_is_a_scene_too():
    study = ToysStudy([("sds", GENERATE["sds"])], "red teapot", **{**TINY, "scene": Block(points=5)})
    run, _ = taken(study)
    assert run.runs[0].metrics.psnr > 5


def test_a_stopped_study_resumes_to_the_byte():
    study = ToysStudy([(name, GENERATE[name]) for name in ("cached", "sds")], target="teapot", **TINY)
    whole, _ = taken(study)
    for stop in (2, 4):
        first = study.begin()
        for _, _ in zip(range(stop), first, strict=False):
            pass
        second = study.begin()
        second.restore(first.state())
        for _ in second:
            pass
        for one, other in zip(whole.runs, second.runs, strict=True):
            assert torch.equal(one.pictures, other.pictures)
            assert (one.metrics, one.evaluations) == (other.metrics, other.evaluations)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"methods": []}, "no method to compare"),
        ({"steps": 0}, "steps = 0"),
        ({"scene": lambda: Cloud(count=0)}, "count of Gaussians = 0"),
        ({"scene": lambda: Block(points=1)}, "points of the volume = 1"),
        ({"scene": lambda: Cloud(learning_rate=0.0)}, "learning rate = 0"),
        ({"views": 73}, "views = 73"),
        ({"target": "red teapod"}, "no toy is called 'teapod'"),
        ({"methods": [("dds", EDIT["dds"])]}, "dds edits, so it needs a source"),
        ({"source": "red teapot"}, "are the same toys"),
        ({"source": "snowman"}, "'snowman' names several toys"),
    ],
)
def test_what_cannot_be_compared_is_refused(wrong, message):
    settings = {"methods": [("sds", GENERATE["sds"])], "target": "red teapot", **TINY}
    with pytest.raises(InputError, match=message):
        ToysStudy(**settings | {name: value() if callable(value) else value for name, value in wrong.items()})
