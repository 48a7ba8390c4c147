"""Places that cannot be written to: each is one line, found before the work where it can be, and no part of a file."""

import os
import resource
import subprocess
import sys
from contextlib import contextmanager

import pytest

from potstill.errors import InputError
from potstill.io.claims import check_outputs
from potstill.io.files import write
from potstill.io.outputs import pictures
from tests.hostile.harness import refused, run, words_of

PNG = {"edit": "--out", "generate": "--out", "invert": "--out", "sample": "--out"}
FOLDER = {"compare": "--out", "world": "--out", "theorem": "--out"}
NOWHERE = {
    "below a file": ("photo.png/deep/x", "Not a directory|File exists"),
    "in /proc": ("/proc/x", "cannot write"),
    "in /sys": ("/sys/x", "cannot write"),
    "below a device": ("/dev/null/x", "Not a directory|File exists"),
    "a name of 300 letters": ("x" * 300, "File name too long"),
    "a path of 5,000 letters": ("x/" * 2500 + "y", "File name too long"),
    "a name with a zero": ("a\0b", "not a valid file name"),
    "half a character": ("a\ud800", "not a valid file name"),
    "through a link to itself": ("loop/x", "Too many levels of symbolic links|File exists"),
}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *(("generate", name) for name in NOWHERE),
        *(("world", name) for name in NOWHERE),
        *(
            (command, name)
            for command in ("edit", "invert", "sample", "compare", "theorem")
            for name in list(NOWHERE)[:2]
        ),
    ],
)
def test_a_place_that_is_none_is_found_before_the_work(capsys, folder, model, loaded_once, command, name):
    place, message = NOWHERE[name]
    (folder / "loop").symlink_to("loop")
    out = f"{place}.png" if command in PNG else place
    refused(capsys, folder, [*words_of(command, model), "--out", out], message)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("x.jpg", "must end in .png"),
        ("", "must be a path"),
        (".png", "must end in .png"),
        ("folder.png", "is a folder"),
    ],
)
@pytest.mark.parametrize("command", PNG)
def test_a_name_that_is_no_png_is_one_line(capsys, folder, model, loaded_once, command, out, message):
    (folder / "folder.png").mkdir()
    refused(capsys, folder, [*words_of(command, model), "--out", out], message)


@contextmanager
def file_size(limit: int):
    """No file may grow beyond this, as on a disk that is full: the system refuses the rest of the bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("command", ["generate", "sample", "world", "theorem"])
def test_a_disk_that_is_full_leaves_no_part_of_a_file(capsys, folder, model, loaded_once, command):
    out = "out.png" if command in PNG else "out"
    with file_size(300):  # Python ignores the signal, so that the write fails with EFBIG
        refused(
            capsys,
            folder,
            [*words_of(command, model), "--out", out],
            "cannot write '.*': File too large; free some space",
        )


def test_what_was_there_stays_when_the_disk_is_full(folder):
    (folder / "a.png").write_bytes(b"before")
    with file_size(300), pytest.raises(InputError, match="File too large"):
        write(folder / "a.png", bytes(1000))
    assert (folder / "a.png").read_bytes() == b"before"
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "photo.png"]


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 KB; skipped where mounting is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=32", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"mounting a tmpfs is not permitted here: {error}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_file_system(capsys, folder, model, loaded_once, tiny_disk):
    (tiny_disk / "old").write_bytes(bytes(64_000))
    before = sorted(tiny_disk.iterdir())
    words = [*words_of("world", model), "--out", str(tiny_disk)]
    refused(capsys, folder, words, "cannot write '.*world.json': No space left on device; free some space")
    assert sorted(tiny_disk.iterdir()) == before
    for number in range(40):
        try:
            (tiny_disk / f"file {number}").touch()
        except OSError:
            break
    refused(capsys, folder, words, "cannot write .*: No space left on device")
    refused(
        capsys, folder, [*words_of("generate", model), "--out", str(tiny_disk / "a.png")], "No space left on device"
    )


def test_a_file_system_that_is_only_read(capsys, folder, model, loaded_once, tiny_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    words = [*words_of("generate", model), "--out", str(tiny_disk / "a.png")]
    refused(capsys, folder, words, "cannot write to .*: Read-only file system; give another folder")
    with pytest.raises(InputError, match="Read-only file system"):
        check_outputs(pictures(tiny_disk / "a.png"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_that_goes_nowhere_is_one_line():
    """In a process of its own: standard output on a full disk."""
    ended = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m potstill cite > /dev/full"], capture_output=True, text=True
    )
    said = "potstill: no space is left for the output: free some, or write it elsewhere\n"
    assert (ended.returncode, ended.stderr) == (2, said)


def test_odd_names_are_written_and_said(capsys, folder, model, loaded_once):
    """Spaces, other alphabets, a leading dash, `..`, links and bytes that are no UTF-8 are names like any other."""
    (folder / "link").symlink_to(folder)
    names = ("a b.png", "größe 猫.png", "deep/../b.png", "link/c.png", "\udcff.png", "-d.png")
    for name in names:
        code, out, err = run(capsys, *words_of("sample", model), f"--out={name}")
        assert (code, "wrote" in out) == (0, True), err
        assert (folder / name).stat().st_size > 100
