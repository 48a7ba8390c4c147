"""The coefficients of PDS: the published numbers, and what they are elsewhere."""

import pytest
import torch

from potstill.diffusion.schedule import VP, Flow, linear, scaled_linear
from potstill.errors import InputError
from potstill.methods import PDS, Consistent, DefaultCoefficients, Identity, Release

# Values to every printed digit: t, psi and chi as released, chi consistent; Stable Diffusion's table, stride 2.
TABLE = """
21 1.613 .2317 .3272
51 .651 .1530 .2160
101 .314 .1155 .1631
201 .140 .0918 .1297
301 .0794 .0838 .1184
401 .0494 .0814 .1149
501 .0321 .0821 .1160
601 .0214 .0852 .1202
701 .0145 .0900 .1270
801 .00964 .0963 .1358
901 .00619 .1035 .1459
977 .00425 .1094 .1542
"""


@pytest.mark.parametrize("row", TABLE.split("\n")[1:-1])
def test_pds_coefficients_are_the_published_ones(row):
    t, *printed = row.split()
    time = torch.tensor([float(t)])
    psi, chi = Release()(scaled_linear(), time)
    zero, consistent = Consistent()(scaled_linear(), time)
    for value, text in zip((psi, chi, consistent), printed, strict=True):
        # 0.0962451 and 0.1159497 are printed as .0963 and .1160: rounded twice, so 0.56 of the last digit.
        assert abs(float(value) - float(text)) < 0.56 * 10.0 ** -len(text.split(".")[1])
    assert float(zero) == 0


def test_the_default_coefficients_are_release_on_a_table_and_identity_elsewhere():
    usual, t = PDS().coefficients, torch.tensor([0.5])
    for actual, expected in (
        (usual(scaled_linear(), 1000 * t), Release()(scaled_linear(), 1000 * t)),
        (usual(Flow(), t), Identity(1.0)(Flow(), t)),
        (DefaultCoefficients(0.7, stride=0.02)(VP(), t), Identity(0.7, stride=0.02)(VP(), t)),
        (DefaultCoefficients(0.7, stride=0.02)(linear(), 1000 * t), Release(stride=0.02)(linear(), 1000 * t)),
    ):
        assert torch.equal(torch.stack(actual), torch.stack(expected))
    with pytest.raises(InputError, match="identity strength = -1"):
        DefaultCoefficients(-1.0)


def test_release_coefficients_are_consistent_at_stride_1():
    schedule, t = scaled_linear(), torch.tensor([300.0])
    psi, chi = Release(stride=0.001)(schedule, t)
    assert abs(float(psi)) < 1e-9
    assert torch.allclose(chi, Consistent(stride=0.001)(schedule, t)[1])


def test_a_larger_stride_inflates_the_identity():
    psi, chi = Release(stride=0.02)(scaled_linear(), torch.tensor([501.0]))
    _, consistent = Consistent(stride=0.02)(scaled_linear(), torch.tensor([501.0]))
    assert [round(float(value), 3) for value in (psi, chi, consistent)] == [0.627, 0.087, 0.377]


def test_coefficients_that_do_not_exist_are_refused():
    with pytest.raises(InputError, match="Flow has none"):
        Release()(Flow(), torch.tensor([0.5]))
    with pytest.raises(InputError, match="must be noisy and below t"):
        Consistent()(linear(), torch.tensor([1.0]))
