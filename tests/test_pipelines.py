"""Every family of pipelines as a prior, against recorded gradients and against diffusers' own sampling loop."""

from pathlib import Path

import numpy as np
import pytest
import torch

from potstill.methods import DDS, PDS, SDS, Source
from potstill.priors.loading import load

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

    tell = recorded_prior.tell
    gradient = METHODS[str(RECORDED[f"{case}/method"])].gradient(
        entry("tgt"),
        recorded_prior.guided(float(entry("scale"))),
        entry("t").double(),
        entry("noise"),
        tell("a green pear"),
        Source(entry("src"), tell("a red apple")),
    )
    expected = entry("grad")
    assert (gradient - expected).norm() < 1e-4 * expected.norm()
