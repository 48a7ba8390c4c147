"""Noise schedules read from diffusers' schedulers."""

import diffusers
import pytest
import torch
from diffusers.pipelines.flux.pipeline_flux import calculate_shift
from torch import Generator

from potstill import sample
from potstill.baselines import EditProblem
from potstill.diffusion.guidance import with_scale
from potstill.errors import InputError
from potstill.priors.families import family
from potstill.priors.schedules import flow_times, schedule_of
from tests import tiny

TABLES = {"linear": {}, "scaled": {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}}


def test_a_scheduler_without_a_table_is_refused():
    with pytest.raises(InputError, match="EDMEulerScheduler with prediction type 'epsilon' is not supported"):
        schedule_of(diffusers.EDMEulerScheduler())


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of diffusers
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "name", ["EulerDiscrete", "EulerAncestralDiscrete", "DPMSolverMultistep", "UniPCMultistep", "DDIM"]
)
def test_a_table_of_zero_terminal_snr_ends_in_noise(name, table):
    """Tables of one config are the same but for the last level, where some hold 2^-24 for 0; it falls, too."""
    options = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True, **TABLES[table]}
    scheduler = getattr(diffusers, f"{name}Scheduler")(**options)
    found, exact = (schedule_of(each).alphas_cumprod for each in (scheduler, diffusers.DDIMScheduler(**options)))
    assert torch.equal(found[:-1], exact[:-1])
    assert exact[-1] == 0
    assert found[-1] == (2.0**-24 if table == "scaled" and name != "DDIM" else 0)


FLOWS = {
    "SD3's": lambda: diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    "without a shift": diffusers.FlowMatchEulerDiscreteScheduler,
    "by size": lambda: diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
    "by size, linear": lambda: diffusers.FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, time_shift_type="linear"
    ),
    "of few levels": lambda: diffusers.FlowMatchEulerDiscreteScheduler(num_train_timesteps=100, shift=3.0),
    "UniPC's": lambda: diffusers.UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    ),
}


@pytest.mark.parametrize("tokens", [256, 1024, 4096])
@pytest.mark.parametrize("steps", [1, 10, 28])
@pytest.mark.parametrize("name", FLOWS)
def test_the_times_of_a_flow_are_those_of_diffusers(name, steps, tokens):
    scheduler = FLOWS[name]()
    options = {"mu": calculate_shift(tokens)} if name.startswith("by size") else {}
    before = scheduler.sigmas.clone()
    found = torch.cat(flow_times(scheduler, steps, tokens))
    assert torch.equal(scheduler.sigmas, before)
    scheduler.set_timesteps(steps, **options)
    assert torch.equal(found, scheduler.sigmas.double())
    assert (found.diff() < 0).all()


def test_a_schedulers_second_order_steps_are_told_once():
    euler, heun = (
        torch.cat(flow_times(cls(shift=3.0), 10, 1))
        for cls in (diffusers.FlowMatchEulerDiscreteScheduler, diffusers.FlowMatchHeunDiscreteScheduler)
    )
    assert torch.equal(euler, heun)


@pytest.mark.parametrize("levels", [1000, 100])
def test_samples_and_edits_go_down_the_times_of_the_scheduler(levels):
    """The network is told the timesteps that diffusers' own loop tells it; an edit skips the first of them."""
    pipe, told = tiny.sd3(), []
    pipe.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(num_train_timesteps=levels, shift=3.0)
    prior = family(pipe)(pipe, {"name": "tiny"})
    pipe.transformer.register_forward_pre_hook(
        lambda _, args, options: told.append(float(options["timestep"][0])), with_kwargs=True
    )
    sample("a red cat", prior, steps=4)
    pipe.scheduler.set_timesteps(4)
    assert told == pytest.approx(pipe.scheduler.timesteps.tolist())
    x0, text = torch.zeros(1, 16, 8, 8), prior.encode_prompt("a red cat")
    task = EditProblem(with_scale(prior, 3.0), x0, text, text, 4, Generator())
    assert torch.equal(torch.cat(task.times(0.5)), pipe.scheduler.sigmas[-3:].double())
