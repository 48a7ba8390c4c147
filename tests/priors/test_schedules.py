"""Noise schedules read from diffusers' schedulers."""

import diffusers
import pytest
import torch

from potstill.errors import InputError
from potstill.priors.schedules import schedule_of

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
