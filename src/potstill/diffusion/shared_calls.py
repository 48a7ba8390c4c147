"""Several runs on one network: each is the run that it is alone, and only what they ask the network is one call.

A run has a thread of its own, and one thread at a time is at work. It goes until it asks the network; when all
runs wait, the questions of one shape become one batch. Random numbers, gradients and optimisers stay those of each
run, so a run neither knows nor feels the others, and one that fails leaves the others alone.

What a network computes for a sample depends on the size of its batch, in the last digits. So a batch is always
filled up to the same size, with copies of a question: then the result of a run does not depend on which runs it met
or how many there were, and a batch that was interrupted goes on to the same bytes.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

from potstill.diffusion.prior import Condition, Prior
from potstill.errors import InputError

T = TypeVar("T")
P = TypeVar("P", bound=Prior)
Network = Callable[[Tensor, Tensor, Condition], Tensor]

LARGEST = 256
"""Runs at once."""
_own = threading.local()
"""The run of a thread."""


class Question(NamedTuple):
    """What a run asks the network: k samples."""

    network: Network
    kind: tuple[Any, ...]
    """Questions of different kinds cannot share a call."""
    x_t: Tensor
    t: Tensor
    condition: Condition

    @property
    def form(self) -> tuple[Any, ...]:
        """What the questions of one call share."""
        told = tuple((name, value.shape) for name, value in sorted(self.condition.items()))
        return self.kind, self.x_t.shape, self.t.shape, told

    @property
    def recorded(self) -> bool:
        """Whether autograd is to know of the answer, so that it belongs to one run alone."""
        return torch.is_grad_enabled() and any(x.requires_grad for x in (self.x_t, *self.condition.values()))


class Meeting:
    """Up to `size` runs side by side; `join` gives the prior that each of them is to use."""

    def __init__(self, size: int) -> None:
        """Of `size` runs.

        Raises:
            InputError: not 1 to 256.
        """
        if not 1 <= size <= LARGEST:
            raise InputError(f"batch size = {size} must be from 1 to {LARGEST}")
        self.size = size

    def join(self, prior: P) -> P:
        """A pipeline whose network is asked here."""
        return replace(prior, meeting=self)  # type: ignore[type-var]  a pipeline is a dataclass

    def ask(self, question: Question) -> Tensor:
        """The answer to a question of the run that is at work, or of a run alone."""
        if question.recorded:
            return question.network(question.x_t, question.t, question.condition)
        strand = getattr(_own, "strand", None)
        return strand.ask(question) if strand else self._answer([question])[0]

    def run(self, take: Callable[[bool], Callable[[], T] | None]) -> Iterator[T]:
        """What each run gives, as soon as it is done; another one takes its place.

        Args:
            take: the next run, None where there is none. Told False it may say None for now, and is asked again
                after the next call of the network; told True there is nothing else to do.

        Raises:
            Exception: what a run raises; the others end with it.
        """
        live: list[_Strand[T]] = []
        try:
            while True:
                work = take(not live) if len(live) < self.size else None
                if work:
                    strand = _Strand(work).go()
                    if strand.question:
                        live.append(strand)
                    else:
                        yield strand.result()
                elif live:
                    self._answer_all(live)
                    for strand in list(live):
                        if not strand.go().question:
                            live.remove(strand)
                            yield strand.result()
                else:
                    return
        finally:
            for strand in live:
                strand.cancelled = True
                strand.go()

    def _answer_all(self, strands: "list[_Strand[T]]") -> None:
        """One call for all questions of a form; what it raises is raised in the runs that asked."""
        groups: dict[tuple[Any, ...], list[_Strand[T]]] = {}
        for strand in strands:
            if strand.question:
                groups.setdefault(strand.question.form, []).append(strand)
        for group in groups.values():
            try:
                answers = self._answer([strand.question for strand in group if strand.question])
            except Exception as error:  # whatever a network raises, out of memory for one
                answers = [error] * len(group)
            for strand, answer in zip(group, answers, strict=True):
                strand.answer = answer

    @torch.no_grad()
    def _answer(self, questions: list[Question]) -> list[Tensor]:
        """The answers of one call, which is of the same size for any number of questions."""
        full = questions + questions[-1:] * (self.size - len(questions))
        condition = {name: torch.cat([each.condition[name] for each in full]) for name in full[0].condition}
        x_t, t = torch.cat([each.x_t for each in full]), torch.cat([each.t for each in full])
        answers = full[0].network(x_t, t, condition).split(len(full[0].x_t))
        return list(answers[: len(questions)])


class _Cancelled(BaseException):
    """Ends a run that nobody waits for; no handler of errors may keep it."""


class _Strand(Generic[T]):
    """A run in a thread, which is at work only while `go` waits for it."""

    def __init__(self, work: Callable[[], T]) -> None:
        """Wait for the first `go`."""
        self.question: Question | None = None
        self.answer: Tensor | Exception | None = None
        self.cancelled = False
        self._work = work
        self._made: list[T] = []
        self._error: BaseException | None = None
        self._turn, self._halt = threading.Semaphore(0), threading.Semaphore(0)
        # A daemon, so that an interrupt in the middle of its work does not leave a process that cannot end.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def go(self) -> "_Strand[T]":
        """Work until there is a question, or no more to do."""
        self._turn.release()
        self._halt.acquire()
        return self

    def ask(self, question: Question) -> Tensor:
        """Halt with a question, in the run's own thread, until it is answered."""
        self.question = question
        self._halt.release()
        self._turn.acquire()
        answer, self.question, self.answer = self.answer, None, None
        if self.cancelled or answer is None:
            raise _Cancelled
        if isinstance(answer, Exception):
            raise answer
        return answer

    def result(self) -> T:
        """What the run gave, or raised."""
        self._thread.join()
        if self._error:
            raise self._error
        return self._made[0]

    def _run(self) -> None:
        _own.strand = self
        self._turn.acquire()
        try:
            self._made.append(self._work())
        except _Cancelled:
            pass
        except BaseException as error:  # raised again where the result is asked for
            self._error = error
        finally:
            self._halt.release()
