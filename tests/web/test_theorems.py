"""The tab Theorems without a browser: both sides agree, and psi is that of the coefficients."""

import base64

import numpy as np
import pytest

from potstill.methods.coefficients import Release
from potstill.web import theorems


def path(answer, side):
    return np.frombuffer(base64.b64decode(answer[side]), np.float32).reshape(answer["steps"], answer["points"], 2)


@pytest.mark.parametrize("ask", [theorems.theorems_first, theorems.theorems_third])
@pytest.mark.parametrize("share", [0.01, 1.0])
def test_both_sides_agree(ask, share):
    answer = ask({"share": share, "world": "grid"})
    assert answer["difference"] < 1e-8
    assert np.allclose(path(answer, "sampled"), path(answer, "distilled"), atol=1e-5)


def test_psi_is_0_at_a_stride_of_one_step_and_above_it_at_two():
    one, two = (theorems.theorems_second({"stride": stride})["curves"] for stride in (0.001, Release.stride))
    assert np.abs(one["release"]["psi"]).max() < 1e-9 < min(two["release"]["psi"])
    assert not any(two["consistent"]["psi"])
    assert np.allclose(two["identity"]["psi"], 0.1 * np.array(two["identity"]["chi"]))


@pytest.mark.parametrize(
    ("ask", "sent", "told"),
    [
        (theorems.theorems_first, {"share": 2}, "share = 2"),
        (theorems.theorems_third, {"share": 0}, "share = 0"),
        (theorems.theorems_first, {"share": 0.5, "world": "/etc/passwd"}, "unknown world"),
        (theorems.theorems_second, {"stride": 0.5}, "stride = 0.5"),
        (theorems.theorems_second, {"strength": -1}, "identity strength"),
    ],
)
def test_what_cannot_be_is_one_line(ask, sent, told):
    assert told in ask(sent)["error"]
