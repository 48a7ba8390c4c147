"""Messages that name the value, the rule and the fix."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from potstill.errors import InputError, NotFiniteError, PotstillError, check_room, did_you_mean, shortage


def test_the_nearest_name_is_offered_in_its_own_case():
    assert did_you_mean("uniFrm", ["Uniform", "Annealed"]) == "did you mean 'Uniform'? choose from Uniform, Annealed"
    assert did_you_mean("xyz", ["Uniform", "Annealed"]) == "choose from Uniform, Annealed"


def test_errors_are_caught_as_what_they_are():
    assert issubclass(InputError, PotstillError)
    assert issubclass(InputError, ValueError)
    assert issubclass(NotFiniteError, PotstillError)
    assert issubclass(NotFiniteError, ArithmeticError)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_a_lack_of_memory_is_said_and_other_errors_are_not(error):
    assert "not enough memory" in shortage(error)
    assert shortage(RuntimeError("shapes differ")) is None


def test_what_is_lacking_can_be_said_where_nothing_can_be_loaded():
    code = "import sys; import potstill.errors; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy"} & set(loaded)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux states the size of a process")
def test_too_little_address_space_is_noticed_before_libraries_load(monkeypatch):
    check_room(10**15, "anything")  # no limit is set
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (now + 500_000_000, -1))
    check_room(300_000_000, "torch")
    with pytest.raises(InputError, match=r"torch needs 700 MB of address space to load, and ulimit -v leaves \d+ MB"):
        check_room(700_000_000, "torch")
