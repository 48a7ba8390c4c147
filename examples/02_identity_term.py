"""Theorem 2 as a figure: PDS = psi (x0 - x0_src) + chi (eps_hat - eps_hat_src), and the origin of psi."""

from pathlib import Path

import torch

from potstill.diffusion.schedule import scaled_linear
from potstill.io.files import writable_folder, write
from potstill.methods import Consistent, Identity, Release
from potstill.worlds import plots

CHOICES = {
    "release: s = t - 2, betas of one step": (Release(), plots.GREEN),
    "consistent: the posterior of (s, t)": (Consistent(), plots.BLUE),
    "identity strength 0.5": (Identity(strength=0.5), plots.RED),
}
WIDTH = 0.4

schedule = scaled_linear()
t = torch.arange(21, 980, 2, dtype=torch.float64)
alpha, sigma = schedule(t)
k = alpha * sigma / (alpha**2 * WIDTH**2 + sigma**2)

figure, ((left, right),) = plots.new_figure(
    2, 1, "Theorem 2: the identity term of PDS is the choice of its coefficients", 4.6
)
for name, (coefficients, colour) in CHOICES.items():
    psi, chi = coefficients(schedule, t)
    left.plot(t, psi / chi, color=colour, label=name)
    right.plot(t, chi * k / (psi + chi * k), color=colour)
    print(f"{name:40} psi / chi at t = 101, 501, 901: {[round(float((psi / chi)[i]), 3) for i in (40, 240, 440)]}")
left.set(xlabel="t", ylabel="psi / chi", ylim=(-0.1, 3))
left.set_title("weight of identity over weight of edit", fontsize=10)
left.legend(frameon=False)
right.set(xlabel="t", ylabel="share of the shift", ylim=(0, 1.05))
right.set_title(f"where an edit between Gaussians of width {WIDTH} rests", fontsize=10)
write(writable_folder(Path("docs/pictures")) / "theorem-2.png", plots.png(figure))
