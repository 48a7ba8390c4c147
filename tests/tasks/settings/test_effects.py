"""Methods say which of their settings count; what changes nothing is said, and nothing else."""

import re
import warnings
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Generator

from potstill import edit, generate, sample
from potstill.baselines import BASELINES
from potstill.diffusion.guidance import Guided, Interval, PerpNeg, Plain, Rescaled
from potstill.distillation import distill
from potstill.errors import Note
from potstill.methods import CSD, DDS, NFSD, SDI, SDS, VSD, Bridge
from potstill.methods.noise import Inverted, Picard
from potstill.methods.render_model import Empirical, LoRAModel
from potstill.methods.times import Annealed
from potstill.priors import Mixture
from potstill.priors.lora import scales
from potstill.priors.prompts import PromptWarning
from potstill.scenes import Points
from potstill.tasks.settings.effects import idle_settings, note_repeats
from potstill.tasks.settings.guiding import steered
from tests.methods.cases import METHODS, NOISES, Case
from tests.tiny_emoji import tiny_emoji

PROMPTS = {"source": "fluent red heart", "target": "fluent blue heart"}
ALL = {
    **{name: replace(each, render_model=Empirical()) if name == "vsd" else each for name, each in METHODS.items()},
    **{f"SDS with {name}": SDS(noise=noise) for name, noise in NOISES.items()},
    **{
        f"{type(each).__name__} with {name}": replace(each, noise=NOISES[name])
        for each in (CSD(), NFSD(threshold=0.5), Bridge())
        for name in ("Inverted", "FixedPoint", "Picard")
    },
    "Bridge.release with Inverted": replace(Bridge.release(), noise=Inverted()),
    "inverted at 1": SDS(noise=Inverted(guidance_scale=1.0)),
    "inverted at 0": DDS(noise=Inverted(guidance_scale=0.0)),
    "sds at fixed times": SDS(times=Annealed()),
}


@pytest.fixture(scope="module")
def prior():
    return tiny_emoji()


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, 64, 64, generator=Generator().manual_seed(1))


def end(method, scale, target=1, negative=None, rule=Plain()):
    """Where a run ends under guidance, in a world of three classes, whose directions differ; 0 is the source's."""
    world = Mixture(Case().mixture.centres, torch.tensor([0, 0, 0, 1, 1, 2, 2]), width=0.3)
    scene, avoided = Points(Case().x0), {} if negative is None else world.condition(negative)
    prior = steered(Guided(world, scale), rule, "negative" if avoided else "", lambda _: avoided, {})
    options = {"target": world.condition(target), "steps": 2, "rng": Generator().manual_seed(0)}
    options |= {"source": world.condition(0)} if method.edits else {}
    for _ in distill(scene, prior, method, **options):
        pass
    return scene.points.detach()


@pytest.mark.filterwarnings("ignore:every gradient of NFSD")  # at guidance scale 0
@pytest.mark.parametrize("name", ALL)
def test_a_method_says_what_counts(name):
    method = ALL[name]
    for scale in (0.0, 1.0, 2.0):
        same = torch.equal(end(method, scale), end(method, scale, negative=2))
        if scale or not method.edits:  # an edit moves nothing at 0
            assert same != method.uses_negative(scale), f"negative prompt at {scale}"
        same = torch.equal(end(method, scale), end(method, scale, target=0))
        assert same != method.uses_prompt(scale), f"prompt at {scale}"
    same = torch.equal(end(method, 2.0), end(method, 7.0))
    assert same == (method.guided_by == "none" and not method.noise.uses_guidance())


@pytest.mark.filterwarnings("ignore:every gradient of NFSD")  # at guidance scale 0
@pytest.mark.parametrize("name", ALL)
def test_guidance_counts_or_a_note_says_that_it_does_not(name):
    """Each rule, and the negative prompt under each; at scale 0 an edit moves nothing, whatever is set."""
    method = ALL[name]
    same = partial(torch.allclose, rtol=0, atol=1e-9)
    for scale in (1.0, 2.0) if method.edits else (0.0, 1.0, 2.0):
        plain, negative = end(method, scale), end(method, scale, negative=2)
        for rule in (Plain(), Rescaled(), Interval(0.0, 0.5), PerpNeg()):
            notes = list(idle_settings(method, "the prompt", scale, False, rule, "negative", True))
            told = [f"guidance = {rule} changes nothing", "the negative prompt changes nothing"]
            of_rule, of_negative = (any(note.startswith(text) for note in notes) for text in told)
            ruled = end(method, scale, negative=2, rule=rule)
            without = plain if isinstance(rule, Plain | PerpNeg) else end(method, scale, rule=rule)
            assert same(ruled, without) == of_negative, (scale, rule)
            if not isinstance(rule, Plain | PerpNeg):
                assert same(ruled, negative) == of_rule, (scale, rule)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_says_what_counts(prior, image, name):
    def made(scale, negative="", target="blue heart"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PromptWarning)
            options = {"method": method, "steps": 2, "guidance_scale": scale, "negative": negative}
            return edit(image, model=prior, source="red heart", target=target, **options).images

    method = BASELINES[name]
    method = replace(method, inner_steps=1) if name == "null-text" else method
    for scale in (1.0, 2.0):
        assert torch.equal(made(scale), made(scale, "green dog")) != method.uses_negative(scale)
    for scale in (0.0, 2.0):
        assert torch.equal(made(scale), made(scale, target="green dog")) != method.uses_prompt(scale)


CASES = [
    (SDS(), {"negative": "x"}, None),
    (
        SDS(),
        {"negative": "x", "scale": 1.0},
        "the negative prompt changes nothing with SDS at guidance scale 1: ch",
    ),
    (CSD(), {"negative": "x", "stated": False}, r"the negative prompt .* with CSD .*: give CSD .* CSD\(negative=1.0\)"),
    (
        SDS(),
        {"scale": 0.0},
        "the prompt changes nothing with SDS at guidance scale 0, which is unconditional: ch",
    ),
    (DDS(), {"scale": 0.0, "rule": PerpNeg()}, "the prompt changes nothing with DDS at guidance"),
    (NFSD(), {"rule": PerpNeg(), "negative": "x"}, r".* NFSD under guidance = PerpNeg\(.*: leave guidance out$"),
    (Bridge(), {"rule": PerpNeg(), "negative": "x"}, r".* with Bridge under guidance = PerpNeg\(.*: leave both out$"),
    (Bridge(), {"negative": "x"}, "the negative prompt changes nothing with Bridge at guidance scale 5: leave it out$"),
    (Bridge(), {"rule": Rescaled()}, r"guidance = Rescaled\(.* with Bridge, which uses the scale alone: leave it out$"),
    (Bridge.release(), {"rule": Rescaled()}, None),
    (SDI(), {"scale": 1.0, "rule": Rescaled()}, None),  # the inversion has a scale of its own
    (BASELINES["ddim-inversion"], {"scale": 0.0}, "the prompt changes nothing with DDIMInversion at guidance scale 0"),
    (SDS(), {"scale": 0.0, "rule": Rescaled()}, None),  # the prompt gives the contrast
    (SDS(), {"scale": 0.0, "rule": Interval()}, None),  # conditional outside
    (SDS(), {"scale": 0.0, "branches": False}, None),  # the scale is an input of the network
    (SDS(noise=Inverted()), {"scale": 0.0}, None),
    (VSD(render_model=LoRAModel()), {"scale": 0.0}, None),
    (NFSD(), {"scale": 0.0}, "the prompt changes nothing with NFSD"),
    (CSD(), {"scale": 3.0}, "the guidance scale changes nothing with CSD, which has its own: leave it out"),
    (CSD(noise=Picard()), {"scale": 3.0}, None),
    (CSD(), {"stated": False}, None),
    (CSD(), {"stated": False, "rule": Rescaled()}, r"guidance = Rescaled\(rescale=0.7\) changes nothing with CSD"),
    (
        SDS(),
        {"scale": 1.0, "rule": Rescaled()},
        r"guidance = Rescaled\(.*\) changes nothing at guidance scale 1",
    ),
    (SDS(), {"scale": 1.0, "rule": PerpNeg(), "negative": "x"}, None),
]


@pytest.mark.parametrize(("method", "settings", "message"), CASES)
def test_what_changes_nothing_is_one_line_with_the_fix(method, settings, message):
    usual = {"prompt": "the prompt", "scale": 5.0, "stated": True, "rule": Plain(), "negative": "", "branches": True}
    found = list(idle_settings(method, **usual | settings))
    assert len(found) == (message is not None)
    assert not found or re.match(message, found[0])


def test_the_commands_say_it(prior, image):
    """Each once; an edit without effect says which setting is the reason, or else that it has none."""
    options = {"model": prior, "steps": 1}
    for act, message in (
        (
            lambda: edit(image, **PROMPTS, **options, guidance_scale=0.0),
            "the target prompt changes nothing with ShrinkEdit",
        ),
        (lambda: generate("red heart", **options, guidance_scale=0.0, method="sds"), "the prompt changes nothing with"),
        (
            lambda: edit(image, **PROMPTS, **options, guidance_scale=3.0, method="csd"),
            "scale changes nothing with CSD",
        ),
        (lambda: sample("red heart", prior, steps=1, guidance_scale=0.0), "the prompt changes nothing at guidance"),
        (lambda: edit(image, **PROMPTS, **options, learning_rate=1e-30, method="dds"), "DDS changed nothing: choose a"),
        (
            lambda: edit(image, **PROMPTS, **options, method="ddim-inversion", count=2),
            "the 2 results are the same, as DDIMInversion draws nothing at random: leave count out",
        ),
        (
            lambda: edit(image, **PROMPTS, **options, background="red", finish="untouched"),
            "background = red changes nothing: no pixel is",
        ),
        (lambda: scales({"a.safetensors": 0.0}), "the LoRA a.safetensors changes nothing at scale 0"),
    ):
        with pytest.warns(UserWarning, match=message) as caught:
            act()
        assert len(caught) == 1


def test_a_run_that_left_the_range_of_the_model_is_said(prior, image):
    options = {"model": prior, "steps": 40, "method": "dds"}
    with pytest.warns(UserWarning, match=r"^DDS left the range of the model by a factor of .*: choose a smaller"):
        edit(image, **PROMPTS, **options, learning_rate=10.0)
    with pytest.warns(UserWarning, match=r"^SDS left the range"):
        generate("red heart", model=prior, learning_rate=5.0)


@pytest.mark.parametrize("method", ["sds", "sdi", "dds", "pds", "ids", "infedit", "shrinkedit", "flowedit"])
def test_a_method_at_its_defaults_stays_in_range(prior, image, method, recwarn):
    edit(image, **PROMPTS, model=prior, method=method, steps=20, finish="none")
    assert not recwarn


def test_a_name_given_twice_is_said():
    with pytest.warns(Note, match=r"^dds, pds: given more than once, and run once$"):
        note_repeats(["dds", "pds", "sds", "pds", "dds", "dds"])
    note_repeats(["dds", "pds"])


def test_an_edit_that_changes_something_says_nothing(prior, image, recwarn):
    edit(image, **PROMPTS, model=prior, steps=2, count=2, fit="pad", background="red", finish="untouched")
    edit(image, **PROMPTS, model=prior, steps=2, negative="green dog", guidance_scale=1.5, finish="untouched")
    assert not recwarn


def test_an_edit_that_the_finish_undoes_is_said(prior, image):
    with pytest.warns(PromptWarning, match="the finish undid the little that ShrinkEdit changed: choose"):
        edit(image, **PROMPTS, model=prior, steps=1, learning_rate=1e-6)
