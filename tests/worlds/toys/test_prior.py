import pytest
import torch
from torch import Generator

from potstill.diffusion.guidance import Guided
from potstill.diffusion.prior import Query, predict
from potstill.errors import InputError
from potstill.worlds.toys.bank import ToyBank
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.views import ByCamera, BySector, Untold

BANK = ToyBank(size=8, kinds=("teapot", "snowman"))
VIEWS = (ByCamera(), BySector(), Untold())


def log_density(prior, x, t, classes, camera):
    """log p_t(x | classes, camera), written out: the sum over toys and cameras of weight times a normal density."""
    alpha, sigma = (float(c) for c in prior.schedule(torch.tensor([t])))
    variance = (alpha * prior.width) ** 2 + sigma**2
    weights = prior.views.weights(prior.cameras)[camera]
    terms = []
    for number in weights.nonzero()[:, 0].tolist():
        centres = prior.bank.pictures(number)[classes].to(x.dtype).flatten(0, 1) / 127.5 - 1
        gap = (x - alpha * centres).flatten(1).square().sum(1)
        terms.append(weights[number].log() - gap / (2 * variance))
    return torch.cat(terms).logsumexp(0)


@pytest.mark.parametrize("views", VIEWS)
@pytest.mark.parametrize("t", [30.0, 300.0, 900.0])
def test_the_score_is_the_gradient_of_the_log_density(views, t):
    """eps_hat = -sigma d log p_t / d x_t, in float64, for each class, several and all."""
    prior = Toys(views, BANK)
    rng = Generator().manual_seed(0)
    conditions = [prior.encode_prompt("red teapot"), prior.encode_prompt("snowman"), prior.unconditional]
    classes = torch.cat([condition["classes"] for condition in conditions])
    cameras = torch.tensor([3, 36, 36])
    near = torch.stack([BANK.pictures(int(c))[i, 1] for i, c in enumerate(cameras)]).double() / 127.5 - 1
    alpha, sigma = (c.double() for c in prior.schedule(torch.tensor([t])))
    x = alpha * near + sigma * torch.randn(near.shape, generator=rng, dtype=torch.float64)
    hat = prior(x, torch.full((3,), t), {"classes": classes, "index": cameras})
    for row in range(3):
        x_t = x[row].clone().requires_grad_()
        log_density(prior, x_t, t, classes[row], int(cameras[row])).backward()
        assert torch.allclose(hat.eps[row], -sigma * x_t.grad, rtol=1e-7, atol=1e-9)
    assert torch.allclose(alpha * hat.x0 + sigma * hat.eps, x)


@pytest.mark.parametrize("views", VIEWS)
def test_a_batch_of_views_is_its_views(views):
    """Several cameras and both branches of guidance in one call give what each gives alone."""
    prior = Guided(Toys(views, BANK), 7.5)
    x = torch.randn(3, 3, 8, 8, generator=Generator().manual_seed(0), dtype=torch.float64)
    t, cameras = torch.tensor([50.0, 400.0, 800.0]), torch.tensor([0, 7, 7])
    target = prior.prior.encode_prompt("blue teapot")
    together = predict(prior, Query(x, t, {**target, "index": cameras}))[0]
    for row in range(3):
        one = slice(row, row + 1)
        alone = predict(prior, Query(x[one], t[one], {**target, "index": cameras[one]}))[0]
        assert torch.allclose(alone.x0[0], together.x0[row], atol=1e-10)


def test_what_is_known_of_the_camera():
    cameras = BANK.cameras
    azimuth = cameras.azimuth.abs()
    for views in VIEWS:
        assert torch.allclose(views.weights(cameras).sum(1), torch.ones(len(cameras), dtype=torch.float64))
    assert torch.equal(ByCamera().weights(cameras), torch.eye(len(cameras), dtype=torch.float64))
    front, side, behind = (int((azimuth - angle).abs().argmin()) for angle in (0, 90, 180))
    weights = BySector().weights(cameras) > 0
    assert torch.equal(weights[front], azimuth < 46)
    assert torch.equal(weights[side], (azimuth > 46) & (azimuth < 134))
    assert torch.equal(weights[behind], azimuth > 134)
    row = Untold(0.25).weights(cameras)[behind]
    assert row[front] == pytest.approx(4 * float(row[behind]))
    assert torch.equal(Untold().weights(cameras)[behind] > 0, azimuth < 46)
    with pytest.raises(InputError, match="front <= back"):
        BySector(front=140.0)
    with pytest.raises(InputError, match="rest = -1"):
        Untold(-1.0)


def test_prompts_name_classes():
    prior = Toys(bank=BANK)
    captions = [toy.caption for toy in BANK.classes]
    assert captions == ["red teapot", "blue teapot", "red snowman", "blue snowman"]
    for prompt, chosen in {
        "a red teapot": [0],
        "Teapot, blue": [1],
        "snowman": [2, 3],
        "red": [0, 2],
        "": [0, 1, 2, 3],
    }.items():
        assert prior.encode_prompt(prompt)["classes"][0].nonzero()[:, 0].tolist() == chosen
    with pytest.raises(InputError, match="no toy is called 'teapod': did you mean 'teapot'"):
        prior.encode_prompt("red teapod")
    for word in ("빨간", "apple"):  # that no English word of a toy resembles
        with pytest.raises(InputError, match=f"no toy is called '{word}': the toys are"):
            prior.encode_prompt(word)
    with pytest.raises(InputError, match="no toy is called 'zebra': the toys are red teapot, "):
        prior.encode_prompt("zebra")
    with pytest.raises(InputError, match="there is no 'red blue' among the toys"):
        prior.encode_prompt("red blue")


def test_wrong_renders_are_refused():
    prior = Toys(bank=BANK)
    with pytest.raises(InputError, match=r"must hold pictures \[b, 3, 8, 8\]"):
        prior.check(torch.zeros(1, 3, 16, 16), {})
    with pytest.raises(InputError, match="the view has no camera of the toys"):
        prior.check(torch.zeros(1, 3, 8, 8), prior.unconditional)
    with pytest.raises(InputError, match="camera 72 of the toys must be from 0 to 71"):
        prior.check(torch.zeros(1, 3, 8, 8), {"index": torch.tensor([72])})
    with pytest.raises(InputError, match="width = 0"):
        Toys(width=0.0)
