"""Kill commands at random moments: only whole files may be left, and going on must end in the same bytes.

Each command runs once undisturbed. Then it is started again and again in a folder of its own, saving itself every
tenth of a second, and killed (SIGKILL) after a time drawn evenly from the length of the undisturbed run. Every file
that is left must be whole: pictures decode, JSON parses, safetensors match their hash. Then `potstill resume` goes on
where there is a checkpoint, and the same command is given again where there is none; the files must be those of the
undisturbed run, byte for byte but for the seconds that JSON tells, with nothing beside them.

A command is started by a fork of this process, which has everything imported: no kill is wasted on imports.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image

from potstill.checkpoint import ENDING
from potstill.cli import main
from potstill.compare import Compare  # noqa: F401  imported before the forks
from potstill.images import png_bytes
from potstill.replay import replay  # noqa: F401
from potstill.state import unpack
from potstill.worlds import EditStudy  # noqa: F401

PROMPTS = ("--source", "red heart", "--target", "blue heart", "--method", "DDS(noise=Mixed(0.5))")
OFTEN = ("--checkpoint-every", "0.1")
COMMANDS: dict[str, tuple[str, ...]] = {
    "edit": ("edit", "../picture.png", *PROMPTS, "--steps", "20", "--size", "32", "32", "--gif", *OFTEN),
    "world": ("world", "blobs", "--points", "10", "--steps", "300", "--methods", "sds", "pds", "--out", ".", *OFTEN),
}
"""What is killed, in a folder of its own; another command is another line."""


def start(words: tuple[str, ...], folder: Path) -> int:
    """Run a command in a child, and give its process id."""
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
    """Run a command to its end, which must be a good one, and give the seconds it took."""
    began = time.monotonic()
    if code := os.waitpid(start(words, folder), 0)[1]:
        sys.exit(f"potstill {' '.join(words)} in {folder}: status {code}")
    return time.monotonic() - began


def check(path: Path) -> None:
    """Fail unless the file is whole."""
    if path.name.endswith(ENDING):
        unpack(path)
    elif path.suffix == ".json":
        json.loads(path.read_bytes())
    else:
        with Image.open(path) as picture:
            for frame in range(getattr(picture, "n_frames", 1)):
                picture.seek(frame)
                picture.load()


def contents(folder: Path) -> dict[str, object]:
    """The files of a folder; of JSON all but the seconds."""
    found: dict[str, object] = {}
    for path in folder.iterdir():
        found[path.name] = path.read_bytes()
        if path.suffix == ".json":
            document = json.loads(path.read_bytes())
            for part in (document, *document.get("methods", ())):
                part.pop("seconds", None)
            found[path.name] = document
    return found


def kill(name: str, kills: int, root: Path, rng: random.Random) -> bool:
    """Kill a command so often, print what became of it, and say whether all was well."""
    words = COMMANDS[name]
    seconds = finish(words, root / f"{name}-whole")
    expected = contents(root / f"{name}-whole")
    tally = dict.fromkeys(("ended before", "left nothing", "left a checkpoint", "left results"), 0)
    torn = other = halves = 0
    for index in range(kills):
        folder = root / f"{name}-{index}"
        child = start(words, folder)
        time.sleep(rng.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)[1] == 0
        parts = list(folder.glob(".*.part")) if folder.exists() else []
        files = [path for path in folder.iterdir() if path not in parts] if folder.exists() else []
        halves += len(parts)
        for path in files:
            try:
                check(path)
            except Exception as error:
                torn += 1
                print(f"{name}, kill {index}: {path.name} is torn: {error}")
        saved = any(path.name.endswith(ENDING) for path in files)
        results = any(not path.name.endswith(ENDING) for path in files)
        tally["ended before" if ended else "left results" if results else _left(saved)] += 1
        if not ended:
            finish(("resume", ".") if saved else words, folder)
        if (found := contents(folder)) != expected:
            other += 1
            wrong = [file for file in found.keys() | expected.keys() if found.get(file) != expected.get(file)]
            print(f"{name}, kill {index}: other bytes: {', '.join(wrong)}")
    told = ", ".join(f"{count} {what}" for what, count in tally.items())
    print(f"{name}: {kills} kills in {seconds:.1f} s ({told}): {torn} torn files, {halves} hidden parts, {other} other")
    return not torn and not other


def _left(saved: bool) -> str:
    return "left a checkpoint" if saved else "left nothing"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commands", nargs="*", choices=COMMANDS, default=list(COMMANDS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        Path(place, "picture.png").write_bytes(png_bytes(noise))
        rng = random.Random(options.seed)
        sound = [kill(name, options.kills, Path(place), rng) for name in options.commands]
    sys.exit(not all(sound))
