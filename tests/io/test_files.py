"""Files are whole or absent, and what a killed process left beside them goes."""

import os
import subprocess
import sys

import pytest

from potstill.errors import InputError
from potstill.io import files
from potstill.io.files import sweep, write


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
