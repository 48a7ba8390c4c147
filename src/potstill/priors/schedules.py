"""The noise schedule of a diffusers scheduler, and what its network predicts."""

from typing import Any

import torch

from potstill.diffusion.prior import Prediction
from potstill.diffusion.schedule import Flow, Schedule, Tabulated
from potstill.errors import InputError

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
