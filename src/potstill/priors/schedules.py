"""The noise schedule of a diffusers scheduler, and what its network predicts."""

from typing import Any

import torch

from potstill.diffusion.prior import Prediction
from potstill.diffusion.schedule import LONGEST, Flow, Schedule, Tabulated
from potstill.errors import InputError
from potstill.fields import check_count
from potstill.tensors import Times

PREDICTIONS = {
    "epsilon": (Prediction.from_eps, lambda hat, alpha, sigma: hat.eps),
    "sample": (Prediction.from_x0, lambda hat, alpha, sigma: hat.x0),
    "v_prediction": (Prediction.from_v, Prediction.v),
    "flow_prediction": (Prediction.from_flow, lambda hat, alpha, sigma: hat.velocity),
}
"""From what the network predicts, and back."""


def schedule_of(scheduler: Any) -> Schedule:
    """The noise schedule of a diffusers scheduler: `alphas_cumprod` exactly as tabulated, or a rectified flow.

    A table of zero terminal SNR whose last level does not fall ends in 0, pure noise.

    Raises:
        InputError: the scheduler has neither a table nor flow sigmas, or its prediction type is unknown.
    """
    if scheduler is None:
        raise InputError("the model has no scheduler, which states its noise schedule: fetch it again")
    kind = getattr(scheduler.config, "prediction_type", None)
    if "FlowMatch" in type(scheduler).__name__ or kind == "flow_prediction":
        return Flow()
    if not isinstance(kind, str) or kind not in PREDICTIONS or not hasattr(scheduler, "alphas_cumprod"):
        raise InputError(
            f"{type(scheduler).__name__} with prediction type {kind!r} is not supported: use a scheduler with "
            f"alphas_cumprod that predicts {', '.join(PREDICTIONS)}, or a flow-matching one"
        )
    table = scheduler.alphas_cumprod.double()
    # For zero terminal SNR some schedulers end the table in 2^-24 instead of 0, which may lie above the level before.
    if getattr(scheduler.config, "rescale_betas_zero_snr", False) and (table[-1:] >= table[-2:-1]).any():
        table = torch.cat([table[:-1], table.new_zeros(1)])
    return Tabulated(table)


def flow_times(scheduler: Any, steps: int, tokens: int, to_last_step: bool = False) -> list[Times]:
    """The falling times of a flow, of which the scheduler takes `steps` down to clean data, each of shape [1].

    They are the scheduler's own, with its shift towards noise, t' = s t / (1 + (s - 1) t) (arXiv 2403.03206, eq. 23),
    or one that grows with the size of the picture.

    Args:
        scheduler: of diffusers; it is left as it is.
        steps: from 1 to 100,000.
        tokens: in the picture.
        to_last_step: whether the times before the shift fall to 1 / steps, and not to the scheduler's last level.

    Raises:
        InputError: the steps are out of range.
    """
    check_count("steps", steps, LONGEST)
    own = type(scheduler).from_config(scheduler.config)
    config, options = own.config, {}
    if to_last_step and not config.get("use_flow_sigmas"):
        options["sigmas"] = torch.linspace(1, 1 / steps, steps, dtype=torch.float64).tolist()
    if config.get("use_dynamic_shifting"):  # linear in the tokens, with the defaults of diffusers' pipelines
        fewest, most = config.get("base_image_seq_len", 256), config.get("max_image_seq_len", 4096)
        low, high = config.get("base_shift", 0.5), config.get("max_shift", 1.15)
        options["mu"] = low + (high - low) * (tokens - fewest) / (most - fewest)
    own.set_timesteps(steps, **options)
    sigmas = own.sigmas.to(torch.float64)[:-1].clamp(max=1)  # without the last, which is clean data
    return [*sigmas.unique_consecutive()[:steps].split(1), torch.full((1,), Flow.t_clean, dtype=torch.float64)]
