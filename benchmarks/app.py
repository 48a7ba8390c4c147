"""The frames a second of `potstill app`, without a browser and with twenty visitors at once."""

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import torch

from potstill.web import worlds

torch.set_num_threads(1)
METHODS = ["sds", "dds", "pds", "pds-consistent"]


def frames(points: int, steps: int, count: int = 30) -> None:
    """The time of a frame of four panels, as the server computes it."""
    run = worlds.worlds_begin({"methods": METHODS, "points": points})["run"]
    ask = {"run": run, "steps": steps}
    worlds.worlds_advance(ask)
    taken, wall, work = 0, time.perf_counter(), time.process_time()
    before = worlds.worlds_advance(ask | {"steps": 0})["step"]
    for _ in range(count):
        taken = worlds.worlds_advance(ask)["step"] - before
    wall, work = time.perf_counter() - wall, time.process_time() - work
    print(
        f"{points} points, 4 methods, {steps} steps a frame: {count / wall:.0f} frames a second ({count / work:.0f} of "
        f"processor time), {taken / count:.1f} steps each, 1 thread"
    )


def visitors(count: int = 20, seconds: float = 20.0) -> None:
    """Twenty visitors, each asking for the next frame as soon as it has the last."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "potstill", "app", "--port", str(port)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as server:
        address = str(server.stdout.readline()).split()[0]  # type: ignore[union-attr]
        print(f"the server is up after {time.perf_counter() - began:.1f} s")
        config = json.load(urllib.request.urlopen(f"{address}config", timeout=60))
        block = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "worlds")

        def ask(name: str, data: dict) -> dict:
            body = {"data": data, "component_id": block, "fn_name": name, "session_hash": "benchmark"}
            request = urllib.request.Request(
                f"{address}gradio_api/component_server", json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)

        served, errors, ends = [0] * count, [], time.perf_counter() + seconds

        def visit(number: int) -> None:
            run = ask("worlds_begin", {"methods": METHODS})["run"]
            while time.perf_counter() < ends:
                answer = ask("worlds_advance", {"run": run, "steps": 4})
                errors.extend([answer["error"]] if "error" in answer else [])
                served[number] += 1

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.send_signal(signal.SIGINT)
        server.wait()
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{count} visitors, {seconds:g} s: {sum(served)} frames, {min(served)} to {max(served)} each, {len(errors)} "
        f"errors, at most {memory:.0f} MB"
    )


if __name__ == "__main__":
    for points in (200, 400, 1000):
        frames(points, 4)
    visitors()
