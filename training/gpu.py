"""Continue the training of one or both bundled models on one CUDA GPU for so many minutes.

    python -m training.gpu --folder build/gpu --minutes 9 --models emoji toys

A step (forward, backward, Muon, average) is captured once as a CUDA graph, because its 4,000 kernels take longer to
launch than to run; if it cannot be captured, it is launched as it is, and a line says so. Each model has a stream of
its own, and processes on the CPU draw the batches, which are painted on the GPU. The learning rate rises, stays, and
falls to zero over the last share of the time. The run starts from the bundled weights, or from a checkpoint, and its
end is a checkpoint as `training.train` writes it; noise and times are a function of the seed.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
import tyro
from torch import Tensor

from potstill.cli.console import bar
from potstill.errors import InputError
from potstill.priors.loading import BUNDLED
from training import checkpoint, export, reopen
from training.batches import Ahead, Batches
from training.examples import Emoji, Examples
from training.log import Log
from training.loss import v_loss
from training.model import Networks
from training.settings import Training
from training.toys.examples import Toys


@dataclass(frozen=True, kw_only=True)
class Settings(Training):
    """The settings of a run."""

    folder: Path = Path("build/gpu")
    """A folder in it for each model, with checkpoints and `metrics.jsonl`, a line every 50 steps."""
    minutes: float = 9.0
    """From the first step to the last."""
    models: tuple[Literal["emoji", "toys"], ...] = ("emoji", "toys")
    """Which are trained, at the same time."""
    emoji: Emoji = field(default_factory=Emoji)
    """The drawings."""
    toys: Toys = field(default_factory=Toys)
    """The rendered pictures."""
    batch: int = 512
    rate: float = 2e-3
    decay: float = 0.4
    """The share of the time over which the learning rate falls to zero."""
    average: float = 0.998
    workers: int = 4
    """Processes that draw batches, for each model."""
    save_every: float = 120.0
    """Seconds between checkpoints."""
    device: str = "cuda"
    """Where to; "cpu" for a test, without a graph."""


class Trainer:
    """One model on its stream."""

    def __init__(self, examples: Examples, run: Settings, begin: Path) -> None:
        """Read the weights of a checkpoint and start the processes."""
        self.examples, self.run, self.device = examples, run, torch.device(run.device)
        self.folder, self.batches = run.folder / examples.name, Batches(examples, run, self.device)
        self.model = Networks(run.architecture, self.batches.tokenizer, examples.camera)
        self.model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.trained = checkpoint.Trained(self.model, 0.0, torch.bfloat16)
        self.trained.restore(begin)
        self.start, self.optimiser = self.trained.step, self.trained.optimiser
        now, average = self.model.state_dict(), self.trained.average
        floating = [name for name, value in now.items() if value.is_floating_point()]
        self.weights, self.averaged = [now[name] for name in floating], [average[name] for name in floating]
        self.rate, self.share, self.total = (torch.zeros((), device=self.device) for _ in range(3))
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        on_cpu = Batches(examples, run, torch.device("cpu"))
        self.ahead = Ahead(self.batches, on_cpu, self.start, run.workers)
        self.inputs: dict[str, Tensor] = {}
        self.graph: torch.cuda.CUDAGraph | None = None
        self.stream = torch.cuda.Stream() if self.device.type == "cuda" else None
        self.done: list[torch.cuda.Event] = []
        self.log = Log(self.folder, self.start)
        self.since, self.began = self.start, time.perf_counter()
        if self.stream:
            torch.cuda.synchronize()

    def load(self) -> None:
        """Paint the next batch and add noise to it, while the last step runs; then into the inputs of the graph."""
        new = next(self.ahead)
        if self.stream:
            self.stream.wait_stream(self.ahead.stream)
        for name, value in new.items():
            if name not in self.inputs:
                self.inputs[name] = torch.empty_like(value)
            self.inputs[name].copy_(value)
            if self.stream:
                value.record_stream(self.stream)

    def forward(self) -> None:
        """Forward, backward, and the steps of the weights and of their average."""
        i = self.inputs
        with torch.autocast(self.device.type, torch.bfloat16):
            x0_hat = self.model(i["x_t"], i["t"], i["tokens"], i.get("camera"))
        loss = v_loss(x0_hat, i["x0"], self.batches.abar[i["t"]])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0, foreach=True)
        self.optimiser.step()
        self.total += loss.detach()
        moved = torch._foreach_sub(self.weights, self.averaged)
        torch._foreach_mul_(moved, self.share)
        torch._foreach_add_(self.averaged, moved)

    def advance(self, progress: float) -> None:
        """One step, at this share of the time."""
        before = self.trained.step - self.start
        with torch.cuda.stream(self.stream):
            self.rate.fill_(learning_rate(self.run, before, progress))
            self.share.fill_(1 - self.run.kept(before + 1))
            self.load()
            if self.graph:
                self.graph.replay()
            else:
                self.optimiser.zero_grad(set_to_none=True)
                self.forward()
            if self.stream:
                self.done.append(self.stream.record_event())
        if len(self.done) > 3:  # no more steps than that wait in the queue
            self.done.pop(0).synchronize()
        self.trained.step += 1
        if self.trained.step % 50 == 0:
            with torch.cuda.stream(self.stream):
                self._report()

    def capture(self) -> None:
        """Record a step as a graph; three steps before it are launched as they are."""
        for _ in range(3):
            self.advance(0.0)
        if not self.stream:
            return
        torch.cuda.synchronize()
        self.optimiser.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                self.forward()
            self.graph = graph
        except RuntimeError as error:
            print(f"{self.examples.name}: no graph, which takes longer: {error}", file=sys.stderr, flush=True)
            torch.cuda.synchronize()

    def save(self) -> None:
        """Write a checkpoint."""
        if self.stream:
            self.stream.synchronize()
        self.trained.save(self.folder, keep=1)

    def _report(self) -> None:
        step = self.trained.step
        loss = self.total.item() / (step - self.since)
        seconds = time.perf_counter() - self.began
        self.log.add({"step": step, "loss": loss, "seconds": round(seconds, 3)})
        if not loss < 1e3:
            raise FloatingPointError(f"the loss of {self.examples.name} is {loss}: try a lower --rate")
        if step % 500 == 0:
            rate = self.run.batch * (step - self.since) / seconds
            print(f"{self.examples.name} step {step} loss {loss:.4f} {rate:,.0f} pictures/s", flush=True)
        self.total.zero_()
        self.since, self.began = step, time.perf_counter()


def learning_rate(run: Settings, step: int, progress: float) -> float:
    """The learning rate of a step, counted from the start of this run, at a share of its time."""
    return run.rate_at(step, max(0.0, 1 - progress) / run.decay)


def begin(run: Settings, examples: Examples) -> Path:
    """The newest checkpoint of the folder, otherwise the bundled weights as one."""
    folder = run.folder / examples.name
    if not checkpoint.found(folder):
        bundled = BUNDLED[examples.name]
        reopen.main(reopen.Reopen(export.steps_of(bundled), folder, bundled, data=examples))  # type: ignore[arg-type]
    return checkpoint.found(folder)[-1]


def ticks(minutes: float, every: float) -> Iterator[tuple[float, bool]]:
    """The share of the time that is over, until it is 1, and whether a checkpoint is due."""
    start = saved = time.monotonic()
    while (now := time.monotonic()) - start < 60 * minutes:
        due = now - saved >= every
        saved = now if due else saved
        yield (now - start) / (60 * minutes), due


def main(run: Settings) -> None:
    """Train.

    Raises:
        InputError: there is no CUDA device.
    """
    if run.device != "cpu" and not torch.cuda.is_available():
        raise InputError(f"--device {run.device}: there is no CUDA device; `python -m training.train` trains on a CPU")
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    trainers = [Trainer(getattr(run, name), run, begin(run, getattr(run, name))) for name in run.models]
    for trainer in trainers:
        trainer.capture()
    with bar("seconds") as on_tick:
        for progress, due in ticks(run.minutes, run.save_every):
            on_tick(round(60 * run.minutes * progress), round(60 * run.minutes))
            for trainer in trainers:
                trainer.advance(progress)
                if due:
                    trainer.save()
    for trainer in trainers:
        trainer.save()


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
