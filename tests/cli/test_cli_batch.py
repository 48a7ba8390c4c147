"""potstill batch as a user meets it: bad rows, restarts, workers that are killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial

import pytest
import torch

from potstill import edit, load
from potstill.batch.executors import InProcess, Processes, Ray
from potstill.batch.manifest import read_manifest
from potstill.batch.results import BatchResults
from potstill.batch.work import Outcome, load_models
from potstill.errors import InputError
from potstill.io.files import _HOST, sweep, write
from potstill.io.images import png_bytes
from potstill.priors.spec import ModelSpec
from potstill.tasks.files.provenance import read_record
from tests.cli.test_cli import run
from tests.optional import require

NAMES = ("image", "source", "target", "prompt", "method", "seed", "steps")
EDIT = {"image": "photo.png", "source": "a red apple", "target": "a pear", "steps": 2}


@pytest.fixture(scope="module")
def model(tiny_folder):
    return str(tiny_folder("sd"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photo.png").write_bytes(
        png_bytes(torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0)))
    )
    return tmp_path


def table(folder, rows):
    path = folder / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, NAMES)
        writer.writeheader()
        writer.writerows(rows)
    return path


def batch(capsys, folder, model, rows, *words):
    words = (str(table(folder, rows)), "--out", str(folder / "out"), "--model", model, "--json", *words)
    code, out, err = run(capsys, "batch", *words)
    return code, json.loads(out) if out.startswith("[") else out, err


def files(folder):
    return {path.name: path.read_bytes() for path in (folder / "out").glob("*-*.*")}


def test_bad_rows_are_recorded_and_the_others_are_done(capsys, folder, model):
    (folder / "text.png").write_text("no picture")
    rows = [
        {**EDIT, "seed": 1},
        {**EDIT, "image": "text.png"},
        {**EDIT, "method": "dss"},
        {"prompt": "a pear", "method": "sds", "steps": 2},
        {**EDIT, "seed": 1},
    ]
    code, found, err = batch(capsys, folder, model, rows)
    assert code == 1
    assert [bool(row["error"]) for row in found] == [False, True, True, False, False], found[3]["error"]
    assert "row 3 of rows.csv: unknown method 'dss'" in err
    assert "text.png" in found[1]["error"]
    assert found[0]["output"] == found[4]["output"] != found[3]["output"]
    assert found[0]["distance"] > 0
    assert found[0]["evaluations"] == 8
    assert len(files(folder)) == 4  # a PNG and a JSON for each of two results
    code, out, _ = run(capsys, "replay", str(folder / "out" / found[0]["output"]))
    assert (code, out) == (0, "the same, to the byte\n")


def test_what_is_done_is_skipped_by_content(capsys, folder, model):
    rows = [{**EDIT, "seed": seed} for seed in range(3)]
    assert batch(capsys, folder, model, rows)[0] == 0
    first = files(folder)
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").glob("*-*.*")}
    (folder / "photo.png").rename(folder / "moved.png")
    moved = [{**row, "image": "moved.png"} for row in rows[::-1]]
    code, _, _ = batch(capsys, folder, model, [*moved, {**moved[0], "seed": 7}])
    assert code == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before  # other order, name and number: not touched
    assert len(files(folder)) == len(first) + 2
    victim = next(iter(name for name in first if name.endswith(".png")))
    (folder / "out" / victim).unlink()
    (folder / "out" / left_of(victim)).write_bytes(first[victim][:100])  # as a kill -9 leaves it
    batch(capsys, folder, model, moved)
    record = read_record(folder / "out" / victim)
    assert record["image"]["path"].endswith("moved.png")
    assert not (folder / "out" / left_of(victim)).exists()
    (folder / "moved.png").write_bytes(png_bytes(torch.zeros(1, 3, 20, 30)))
    assert len(batch(capsys, folder, model, moved)[1]) == 3
    assert len(files(folder)) == len(first) + 2 + 6  # another picture: done again


def test_a_row_is_what_the_single_command_gives(capsys, folder, model):
    rows = [{**EDIT, "seed": seed, "method": "dds"} for seed in range(3)]
    _, found, _ = batch(capsys, folder, model, rows, "--batch-size", "1")
    settings = {"method": "dds", "steps": 2, "seed": 2, "source": EDIT["source"], "target": EDIT["target"]}
    alone = edit(str(folder / "photo.png"), model=load(model), **settings)
    assert (folder / "out" / found[2]["output"]).read_bytes() == alone.pngs()[0]


def test_an_interrupt_keeps_what_is_done_and_says_how_to_go_on(capsys, folder, model, monkeypatch):
    def interrupted(self, rows, *details):
        yield Outcome(next(iter(rows)).content, "a.png")
        raise KeyboardInterrupt

    monkeypatch.setattr(InProcess, "outcomes", interrupted)
    code, _, err = batch(capsys, folder, model, [EDIT, {**EDIT, "seed": 1}])
    assert code == 130
    assert "interrupted; 1 of 2 rows are done and kept: run the same command again to continue" in err
    assert len(list((folder / "out").glob("results.*"))) == 1


def test_mistakes_are_one_line(capsys, folder, model):
    assert batch(capsys, folder, model, [EDIT, {"seed": 1}], "--dry-run")[0] == 1
    assert not (folder / "out").exists()
    for words, message in (
        (("--workers", "0"), "workers = 0"),
        (("--batch-size", "0"), "batch size = 0"),
        (("--model", "/nowhere/model"), "there is no /nowhere/model"),
        (("--ray", "no such place"), "Ray"),
    ):
        code, out, err = batch(capsys, folder, model, [EDIT], *words)
        assert (code, out) == (2, ""), words
        assert message in err.splitlines()[-1]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_table_of_results_replaces_none_but_its_like(folder, monkeypatch, ending):
    monkeypatch.setattr(BatchResults, "table", lambda self, place: place / f"results.{ending}")
    manifest = table(folder, [EDIT])
    results = BatchResults(read_manifest(manifest), folder)
    results.check_table(folder, manifest)
    if ending == "parquet":
        require("pyarrow")
    results.save(folder)
    results.check_table(folder, manifest)
    with pytest.raises(InputError, match="is where the results are written"):
        results.check_table(folder, folder / f"results.{ending}")
    (folder / f"results.{ending}").write_text("image,source\n")
    with pytest.raises(InputError, match="is not a table of results that may be replaced"):
        results.check_table(folder, manifest)


def test_a_full_disk_ends_the_batch(capsys, folder, model, monkeypatch):
    from potstill.errors import InputError
    from potstill.tasks.runs import run as module

    def full(path, data):
        raise InputError(f"cannot write {str(path)!r}: No space left on device")

    monkeypatch.setattr(module, "write", full)
    code, _, err = batch(capsys, folder, model, [EDIT])
    assert code == 2
    assert "No space left" in err


def rows_of(folder, count):
    rows = [{**EDIT, "seed": seed, "steps": 40} for seed in range(count)]
    (folder / "out").mkdir()
    return BatchResults(read_manifest(table(folder, rows)), folder)


def whole(folder, results, count):
    """Every row is there exactly once, and nothing else."""
    assert sorted(results.outcomes) == [*range(1, count + 1)]
    assert not results.failed
    names = {outcome.output for outcome in results.outcomes.values()}
    assert len(names) == count
    assert set(files(folder)) == names | {name.replace(".png", ".json") for name in names}


def test_a_worker_that_is_killed_costs_no_row(folder, model):
    results, seen = rows_of(folder, 6), []
    load_model = partial(load_models, {"picture": ModelSpec(model, device="cpu", dtype="float32")})
    for outcome in Processes(2).outcomes(results.pending(), load_model, folder / "out", 2):
        if not seen:
            import multiprocessing

            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
        seen.append(outcome.content)
        results.add(outcome)
    assert len(seen) == len(set(seen))
    whole(folder, results, 6)


@pytest.mark.filterwarnings(
    "ignore:::ray", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_an_actor_that_is_killed_costs_no_row(folder, model):
    """Two actors of a local Ray, one of which is killed in the middle."""
    require("ray")
    import psutil

    results, seen, killed = rows_of(folder, 8), [], []

    def kill() -> None:
        """The first actor that has written a result."""
        while not killed:
            time.sleep(0.05)
            actors = [process for process in psutil.process_iter(["cmdline"]) if "_Actor" in process_name(process)]
            if len(actors) > 1 and list((folder / "out").glob("*.json")):
                actors[0].kill()
                killed.append(actors[0].pid)

    threading.Thread(target=kill, daemon=True).start()
    load_model = partial(load_models, {"picture": ModelSpec(model, device="cpu", dtype="float32")})
    for outcome in Ray("local", 2).outcomes(results.pending(), load_model, folder / "out", 2):
        seen.append(outcome.content)
        results.add(outcome)
    assert killed
    assert len(seen) == len(set(seen))
    until = time.monotonic() + 20
    while list((folder / "out").glob(".*.part")) and time.monotonic() < until:
        sweep(folder / "out")  # it may have died while it wrote; the command sweeps when it saves
        time.sleep(0.05)
    whole(folder, results, 8)


def process_name(process) -> str:
    return " ".join(process.info["cmdline"] or ())


def left_of(name: str) -> str:
    """What a process that has ended was writing."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return f".{name}.{_HOST}-{process.pid}.part"


def test_the_sweep_takes_only_what_write_left(tmp_path):
    from potstill.io.files import sweep

    write(tmp_path / "a.png", b"a")
    for name in (left_of("a.png"), ".hidden", ".a.png", "b.png.12"):
        (tmp_path / name).write_bytes(b"x")
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", ".hidden", ".a.png", "b.png.12"}
