"""The identity of a model: a hash of every part that a result rests on."""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from potstill.io.files import file_hash

PARTS = "parts"
"""The entry of an identity with the hash of each part beside the network's weights, which is `sha256`."""


def identity_of(folder: Path, parts: Mapping[str, Iterable[Path]], network: Iterable[Path]) -> dict[str, Any]:
    """The identity of what was loaded.

    Args:
        folder: the pipeline, with its configs.
        parts: the files of weights of each part, none for those of the network.
        network: the files of the network, or the single file. They are `sha256`, as in records of earlier versions.
    """
    files = sorted(network)
    whole = hash_of(files[0]) if len(files) == 1 else file_hash(*files)
    return {"sha256": whole, PARTS: _hashes(folder, parts)}


def hash_of(file: Path) -> str:
    """The hash of a file, computed once unless the file changes."""
    about = file.stat()
    return _hash(str(file), about.st_mtime_ns, about.st_size)


def as_stated(recorded: object, now: Mapping[str, object]) -> dict[str, object]:
    """An identity, without the parts if a record of an earlier version has none to compare."""
    stated = isinstance(recorded, Mapping) and PARTS in recorded
    return {name: value for name, value in now.items() if stated or name != PARTS}


def _hashes(folder: Path, parts: Mapping[str, Iterable[Path]]) -> dict[str, str]:
    """The hash of each part: of its weights, and of all its other files."""
    files = {"model_index.json": [folder / "model_index.json"]}
    for name, weights in parts.items():
        texts = [path for path in (folder / name).glob("*") if path.suffix in (".json", ".txt", ".model")]
        files[name] = sorted([*weights, *(path for path in texts if ".index." not in path.name)])
    every = [path for paths in files.values() for path in paths]
    with ThreadPoolExecutor(max_workers=4) as pool:  # hashing does not hold the interpreter
        hashes = dict(zip(every, pool.map(hash_of, every), strict=True))
    return {
        name: hashlib.sha256("".join(f"{path.name} {hashes[path]}\n" for path in paths).encode()).hexdigest()
        for name, paths in files.items()
    }


@functools.lru_cache(maxsize=1_000)
def _hash(path: str, changed: int, size: int) -> str:
    return file_hash(Path(path))
