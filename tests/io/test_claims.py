"""Names of results: what exists is kept, an input is never an output, and two runs never have one name."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from potstill.errors import InputError
from potstill.io.claims import Claim, check_outputs, locked
from potstill.io.outputs import FolderOutputs, pictures


@pytest.fixture
def said(tmp_path, monkeypatch):
    """The lines that claims say; the folder is the current one."""
    monkeypatch.chdir(tmp_path)
    return []


def made(*names):
    for name in names:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name)


@pytest.mark.parametrize(
    ("there", "count", "taken"),
    [
        ((), 1, "edit.png"),
        (("edit.png",), 1, "edit-2.png"),
        (("edit.json",), 1, "edit-2.png"),
        (("edit.gif",), 1, "edit-2.png"),
        (("edit.safetensors",), 1, "edit-2.png"),
        (("edit-preview.png",), 1, "edit-2.png"),
        (("edit.state",), 1, "edit-2.png"),
        (("edit.png", "edit-2.json"), 1, "edit-3.png"),
        (("edit-1.png",), 1, "edit.png"),  # one result takes no number
        (("edit-1.png", "edit-2.png", "edit.json"), 1, "edit-3.png"),
        (("edit-3.png",), 3, "edit-2.png"),  # whose results are edit-2-1 to edit-2-3
        (("edit-4.png",), 3, "edit.png"),
        (("edit.txt", "edit"), 1, "edit.png"),
    ],
)
def test_the_whole_family_takes_the_next_free_name(said, there, count, taken):
    made(*there)
    with Claim(pictures(Path("edit.png"), count, ".state"), say=said.append) as claim:
        assert claim.outputs.path == Path(taken)
        assert not [path for path in claim.outputs.files() if path.exists()]
        assert Path(f".{Path(taken).stem}.lock").exists()
    assert [Path(name).read_text() for name in there] == list(there)
    assert sorted(os.listdir()) == sorted(there)
    moved = taken != "edit.png"
    assert len(said) == moved
    assert not moved or re.fullmatch(rf"edit\S* exists: writing {taken}; --overwrite replaces it", said[0])


def test_a_folder_takes_the_next_free_name_if_it_holds_such_files(said):
    made("moons/other.txt")
    wanted = FolderOutputs(Path("moons"), ("world.png", "world.json"))
    with Claim(wanted, say=said.append) as claim:
        assert claim.outputs.path == Path("moons")
        made("moons/world.json")
    with Claim(wanted, say=said.append) as claim:
        assert claim.outputs.path == Path("moons-2")
        made("moons-2/world.json")
    assert said == ["moons/world.json exists: writing moons-2; --overwrite replaces it"]
    os.chdir("moons")
    with pytest.raises(InputError, match=r"'.' holds results already.*another --out"):
        check_outputs(FolderOutputs(Path(), ("world.png", "world.json")))
    check_outputs(FolderOutputs(Path(), ("compare.png",)))


def test_a_folder_that_was_made_for_nothing_goes(said):
    def fail(outputs, *names):
        with Claim(outputs):
            assert outputs.folder.is_dir()
            made(*names)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail(pictures(Path("deep/er/edit.png")))
    check_outputs(pictures(Path("deep/er/edit.png")))
    assert os.listdir() == []
    with pytest.raises(KeyboardInterrupt):
        fail(FolderOutputs(Path("deep/moons"), ("world.png",)), "deep/moons/world.png")
    assert Path("deep/moons/world.png").exists()


@pytest.mark.parametrize("link", ["cat.png", "./deep/../cat.png", "symlink.png", "hardlink.png", "folder/cat.png"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_never_an_output(said, link, overwrite):
    made("cat.png", "deep/x")
    Path("symlink.png").symlink_to("cat.png")
    Path("hardlink.png").hardlink_to("cat.png")
    Path("folder").symlink_to(".")
    outputs = pictures(Path(link))
    if overwrite:
        with pytest.raises(InputError, match=r"is an input of this run, which is never replaced: give another --out"):
            check_outputs(outputs, [Path("cat.png")], overwrite)
        with pytest.raises(InputError, match=r"never replaced"), Claim(outputs, [Path("cat.png")], overwrite):
            pass
    else:
        with Claim(outputs, [Path("cat.png")], say=said.append) as claim:
            assert claim.outputs.path == outputs.path.with_stem(f"{outputs.path.stem}-2")
        assert said == [f"{outputs.path} is an input of this run: writing {claim.outputs.path}"]


def test_what_is_no_file_is_never_replaced(said):
    os.mkfifo("pipe.png")
    Path("folder.png").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
        for overwrite in (False, True):
            for name, what in (("pipe", "a device"), ("socket", "a device"), ("folder", "a folder")):
                with pytest.raises(InputError, match=f"cannot write '{name}.png': it is {what}"):
                    check_outputs(pictures(Path(f"{name}.png")), overwrite=overwrite)
    made("read-only.png")
    Path("read-only.png").chmod(0o444)
    if os.getuid():
        with pytest.raises(InputError, match=r"cannot replace 'read-only.png': it is read-only"):
            check_outputs(pictures(Path("read-only.png")), overwrite=True)
    Path("nowhere.png").symlink_to("gone/x.png")
    with Claim(pictures(Path("nowhere.png")), say=said.append) as claim:
        assert claim.outputs.path == Path("nowhere-2.png")
    with pytest.raises(InputError, match="File name too long"):  # that of the checkpoint
        check_outputs(pictures(Path("x" * 220 + ".png"), 1, ".checkpoint.safetensors"))


def test_two_at_once_have_two_names(said):
    wanted = pictures(Path("edit.png"))
    with (
        Claim(wanted) as first,
        Claim(wanted, say=said.append) as second,
        Claim(wanted, overwrite=True, say=said.append) as third,
    ):
        assert [claim.outputs.path.name for claim in (first, second, third)] == ["edit.png", "edit-2.png", "edit-3.png"]
    assert said == [f"another run is writing edit.png: writing edit-{number}.png" for number in (2, 3)]
    with Claim(wanted), pytest.raises(InputError, match=r"another run is writing edit.png: wait"):
        Claim(wanted, only=True).__enter__()
    assert os.listdir() == []


def test_many_at_once_have_many_names(said):
    """Threads that claim, write and go again: no name is had twice, also where a lock file goes as another comes."""
    found, wanted = [], pictures(Path("edit.png"))

    def run():
        for _ in range(10):
            with Claim(wanted, say=said.append) as claim:
                with claim.outputs.path.open("x"):  # fails if there is one
                    pass
                found.append(claim.outputs.path)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == len(found) == 40
    assert len(os.listdir()) == 40


def test_a_killed_process_blocks_nobody(said):
    code = "import time; from pathlib import Path; from potstill.io.claims import locked\n"
    code += "with locked(Path('.edit.lock')) as free: print(free, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "True\n"
    with locked(Path(".edit.lock")) as free:
        assert not free
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert Path(".edit.lock").exists()
    with locked(Path(".edit.lock")) as free:
        assert free
    assert os.listdir() == []


def test_what_others_wrote_during_the_run_is_kept(said):
    with Claim(pictures(Path("edit.png"), 1, ".state"), say=said.append) as claim:
        made("edit.state")  # its own
        assert claim.settle().path == Path("edit.png")
        made("edit.json")
        assert claim.settle().path == Path("edit-2.png")
    with Claim(pictures(Path("edit.png")), overwrite=True) as claim:
        made("edit.png")
        assert claim.settle().path == Path("edit.png")
    made("cat.state")
    with Claim(pictures(Path("cat.png"), 1, ".state"), resumes=lambda each: each.path.stem == "cat") as claim:
        assert claim.outputs.path == Path("cat.png")
        made("cat.png")
        with pytest.warns(UserWarning, match=r"cat.png exists: writing cat-2.png"):
            assert claim.settle().path == Path("cat-2.png")
