"""Several runs share the calls of one network, and each gives what it gives alone.

Every run has a thread of its own, and one thread runs at a time. It runs until it needs a prediction. When all runs
wait, the requests that fit together become one batch. Random numbers, gradients and optimisers stay those of each run,
so runs do not affect one another, and one that fails leaves the others alone.

In its last digits, what a network computes for a sample depends on the size of its batch. So every batch is filled up
to the same size with copies of a request. The result of a run then does not depend on which runs it was batched with,
nor on how many, and a batch that was interrupted resumes to the same bytes.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Generic, NamedTuple, TypeVar

import torch
from jaxtyping import Shaped
from torch import Tensor

from potstill.diffusion.prior import Condition, NetworkPrior, Prediction, Prior, Query
from potstill.diffusion.wrappers import Wrapper, change_network, unwrap
from potstill.errors import InputError
from potstill.tensors import Latent, Times

T = TypeVar("T")

LARGEST = 256
"""Runs at once."""
_local = threading.local()
"""The run of a thread."""


class Request(NamedTuple):
    """A prediction that a run needs, for k samples."""

    prior: Prior
    query: Query

    @property
    def key(self) -> Hashable:
        """Requests with equal keys can share a call: those to one network, for tensors of the same form."""
        x_t, t, condition = self.query
        entries = tuple((name, _form(condition[name])) for name in sorted(condition))
        return self.prior.call_key, _form(x_t), _form(t), entries

    @property
    def differentiated(self) -> bool:
        """Whether autograd records the call, for the inputs or for weights in training: it then serves one run only."""
        if not torch.is_grad_enabled():
            return False
        network = unwrap(self.prior)
        weights = network.trainable_weights if isinstance(network, NetworkPrior) else ()
        return any(x.requires_grad for x in (self.query.x_t, *self.query.condition.values(), *weights))

    def predict(self) -> Prediction:
        """The prediction from a call of its own."""
        return self.prior(*self.query)


@dataclass(frozen=True)
class Batched(Wrapper):
    """A prior that is called together with those of other runs. `CallBatcher.attach` puts it next to the network."""

    batcher: "CallBatcher"

    of_network: ClassVar[bool] = True

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The wrapped prior's prediction, from a shared call."""
        return self.batcher.request(Request(self.prior, Query(x_t, t, condition)))


class CallBatcher:
    """Runs up to `size` runs side by side. Each of them is to use the prior that `attach` gives."""

    def __init__(self, size: int) -> None:
        """For `size` runs.

        Raises:
            InputError: the size is not from 1 to 256.
        """
        if not 1 <= size <= LARGEST:
            raise InputError(f"batch size = {size} must be from 1 to {LARGEST}")
        self.size = size

    def attach(self, prior: Prior) -> Prior:
        """The prior, whose network is called through this batcher."""
        return change_network(prior, lambda network: Batched(network, self))

    def request(self, request: Request) -> Prediction:
        """The prediction for the run that is running, or for a run outside of `run`."""
        if request.differentiated:
            return request.predict()
        thread = getattr(_local, "thread", None)
        return thread.wait_for(request) if thread else self._call([request])[0]

    def run(self, take: Callable[[bool], Callable[[], T] | None]) -> Iterator[T]:
        """The result of each run, as soon as it is done. Another run takes its place.

        Args:
            take: gives the next run, or None if there is none. Called with False it may give None for now, and is
                called again after the next call of the network. Called with True, there is nothing else to do.

        Raises:
            Exception: what a run raises; the others end with it.
        """
        live: list[_RunThread[T]] = []
        try:
            while True:
                work = take(not live) if len(live) < self.size else None
                if work:
                    thread = _RunThread(work).resume()
                    if thread.pending:
                        live.append(thread)
                    else:
                        yield thread.result()
                elif live:
                    self._answer_all(live)
                    for thread in list(live):
                        if not thread.resume().pending:
                            live.remove(thread)
                            yield thread.result()
                else:
                    return
        finally:
            for thread in live:
                thread.cancelled = True
                thread.resume()

    def _answer_all(self, threads: "list[_RunThread[T]]") -> None:
        """One call for all requests with the same key. What it raises is raised in the runs that sent them."""
        groups: dict[Hashable, list[_RunThread[T]]] = {}
        for thread in threads:
            if thread.pending:
                groups.setdefault(thread.pending.key, []).append(thread)
        for group in groups.values():
            try:
                answers = self._call([thread.pending for thread in group if thread.pending])
            except Exception as error:  # whatever a network raises, such as running out of memory
                answers = [error] * len(group)
            for thread, answer in zip(group, answers, strict=True):
                thread.answer = answer

    @torch.no_grad()
    def _call(self, requests: list[Request]) -> list[Prediction]:
        """The predictions from one call, which has the same size for any number of requests."""
        full = requests + requests[-1:] * (self.size - len(requests))
        queries = [each.query for each in full]
        condition = {name: torch.cat([each.condition[name] for each in queries]) for name in queries[0].condition}
        x_t, t = torch.cat([each.x_t for each in queries]), torch.cat([each.t for each in queries])
        parts = (part.split(len(queries[0].x_t)) for part in full[0].prior(x_t, t, condition))
        return [Prediction(*pair) for pair in zip(*parts, strict=True)][: len(requests)]


class _Cancelled(BaseException):
    """Ends a run whose result nobody waits for; no handler of errors may catch it."""


class _RunThread(Generic[T]):
    """A run in a thread of its own, which runs only while `resume` waits for it."""

    def __init__(self, work: Callable[[], T]) -> None:
        """Start the thread, which waits for the first `resume`."""
        self.pending: Request | None = None
        self.answer: Prediction | Exception | None = None
        self.cancelled = False
        self._work = work
        self._made: list[T] = []
        self._error: BaseException | None = None
        self._turn, self._halt = threading.Semaphore(0), threading.Semaphore(0)
        # A daemon, so that an interrupt in the middle of its work does not leave a process that cannot end.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def resume(self) -> "_RunThread[T]":
        """Let it run until it has a request, or is done."""
        self._turn.release()
        self._halt.acquire()
        return self

    def wait_for(self, request: Request) -> Prediction:
        """Pause with a request, in the run's own thread, until it is answered."""
        self.pending = request
        self._halt.release()
        self._turn.acquire()
        answer, self.pending, self.answer = self.answer, None, None
        if self.cancelled or answer is None:
            raise _Cancelled
        if isinstance(answer, Exception):
            raise answer
        return answer

    def result(self) -> T:
        """The run's result; raises what the run raised."""
        self._thread.join()
        if self._error:
            raise self._error
        return self._made[0]

    def _run(self) -> None:
        _local.thread = self
        self._turn.acquire()
        try:
            self._made.append(self._work())
        except _Cancelled:
            pass
        except BaseException as error:  # raised again where the result is requested
            self._error = error
        finally:
            self._halt.release()


def _form(tensor: Shaped[Tensor, "..."]) -> Hashable:
    """Shape, dtype and device, which tensors of one call share."""
    return tensor.shape, tensor.dtype, tensor.device
