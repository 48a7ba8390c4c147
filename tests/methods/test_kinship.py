"""How the methods are related: each is another one, or a difference of two, somewhere."""

from itertools import pairwise

import pytest
import torch
from torch import Generator

from potstill.diffusion.guidance import Guided
from potstill.diffusion.inversion import ddim_inversion
from potstill.diffusion.prior import Query, predict
from potstill.diffusion.schedule import VP, Flow
from potstill.methods import (
    CSD,
    DDS,
    IDS,
    ISM,
    NFSD,
    SDS,
    VSD,
    Bridge,
    FlowEdit,
    Source,
)
from potstill.methods.noise import FixedPoint
from potstill.methods.render_model import EmpiricalPrior, WithRenderModel
from potstill.methods.weighting import Constant, Rho, Velocity
from potstill.priors import Mixture
from potstill.tensors import normal
from tests.methods.cases import Case


def test_sjc_is_sds_with_weight_1():
    """SJC: y = u + rho n, D = y_scaled - rho eps_hat, gradient -(D - u) / rho with the sampled noise subtracted."""
    case = Case()
    schedule = case.prior.schedule
    rho = schedule.rho(case.t)[:, None]
    y = case.x0 + rho * case.noise
    hat = predict(case.prior, Query(schedule(case.t)[0][:, None] * y, case.t, case.target))[0]
    denoised = y - rho * hat.eps
    assert torch.allclose(case.gradient(SDS(weight=Constant())), -(denoised - case.x0) / rho, atol=1e-10)


def test_ism_is_a_difference_of_two_predictions():
    """rho_t (eps_hat(x_t) - eps_hat(x_s)) = x̂_0(x_s) - x̂_0(x_t), written out with an inversion step of our own."""
    case, method = Case(), ISM()
    case.prior, case.target = case.mixture, case.mixture.unconditional
    schedule = case.prior.schedule
    s = method.noise_time(schedule, case.t)
    assert torch.equal(s, case.t - 80)
    x_s = schedule.perturb(case.x0, case.noise, s)
    below = predict(case.prior, Query(x_s, s, case.target))[0]
    x_t = ddim_inversion(case.prior, x_s, [s, case.t], case.target, label="current")[-1]
    above = predict(case.prior, Query(x_t, case.t, case.target))[0]
    assert torch.allclose(case.gradient(method), below.x0 - above.x0, atol=1e-10)


def test_ism_asks_the_prompt_only_above():
    """Its gradient at guidance s is that at 1, plus rho (s - 1) (eps_cond - eps_uncond) at x_t."""
    case, method = Case(), ISM()
    schedule, plain = case.prior.schedule, Case(scale=1.0)
    x_s = schedule.perturb(case.x0, case.noise, method.noise_time(schedule, case.t))
    times = [method.noise_time(schedule, case.t), case.t]
    x_t = ddim_inversion(case.mixture, x_s, times, case.mixture.unconditional, label="current")[-1]
    cond, uncond = predict(
        case.mixture, Query(x_t, case.t, case.target), Query(x_t, case.t, case.mixture.unconditional)
    )
    added = schedule.rho(case.t)[:, None] * 6.5 * (cond.eps - uncond.eps)
    assert torch.allclose(case.gradient(method), plain.gradient(method) + added, atol=1e-10)


def test_ism_inverts_under_the_negative_prompt():
    """Both x_s and x_t then rest on it, and it takes the place of the empty one in the comparison."""
    case, method = against(0, scale=1.0), ISM()
    schedule, negative = case.prior.schedule, case.mixture.condition(0)
    times = [method.noise_time(schedule, case.t), case.t]
    x_s = schedule.perturb(case.x0, case.noise, times[0])
    (below,) = predict(case.mixture, Query(x_s, times[0], negative))
    x_t = ddim_inversion(case.mixture, x_s, times, negative, label="current")[-1]
    (above,) = predict(case.mixture, Query(x_t, case.t, case.target))
    assert torch.allclose(case.gradient(method), schedule.rho(case.t)[:, None] * (above.eps - below.eps), atol=1e-10)


@pytest.mark.parametrize("schedule", [None, VP(), Flow()], ids=["table", "VP", "flow"])
def test_vsd_with_a_perfect_model_of_a_single_render_is_sds(schedule):
    """The model answers (x_t - alpha x_0) / sigma, which is the noise."""
    case = Case(schedule)
    for row in range(3):
        one = [value[row : row + 1] for value in (case.x0, case.t, case.noise)]
        model = EmpiricalPrior(case.mixture, one[0])
        vsd, sds = (
            method.gradient(one[0], WithRenderModel(case.prior, model), *one[1:], case.target)
            for method in (VSD(), SDS())
        )
        assert (vsd - sds).abs().max() < 1e-10


def test_vsd_rests_where_the_renders_are_what_the_prior_knows():
    case = Case(scale=1.0)
    known = WithRenderModel(case.prior, case.mixture)
    assert VSD().gradient(case.x0, known, case.t, case.noise, case.target).abs().max() == 0


def test_csd_is_the_guidance_part_of_sds():
    """SDS at scale s less SDS at scale 1 is (s - 1) CSD."""
    sds, weak = Case(scale=7.5).gradient(SDS()), Case(scale=1.0).gradient(SDS())
    assert torch.allclose(sds - weak, 6.5 * Case().gradient(CSD()), atol=1e-10)


def against(negative: int, scale: float = 7.5) -> Case:
    """A case whose guidance leads away from a class."""
    case = Case()
    case.prior = Guided(case.mixture, scale, case.mixture.condition(negative))
    return case


def test_csd_with_a_negative_prompt_alone_is_csd_on_it():
    case, plain = against(0), Case()
    plain.target = plain.mixture.condition(0)
    away = case.gradient(CSD()) - plain.gradient(CSD())
    assert torch.allclose(case.gradient(CSD(negative=1.0)), away, atol=1e-10)
    halves = (case.gradient(CSD()) + case.gradient(CSD(negative=1.0))) / 2
    assert torch.allclose(case.gradient(CSD(negative=0.5)), halves, atol=1e-10)
    assert torch.allclose(Case().gradient(CSD(negative=0.7)), Case().gradient(CSD()), atol=1e-12)


def test_nfsd_is_guidance_less_the_negative_prediction():
    """Above the threshold it is the guided prediction less the negative one, below it is the guided one itself."""
    case = against(0)
    x_t = case.prior.schedule.perturb(case.x0, case.noise, case.t)
    guided = predict(Guided(case.mixture, 7.5), Query(x_t, case.t, case.target))[0].eps
    bad = predict(case.mixture, Query(x_t, case.t, case.mixture.condition(0)))[0].eps
    expected = guided - torch.tensor([[0.0], [1.0], [1.0]]) * bad
    assert torch.allclose(case.gradient(NFSD(weight=Constant())), expected, atol=1e-10)
    assert float(case.t[1]) == 500  # at the threshold itself the negative prediction is subtracted already
    assert torch.allclose(case.gradient(NFSD(weight=Constant(), threshold=0.5)), expected, atol=1e-10)
    plain = Case().gradient(NFSD(weight=Constant()))[1:]
    assert torch.allclose(plain, 7.5 * Case().gradient(CSD(weight=Constant()))[1:], atol=1e-10)


def test_the_bridge_is_a_difference_of_two_csds():
    """And of two guided predictions on one x_t; from nothing, it is s CSD."""
    case, source = Case(), Case()
    source.target = case.source.condition
    difference = 7.5 * (case.gradient(CSD()) - source.gradient(CSD()))
    assert torch.allclose(case.gradient(Bridge()), difference, atol=1e-10)
    case.source = case.source._replace(condition=case.mixture.unconditional)
    assert torch.allclose(case.gradient(Bridge()), 7.5 * case.gradient(CSD()), atol=1e-12)


def test_the_stages_of_a_run():
    assert Bridge.release().at_progress(0.49) == SDS()
    assert Bridge.release().at_progress(0.5) == Bridge.release()
    assert Bridge().at_progress(0.0) == Bridge()
    assert CSD.coarse().at_progress(0.25) == CSD(weight=Constant(), negative=0.25)
    assert CSD.fine().at_progress(1.0).negative == 0.5
    assert FlowEdit.dvrf().at_progress(0.75).eta == 0.75
    assert FlowEdit().at_progress(0.3) == FlowEdit()


def test_ids_is_dds_with_the_fixed_point():
    case = Case()
    assert torch.equal(case.gradient(IDS()), case.gradient(DDS()))
    twin = DDS(noise=FixedPoint())
    assert torch.equal(*(m.draw_noise(*case.drawing(m), Generator().manual_seed(3)) for m in (IDS(), twin)))


@pytest.mark.parametrize("schedule", [None, VP(), Flow()], ids=["table", "VP", "flow"])
def test_the_flow_family_ends_in_dds(schedule):
    """eta = 0: Δv + Δx = (1 + rho) Δeps, on a flow Δeps / (1 - t)."""
    case = Case(schedule)
    assert torch.allclose(case.gradient(FlowEdit(eta=0.0)), case.gradient(DDS(weight=Velocity())), atol=1e-9)


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_the_flow_family_is_the_same_on_every_schedule(eta):
    """x_t / (alpha + sigma) is the flow at t' = sigma / (alpha + sigma), with the same predictions."""
    table, flow = Case(), Case(Flow())
    alpha, sigma = table.prior.schedule(table.t)
    flow.t = sigma / (alpha + sigma)
    assert torch.allclose(table.gradient(FlowEdit(eta=eta)), flow.gradient(FlowEdit(eta=eta)), atol=1e-9)


def test_residual_in_four_spaces():
    """x - x̂_0 = rho_t (eps_hat - eps), on tables and flows; on a flow also sigma (v_hat - (eps - x))."""
    for schedule in (None, Flow()):
        case = Case(schedule)
        x_t = case.prior.schedule.perturb(case.x0, case.noise, case.t)
        hat = predict(case.prior, Query(x_t, case.t, case.target))[0]
        assert torch.allclose(case.x0 - hat.x0, case.gradient(SDS(weight=Rho())), atol=1e-10)
    flow = hat.velocity - (case.noise - case.x0)
    assert torch.allclose(flow, (case.x0 - hat.x0) / case.t[:, None], atol=1e-10)
    assert torch.allclose(flow, (hat.eps - case.noise) / (1 - case.t[:, None]), atol=1e-10)
    assert torch.allclose(flow, case.gradient(SDS(weight=Velocity())), atol=1e-10)


def test_flow_edit_is_a_step_along_the_flow():
    """eta = 1: plain descent by t' - t is x += (t' - t) (v(x + q - x_src, y) - v(q, y_src)), written on its own."""
    case = Case(Flow())
    t, noise, (x_source, told, _) = case.t[:, None], case.noise, case.source
    q = (1 - t) * x_source + t * noise
    p = case.x0 + q - x_source
    v = [(at - case.prior(at, case.t, each).x0) / t for at, each in ((p, rows(case.target)), (q, rows(told)))]
    for after in (0.9 * t, 0.3 * t, 0 * t):
        expected = case.x0 + (after - t) * (v[0] - v[1])
        assert torch.allclose(case.x0 - (t - after) * case.gradient(FlowEdit()), expected, atol=1e-10)


def rows(condition):
    """A condition for each of three samples."""
    return {name: value.expand(3) for name, value in condition.items()}


def test_flow_edit_between_gaussians_is_exact_on_any_grid():
    """It follows x_src + (1 - t) Δm from t = 1 (equal widths)."""
    shift = torch.tensor([1.0, -2.0], dtype=torch.float64)
    prior = Mixture(torch.stack([0 * shift, shift]), torch.tensor([0, 1]), width=0.4, schedule=Flow())
    rng = Generator().manual_seed(0)
    source = Source(prior.sample(4, 0, rng), prior.condition(0))
    x, grid = source.x0.clone(), torch.tensor([1.0, 0.83, 0.5, 0.46, 0.1, 0.0], dtype=torch.float64)
    for t, after in pairwise(grid):
        gradient = FlowEdit().gradient(x, prior, t.expand(4), normal(x, rng), prior.condition(1), source)
        x = x - (t - after) * gradient
        assert torch.allclose(x, source.x0 + (1 - after) * shift, atol=1e-10)
