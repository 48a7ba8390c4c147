"""What is written into a manifest is what is read from it, in every format."""

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from potstill.batch.manifest import BatchRow, columns, read_manifest, read_row
from potstill.errors import InputError
from potstill.io.images import png_bytes
from potstill.tasks.images.editing import Edit
from potstill.tasks.images.generating import Generate
from tests.optional import require

quick = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Any letters a file can hold; a text of blanks alone is an empty cell.
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: text.strip()
)
tasks = st.one_of(
    st.builds(
        Edit,
        source=words,
        target=words,
        seed=st.integers(0, 2**63 - 1),
        steps=st.none() | st.integers(1, 10**6),
        guidance_scale=st.floats(-1000, 1000),
        size=st.none() | st.builds("{}x{}".format, st.integers(1, 5000), st.integers(1, 5000)),
        space=st.sampled_from(["latents", "pixels"]),
    ),
    st.builds(Generate, prompt=words, seed=st.integers(0, 2**63 - 9), count=st.integers(1, 9), negative=words),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import torch

    path = tmp_path_factory.mktemp("manifest")
    (path / "ü photo.png").write_bytes(png_bytes(torch.rand(1, 3, 8, 8)))
    return path


def cells(task: Edit | Generate) -> dict:
    """The row that asks for a task."""
    return {**task.settings(), **({"image": "ü photo.png"} if isinstance(task, Edit) else {})}


def write(folder, ending: str, rows: list[dict], head: str = "", end: str = "\r\n"):
    path = folder / f"rows.{ending}"
    names = list(dict.fromkeys(name for row in rows for name in row))
    if ending == "csv":
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, names, lineterminator=end)
        table.writeheader()
        table.writerows(rows)
        path.write_bytes((head + text.getvalue()).encode())
    elif ending == "jsonl":
        path.write_bytes((head + end.join(json.dumps(row, ensure_ascii=False) for row in rows)).encode())
    else:
        require("pyarrow")
        import pyarrow
        from pyarrow import parquet

        columns = {name: [row.get(name) for row in rows] for name in names}
        parquet.write_table(pyarrow.table(columns), path)
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@quick
@given(st.lists(tasks, min_size=1, max_size=4), st.sampled_from(["", "\ufeff"]), st.sampled_from(["\n", "\r\n"]))
def test_a_task_comes_back_from_every_format(folder, ending, asked, head, end):
    rows = read_manifest(write(folder, ending, [cells(task) for task in asked], head, end))
    assert [row.number for row in rows] == [*range(1, 1 + len(asked))]
    assert [read_row(row, folder).task() for row in rows] == asked


@quick
@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl", "parquet"]))
def test_any_bytes_are_read_or_refused(folder, data, ending):
    path = folder / f"any.{ending}"
    path.write_bytes(data)
    try:
        rows = read_manifest(path)
    except InputError:
        return
    for row in rows:
        with pytest.raises(InputError):
            read_row(row, folder)


MISTAKES = {
    "empty csv": ("a.csv", "", "has no rows"),
    "header alone": ("a.csv", "image,source,target\n", "has no rows"),
    "empty jsonl": ("a.jsonl", "\n\n", "has no rows"),
    "unknown": ("a.csv", "promt\nx", "unknown column 'promt': did you mean 'prompt'"),
    "unknown in json": (
        "a.jsonl",
        '{"prompt": "x"}\n{"sede": 1}',
        "unknown column 'sede' in row 2: did you mean 'seed'",
    ),
    "twice": ("a.csv", "prompt,prompt\nx,y", "the column 'prompt' appears twice"),
    "quotes": ("a.csv", 'prompt\n"x" y', "is not valid CSV"),
    "open quote": ("a.csv", 'prompt\n"x', "is not valid CSV"),
    "not parquet": ("a.parquet", "hello", "cannot be read as Parquet"),
    "ending": ("a.xlsx", "x", "must end in .csv, .jsonl, .parquet"),
    "latin": ("a.csv", b"prompt\n\xe4pple", "is not UTF-8"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_broken_manifest_is_refused(tmp_path, name):
    file, content, message = MISTAKES[name]
    if file.endswith("parquet"):
        require("pyarrow")
    (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        read_manifest(tmp_path / file)
    with pytest.raises(InputError, match="no such file"):
        read_manifest(tmp_path / "none.csv")


EDIT = {"image": "ü photo.png", "source": "a", "target": "b"}
BAD_ROWS = {
    "nothing": ({"seed": 1}, "neither an image"),
    "no source": ({"image": "ü photo.png", "target": "b"}, "has no source prompt"),
    "both": ({**EDIT, "prompt": "x"}, "prompt does not apply where the row is edited"),
    "source": ({"prompt": "x", "source": "y"}, "source does not apply where the row is generated"),
    "mask": (
        {"prompt": "x", "mask": "ü photo.png"},
        "mask does not apply where the row is generated",
    ),
    "method": ({**EDIT, "method": "dss"}, "unknown method 'dss'"),
    "steps": ({**EDIT, "steps": "many"}, "steps of Edit = 'many' must be a whole number"),
    "half": ({**EDIT, "steps": 2.5}, "steps of Edit = 2.5 must"),
    "code": ({**EDIT, "seed": "__import__('os')"}, "seed of Edit = "),
    "list": ({**EDIT, "seed": [1, {}]}, "seed of Edit = "),
    "missing": ({**EDIT, "image": "none.png"}, "no such file"),
    "out": ({**EDIT, "image": "../photo.png"}, "leads out of"),
    "absolute": ({**EDIT, "image": "/etc/passwd"}, "leads out of"),
    "link": ({**EDIT, "image": "link.png"}, "leads out of"),
    "loop": ({**EDIT, "image": "loop.png"}, "loop.png"),
    "pipe": ({**EDIT, "image": "pipe"}, "a device or a pipe"),
    "number": ({**EDIT, "image": 5}, "must be a path"),
    "null byte": ({**EDIT, "image": "a\0b"}, "must be a path"),
    "long": ({**EDIT, "image": "x" * 5000}, "follow|no such file|cannot read"),
    "half a letter": ({**EDIT, "source": "\ud800"}, "save the file as UTF-8"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_says_what_is_wrong(folder, name):
    import os

    for link, to in (("link.png", "/etc/passwd"), ("loop.png", folder / "loop.png")):
        if not (folder / link).is_symlink():
            (folder / link).symlink_to(to)
    if not (folder / "pipe").exists():
        os.mkfifo(folder / "pipe")
    row, message = BAD_ROWS[name]
    (folder / "bad.jsonl").write_text(f"{json.dumps(row)}\n[1]\nnonsense\n" + '{"prompt": "good", "seed": NaN}')
    first, *broken, good = read_manifest(folder / "bad.jsonl")
    with pytest.raises(InputError, match=message):
        read_row(first, folder)
    for other in broken:
        with pytest.raises(InputError, match=r"the row is not (valid JSON|a JSON object)"):
            read_row(other, folder)
    assert read_row(good, folder).task() == Generate(prompt="good")


def test_cells_of_text_are_read_as_their_fields_are(folder):
    path = folder / "cells.csv"
    path.write_text("prompt,size,seed,guidance_scale,method\nx,64x32,7,3,sds\ny,64,,,\nz,too,many,cells,here,now\n")
    first, second, third = read_manifest(path)
    task = read_row(first, folder).task()
    assert (task.size, task.seed, task.guidance_scale) == ("64x32", 7, 3.0)
    assert read_row(second, folder).task() == Generate(prompt="y", size="64")
    with pytest.raises(InputError, match="has 6 cells and the header 5"):
        read_row(third, folder)


def test_columns_with_gaps_come_as_floats(folder):
    rows = [{"prompt": "x", "seed": 3.0, "steps": float("nan")}, {"prompt": "y", "seed": None, "steps": 2.0}]
    first, second = read_manifest(write(folder, "parquet", rows))
    assert read_row(first, folder).task() == Generate(prompt="x", seed=3)
    assert read_row(second, folder).task() == Generate(prompt="y", steps=2)


def test_content_is_what_a_row_says_and_not_what_its_files_are_called(folder, tmp_path):
    (tmp_path / "other.png").write_bytes((folder / "ü photo.png").read_bytes())
    task = Edit(source="a", target="b")
    here = BatchRow.of(task, image=str(folder / "ü photo.png")).with_content().content
    assert BatchRow.of(task, image=str(tmp_path / "other.png")).with_content().content == here
    (tmp_path / "other.png").write_bytes(b"changed")
    assert BatchRow.of(task, image=str(tmp_path / "other.png")).with_content().content != here
    assert BatchRow.of(replace(task, seed=1), image=str(folder / "ü photo.png")).with_content().content != here


def test_thousands_of_rows_are_read(folder):
    path = write(folder, "csv", [cells(Edit(source="a", target="b", seed=seed)) for seed in range(2_000)])
    rows = read_manifest(path)
    assert len(rows) == 2_000
    for row in rows[::10]:
        read_row(row, folder)
    assert set(rows[0].cells) <= set(columns())


def test_a_row_with_half_a_character_or_a_name_twice_fails_alone(tmp_path):
    lines = [
        '{"prompt": "red \\ud800"}',
        '{"prompt": "a", "\\udfff": 1}',
        '{"image": "\\ud800.png", "source": "a", "target": "b"}',
        '{"prompt": "a", "prompt": "b"}',
        '{"prompt": "a", "seed": ' + "9" * 5000 + "}",
        '{"prompt": ' + "[" * 100_000,
        '{"prompt": "a"}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    rows = read_manifest(tmp_path / "a.jsonl")
    said = [*["contains an unpaired surrogate"] * 3, "names 'prompt' twice", "far too many digits", "nested too deeply"]
    for row, message in zip(rows, said, strict=False):
        assert message in row.error
    assert read_row(rows[-1], tmp_path).settings["prompt"] == "a"


def test_a_row_with_a_date_that_python_does_not_have_fails_alone(tmp_path):
    require("pyarrow")
    import pyarrow
    from pyarrow import parquet

    dates = pyarrow.array([2**62, None], pyarrow.timestamp("ms"))
    parquet.write_table(pyarrow.table({"prompt": ["a", "b"], "seed": dates}), tmp_path / "a.parquet")
    first, second = read_manifest(tmp_path / "a.parquet")
    assert "has a value that cannot be read" in first.error
    assert read_row(second, tmp_path).settings["prompt"] == "b"


def test_a_picture_beyond_the_limit_is_refused_before_it_is_hashed(tmp_path):
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(60_000_000_000)
    (tmp_path / "a.csv").write_text("image,source,target\na.png,a,b\n")
    with pytest.raises(InputError, match="has 60,000,000,000 bytes: at most 1,000,000,000 are read"):
        read_row(read_manifest(tmp_path / "a.csv")[0], tmp_path)
