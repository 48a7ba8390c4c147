"""A run that stops between two steps and goes on ends in the same bytes; a file that was harmed is refused."""

import json
import math

import pytest
import torch
from safetensors.torch import save
from torch import Generator
from torch.optim import SGD, Adam

from potstill import edit_steps
from potstill.diffusion.prior import Prediction
from potstill.diffusion.wrappers import Wrapper
from potstill.distillation import distill
from potstill.errors import InputError, NotFiniteError
from potstill.io.files import as_path
from potstill.methods import DDS, PDS, SDS
from potstill.methods.noise import DDIMNoise, Fixed, Fresh, Inverted, Mixed, Previous
from potstill.methods.times import Annealed, Stratified
from potstill.scenes import Points, Projected
from potstill.state import LoopState, finite
from potstill.tasks.images.editing import Edit
from potstill.tasks.images.generating import Generate
from potstill.tasks.runs.state_file import damaged_file_errors, pack, unpack
from tests.methods.cases import METHODS, Case

STEPS = 5


def begin(method, scene=Points, prior=None, optimizer=lambda p: Adam(p, lr=0.02)):
    """A run and what it changes."""
    case = Case()
    scene = scene(case.x0)
    changing = LoopState(scene, optimizer(scene.parameters()), Generator().manual_seed(0))
    options = {"source": case.source.condition, "source_scene": type(scene)(case.x0)} if method.edits else {}
    steps = distill(
        scene,
        prior or case.prior,
        method,
        target=case.target,
        steps=STEPS,
        optimizer=changing.optimizer,
        rng=changing.rng,
        progress=changing.progress,
        **options,
    )
    return changing, steps


def seen(steps):
    return [(step.index, step.t.tolist(), step.loss, step.distance, step.evaluations) for step in steps]


def digest(changing):
    """The hash of its state."""
    return digest_of(changing.state())


def digest_of(state):
    """The hash that the file carries; the order of its metadata is left to chance."""
    data = pack(state)
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["sha256"]


def same_after_a_stop(path, stop, method, **options):
    whole, steps = begin(method, **options)
    expected = seen(steps)
    first, steps = begin(method, **options)
    found = seen(next(steps) for _ in range(stop))
    path.write_bytes(pack(first.state()))
    second, steps = begin(method, **options)
    second.restore(unpack(path))
    assert found + seen(steps) == expected
    assert digest(second) == digest(whole)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_goes_on_to_the_same_bytes(tmp_path, name):
    same_after_a_stop(tmp_path / "state", 2, METHODS[name])


@pytest.mark.parametrize(
    "noise", [Fresh(), Fixed(), Previous(), Mixed(0.5), DDIMNoise(0.5), Inverted(steps=2)], ids=lambda noise: str(noise)
)
@pytest.mark.parametrize("stop", [0, 1, 3, STEPS])
def test_what_a_noise_source_remembers_is_kept(tmp_path, noise, stop):
    times = Annealed() if isinstance(noise, DDIMNoise) else Stratified()
    same_after_a_stop(tmp_path / "state", stop, SDS(noise=noise, times=times))


def test_random_views_and_other_optimisers_go_on_too(tmp_path):
    same_after_a_stop(tmp_path / "state", 2, SDS(), scene=Projected, optimizer=lambda p: Adam(p, lr=0.02, fused=True))
    same_after_a_stop(tmp_path / "state", 2, SDS(), optimizer=lambda p: SGD(p, lr=0.1, momentum=0.9))
    same_after_a_stop(tmp_path / "state", 2, SDS(), optimizer=lambda p: SGD(p, lr=0.1))


def test_an_edit_that_goes_on_needs_where_it_began():
    case, (changing, steps) = Case(), begin(DDS())
    next(steps)
    options = {"target": case.target, "source": case.source.condition, "rng": changing.rng, "steps": STEPS}
    with pytest.raises(InputError, match="pass source_scene="):
        next(distill(changing.scene, case.prior, DDS(), progress=changing.progress, **options))


def test_a_run_that_goes_on_is_no_shorter_than_what_it_has_done():
    case, (changing, steps) = Case(), begin(SDS())
    list(steps)
    options = {"target": case.target, "rng": changing.rng, "progress": changing.progress}
    with pytest.raises(InputError, match="steps = 3 of a run that has taken 5: pass at least 5"):
        next(distill(changing.scene, case.prior, SDS(), steps=3, **options))
    assert list(distill(changing.scene, case.prior, SDS(), steps=STEPS, **options)) == []


class Failing(Wrapper):
    """A prior that answers NaN once it was asked so often."""

    asked = 0

    def __call__(self, x_t, t, condition):
        object.__setattr__(self, "asked", self.asked + 1)
        x0, eps = self.prior(x_t, t, condition)
        return Prediction(x0, eps * math.nan) if self.asked == 4 else Prediction(x0, eps)


def test_a_step_that_is_not_finite_is_taken_back(tmp_path):
    """What is left is the last good state: with a sound prior it goes on as if nothing had been."""
    whole, steps = begin(SDS(noise=Mixed(0.5)))
    list(steps)
    failed, steps = begin(SDS(noise=Mixed(0.5)), prior=Failing(Case().prior))
    with pytest.raises(NotFiniteError, match=r"^SDS: noise prediction is not finite at step 3, t = .*float64\): lower"):
        list(steps)
    assert failed.progress.done == 3
    assert finite(failed.state())
    again, steps = begin(SDS(noise=Mixed(0.5)))
    again.restore(failed.state())
    list(steps)
    assert digest(again) == digest(whole)


def test_a_rate_without_measure_ends_in_an_error_and_not_in_numbers():
    changing, steps = begin(PDS(), optimizer=lambda p: SGD(p, lr=1e200))
    with pytest.raises(NotFiniteError, match=r"PDS: .* is not finite at step 1"):
        list(steps)
    assert changing.progress.done == 1


PROMPTS = {"source": "a red apple", "target": "a pear", "steps": 4}
MASK = torch.zeros(1, 24, 40)
MASK[:, :, 20:] = 1
RUNS = {
    "pixels": {"space": "pixels", "finish": "untouched"},
    "mask and memory": {"mask": MASK, "method": "DDS(noise=Mixed(0.5))"},
    "several": {"count": 2, "method": "DDS(noise=Previous(), times=Stratified())"},
    "baseline": {"method": "ddim-inversion"},
    "generate": {"method": "SDI(noise=Previous())", "count": 2},
    "generate pixels": {"method": "SDS(noise=Fixed())", "space": "pixels"},
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("stop", [1, 3])
def test_edits_and_generations_go_on_to_the_same_picture(priors, tmp_path, name, stop):
    image, prior = torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(1)), priors("sd")

    def start():
        if name.startswith("generate"):
            return Generate.of({"prompt": "a pear", "steps": 4, **RUNS[name]}).start({}, prior, frame_count=4)
        settings = {**PROMPTS, **RUNS[name]}
        inputs = {"image": image, **{each: settings.pop(each) for each in ("mask",) if each in settings}}
        return Edit.of(settings).start(inputs, prior, frame_count=4)

    whole = start()
    expected = whole.finish()
    first, again = start(), start()
    for _ in range(stop):
        next(iter(first))
    (tmp_path / "state").write_bytes(pack(first.state()))
    again.restore(unpack(tmp_path / "state"))
    found = again.finish()
    assert found.pngs() == expected.pngs()
    assert found.trace == expected.trace
    assert all(torch.equal(one, other) for one, other in zip(whole.frames, again.frames, strict=True))


def test_a_run_with_another_rate_goes_on_where_one_was(priors):
    image, prior = torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(1)), priors("sd")
    with pytest.raises(NotFiniteError, match=r"^ShrinkEdit: .* is not finite at step 1, t = .*float32\): lower"):
        edit_steps(image, model=prior, **PROMPTS, learning_rate=1e36).finish()
    fast, slow = (edit_steps(image, model=prior, **PROMPTS, learning_rate=rate) for rate in (0.02, 0.01))
    next(iter(fast))
    slow.restore(fast.state())
    fast, slow = ([record["distance"] for record in run.finish().trace] for run in (fast, slow))
    assert fast[:2] == slow[:2]
    assert fast[2] > slow[2]


def test_states_come_back_and_each_tensor_owns_its_memory(tmp_path):
    row = torch.arange(4.0)
    tree = {"a": [row, {"b": row[1:], "none": None}], "text": "ä", "t": row.bfloat16(), "inf": math.inf, "empty": []}
    tree |= {"expanded": row[:1].expand(3), "scalar": torch.tensor(2), "bytes": torch.tensor([1], dtype=torch.uint8)}
    (tmp_path / "state").write_bytes(pack(tree))
    found = unpack(tmp_path / "state")
    assert torch.equal(found["a"][0], row)
    assert torch.equal(found["a"][1]["b"], row[1:])
    assert found["t"].dtype == torch.bfloat16
    assert found["expanded"].tolist() == [0, 0, 0]
    assert found["scalar"].shape == ()
    assert (found["text"], found["inf"], found["empty"], found["a"][1]["none"]) == ("ä", math.inf, [], None)


def test_a_harmed_file_is_refused_wherever_it_was_harmed(tmp_path):
    file = tmp_path / "state"
    sound = pack({"numbers": torch.arange(6.0), "text": "hello"})
    for place in range(0, len(sound), 7):
        file.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        with pytest.raises(InputError, match=r"damaged|cannot read|not a checkpoint"):
            unpack(file)
    for harmed in (b"", b"hello", sound[:40], sound[:-1], sound + b"x", save({"a": torch.zeros(1)}), b"\xff" * 99):
        file.write_bytes(harmed)
        with pytest.raises(InputError):
            unpack(file)
    with pytest.raises(InputError, match="there is no such file"):
        unpack(tmp_path / "nowhere")


def test_a_machine_short_of_memory_is_no_reason_to_delete_a_checkpoint(tmp_path):
    with pytest.raises(RuntimeError, match="can't allocate"), damaged_file_errors(tmp_path):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


def test_a_state_is_a_copy_and_a_restored_run_leaves_it_alone():
    changing, steps = begin(SDS(noise=Previous()))
    next(steps)
    state = changing.state()
    kept = digest_of(state)
    list(steps)
    assert digest_of(state) == kept
    ends = []
    for _ in range(2):
        again, steps = begin(SDS(noise=Previous()))
        again.restore(state)
        list(steps)
        ends.append(digest(again))
        assert digest_of(state) == kept
    assert ends == [digest(changing)] * 2


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float16])
def test_a_scene_of_another_type_is_refused(dtype):
    changing, _ = begin(SDS())
    state = changing.state()
    state["scene"] = {name: value.to(dtype) for name, value in state["scene"].items()}
    with pytest.raises(InputError, match=rf"of the state is {dtype}, and it must be torch.float64: "):
        begin(SDS())[0].restore(state)


def test_a_path_is_a_text_or_a_path(tmp_path):
    (tmp_path / "state").write_bytes(pack({"a": torch.ones(1)}))
    for path in (tmp_path / "state", str(tmp_path / "state")):
        assert unpack(path)["a"] == 1
    for wrong in (None, 3, b"state"):
        with pytest.raises(InputError, match=r"must be a path.*: pass a str or a pathlib.Path"):
            as_path.__wrapped__(wrong)
