"""The identity term of PDS: its coefficients over t, and its effect on points and images.

    python -m benchmarks.identity [--pairs 15] [--threads 2]

Writes docs/pictures/identity.png and docs/results/identity.json, the figure and the numbers of
docs/results/identity.md. Points are moons under the exact score; images are held-out pairs of `potstill bench edits`.
Everything except the coefficients and the range of t is constant: guidance scale, Adam's learning rate, steps, seed.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import tyro

import potstill
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import emoji_pairs, select_evenly
from potstill.bench.reference_based import scores
from potstill.diffusion.schedule import scaled_linear
from potstill.io.files import writable_folder, write
from potstill.io.plotting import BLUE, GREEN, GREY, RED, new_figure, png
from potstill.methods import PDS, Coefficients, Consistent, Identity, Release
from potstill.methods.times import Uniform
from potstill.tasks.images.editing import Edit
from potstill.worlds import EditStudy, load_world

STRENGTHS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0)
LOWS = (0.02, 0.1, 0.3)
STRIDES = (0.002, 0.01, 0.05)


@dataclass(frozen=True)
class Run:
    """The budget."""

    pairs: int = 15
    """Held-out pairs, balanced over the groups."""
    steps: int = 100
    """Steps of an image edit; points take ten times as many."""
    guidance_scale: float = 3.0
    """Guidance scale of images; points use 7.5."""
    learning_rate: float = 0.03
    """Adam's learning rate for images."""
    threads: int = 1
    """CPU threads."""
    out: Path = Path("docs/results")
    """The folder of the numbers."""
    picture: Path = Path("docs/pictures/identity.png")
    """The figure."""


def variants() -> dict[str, PDS]:
    """PDS with each strength, and as released with each range of t and each stride."""
    stated = {f"identity {strength:g}": PDS(coefficients=Identity(strength)) for strength in STRENGTHS}
    lows = {f"release, t from {low:g}": PDS(coefficients=Release(), times=Uniform(low=low)) for low in LOWS}
    strides = {
        f"release, stride {stride:g}": PDS(coefficients=Release(stride=stride), times=Uniform(low=0.02 + stride))
        for stride in STRIDES[1:]
    }
    return stated | lows | strides


def on_points(run: Run) -> dict[str, dict[str, float]]:
    """Distance to the target class, and distance moved."""
    methods = list(variants().items())
    study = EditStudy(methods, world=load_world("moons"), points=100, steps=10 * run.steps)
    keys = ("target_distance", "transport")
    return {row["method"]: {key: row[key] for key in keys} for row in study.document(study.run())["methods"]}


def on_pictures(run: Run) -> dict[str, dict[str, float]]:
    """Mean scores."""
    prior = potstill.load()
    pairs = select_evenly([pair for pair in emoji_pairs() if pair.split == "held-out"], run.pairs)
    settings: dict[str, Any] = {"steps": run.steps, "learning_rate": run.learning_rate, "optimizer": "adam"}
    task = Edit(source="a", target="b", guidance_scale=run.guidance_scale, **settings)
    found = {}
    for name, method in variants().items():
        *_, last = edit_pairs(replace(task, method=method), pairs, prior)
        rows = [scores(last.images[[n]], p.source, p.answer, p.edit_region) for n, p in enumerate(pairs)]  # type: ignore[arg-type]  emoji have answers
        found[name] = {key: sum(row[key] for row in rows) / len(rows) for key in ("error", "psnr", "inside", "outside")}
        print(f"{name:24}", {key: round(value, 3) for key, value in found[name].items()}, flush=True)
    return found


def picture(points: dict[str, dict[str, float]], pictures: dict[str, dict[str, float]]) -> bytes:
    """The figure: the coefficients, the points, the images."""
    figure, ((left, middle, right),) = new_figure(3, 1, "the identity term of PDS", 4.2)
    t = torch.arange(60, 980, 4, dtype=torch.float64)
    curves: list[tuple[str, Coefficients, str, str]] = [
        ("release, stride 0.002", Release(), GREEN, "-"),
        ("release, stride 0.01", Release(stride=0.01), GREEN, "--"),
        ("release, stride 0.05", Release(stride=0.05), GREEN, ":"),
        ("identity 0.3", Identity(0.3), RED, "-"),
        ("consistent", Consistent(), BLUE, "-"),
    ]
    for name, coefficients, colour, style in curves:
        psi, chi = coefficients(scaled_linear(), t)
        left.plot(t, psi / chi, style, color=colour, label=name)
    left.set(xlabel="t", ylabel="psi / chi", ylim=(-0.3, 3))
    left.set_title("identity over edit")
    left.legend(frameon=False, fontsize=7)
    panels = (
        (middle, points, "transport", "target_distance", "moons: distance to class 2 over distance travelled"),
        (right, pictures, "outside", "inside", "pictures: error inside over error outside"),
    )
    for axis, rows, x, y, title in panels:
        stated = [rows[f"identity {strength:g}"] for strength in STRENGTHS]
        axis.plot([row[x] for row in stated], [row[y] for row in stated], "o-", color=RED, label="identity strength")
        for strength, row in zip(STRENGTHS, stated, strict=True):
            axis.annotate(f"{strength:g}", (row[x], row[y]), xytext=(4, 4), textcoords="offset points", fontsize=7)
        for kind, colour, values in (("t from", GREEN, LOWS), ("stride", GREY, STRIDES[1:])):
            chosen = [(value, rows[f"release, {kind} {value:g}"]) for value in values]
            axis.plot([r[x] for _, r in chosen], [r[y] for _, r in chosen], "s", color=colour, label=f"release, {kind}")
            for value, row in chosen:
                axis.annotate(f"{value:g}", (row[x], row[y]), xytext=(4, -9), textcoords="offset points", fontsize=7)
        axis.set(xlabel=x.replace("_", " "), ylabel=y.replace("_", " "))
        axis.set_title(title)
        axis.legend(frameon=False, fontsize=7)
    return png(figure)


def main(run: Run) -> None:
    """Measure, plot and write."""
    torch.set_num_threads(run.threads)
    points, pictures = on_points(run), on_pictures(run)
    folder, name = writable_folder(run.picture.parent), run.picture.name
    write(folder / name, picture(points, pictures))
    write(
        writable_folder(run.out) / "identity.json",
        (json.dumps({"points": points, "pictures": pictures}, indent=1) + "\n").encode(),
    )


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
