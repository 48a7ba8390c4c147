"""One model, the same settings: potstill in ONNX Runtime, potstill in torch, and the loop of diffusers itself.

Seconds of CPU time on one thread, loading left out, the columns in turns; the fastest of three. Diffusers has no edit,
so its column is DDIM sampling by `StableDiffusionPipeline` from the same folder.
"""

import time
from collections.abc import Callable

import torch
from diffusers import DiffusionPipeline

import potstill
from potstill.priors.loading import EMOJI
from potstill.priors.logs import quiet

REPEATS, STEPS, EDITS = 3, 50, 100
HEART = EMOJI.parents[3] / "docs/pictures/heart.png"
PROMPTS = {"source": "fluent red heart", "target": "fluent blue heart"}

torch.set_num_threads(1)
with quiet():
    pipe = DiffusionPipeline.from_pretrained(EMOJI, vae=None, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
side = 16 * pipe.vae_scale_factor  # without a VAE the pipeline still divides by it
priors = {"potstill": potstill.load(), "potstill, torch": potstill.load(backend="torch")}


def edit(prior: potstill.Prior, count: int = 1, **settings: object) -> None:
    potstill.edit(HEART, **PROMPTS, model=prior, count=count, **settings)


def ddim(prior: potstill.Prior) -> None:
    potstill.sample("red heart", model=prior, steps=STEPS, guidance_scale=2.0)


def diffusers_ddim(_: object) -> None:
    with quiet():
        pipe("red heart", num_inference_steps=STEPS, guidance_scale=2.0, output_type="latent", height=side, width=side)


def seconds(function: Callable[[], None]) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


TASKS: dict[str, dict[str, Callable[[], None]]] = {}
for name, task in {
    "one default edit, 24 evaluations": edit,
    f"{EDITS} default edits, 10 at once": lambda prior: [edit(prior, count=10) for _ in range(EDITS // 10)],
    f"{STEPS} DDIM steps, guided": ddim,
    "PDS, 200 steps": lambda prior: edit(prior, method="pds", steps=200),
}.items():
    TASKS[name] = {column: lambda task=task, prior=prior: task(prior) for column, prior in priors.items()}
TASKS[f"{STEPS} DDIM steps, guided"]["diffusers"] = lambda: diffusers_ddim(None)

COLUMNS = (*priors, "diffusers")
print("| CPU seconds |", " | ".join(COLUMNS), "|\n|---|" + "---:|" * len(COLUMNS))
for name, columns in TASKS.items():
    turns = [{column: seconds(run) for column, run in columns.items()} for _ in range(REPEATS)]
    best = {column: min(turn[column] for turn in turns) for column in columns}
    print(
        f"| {name} |",
        " | ".join(f"{best[column]:.2f}" if column in best else "" for column in COLUMNS),
        "|",
        flush=True,
    )
