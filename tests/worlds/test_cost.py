"""The evaluations that `potstill methods` shows, against numbers derived by hand."""

import pytest

from potstill.methods import DDS, SDS, by_name, named
from potstill.methods.noise import Fixed, Inverted, Picard
from potstill.worlds.cost import evaluations

# A guided prediction costs 2: of a generation 2, of source and target 4, with the source unguided 3. Ten inversion
# steps of 2 for the whole schedule make 2 to 20 more, between 20 and 98 % of it 4 (or 6, with tau) to 20 (all of 10,
# with tau), and so on.
COSTS = {
    "sds": (2, 2),
    "sds-rfds": (2, 2),
    "vsd": (3, 3),
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


def test_every_method_is_counted():
    assert set(COSTS) | {"sdi", "sdi-release", "ism"} == set(named())


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
