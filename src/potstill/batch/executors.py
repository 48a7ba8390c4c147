"""Where the rows of a batch are computed: in this process, in several processes of this machine, or on a Ray cluster.

Each worker loads the model once. If a worker dies, killed or out of memory, nothing that is done is lost: its rows go
to another worker.
"""

import abc
import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import torch

from potstill.batch.manifest import BatchRow
from potstill.batch.processes import end_with_parent
from potstill.batch.work import Loader, Outcome, work
from potstill.diffusion.shared_calls import CallBatcher
from potstill.errors import InputError, PotstillError
from potstill.io.files import sweep

WORKERS = 1_000
"""Maximum number of workers, and of threads of each."""
TRIES = 3
"""How often a row is tried if its worker dies."""


class Executor(abc.ABC):
    """Computes rows."""

    @abc.abstractmethod
    def outcomes(self, rows: Iterable[BatchRow], load: Loader, folder: Path, batch_size: int) -> Iterator[Outcome]:
        """Each outcome as soon as it is known, in any order.

        Raises:
            InputError: the model cannot be loaded, or a result cannot be written.
        """


@dataclass(frozen=True)
class InProcess(Executor):
    """This process."""

    def outcomes(self, rows: Iterable[BatchRow], load: Loader, folder: Path, batch_size: int) -> Iterator[Outcome]:
        """One batch after another."""
        waiting = iter(rows)
        yield from work(load(), folder, batch_size, lambda _: next(waiting, None))


@dataclass(frozen=True)
class Processes(Executor):
    """Processes of this machine."""

    count: int
    threads: int = 1
    """Of torch, in each."""

    def outcomes(self, rows: Iterable[BatchRow], load: Loader, folder: Path, batch_size: int) -> Iterator[Outcome]:
        """Each worker has `batch_size` rows at a time, and gets another for each that it has done."""
        waiting, again, deaths = iter(rows), deque[BatchRow](), Counter[str]()
        arguments = (load, folder, batch_size, self.threads)
        workers = [_Worker(arguments) for _ in range(self.count)]
        try:
            while True:
                for worker in workers:
                    while worker.ready and len(worker.rows) < batch_size:
                        if (row := again.popleft() if again else next(waiting, None)) is None:
                            break
                        worker.submit(row)
                if any(worker.ready for worker in workers) and not any(worker.rows for worker in workers):
                    return
                readable = wait([worker.link for worker in workers])
                for worker in [worker for worker in workers if worker.link in readable]:
                    try:
                        message = worker.link.recv()
                    except (EOFError, OSError):
                        workers.remove(worker)
                        worker.process.join()
                        sweep(folder)  # it may have died while it wrote
                        deaths.update(list(worker.rows) or ["no row"])
                        if deaths["no row"] >= TRIES:
                            raise InputError(f"{TRIES} workers died before their first row ({worker.end})") from None
                        workers.append(_Worker(arguments))
                        again += [row for row in worker.rows.values() if deaths[row.content] < TRIES]
                        for content in [content for content in worker.rows if deaths[content] >= TRIES]:
                            yield Outcome(content, error=f"{TRIES} workers died on this row ({worker.end})")
                        continue
                    if isinstance(message, Outcome):
                        worker.rows.pop(message.content, None)
                        yield message
                    elif message:
                        raise InputError(message)
                    worker.ready = True
        finally:
            for worker in workers:
                worker.process.terminate()
            for worker in workers:
                worker.process.join()


class _Worker:
    """A process, the rows that it computes, and the connection to it."""

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        """Start it."""
        context = multiprocessing.get_context("spawn")
        self.link, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, *arguments), daemon=True)
        self.process.start()
        other.close()  # so that the end of the process is noticed here
        self.ready = False
        self.rows: dict[str, BatchRow] = {}

    def submit(self, row: BatchRow) -> None:
        """Send one more row."""
        self.rows[row.content] = row
        with contextlib.suppress(OSError):  # the process is dead, and its end of the connection closed
            self.link.send(row)

    @property
    def end(self) -> str:
        """How it ended."""
        code = self.process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _serve(link: Connection, load: Loader, folder: Path, batch_size: int, threads: int) -> None:
    """A worker: sends "" when it is ready, then an outcome for each row; any other text is an error that ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it
    end_with_parent()
    torch.set_num_threads(threads)
    try:
        models = load()
        link.send("")
        for outcome in work(models, folder, batch_size, lambda idle: link.recv() if idle or link.poll() else None):
            link.send(outcome)
    except PotstillError as error:
        link.send(str(error))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(1)  # the parent is gone


@dataclass(frozen=True)
class Ray(Executor):
    """Actors of a Ray cluster, which share the folder."""

    address: str = "local"
    """Of the cluster, such as ray://head:10001 or auto; local starts one on this machine."""
    count: int = 1
    threads: int = 1
    """Of torch, in each, and the CPUs that each takes."""
    gpus: float = 0.0
    """That each actor takes."""

    def outcomes(self, rows: Iterable[BatchRow], load: Loader, folder: Path, batch_size: int) -> Iterator[Outcome]:
        """Through Ray Data, which gives the rows of an actor that died to another one."""
        try:
            import ray  # pyright: ignore[reportMissingImports]  an extra
            import ray.data  # pyright: ignore[reportMissingImports]
            from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise InputError("--ray needs Ray, which is not installed: run `pip install potstill[cluster]`") from None
        ours = not ray.is_initialized()
        if ours:
            local = self.address == "local"
            cpus = {"num_cpus": self.count * self.threads, "include_dashboard": False} if local else {}
            handler = signal.getsignal(signal.SIGTERM)
            try:
                ray.init(self.address, log_to_driver=False, logging_level=logging.ERROR, **cpus)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise InputError(f"no Ray cluster at {self.address!r}: {error}; give its address, or local") from error
            finally:
                if threading.current_thread() is threading.main_thread():  # Ray would end at once, saving nothing
                    signal.signal(signal.SIGTERM, handler)
        try:
            ray.data.DataContext.get_current().enable_progress_bars = False
            logging.getLogger("ray.data").setLevel(logging.ERROR)
            texts = [{"row": row.text()} for row in rows]
            blocks = ray.data.from_items(texts, override_num_blocks=-(-len(texts) // batch_size))
            done = blocks.map_batches(
                _Actor,
                fn_constructor_args=(load, str(folder.resolve()), batch_size, self.threads),
                batch_size=None,
                compute=ray.data.ActorPoolStrategy(size=self.count),
                num_cpus=self.threads,
                num_gpus=self.gpus,
            )
            for found in done.iter_rows():
                yield Outcome.of(str(found["outcome"]))
        except RayError as error:
            cause = getattr(error, "cause", None)
            reason = cause if isinstance(cause, PotstillError) else error
            raise InputError(f"the cluster gave up: {str(reason).strip().splitlines()[-1]}") from error
        finally:
            if ours:
                ray.shutdown()


def choose_executor(
    workers: int, threads: int | None, batch_size: int, ray: str | None = None, ray_gpus: float = 0.0
) -> Executor:
    """A Ray cluster if its address is given, several processes for several workers, otherwise this process.

    Raises:
        InputError: a number is out of range.
    """
    CallBatcher(batch_size)
    for name, count in (("workers", workers), ("threads", threads)):
        if count is not None and not 1 <= count <= WORKERS:
            raise InputError(f"{name} = {count} must be from 1 to {WORKERS:,}")
    if not 0 <= ray_gpus < 1000:
        raise InputError(f"GPUs of an actor = {ray_gpus} must be from 0 to below 1,000")
    if ray:
        return Ray(ray, workers, threads or 1, ray_gpus)
    if workers > 1:
        return Processes(workers, threads or 1)
    if threads:
        torch.set_num_threads(threads)
    return InProcess()


class _Actor:
    """A worker of Ray Data."""

    def __init__(self, load: Loader, folder: str, batch_size: int, threads: int) -> None:
        """Load the models."""
        torch.set_num_threads(threads)
        self.models, self.folder, self.batch_size = load(), Path(folder), batch_size

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[str]]:
        """The outcomes of a block of rows."""
        waiting = iter([BatchRow.from_text(str(text)) for text in rows["row"]])
        outcomes = work(self.models, self.folder, self.batch_size, lambda _: next(waiting, None))
        return {"outcome": [outcome.text() for outcome in outcomes]}
