"""Every limit that SECURITY.md states: the number in the code, and what goes beyond it."""

import importlib
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import potstill
from potstill.batch.executors import choose_executor
from potstill.bench.datasets import read_dataset
from potstill.cli.bench import BenchCommand
from potstill.errors import InputError
from potstill.io import bounded, decode, files, images, tables
from potstill.io.svg import census, document, read_svg, styles
from potstill.io.svg import fields as svg_fields
from potstill.methods import Method
from potstill.priors import safety
from potstill.tasks.files import provenance
from potstill.tasks.images.editing import Edit
from potstill.tasks.images.generating import Generate
from potstill.tasks.runs import state_file
from potstill.tasks.settings import numbers, parsing
from potstill.worlds import loading
from tests.hostile.harness import bounded as within_bounds
from tests.hostile.harness import one_line
from tests.hostile.pngs import END, GREY, chunks, encoded, header
from tests.optional import require

TABLE = re.findall(r"^\| .* \| ([\d,]+) \| `(.*?)` \|$", (Path(__file__).parents[2] / "SECURITY.md").read_text(), re.M)


def sparse(name: str, size: int) -> Path:
    """A file of so many bytes, which take no space."""
    with open(name, "wb") as file:
        file.truncate(size)
    return Path(name)


def text(name: str, data: str) -> Path:
    Path(name).write_text(data)
    return Path(name)


def picture(name: str, data: bytes) -> Path:
    Path(name).write_bytes(data)
    return Path(name)


def packed(count: int, cell: str) -> Path:
    """A Parquet file that is far smaller than its rows."""
    require("pyarrow")
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"prompt": pyarrow.repeat(pyarrow.scalar(cell), count)}), "rows.parquet")
    return Path("rows.parquet")


LEVELS = "".join(f'<g id="l{n}">{f"""<use href="#l{n - 1}"/>""" * 10}</g>' for n in range(1, 9))
USES = f'<defs><path id="l0" d="M0 0h1v1z"/>{LEVELS}</defs><use href="#l8"/>'
"""A hundred million paths."""


def drawing(body: str) -> object:
    return read_svg(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{body}</svg>'.encode())


def schedule() -> Path:
    Path("model").mkdir()
    return text("model/scheduler_config.json", json.dumps({"num_train_timesteps": safety.TIMES + 1}))


def generate(**settings) -> Generate:
    return Generate.of({"prompt": "a", **settings})


def edit(**settings) -> Edit:
    return Edit.of({"source": "a", "target": "b", **settings})


def rows(path: Path) -> list[tables.Row]:
    return tables.read_table(path, ["prompt"])


ROW = "a\n"
FRAMES = decode.FRAMES
BEYOND = {
    "io.files.BYTES": [
        lambda: files.check_file(sparse("a.png", files.BYTES + 1), "a picture"),
        lambda: decode.open_image(sparse("b.png", 60_000_000_000)),
    ],
    "io.decode.PIXELS": [
        lambda: decode.open_image(picture("a.png", chunks(header(10_001, 10_000), END))),
        lambda: generate(size=[decode.PIXELS + 1, 8]),
    ],
    "io.decode.FRAMES": [
        lambda: Edit.of({"source": "a", "target": "b", "frame": FRAMES}),
        lambda: Edit.of({"source": "a", "target": "b", "frame": -1}),
    ],
    "io.bounded.SECONDS": [
        lambda: decode.open_image(picture("a.ppm", b"P6\n" + b"#\n" * 10_000 + b"16 16\n255\n" + bytes(768))),
        lambda: decode.open_image(picture("a.gif", encoded(GREY, "GIF", save_all=True, append_images=noise(9))), 9),
    ],
    "io.bounded.HELD": [
        lambda: decode.open_image(picture("a.png", chunks(header(16, 16), (b"prVt", bytes(bounded.HELD + 1)), END))),
        lambda: decode.open_image(picture("a.webp", encoded(GREY, "WEBP") + bytes(bounded.HELD))),
    ],
    "io.images.TEXT": [
        lambda: images.read_text(
            picture("a.png", chunks(header(16, 16), (b"tEXt", b"a\0" + b"a" * images.TEXT), *encoded_rows(), END))
        ),
    ],
    "io.tables.BYTES": [
        lambda: rows(sparse("a.csv", 3_000_000_000)),
        lambda: rows(sparse("a.jsonl", tables.BYTES + 1)),
        lambda: rows(packed(1, "a" * (tables.BYTES + 1))),
        lambda: rows(packed(60, "a" * 1_000_000)),
    ],
    "io.tables.ROWS": [
        lambda: rows(text("a.csv", "prompt\n" + ROW * (tables.ROWS + 1))),
        lambda: rows(packed(tables.ROWS + 1, "a")),
    ],
    "io.tables.CELL": [lambda: rows(text("a.csv", "prompt\n" + "a" * (tables.CELL + 1)))],
    "bench.datasets.BYTES": [lambda: read_dataset(sparse("mapping_file.json", 100_000_001).parent)],
    "tasks.files.provenance.LONGEST": [lambda: provenance.read_record(text("a.json", "{" + " " * provenance.LONGEST))],
    "tasks.runs.state_file.BYTES": [lambda: state_file.unpack(sparse("a.safetensors", state_file.BYTES + 1))],
    "worlds.loading.BYTES": [lambda: loading.read_world(sparse("a.npz", loading.BYTES + 1))],
    "worlds.loading.LIMIT": [
        lambda: loading.read_world(text("a.csv", "x,y,label\n" + "0,0,1\n1,1,2\n" * (loading.LIMIT // 2 + 1))),
    ],
    "io.svg.document.BYTES": [lambda: read_svg(sparse("a.svg", document.BYTES + 1))],
    "io.svg.document.ELEMENTS": [lambda: drawing("<g/>" * (document.ELEMENTS + 1))],
    "io.svg.fields.NUMBERS": [lambda: drawing('<path d="M0 0' + "h1" * svg_fields.NUMBERS + '"/>')],
    "io.svg.census.SHAPES": [lambda: drawing("<path/>" * (census.SHAPES + 1)), lambda: drawing(USES)],
    "io.svg.styles.SHEETS": [lambda: drawing("<style>" + ".a{}" * (styles.SHEETS // 4 + 1) + "</style>")],
    "priors.safety.LONGEST": [lambda: safety.read_json(sparse("a.json", safety.LONGEST + 1))],
    "priors.safety.TIMES": [lambda: safety._check_config(schedule())],
    "priors.prompts.LONGEST": [lambda: generate(prompt="a" * 5_001)],
    "tasks.settings.parsing.LONGEST": [lambda: generate(method="a" * (parsing.LONGEST + 1))],
    "tasks.settings.parsing.DEEPEST": [lambda: generate(method="SDS(" * 61 + ")" * 61)],
    "tasks.settings.numbers.INTEGER": [
        lambda: generate(seed=numbers.INTEGER + 1),
        lambda: generate(seed=-(10**5000)),
        lambda: generate(method=f"SDS(noise=Inverted(steps=0x{'f' * 5000}))"),
        lambda: generate(method=f"SDS(noise=Inverted(steps=-0x{'f' * 5000}))"),
        lambda: generate(method=f"SDS(times=(1, 0x{'f' * 5000}))"),
        lambda: generate(guidance_scale=10**400),
    ],
    "tasks.settings.shared.STEPS": [lambda: generate(steps=1_000_001)],
    "tasks.settings.shared.COUNT": [lambda: generate(count=10_001)],
    "tasks.settings.sizes.LARGEST": [
        lambda: potstill.generate("red heart", count=1001, steps=1),
        lambda: potstill.generate("red heart", size="2048x2112", steps=1),
        lambda: potstill.edit(noise(1)[0], source="red heart", target="blue heart", size="9984x9984", steps=1),
    ],
    "diffusion.guidance.LARGEST_SCALE": [
        lambda: generate(guidance_scale=1e308),
        lambda: generate(guidance_scale=-1000.5),
        lambda: generate(guidance_scale=float("inf")),
        lambda: generate(method="SDS(noise=Inverted(guidance_scale=1001))"),
        lambda: edit(method="InfEdit(source_guidance=-1001)"),
        lambda: edit(method="NullText(source_guidance=1e300)"),
    ],
    "methods.noise.MOST_CALLS": [
        lambda: generate(method="SDS(noise=Inverted(steps=1000000000))"),
        lambda: generate(method="SDS(noise=Inverted(1001))"),
        lambda: generate(method="SDS(noise=Picard(iterations=1001))"),
        lambda: edit(method="IDS(noise=FixedPoint(iterations=1e9))"),
    ],
    "methods.bank.LARGEST": [lambda: edit(method="DDS(noise=DrawBank(size=10001))")],
    "methods.render_model.HIGHEST_RANK": [
        lambda: generate(method="VSD(render_model=LoRAModel(rank=1025))"),
        lambda: generate(method="VSD(render_model=DefaultRenderModel(100000000))"),
    ],
    "diffusion.null_text.MOST_UPDATES": [lambda: edit(method="NullText(inner_steps=1001)")],
    "diffusion.shared_calls.LARGEST": [lambda: choose_executor(1, None, 257)],
    "batch.executors.WORKERS": [
        lambda: choose_executor(1_000_000, None, 1),
        lambda: choose_executor(1, 10**12, 1),
    ],
    "cli.bench.PAIRS": [lambda: BenchCommand("edits", pairs=10_001)],
    "cli.bench.SEEDS": [lambda: BenchCommand("edits", seeds=10**10)],
}
"""What goes beyond each limit."""


def noise(count: int) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)) for _ in range(count)]


def encoded_rows() -> list[tuple[bytes, bytes]]:
    """The pixels of a picture of 16 x 16."""
    import zlib

    return [(b"IDAT", zlib.compress((b"\0" + bytes(48)) * 16))]


def test_the_table_is_that_of_the_code():
    assert len(TABLE) == len({name for _, name in TABLE}) > 20
    for number, name in TABLE:
        module, _, constant = name.rpartition(".")
        assert getattr(importlib.import_module(module), constant) == int(number.replace(",", "")), name
    assert [name.removeprefix("potstill.") for _, name in TABLE] == [*BEYOND]


@pytest.mark.parametrize("name", BEYOND)
def test_what_goes_beyond_a_limit_is_refused_before_the_work(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    if name == "io.bounded.SECONDS":  # every look at the clock takes a second
        clock = iter(range(100_000))
        monkeypatch.setattr(time, "thread_time", lambda: next(clock))
    for beyond in BEYOND[name]:
        with within_bounds(), pytest.raises(InputError) as refusal:
            beyond()
        one_line(str(refusal.value), ".")


def test_a_million_equal_names_are_found_at_once(tmp_path):
    names = ",".join(f'"{index}": 1' for index in range(300_000))
    (tmp_path / "a.json").write_text(f'{{{names}, "299999": 2}}')
    began = time.thread_time()
    with pytest.raises(InputError, match="names '299999' twice: keep one"):
        provenance.read_record(tmp_path / "a.json")
    assert time.thread_time() - began < 5


def test_numbers_within_the_limits_are_read():
    assert parsing.from_text("SDS(noise=Inverted(steps=5))", Method) == parsing.from_text("sds(Inverted(5))", Method)
    assert generate(seed=2**63 - 1, guidance_scale=-1000).seed == 2**63 - 1
