"""The evaluations that `potstill methods` shows: counted apart for every method, and by hand for those here."""

import pytest
import torch
from torch import Generator

from potstill.diffusion.guidance import Guided
from potstill.distillation import distill
from potstill.methods import DDS, SDS, by_name
from potstill.methods.noise import Fixed, Inverted, Picard
from potstill.methods.render_model import EmpiricalPrior
from potstill.priors import Mixture
from potstill.scenes import Points
from potstill.worlds.cost import evaluations
from tests.methods.cases import METHODS

# A guided prediction costs 2: of a generation 2, of source and target 4, with the source unguided 3. Ten inversion
# steps of 2 for the whole schedule make 2 to 20 more, between 20 and 98 % of it 4 (or 6, with tau) to 20 (all of 10,
# with tau), and so on.
COSTS = {
    "sds": (2, 2),
    "sds-rfds": (2, 2),
    "vsd": (3, 3),  # 1 of the model of the renders, which is not guided
    "csd": (2, 2),
    "csd-coarse": (2, 3),
    "csd-fine": (2, 3),
    "nfsd": (3, 3),
    "dds": (4, 4),
    "dds-release": (4, 4),
    "pds": (4, 4),
    "pds-consistent": (4, 4),
    "ids": (10, 10),
    "infedit": (4, 4),
    "infedit-release": (3, 3),
    "bridge": (2, 2),
    "bridge-release": (2, 2),
    "flowedit": (4, 4),
    "flowedit-dvrf": (4, 4),
    "flowedit-sd3": (4, 4),
}


@pytest.mark.parametrize("name", COSTS)
def test_what_a_step_costs(name):
    assert evaluations(by_name(name)) == COSTS[name]


def test_what_inversion_costs_depends_on_the_time():
    """SDI: 2 and up to 10 inversion steps of 2. ISM: 2, the prediction below, up to 5 unconditional steps."""
    fewest, most = evaluations(by_name("sdi"))
    assert 2 + 2 * 2 <= fewest <= 2 + 3 * 2
    assert most == 2 + 10 * 2
    assert evaluations(by_name("sdi-release")) == (2 + 1 * 2, 2 + 10 * 2)
    fewest, most = evaluations(by_name("ism"))
    assert (fewest, 7 <= most <= 8) == (4, True)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_counted_where_it_asks(name, monkeypatch):
    """The samples that reach the denoisers in a run like that of `evaluations`, step by step."""
    asked = []
    for kind in (Mixture, EmpiricalPrior):

        def counting(self, x_t, t, condition, answer=kind.__call__):
            asked.append(len(x_t))
            return answer(self, x_t, t, condition)

        monkeypatch.setattr(kind, "__call__", counting)
    known = Mixture(torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1, 2]), width=0.3)
    told = {"target": known.condition(1), "source": known.condition(0), "rng": Generator().manual_seed(0)}
    prior = Guided(known, 7.5, known.condition(2))
    costs = []
    for step in distill(Points(torch.zeros(1, 2)), prior, METHODS[name], steps=21, **told):
        costs.append(sum(asked) - sum(costs))
        assert step.evaluations == sum(asked)
    assert (min(costs), max(costs)) == evaluations(METHODS[name])


@pytest.mark.parametrize(
    ("method", "costs"),
    [
        (SDS(noise=Fixed()), (2, 2)),
        (DDS(noise=Picard(3)), (10, 10)),
        (SDS(noise=Inverted(steps=1, guidance_scale=1.0)), (3, 3)),
    ],
)
def test_the_noise_source_counts(method, costs):
    assert evaluations(method) == costs


def test_without_guidance_one_branch_is_enough():
    assert evaluations(SDS(), guidance_scale=1.0) == (1, 1)
