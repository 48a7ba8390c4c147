"""The process around a command: streams that are closed or full, signals, a folder that is gone, few resources."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from potstill.cli import main
from potstill.cli.process import stoppable
from potstill.priors.loading import EMOJI
from potstill.tasks.runs.state_file import unpack

POTSTILL = f"{sys.executable} -m potstill"


def shell(line: str, cwd, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of a command line."""
    return subprocess.run(
        ["bash", "-c", line], cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--version >&-", 0),
        ("--version <&- 2>&-", 0),
        ("--help >&- 2>&- <&-", 0),
        ("nonsense 2>&-", 2),
        ("nonsense 2> /dev/full", 2),
        ("--help | head -1", 0),
    ],
)
def test_a_standard_stream_that_is_closed_or_full_is_no_error(tmp_path, line, code):
    found = shell(f"{POTSTILL} {line}", tmp_path)
    assert (found.returncode, found.stderr) == (code, "")


def test_the_first_file_that_is_written_does_not_become_the_output(tmp_path):
    """With stdout closed, the next file opened would get its number, and everything printed."""
    code = "import sys; from potstill.cli.process import prepare_streams; prepare_streams(); f = open('a', 'w');"
    assert (
        shell(f"{sys.executable} -c \"{code} print('lost'); print(f.fileno() > 2, file=f)\" >&-", tmp_path).stderr == ""
    )
    assert (tmp_path / "a").read_text() == "True\n"


def test_a_full_disk_under_stdout_is_one_line(tmp_path):
    found = shell(f"{POTSTILL} --help > /dev/full", tmp_path)
    assert found.returncode == 2
    assert found.stderr == "potstill: no space is left for the output: free some, or write it elsewhere\n"


def test_a_folder_that_is_gone_is_one_line(tmp_path):
    found = shell(f"mkdir gone; cd gone; rmdir ../gone; {POTSTILL} methods", tmp_path)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "potstill: the current folder does not exist any more: change to another one\n"


@pytest.mark.parametrize("size", [100_000, 300_000, 450_000, 520_000, 700_000, 800_000])
def test_too_little_memory_is_one_line(tmp_path, size):
    """Whatever libraries do where they find none: OpenBLAS tried for ever at the last size."""
    line = f"edit {EMOJI}/README.md --source a --target b --backend torch" if size > 600_000 else "methods"
    found = shell(f"ulimit -v {size}; {POTSTILL} {line}", tmp_path)
    assert found.returncode == 2
    assert re.fullmatch("potstill: there is not enough memory.*\n", found.stderr)


def test_a_prompt_in_the_locale_c_is_the_text_that_it_is(tmp_path):
    found = shell(
        f"{POTSTILL} cite 'héart'", tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING=""
    )
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert "h\\xe9art" in found.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "too many files or threads are open: .*ulimit -n"),
        (OSError(errno.ENFILE, "Too many open files in system"), "on this machine"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "not enough memory"),
        (PermissionError(errno.EACCES, "Permission denied", "/root/a"), "'/root/a' cannot be used: Permission denied"),
        (MemoryError(), "not enough memory"),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), "not enough memory"),
    ],
)
def test_what_the_process_lacks_is_said_in_one_line(capsys, monkeypatch, error, said):
    def fail(words):
        raise error

    monkeypatch.setattr("potstill.cli._dispatch", fail)
    monkeypatch.setattr("potstill.cli.drop_output", lambda: None)
    with pytest.raises(SystemExit) as stop:
        main(["methods"])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert re.search(said, err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_is_an_interruption_with_its_own_code(capsys, monkeypatch, number):
    before = signal.getsignal(number)
    monkeypatch.setattr("potstill.cli._dispatch", lambda words: signal.raise_signal(number))
    with pytest.raises(SystemExit) as stop:
        main(["methods"])
    assert stop.value.code == 128 + number
    assert capsys.readouterr().err == "potstill: interrupted; nothing was written\n"
    assert signal.getsignal(number) is before


def test_an_interruption_that_a_library_turned_into_its_own_error_is_one(capsys, monkeypatch):
    def dispatch(words):
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise RuntimeError("failed to import a module") from None

    monkeypatch.setattr("potstill.cli._dispatch", dispatch)
    with pytest.raises(SystemExit) as stop:
        main(["methods"])
    assert stop.value.code == 143
    assert capsys.readouterr().err == "potstill: interrupted; nothing was written\n"


def test_a_signal_that_is_ignored_stays_ignored():
    """`nohup` ignores the end of the terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_to_a_process(tmp_path):
    """SIGINT gives 130, SIGTERM 143; both leave a state from which the run resumes."""
    words = ("world", "blobs", "--points", "3", "--methods", "sds", "--out", str(tmp_path / "out"))
    start = (sys.executable, "-m", "potstill")
    place = tmp_path / "out" / "world.checkpoint.safetensors"
    for number, code, more in (
        (signal.SIGINT, 130, ("--steps", "1000000", "--checkpoint-every", "0.01")),
        (signal.SIGTERM, 143, ()),
    ):
        command = (*start, *(("resume", str(tmp_path / "out")) if not more else (*words, *more)))
        # where the suite runs in the background, SIGINT is ignored, and children inherit that
        heed = partial(signal.signal, number, signal.SIG_DFL)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed)
        before = place.stat().st_mtime_ns if place.exists() else 0
        while not place.exists() or place.stat().st_mtime_ns == before:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        err = process.communicate()[1]
        assert process.returncode == code, err
        assert f"interrupted; `potstill resume {place}` resumes after step" in err
        assert unpack(place)["state"]["changing"]["done"] > 0
