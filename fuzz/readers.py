"""Fuzz the readers of files: any bytes must give a result or an `InputError`, in bounded time and memory.

    python fuzz/readers.py --runs 20000                  every reader, this many runs each
    python fuzz/readers.py --target world --seconds 60

With atheris (`pip install atheris`), it is guided by branch coverage of potstill, Pillow's readers and those of
archives; without it, bytes are flipped, cut, repeated and joined at random, which finds less. It starts from
`fuzz/corpus/TARGET`, where `--seeds` writes one small file of each kind. Failing inputs are written to
`build/fuzz/TARGET`, and the exit code is then 1.

Findings so far:

- pictures: nothing broke. The slowest input, a WebP of 286 bytes with a header of 7,184 x 7,184, takes a quarter of a
second:
  within the 100 megapixels that are read. (8,167 inputs in 194 s, guided.)
- settings: nothing broke. (7,500 inputs in three minutes, guided.)
- expression: a method such as `PDS(weight=1if 2else 3)` made Python warn on a line of its own; repaired.
  (12,793 inputs, unguided.)
- world: nothing broke. (16,334 inputs, unguided.)
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

if atheris and "--target" in sys.argv:
    with atheris.instrument_imports(
        include=["PIL", "potstill", "numpy.lib.format", "zipfile"], enable_loader_override=False
    ):
        import potstill.io.images
        import potstill.tasks.files.provenance
        import potstill.worlds.loading  # noqa: F401
from potstill.batch.manifest import read_manifest, read_row
from potstill.errors import InputError
from potstill.io.images import as_images, read_mask, read_text
from potstill.io.resize import Fit
from potstill.methods import Method
from potstill.tasks.files.provenance import read_record
from potstill.tasks.images.editing import Edit
from potstill.tasks.settings.parsing import from_text
from potstill.worlds.loading import read_world

HERE = Path(__file__).parent
BUILD = HERE.parent / "build" / "fuzz"
PLACE = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
LONGEST = 20_000
"""Maximum bytes of an input."""


def placed(data: bytes, name: str) -> Path:
    path = PLACE / name
    path.write_bytes(data)
    return path


def picture(data: bytes) -> None:
    """Read a picture as an image, as a mask and for its text."""
    path = placed(data, "picture")
    for read in (
        lambda: as_images(path, Fit(16), 0),
        lambda: read_mask(path, (16, 16)),
        lambda: read_text(path),
    ):
        try:
            read()
        except InputError as error:
            check(error)


def settings(data: bytes) -> None:
    """Read settings from a PNG or JSON, up to the task."""
    try:
        record = read_record(placed(data, "settings"))
        Edit.of(record["settings"])
    except InputError as error:
        check(error)


def world(data: bytes) -> None:
    """Read labelled points as CSV and as NPZ."""
    for name in ("world.csv", "world.npz"):
        try:
            read_world(placed(data, name))
        except InputError as error:
            check(error)


def table(data: bytes) -> None:
    """Read a manifest as CSV, JSON lines and Parquet, up to its tasks."""
    for name in ("table.csv", "table.jsonl", "table.parquet"):
        try:
            rows = read_manifest(placed(data, name))
        except InputError as error:
            check(error)
            continue
        for row in rows:
            try:
                read_row(row, PLACE)
            except InputError as error:
                check(error)


def expression(data: bytes) -> None:
    """Read a method from text."""
    try:
        from_text(data.decode("utf-8", "surrogatepass" if data[:1] == b"\0" else "replace"), Method)
    except (InputError, UnicodeDecodeError) as error:
        if isinstance(error, InputError):
            check(error)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "picture": picture, "settings": settings, "world": world, "expression": expression, "table": table,
}  # fmt: skip


def check(error: InputError) -> None:
    """Check that the length of a message is sensible."""
    if not 10 < len(str(error)) < 20_000:
        raise AssertionError(f"a message of {len(str(error))} characters")


def seeds() -> None:
    """Write the corpus: one small file of each kind."""
    import io

    import numpy as np
    from PIL import Image, PngImagePlugin

    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).quantize(8).convert("RGB")
    record = {
        "command": "edit",
        "settings": Edit(source="a", target="b", steps=2).settings(),
        "model": {"name": "emoji", "dtype": "float32", "device": "cpu"},
        "image": {"path": "photo.png", "sha256": "0" * 64},
        "images": ["photo.png"],
    }
    for target in TARGETS:
        (HERE / "corpus" / target).mkdir(parents=True, exist_ok=True)

    def put(target: str, name: str, data: bytes) -> None:
        (HERE / "corpus" / target / name).write_bytes(data)

    def encoded(kind: str, of: Image.Image = small, **options) -> bytes:
        buffer = io.BytesIO()
        of.save(buffer, kind, **options)
        return buffer.getvalue()

    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF"):
        put("picture", kind.lower(), encoded(kind))
    put("picture", "grey16.png", encoded("PNG", Image.new("I;16", (16, 16), 700)))
    put("picture", "palette.png", encoded("PNG", small.quantize(4), transparency=1))
    put("picture", "two.gif", encoded("GIF", save_all=True, append_images=[small.rotate(90)]))
    put(
        "picture",
        "turned.jpg",
        encoded("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\3\0\1\0\0\0\6\0\0\0\0\0\0\0"),
    )
    put("picture", "packed.tiff", encoded("TIFF", compression="tiff_lzw"))
    put("picture", "cmyk.jpg", encoded("JPEG", small.convert("CMYK")))
    put("picture", "float.pfm", encoded("PPM", Image.new("F", (16, 16), 0.5)))
    for packed in (False, True):
        info = PngImagePlugin.PngInfo()
        info.add_itxt("potstill", json.dumps(record), zip=packed)
        put("settings", f"packed-{packed}.png", encoded("PNG", pnginfo=info))
    put("settings", "edit.json", json.dumps(record).encode())
    put("settings", "indented.json", json.dumps(record, indent=1).encode())
    put("world", "points.csv", b"x,y,label\n0,0,1\n1.5,-2e3,2\n3,4,1\n")
    put("world", "texts.csv", b'\xef\xbb\xbflabel,x,y\n"cat",0,1\ndog,2,3\n')
    for name, save in (("plain.npz", np.savez), ("packed.npz", np.savez_compressed)):
        buffer = io.BytesIO()
        save(buffer, points=np.eye(4, 2), labels=np.array([0, 0, 1, 1]))
        put("world", name, buffer.getvalue())
    put("table", "edits.csv", b"image,source,target,method,seed\nphoto.png,a,b,dds,1\n,,,,\n")
    put("table", "rows.jsonl", b'{"prompt": "a", "steps": 2, "size": [8, 8]}\n{"prompt": "\\ud800", "seed": 1e3}\n')
    for n, text in enumerate(("pds", "PDS(coefficients=Identity(0.3))", "SDI(noise=Inverted(steps=5, extra_at='end'))",
                              "dds(Fresh(), times=Uniform(low=-1e-3))")):  # fmt: skip
        put("expression", f"{n}.txt", text.encode())


def guided(target: str, options: argparse.Namespace) -> None:
    """Let atheris choose the bytes; it ends the process."""
    found = BUILD / target
    found.mkdir(parents=True, exist_ok=True)
    flags = [
        f"-runs={options.runs}",
        f"-max_len={LONGEST}",
        "-timeout=30",
        "-rss_limit_mb=4000",
        "-print_final_stats=1",
    ]
    flags += [f"-max_total_time={options.seconds}", f"-artifact_prefix={found}/", f"-seed={options.seed}"]
    growing = tempfile.mkdtemp()
    atheris.Setup([sys.argv[0], *flags, growing, str(HERE / "corpus" / target)], TARGETS[target])
    atheris.Fuzz()


def unguided(target: str, options: argparse.Namespace) -> None:
    """Damage the corpus at random."""
    corpus = [path.read_bytes() for path in sorted((HERE / "corpus" / target).iterdir())]
    rng, began = random.Random(options.seed), time.monotonic()
    for run in range(options.runs):
        data = damaged(corpus, rng)
        try:
            TARGETS[target](data)
        except Exception:
            (BUILD / target).mkdir(parents=True, exist_ok=True)
            (BUILD / target / f"crash-{run}").write_bytes(data)
            print(f"{target}: run {run} broke, {BUILD / target / f'crash-{run}'}")
            raise
        if options.seconds and time.monotonic() - began > options.seconds:
            break
    print(f"{target}: {run + 1} runs in {time.monotonic() - began:.0f} s, nothing broke")


def damaged(corpus: list[bytes], rng: random.Random) -> bytes:
    """A file of the corpus with up to eight changes."""
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(1, 8)):
        at, kind = rng.randrange(len(data) + 1), rng.randrange(6)
        length = rng.choice((1, 1, 2, 4, 8, rng.randrange(64)))
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + length] = rng.randbytes(length)
        elif kind == 2:
            del data[at : at + length]
        elif kind == 3:
            data[at:at] = data[at : at + length]
        elif kind == 4:
            data[at : at + length] = rng.choice((b"\xff", b"\0", b"9", b"(", b"[", b"-", b"nan", b"1e400")) * length
        else:
            other = rng.choice(corpus)
            data[at:] = other[rng.randrange(len(other) + 1) :]
    return bytes(data[:LONGEST])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=2_000, help="of each reader")
    parser.add_argument("--seconds", type=int, default=0, help="at most, for each reader; 0 is no limit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=TARGETS, help="one reader; by default every one in turn")
    parser.add_argument("--seeds", action="store_true", help="write the corpus anew")
    options = parser.parse_args()
    if options.seeds:
        seeds()
    elif options.target:
        (guided if atheris else unguided)(options.target, options)
    else:
        words = [f"--runs={options.runs}", f"--seconds={options.seconds}", f"--seed={options.seed}"]
        ends = [subprocess.run([sys.executable, __file__, *words, "--target", name]).returncode for name in TARGETS]
        sys.exit(1 if any(ends) else 0)


if __name__ == "__main__":
    try:
        main()
    finally:
        for path in PLACE.iterdir():
            path.unlink()
        os.rmdir(PLACE)
