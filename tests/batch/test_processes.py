"""Workers end with the process that started them."""

import subprocess
import sys

import psutil

SCRIPT = """
import multiprocessing, os, time
from potstill.batch.processes import end_with_parent

def work():
    end_with_parent()
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=work)
    process.start()
    process.join()
"""


def test_a_worker_ends_when_the_process_that_started_it_is_killed(tmp_path):
    path = tmp_path / "start.py"
    path.write_text(SCRIPT)
    with subprocess.Popen((sys.executable, str(path)), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        assert not psutil.wait_procs([worker], timeout=30)[1]
