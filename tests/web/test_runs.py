"""Runs by id, dropped in silence, and turns in order."""

import threading
import time

import pytest

from potstill.errors import InputError
from potstill.web.runs import Runs, Turns


def test_a_run_is_found_by_its_id_and_replaced_by_the_next_of_its_visitor():
    runs = Runs[str]()
    first = runs.add("first")
    other, second = runs.add("other"), runs.add("second", instead_of=first)
    assert (runs.get(second), runs.get(other), len(runs)) == ("second", "other", 2)
    with pytest.raises(InputError, match="this run is gone"):
        runs.get(first)
    runs.drop(other)
    assert len(runs) == 1


def test_silent_runs_are_dropped_and_the_longest_silent_gives_way():
    now = [0.0]
    runs = Runs[int](most=2, silence=10.0, clock=lambda: now[0])
    one, two = runs.add(1), runs.add(2)
    now[0] = 5.0
    assert runs.get(one) == 1
    three = runs.add(3)
    with pytest.raises(InputError):
        runs.get(two)
    now[0] = 14.0
    assert runs.get(three) == 3
    now[0] = 20.0
    with pytest.raises(InputError):
        runs.get(one)
    assert len(runs) == 1


def test_turns_come_in_order_and_patience_ends():
    turns, order = Turns(patience=5.0), []

    def visitor(name):
        with turns.turn() as before:
            order.append((name, before))

    with turns.turn():
        threads = [threading.Thread(target=visitor, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
            while len(turns._queue) < 2 + threads.index(thread):
                time.sleep(0.001)
        turns.patience = 0.01
        with pytest.raises(InputError, match="5 others were before you"), turns.turn():
            pass
    for thread in threads:
        thread.join()
    assert order == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_an_error_within_a_turn_ends_it():
    turns = Turns(patience=0.01)
    with pytest.raises(ZeroDivisionError), turns.turn():
        raise ZeroDivisionError
    with turns.turn() as before:
        assert before == 0
