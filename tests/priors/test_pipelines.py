"""Every family of pipelines as a prior, against recorded gradients and against diffusers' own sampling loop."""

import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Generator

from potstill.diffusion.guidance import with_scale
from potstill.diffusion.prior import Query, predict
from potstill.diffusion.schedule import Flow
from potstill.diffusion.views import ByView, CameraEmbedding, PassEntries
from potstill.errors import InputError
from potstill.methods import DDS, PDS, SDS, Source
from potstill.priors.families import family
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.priors.prompts import PromptWarning
from potstill.priors.unets import StableDiffusion
from tests import tiny

PARITY = Path(__file__).parent / "data" / "parity"
RECORDED = np.load(PARITY / "pds_release.npz")
METHODS = {"sds": SDS(), "dds": DDS(), "pds": PDS()}


@pytest.fixture(scope="module")
def recorded_prior():
    return load(PARITY / "tiny_stable_diffusion", dtype=torch.float32, device="cpu")


@pytest.mark.parametrize("case", range(int(RECORDED["count"])))
def test_gradients_equal_those_of_the_released_code(recorded_prior, case):
    def entry(name: str) -> torch.Tensor:
        return torch.from_numpy(RECORDED[f"{case}/{name}"])

    tell = recorded_prior.encode_prompt
    gradient = METHODS[str(RECORDED[f"{case}/method"])].gradient(
        entry("tgt"),
        with_scale(recorded_prior, float(entry("scale"))),
        entry("t").double(),
        entry("noise"),
        tell("a green pear"),
        Source(entry("src"), tell("a red apple")),
    )
    expected = entry("grad")
    assert (gradient - expected).norm() < 1e-4 * expected.norm()


GUIDANCE = 4.0
CALLS = {
    "flux-dev": {"guidance_scale": GUIDANCE},
    "flux-schnell": {"true_cfg_scale": GUIDANCE, "negative_prompt": ""},
    "pixart-alpha": {"guidance_scale": GUIDANCE, "clean_caption": False, "use_resolution_binning": False, "height": 64},
    "pixart-sigma": {"guidance_scale": GUIDANCE, "clean_caption": False, "use_resolution_binning": False},
    "deepfloyd": {"guidance_scale": GUIDANCE, "clean_caption": False, "output_type": "pt"},
    "ddpm": {"output_type": "np"},
}
"""How each pipeline is asked for the sample that the prior is compared with; its own defaults where possible."""
SAMPLED = [name for name in tiny.BUILDERS if name not in ("sd-img2img", "pixels", "views")]


class Recorder:
    """The states of a pipeline's own sampling loop, as it gives them to its scheduler."""

    def __init__(self, scheduler) -> None:
        self.states: list[torch.Tensor] = []
        self.step, self.scheduler = scheduler.step, scheduler
        scheduler.step = self.record

    def record(self, output, t, sample, **options):
        after = self.step(output, t, sample, **options)
        self.states += [] if self.states else [sample]
        self.states.append(after[0] if isinstance(after, tuple) else after.prev_sample)
        return after


def run_of_diffusers(prior: Pipeline, name: str, prompt: str, steps: int = 4) -> tuple[list[torch.Tensor], list]:
    """States [b, c, h, w] of the pipeline's own loop, and their times, clean data last."""
    pipe = prior.pipe
    options = {"output_type": "latent", "guidance_scale": GUIDANCE, **CALLS.get(name, {})}
    if name == "ddpm":
        options.pop("guidance_scale")
    else:
        options["prompt"] = prompt
    if name == "deepfloyd":  # its loop asks for a field that only DDPM's scheduler has
        pipe.scheduler.register_to_config(variance_type="fixed_small")
    recorder = Recorder(pipe.scheduler)
    pipe.set_progress_bar_config(disable=True)
    pipe(num_inference_steps=steps, generator=Generator().manual_seed(0), **options)
    states = recorder.states
    if isinstance(prior.schedule, Flow):
        times = pipe.scheduler.sigmas.double().split(1)
    else:
        stride = 1000 // steps
        times = [t.double()[None] for t in pipe.scheduler.timesteps]
        times.append((times[-1] - stride).clamp(min=-1 if pipe.scheduler.config.set_alpha_to_one else 0))
    if name.startswith("flux"):
        states = [pipe._unpack_latents(state, *prior.size, prior.codec.factor) for state in states]
    return states, list(times)


@pytest.mark.parametrize("name", SAMPLED)
def test_sampling_equals_diffusers(priors, name):
    """DDIM or Euler steps with the prior go where the pipeline's own loop goes: prompts, times, guidance, packing.

    The times of a flow are the prior's own; a table's are those of the pipeline.
    """
    prior = priors(name)
    prompt = "" if name == "ddpm" else "a red cat"
    states, times = run_of_diffusers(prior, name, prompt)
    assert len(states) == len(times) == 5
    x_t, guided = states[0], with_scale(prior, GUIDANCE)
    if isinstance(prior.schedule, Flow):
        assert torch.allclose(torch.cat(guided.sampling_times(4, x_t)), torch.cat(times), rtol=0, atol=1e-7)
    told = {**prior.encode_prompt(prompt), **prior.size_condition(x_t)}
    for t, s, state in zip(times, times[1:], states[1:], strict=False):
        with torch.no_grad():
            (hat,) = predict(guided, Query(x_t, t, told))
        x_t = prior.schedule.ddim_step(*hat, s, torch.zeros(1), torch.zeros_like(x_t))
        assert (x_t - state).norm() < 1e-5 * state.norm(), (float(t), float((x_t - state).norm() / state.norm()))


@pytest.fixture(params=list(tiny.BUILDERS))
def prior(priors, request):
    return priors(request.param)


def question(prior: Pipeline, prompts: list[str]) -> Query:
    """As many samples as prompts, at different times."""
    rng = Generator().manual_seed(1)
    height, width = (2 * prior.size_multiple // prior.codec.factor * n for n in (1, 2))
    x_t = torch.randn(len(prompts), prior.channels, height, width, generator=rng)
    t = prior.schedule.time(torch.linspace(0.2, 0.8, len(prompts), dtype=torch.float64))
    told = [{**prior.encode_prompt(prompt), **prior.size_condition(x_t)} for prompt in prompts]
    return Query(x_t, t, {key: torch.cat([one[key] for one in told]) for key in told[0]})


@pytest.mark.filterwarnings("ignore:the model reads no text")
def test_a_batch_gives_what_single_runs_give(prior):
    """Also on a picture that is not square."""
    x_t, t, told = question(prior, ["a cat", "a dog on grass", ""])
    guided = with_scale(prior, 3.0)
    with torch.no_grad():
        (together,) = predict(guided, Query(x_t, t, told))
        for row in range(3):
            one = slice(row, row + 1)
            (alone,) = predict(guided, Query(x_t[one], t[one], {key: value[one] for key, value in told.items()}))
            for all_rows, single in zip(together, alone, strict=True):
                assert torch.allclose(all_rows[one], single, rtol=1e-5, atol=1e-5 * float(single.abs().max()))


@pytest.mark.filterwarnings("ignore:the model reads no text")
def test_predictions_fit_x_t_and_depend_on_the_prompt(prior):
    x_t, t, told = question(prior, ["a cat", "zebra"])
    with torch.no_grad():
        (hat,), (other,) = (
            predict(prior, Query(x_t[:1], t[:1], {key: value[row : row + 1] for key, value in told.items()}))
            for row in range(2)
        )
    assert torch.allclose(prior.schedule.perturb(*hat, t[:1]), x_t[:1], atol=1e-5)
    assert (not told) == torch.equal(hat.eps, other.eps)


@pytest.mark.parametrize("kind", ["epsilon", "sample", "v_prediction"])
def test_the_scheduler_says_what_is_predicted(priors, kind):
    """The same raw output, read as eps, x0 or v."""
    pipe = priors("sd").pipe
    prior = StableDiffusion(tiny.stable_diffusion(tiny.ddim(kind), **{n: getattr(pipe, n) for n in ("unet", "vae")}))
    x_t, t, told = question(priors("sd"), ["a cat"])
    with torch.no_grad():
        raw = prior.output(x_t, t, told)
        (hat,) = predict(prior, Query(x_t, t, told))
    alpha, sigma = (c.float() for c in prior.schedule(t))
    read = {"epsilon": hat.eps, "sample": hat.x0, "v_prediction": hat.v(alpha, sigma)}[kind]
    assert torch.allclose(read, raw, atol=1e-5)


@pytest.mark.parametrize("name", ["sd", "flux-schnell", "flux-dev"])
def test_a_step_is_one_call_of_the_network(priors, name):
    """Source and target, with and without prompt, in one batch; embedded guidance needs no second branch."""
    prior, rows = priors(name), []
    hook = prior.network.register_forward_pre_hook(lambda _, args, options: rows.append(len(args[0])), with_kwargs=True)
    x_t, t, told = question(prior, ["a cat"])
    try:
        DDS().gradient(x_t, with_scale(prior, 7.5), t, x_t, told, Source(x_t, told))
    finally:
        hook.remove()
    assert rows == [2 if name == "flux-dev" else 4]


def test_embedded_guidance_is_a_field_of_the_same_prior(priors):
    prior = priors("flux-dev")
    guided = with_scale(prior, 7.0)
    assert guided.guidance == 7.0
    assert guided._prompt_cache is prior._prompt_cache
    x_t, t, told = question(prior, ["a cat"])
    with torch.no_grad():
        hats = [predict(with_scale(prior, scale), Query(x_t, t, told))[0].eps for scale in (0.0, 1.0, 7.0)]
        (empty,) = predict(replace(prior, guidance=1.0), Query(x_t, t, prior.unconditional))
    assert torch.equal(hats[0], empty.eps)
    assert not torch.equal(hats[1], hats[2])


def test_text_encoders_run_once_for_a_prompt_and_can_be_released():
    prior = StableDiffusion(tiny.build("sd"))
    calls = []
    prior.pipe.text_encoder.register_forward_hook(lambda *_: calls.append(1))
    told = prior.encode_prompt("a cat")
    assert prior.encode_prompt("a cat") is told
    assert len(calls) == 1
    prior.release_text_encoders()
    assert prior.pipe.text_encoder is None
    assert prior.encode_prompt("a cat") is told
    assert prior.unconditional
    with pytest.raises(InputError, match="released before 'a dog'"):
        prior.encode_prompt("a dog")


def test_sdxl_says_nothing_with_zeros(priors):
    """`force_zeros_for_empty_prompt`, except to a model whose config says otherwise."""
    prior = priors("sdxl")
    assert all((value == 0).all() for value in prior.unconditional.values())
    assert any((value != 0).any() for value in prior.encode_prompt("").values())
    assert prior.size_condition(torch.zeros(1, 4, 8, 12))["time_ids"].tolist() == [[16, 24, 0, 0, 16, 24]]


@pytest.mark.parametrize("name", ["sd", "sd3", "pixart-alpha"])
def test_a_long_prompt_is_cut_with_a_warning_that_names_what(priors, name):
    """What no encoder reads: beyond CLIP's 77 tokens, of which two frame the text, or T5's, of which one ends it."""
    read = {"sd": 75, "sd3": 255, "pixart-alpha": 119}[name]
    words = ["abcd"] * (read // 4 - 1) + ["q" * (read % 4 + 4)]  # letters are tokens; T5 adds one for each word
    if name != "sd":
        words = ["abcd"] * (read // 5 - 1) + ["q" * (read % 5 + 4)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        priors(name).encode_prompt(" ".join(words))
    with pytest.warns(PromptWarning, match="does not read 'xyz'"):
        priors(name).encode_prompt(" ".join([*words, "xyz"]))


def test_a_prior_without_text_says_so(priors):
    with pytest.warns(PromptWarning, match="reads no text, so 'a fish' changes nothing"):
        priors("ddpm").encode_prompt("a fish")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: tiny.stable_diffusion(unet=tiny.unet(in_channels=9)), "takes 9 channels where the latents have 4"),
        (lambda: tiny.stable_diffusion(unet=tiny.unet(num_class_embeds=10)), "takes a class"),
        *(
            (
                lambda numbers=numbers: tiny.pixels(
                    class_embed_type="projection", projection_class_embeddings_input_dim=numbers
                ),
                "takes a class",
            )
            for numbers in (10, 1024)
        ),
        (lambda: tiny.stable_diffusion(unet=tiny.unet(time_cond_proj_dim=8)), "consistency model"),
        (lambda: SimpleNamespace(unet=tiny.vae(), config={}), "with the network AutoencoderKL is not supported"),
    ],
)
def test_networks_that_are_told_more_than_a_text_are_refused(build, message):
    with pytest.raises(InputError, match=message):
        family(build())


def test_a_network_that_takes_a_camera_is_told_it_or_that_there_is_none(priors):
    prior, rng = priors("views"), torch.Generator().manual_seed(0)
    prompt, x_t, t = prior.encode_prompt("a pear"), torch.randn(1, 12, 8, 8, generator=rng), torch.tensor([500.0])
    seen = {"azimuth": torch.tensor([90.0]), "elevation": torch.tensor([20.0])}
    assert prior.view_reading == CameraEmbedding()
    told, other = (ByView(prior, CameraEmbedding(4))(x_t, t, prompt | each) for each in (seen, {**seen, "azimuth": -t}))
    labels = CameraEmbedding().embed(**seen)
    with torch.no_grad():
        states = prompt["encoder_hidden_states"]
        expected, unknown = (
            prior.network(x_t, t, states, class_labels=each).sample for each in (labels, torch.zeros_like(labels))
        )
    torch.testing.assert_close(told.x0, expected)
    torch.testing.assert_close(prior(x_t, t, prompt).x0, unknown)
    torch.testing.assert_close(ByView(prior, PassEntries(()))(x_t, t, prompt | seen).x0, unknown)
    assert not torch.allclose(told.x0, other.x0)
    assert not torch.allclose(told.x0, unknown)
    assert priors("pixels").view_reading is None
