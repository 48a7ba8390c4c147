"""Kill commands at random moments: only complete files may be left, and resuming must end in the same bytes.

Each command first runs to its end. Then it is started repeatedly in a folder of its own, with a checkpoint every tenth
of a second if it has checkpoints, and killed (SIGKILL) after a CPU time drawn uniformly from that of the complete run,
so that other load on the machine does not matter. Its workers must end with it. Every remaining file must be complete:
images decode, JSON and tables parse, safetensors open, checkpoints match their hash. Then `potstill resume` continues
from the checkpoint, or the command is run again if there is none. The files must equal those of the complete run byte
for byte, except for recorded seconds, and no other files may remain.

A command is a fork of this process, which has imported everything and loaded the model, so that no kill falls into
that. Workers import and load for themselves.
"""

import argparse
import contextlib
import functools
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import torch
from PIL import Image
from pyarrow import parquet
from safetensors import safe_open

from potstill.bench.report import Report  # noqa: F401  imported before the forks
from potstill.cli import bench, main
from potstill.io.images import png_bytes
from potstill.tasks.images.comparing import Compare  # noqa: F401
from potstill.tasks.runs.checkpoint import ENDING
from potstill.tasks.runs.replaying import replay  # noqa: F401
from potstill.tasks.runs.state_file import unpack
from potstill.worlds import EditStudy  # noqa: F401

PROMPTS = ("--source", "red heart", "--target", "blue heart", "--method", "DDS(noise=Mixed(0.5))")
OFTEN = ("--checkpoint-every", "0.1")
HERE = ("--out", ".")
AGAIN = "--overwrite"  # what a killed run left of its results is replaced
CHEAP = ("InfEdit()", "SDEdit(strength=0.1)")
ROWS = "image,source,target,prompt,method,seed,steps,size\n" + "".join(
    f"picture.png,red heart,blue heart,,dds,{seed},6,32x32\n,,,red apple,sds,{seed},6,32x32\n" for seed in range(6)
)
COMMANDS: dict[str, tuple[str, ...]] = {
    "edit": ("edit", "../picture.png", *PROMPTS, "--steps", "20", "--size", "32", "--gif", *OFTEN, AGAIN),
    "world": (
        "world",
        "blobs",
        "--points",
        "10",
        "--steps",
        "300",
        "--methods",
        "sds",
        "pds",
        "--out",
        ".",
        *OFTEN,
        AGAIN,
    ),
    "batch": ("batch", "../rows.csv", "--out", ".", "--threads", "1", "--batch-size", "2"),
    "batch of two workers": ("batch", "../rows.csv", "--out", ".", "--workers", "2", "--batch-size", "2"),
    "bench": ("bench", "edits", "--methods", *CHEAP, "--pairs", "2", "--batch", "1", *HERE, AGAIN),
}
"""The commands that are killed, each in a folder of its own."""
LOCK = ".lock"
"""The end of the names of lock files, which a killed process leaves."""
PATIENCE = 60
"""Seconds in which workers must end; they may be importing."""


def start(words: tuple[str, ...], folder: Path) -> int:
    """Run a command in a child process and return its id."""
    folder.mkdir(exist_ok=True)
    if child := os.fork():
        return child
    os.chdir(folder)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    code = 1
    try:
        main(words)
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        os._exit(code)


def finish(words: tuple[str, ...], folder: Path) -> float:
    """Run a command to its successful end and return its CPU time in seconds."""
    _, code, usage = os.wait4(start(words, folder), 0)
    if code:
        sys.exit(f"potstill {' '.join(words)} in {folder}: status {code}")
    return usage.ru_utime + usage.ru_stime


def spent(process: psutil.Process) -> float:
    """The CPU time of a process and its workers in seconds."""
    seconds = 0.0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            seconds += sum(each.cpu_times()[:4])
    return seconds


def check(path: Path) -> None:
    """Fail unless the file is complete."""
    if path.name.endswith(ENDING):
        unpack(path)
    elif path.suffix == ".safetensors":
        stored_result(path)
    elif path.suffix == ".parquet":
        parquet.read_table(path)
    elif path.suffix == ".json":
        json.loads(path.read_bytes())
    elif path.suffix == ".md":
        assert path.read_text().endswith("|\n")
    else:
        with Image.open(path) as picture:
            for frame in range(getattr(picture, "n_frames", 1)):
                picture.seek(frame)
                picture.load()


def stored_result(path: Path) -> dict[str, Any]:
    """The contents of a stored benchmark result."""
    with safe_open(path, "pt") as file:
        images = {name: file.get_tensor(name).tolist() for name in file.keys()}  # noqa: SIM118  not a mapping
        return images | {"numbers": json.loads(file.metadata()["attempt"])}


def contents(folder: Path) -> dict[str, object]:
    """The contents of the files in a folder without recorded seconds."""
    found: dict[str, object] = {}
    for path in (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(LOCK)):
        name = str(path.relative_to(folder))
        if path.suffix == ".json":
            found[name] = timeless(json.loads(path.read_bytes()))
        elif path.suffix == ".parquet":
            found[name] = timeless(parquet.read_table(path).to_pylist())
        elif path.suffix == ".safetensors":
            found[name] = timeless(stored_result(path))
        elif path.suffix == ".md":  # the seconds are the last column of its first table
            found[name] = [line.split("|")[:-2] for line in path.read_text().splitlines()]
        else:
            found[name] = path.read_bytes()
    return found


def timeless(value: Any) -> Any:
    """JSON without its seconds."""
    if isinstance(value, dict):
        return {name: timeless(part) for name, part in value.items() if name != "seconds"}
    return [timeless(part) for part in value] if isinstance(value, list) else value


def kill(name: str, kills: int, root: Path, rng: random.Random) -> bool:
    """Kill a command repeatedly, print the outcomes, and return whether all is well."""
    words = COMMANDS[name]
    seconds = finish(words, root / f"{name}-whole")
    expected = contents(root / f"{name}-whole")
    tally = dict.fromkeys(("ended before", "left nothing", "left a checkpoint", "left results"), 0)
    torn = other = halves = orphans = 0
    for index in range(kills):
        folder = root / f"{name}-{index}"
        child, moment = start(words, folder), rng.uniform(0, seconds)
        process = psutil.Process(child)
        while process.status() != psutil.STATUS_ZOMBIE and spent(process) < moment:
            time.sleep(0.005)
        workers = process.children(recursive=True)
        os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)[1] == 0
        orphans += len(psutil.wait_procs(workers, PATIENCE)[1])
        files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(LOCK)]
        parts = [path for path in files if path.name.startswith(".")]
        files = [path for path in files if path not in parts]
        halves += len(parts)
        for path in files:
            try:
                check(path)
            except Exception as error:
                torn += 1
                print(f"{name}, kill {index}: {path.name} is incomplete: {error}")
        saved = any(path.name.endswith(ENDING) for path in files)
        results = any(not path.name.endswith(ENDING) for path in files)
        tally["ended before" if ended else "left results" if results else _left(saved)] += 1
        if not ended:
            finish(("resume", ".") if saved else words, folder)
        if (found := contents(folder)) != expected:
            other += 1
            wrong = [file for file in found.keys() | expected.keys() if found.get(file) != expected.get(file)]
            print(f"{name}, kill {index}: different bytes: {', '.join(wrong)}")
    outcomes = ", ".join(f"{count} {what}" for what, count in tally.items())
    found = f"{torn} incomplete files, {halves} temporary files, {orphans} orphans, {other} different"
    print(f"{name}: {kills} kills in {seconds:.1f} s of CPU time ({outcomes}): {found}", flush=True)
    return not (torn or other or orphans)


def _left(saved: bool) -> str:
    return "left a checkpoint" if saved else "left nothing"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commands", nargs="*", choices=COMMANDS, default=list(COMMANDS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    bench.Model.load = functools.cache(bench.Model.load)  # the forked commands share the loaded model
    bench._loaded(bench.Model())
    with tempfile.TemporaryDirectory() as place:
        noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        Path(place, "picture.png").write_bytes(png_bytes(noise))
        Path(place, "rows.csv").write_text(ROWS)
        rng = random.Random(chosen.seed)
        sound = [kill(name, chosen.kills, Path(place), rng) for name in chosen.commands]
    sys.exit(not all(sound))
