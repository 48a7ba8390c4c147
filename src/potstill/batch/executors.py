"""Who does the jobs of a batch: this process, several processes of this machine, or a Ray cluster.

Each worker loads the model once. A worker that dies, killed or out of memory, costs nothing that is done: its jobs go
to another one.
"""

import abc
import contextlib
import logging
import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import torch

from potstill.batch.manifest import Job
from potstill.batch.processes import end_with_parent
from potstill.batch.work import Loader, Outcome, work
from potstill.errors import InputError, PotstillError

TRIES = 3
"""How often a job is tried whose worker dies."""


class Crew(abc.ABC):
    """Does jobs."""

    @abc.abstractmethod
    def outcomes(self, jobs: Iterable[Job], load: Loader, folder: Path, batch_size: int) -> Iterator[Outcome]:
        """Each outcome as soon as there is one, in any order.

        Raises:
            InputError: the model cannot be loaded, or a result cannot be written.
        """


@dataclass(frozen=True)
class Here(Crew):
    """This process."""

    def outcomes(self, jobs: Iterable[Job], load: Loader, folder: Path, batch_size: int) -> Iterator[Outcome]:
        """One batch after another."""
        waiting = iter(jobs)
        yield from work(load(), folder, batch_size, lambda _: next(waiting, None))


@dataclass(frozen=True)
class Processes(Crew):
    """Processes of this machine."""

    count: int
    threads: int = 1
    """Of torch, in each."""

    def outcomes(self, jobs: Iterable[Job], load: Loader, folder: Path, batch_size: int) -> Iterator[Outcome]:
        """Each worker has `batch_size` jobs at a time, and gets another for each that it has done."""
        waiting, again, deaths = iter(jobs), deque[Job](), Counter[str]()
        told = (load, folder, batch_size, self.threads)
        workers = [_Worker(told) for _ in range(self.count)]
        try:
            while True:
                for worker in workers:
                    while worker.ready and len(worker.jobs) < batch_size:
                        if (job := again.popleft() if again else next(waiting, None)) is None:
                            break
                        worker.give(job)
                if any(worker.ready for worker in workers) and not any(worker.jobs for worker in workers):
                    return
                heard = wait([worker.link for worker in workers])
                for worker in [worker for worker in workers if worker.link in heard]:
                    try:
                        said = worker.link.recv()
                    except (EOFError, OSError):
                        workers.remove(worker)
                        worker.process.join()
                        deaths.update(list(worker.jobs) or ["before its first job"])
                        if deaths["before its first job"] >= TRIES:
                            raise InputError(f"{TRIES} workers {worker.end} while they had no job") from None
                        workers.append(_Worker(told))
                        again += [job for job in worker.jobs.values() if deaths[job.content] < TRIES]
                        for content in [content for content in worker.jobs if deaths[content] >= TRIES]:
                            yield Outcome(content, error=f"{TRIES} workers {worker.end} while they were at it")
                        continue
                    if isinstance(said, Outcome):
                        worker.jobs.pop(said.content, None)
                        yield said
                    elif said:
                        raise InputError(said)
                    worker.ready = True
        finally:
            for worker in workers:
                worker.process.terminate()
            for worker in workers:
                worker.process.join()


class _Worker:
    """A process, what it is at, and the way to talk to it."""

    def __init__(self, told: tuple[Any, ...]) -> None:
        """Start it."""
        context = multiprocessing.get_context("spawn")
        self.link, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, *told), daemon=True)
        self.process.start()
        other.close()  # so that its end is seen here
        self.ready = False
        self.jobs: dict[str, Job] = {}

    def give(self, job: Job) -> None:
        """One more job."""
        self.jobs[job.content] = job
        with contextlib.suppress(OSError):  # it is dead, as its link will say
            self.link.send(job)

    @property
    def end(self) -> str:
        """How it ended."""
        code = self.process.exitcode or 0
        return f"were killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _serve(link: Connection, load: Loader, folder: Path, batch_size: int, threads: int) -> None:
    """A worker: says that it is ready, then an outcome for each job it is given; a text is why it cannot go on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it decides
    end_with_parent()
    torch.set_num_threads(threads)
    try:
        prior = load()
        link.send("")
        for outcome in work(prior, folder, batch_size, lambda idle: link.recv() if idle or link.poll() else None):
            link.send(outcome)
    except PotstillError as error:
        link.send(str(error))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(1)  # nobody listens any more


@dataclass(frozen=True)
class Ray(Crew):
    """Actors of a Ray cluster, which share the folder."""

    address: str = "local"
    """Of the cluster, such as ray://head:10001 or auto; local starts one on this machine."""
    count: int = 1
    threads: int = 1
    """Of torch, in each, and the CPUs that it takes."""
    gpus: float = 0.0
    """That each takes."""

    def outcomes(self, jobs: Iterable[Job], load: Loader, folder: Path, batch_size: int) -> Iterator[Outcome]:
        """Through Ray Data, which gives the jobs of an actor that died to another one."""
        try:
            import ray  # pyright: ignore[reportMissingImports]  an extra
            import ray.data  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise InputError("--ray needs Ray, which is not installed: run `pip install potstill[cluster]`") from None
        ours = not ray.is_initialized()
        if ours:
            cpus = (
                {"num_cpus": self.count * self.threads, "include_dashboard": False} if self.address == "local" else {}
            )
            try:
                ray.init(self.address, log_to_driver=False, logging_level="ERROR", **cpus)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise InputError(f"no Ray cluster at {self.address!r}: {error}; give its address, or local") from error
        try:
            ray.data.DataContext.get_current().enable_progress_bars = False
            logging.getLogger("ray.data").setLevel(logging.ERROR)
            texts = [{"job": job.text()} for job in jobs]
            rows = ray.data.from_items(texts, override_num_blocks=-(-len(texts) // batch_size))
            done = rows.map_batches(
                _Actor,
                fn_constructor_args=(load, str(folder.resolve()), batch_size, self.threads),
                batch_size=None,
                compute=ray.data.ActorPoolStrategy(size=self.count),
                num_cpus=self.threads,
                num_gpus=self.gpus,
            )
            for row in done.iter_rows():
                yield Outcome.of(str(row["outcome"]))
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            said = cause if isinstance(cause, PotstillError) else error
            raise InputError(f"the cluster gave up: {str(said).strip().splitlines()[-1]}") from error
        finally:
            if ours:
                ray.shutdown()


class _Actor:
    """A worker of Ray Data."""

    def __init__(self, load: Loader, folder: str, batch_size: int, threads: int) -> None:
        """Load the model."""
        torch.set_num_threads(threads)
        self.prior, self.folder, self.batch_size = load(), Path(folder), batch_size

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[str]]:
        """The outcomes of a block of jobs."""
        waiting = iter([Job.of(str(text)) for text in rows["job"]])
        outcomes = work(self.prior, self.folder, self.batch_size, lambda _: next(waiting, None))
        return {"outcome": [outcome.text() for outcome in outcomes]}
