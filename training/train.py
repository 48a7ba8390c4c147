"""Train a bundled model on a CPU, one GPU or several; the same command resumes an interrupted run.

On the CPU, an interrupted or killed run ends in the same bytes as an uninterrupted one. Ctrl-C and SIGTERM save after
the current step; the exit code is then 130 or 143.

    python -m training.train --folder build/emoji/run --steps 40000
    accelerate launch -m training.train --folder build/emoji/run --steps 40000 --batch 192

The learning rate warms up and then stays constant, so a run can be continued by running it again with more steps. Clean
outlines need a last phase in which the learning rate decays to zero. It starts from any checkpoint and is best written
to a folder of its own:

    python -m training.train --folder build/emoji/last --start build/emoji/run/step-040000 \
        --steps 46000 --decay-steps 6000

The model of toys starts from the emoji's weights (`training.reopen`); its pictures come from `training.toys.pictures`:

    python -m training.train --folder build/toys/run --steps 20000 data:toys
"""

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
import tyro
from accelerate import Accelerator
from rich.progress import Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from potstill.cli.interrupts import stop_signals
from potstill.io.files import write
from training import checkpoint
from training.batches import Batches
from training.compose import generator
from training.examples import Emoji
from training.log import Log
from training.loss import v_loss
from training.model import Networks, as_prior
from training.settings import Training
from training.toys.examples import Toys


@dataclass(frozen=True, kw_only=True)
class Train(Training):
    """The settings of a run."""

    folder: Path = Path("build/emoji/run")
    """Checkpoints, sheets and `metrics.jsonl` go here; an existing run is resumed."""
    data: Emoji | Toys = field(default_factory=Emoji)
    """What the model is trained on."""
    start: Path | None = None
    """A checkpoint of another run to start from, if the folder has none."""
    steps: int = 40_000
    """The last step, counted from the start of the first run."""
    decay_steps: int = 0
    """Number of last steps over which the learning rate decays to zero."""
    batch: int = 48
    """Images per step and process."""
    rate: float = 1e-3
    average: float = 0.999
    checkpoint_every: float = 30.0
    """Seconds between checkpoints."""
    sheet_every: int = 1000
    """Steps between sheets of samples."""
    sheet_steps: int = 25
    """DDIM steps of those sheets."""
    keep: int = 3
    """Number of checkpoints to keep."""
    threads: int = 1
    """CPU threads."""
    precision: Literal["no", "bf16"] = "no"
    """bf16 is faster on hardware that supports it, and slower elsewhere."""


def learning_rate(run: Train, step: int) -> float:
    """The learning rate of a step."""
    return run.rate_at(step, (run.steps - step) / run.decay_steps if run.decay_steps else 1.0)


def beginning(run: Train) -> Path | None:
    """The checkpoint to resume from: the newest of the folder, otherwise `start`, if given."""
    return next(reversed(checkpoint.found(run.folder)), run.start)


def train(run: Train, accelerator: Accelerator, signals: Sequence[int] = ()) -> Iterator[dict]:
    """The loop: yields the metrics of each step; saves and ends once `signals` is not empty."""
    device, main = accelerator.device, accelerator.is_main_process
    batches = Batches(run.data, run, device)

    torch.manual_seed(run.seed)  # the global generator is used only for new weights
    bare = Networks(run.architecture, batches.tokenizer, run.data.camera)
    bare = bare.to(device, memory_format=torch.channels_last)  # 20 % faster
    trained = checkpoint.Trained(bare, run.rate, torch.bfloat16 if run.precision == "bf16" else None)
    if begin := beginning(run):
        trained.restore(begin)
    model, optimiser = accelerator.prepare(bare), trained.optimiser

    saved = time.monotonic()
    while (step := trained.step) < run.steps:
        began = time.perf_counter()
        rng = generator(run.seed, step, accelerator.process_index)
        batch = batches.painted(*batches.drawn(rng), rng)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(run, step)
        with accelerator.autocast(), attention(device):
            x0_hat = model(batch["x_t"], batch["t"], batch["tokens"], batch.get("camera"))
        loss = v_loss(x0_hat, batch["x0"], batches.abar[batch["t"]])
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss of step {step + 1} is {loss.item()}: try a lower --rate")
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        step = trained.step = step + 1
        _follow(trained.average, bare.state_dict(), run.kept(step))

        seconds = time.perf_counter() - began
        yield {"step": step, "loss": loss.item(), "norm": norm.item(), "seconds": round(seconds, 3)}
        last = step == run.steps
        stopped = bool(accelerator.reduce(torch.tensor(float(bool(signals)), device=device)))  # in all processes
        if main and (time.monotonic() - saved >= run.checkpoint_every or last or stopped):
            trained.save(run.folder, run.keep)
            saved = time.monotonic()
        if main and (step % run.sheet_every == 0 or last):
            averaged = Networks(run.architecture, batches.tokenizer, run.data.camera).to(device)
            averaged.load_state_dict(trained.average)
            write(run.folder / f"sheet-{step:06d}.png", run.data.sheet(as_prior(averaged), run.sheet_steps))
        if stopped:
            return


def attention(device: torch.device) -> AbstractContextManager:
    """The faster attention for short sequences (64 and 16 tokens here): on a CPU, plain matrix products.

    Backward, the fused kernel of the CPU takes 230 of 720 ms of a step of 48 pictures; matrix products take 60.
    """
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


@torch.no_grad()
def _follow(average: dict[str, Tensor], weights: dict[str, Tensor], share: float) -> None:
    """Update the averaged weights with decay `share`."""
    for name, value in average.items():
        value.lerp_(weights[name].to(value.dtype), 1 - share)


def _has_accelerator() -> bool:
    return torch.cuda.is_available() or torch.backends.mps.is_available()


def main(run: Train) -> None:
    """Train with a progress bar and a log."""
    torch.set_num_threads(run.threads)
    torch.set_flush_denormal(True)
    accelerator = Accelerator(mixed_precision=run.precision, cpu=not _has_accelerator())
    with stop_signals() as signals:
        if accelerator.is_main_process:
            step = _show(run, train(run, accelerator, signals))
            if signals and step < run.steps:
                print(f"interrupted after step {step}, which is saved; run the same command to resume", file=sys.stderr)
        else:
            deque(train(run, accelerator, signals), maxlen=0)  # only the first process shows progress and logs
    if signals:
        sys.exit(128 + signals[0])


def _show(run: Train, steps: Iterator[dict]) -> int:
    """Run the steps with a progress bar; returns the number of the last."""
    begin = beginning(run)
    step = checkpoint.read(begin)["step"] if begin else 0
    log = Log(run.folder, step)
    columns = (*Progress.get_default_columns()[:3], TextColumn("step {task.completed}/{task.total}"))
    bar = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
    with bar:
        task = bar.add_task("training", total=run.steps, note="")
        smooth = None
        for metrics in steps:
            step = metrics["step"]
            smooth = metrics["loss"] if smooth is None else 0.98 * smooth + 0.02 * metrics["loss"]
            log.add(metrics)
            bar.update(task, completed=step, note=f"loss {smooth:.4f}")
    return step


if __name__ == "__main__":
    main(tyro.cli(Train, description=__doc__))
