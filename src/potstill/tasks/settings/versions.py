"""The versions that a result depends on."""

import platform
from importlib.metadata import version
from typing import Any

import torch

from potstill.tasks.settings.plugins import plugin_hashes


def versions() -> dict[str, Any]:
    """Versions, machine and threads: what the bytes of a result depend on beside its settings."""
    return {
        "versions": {name: version(name) for name in ("potstill", "torch", "diffusers", "transformers")}
        | {"python": platform.python_version()},
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        **plugin_hashes(),
    }
