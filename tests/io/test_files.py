"""Files are whole or absent, and what a killed process left beside them goes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from potstill.errors import InputError
from potstill.io import files
from potstill.io.files import WriteError, sweep, write, write_drawing


def test_a_file_is_replaced_in_one_piece_and_stays_when_it_cannot_be(tmp_path, monkeypatch):
    write(tmp_path / "a", b"old")
    write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_text("in the way")
    with pytest.raises(InputError, match="cannot write"):
        write(tmp_path / "b", b"new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "c"]


def test_only_what_the_dead_of_this_machine_left_is_swept(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = files._HOST
    stays = {f".a.{host}-{os.getpid()}.part", f".a.00000000-{ended.pid}.part", ".a.part", ".a.7.part", "a.part"}
    for name in {*stays, f".a.{host}-{ended.pid}.part", f".ä b.png.{host}-{ended.pid}.part"}:
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == stays


def test_a_device_and_a_pipe_are_not_replaced_and_a_link_is_followed(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/null"), Path("/dev/full")):
        with pytest.raises(WriteError, match=r"cannot write .*: it is a (device|folder)"):
            write(path, b"new")
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "loop").symlink_to("loop")
    write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"
    with pytest.raises(WriteError, match=r"cannot write .*loop"):
        write(tmp_path / "loop", b"new")


def test_a_picture_that_cannot_be_drawn_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match=r"a.png cannot be drawn \(list index out of range\): it is left out"):
        assert write_drawing(Path("a.png"), lambda: bytes([[][0]])) == []
    assert write_drawing(Path("a.png"), lambda: b"x") == [Path("a.png")]
    assert os.listdir() == ["a.png"]
