"""Whether a GPU gives what the CPU gives, and how fast: the numbers of docs/results/cuda.md.

    python -m benchmarks.cuda --device cuda --out docs/results/cuda.json
    python -m benchmarks.cuda --only gaussians

Checks are independent: what one raises is recorded, and the rest goes on. Each is written as soon as it ends, and what
the file holds already from other groups is kept. `--device cpu` runs the same code against itself.
"""

import json
import os
import platform
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import torch
import tyro

from benchmarks import cuda_gaussians, cuda_laws, cuda_models, cuda_speed
from potstill.cli.console import to_json
from potstill.io.files import write

Check = Callable[[torch.device], dict[str, Any]]
Group = Literal["laws", "models", "speed", "families", "gaussians"]
GROUPS: dict[str, dict[str, Check]] = {
    "laws": cuda_laws.CHECKS,
    "models": cuda_models.CHECKS,
    "speed": cuda_speed.CHECKS,
    "families": cuda_models.FAMILIES,
    "gaussians": cuda_gaussians.CHECKS,
}
PACKAGES = ("torch", "diffusers", "transformers", "gsplat", "numpy")


@dataclass(frozen=True)
class Checks:
    """What is checked, and where it is written."""

    device: str = "cuda"
    """The device that is compared with the CPU."""
    only: tuple[Group, ...] = ("laws", "models", "speed", "families")
    """Groups of checks; gaussians need gsplat, which compiles its kernels at first use, for minutes."""
    threads: int = 4
    """Threads of the CPU's part; more make these small networks no faster."""
    out: Path = Path("build/cuda.json")
    """The results; those of other groups that the file holds are kept."""


def main(settings: Checks) -> None:
    """Run the checks, and write after each."""
    torch.set_num_threads(settings.threads)
    device = torch.device(settings.device)
    found = json.loads(settings.out.read_text()) if settings.out.exists() else {}
    found["machine"] = machine(device)
    print(json.dumps(found["machine"]))
    for group in settings.only:
        for name, result in results(GROUPS[group], device):
            found.setdefault(group, {})[name] = result
            settings.out.parent.mkdir(parents=True, exist_ok=True)
            write(settings.out, f"{to_json(tidy(found))}\n".encode())
            print(f"{group}, {name}: {json.dumps(tidy(result))}", flush=True)


def results(checks: dict[str, Check], device: torch.device) -> Iterator[tuple[str, dict[str, Any]]]:
    """The result of each check, or what it raised, with the seconds that it took."""
    for name, check in checks.items():
        began = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = check(device)
        except Exception as error:  # whatever a driver or a kernel raises
            found = {"error": f"{type(error).__name__}: {error}", "where": traceback.format_exc(limit=-3)}
        yield name, {**found, "took": time.perf_counter() - began}


def machine(device: torch.device) -> dict[str, Any]:
    """Device, processor, threads and versions."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    threads = {"threads": torch.get_num_threads(), "cores": os.cpu_count()}
    return {"device": name, **threads, "python": platform.python_version(), **dict(map(_version, PACKAGES))}


def _version(package: str) -> tuple[str, str | None]:
    try:
        return package, version(package)
    except PackageNotFoundError:
        return package, None


def tidy(value: Any) -> Any:
    """Numbers with five digits, and words for those that are not finite, which JSON cannot express."""
    if isinstance(value, dict):
        return {name: tidy(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if abs(value) < float("inf") else str(value)
    return value


if __name__ == "__main__":
    main(tyro.cli(Checks, description=__doc__))
