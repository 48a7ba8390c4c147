"""How quick `potstill app` is: its start, its first paint, a drag that is seen, frames a second, and twenty visitors.

    python -m benchmarks.app

takes about two minutes and ends by itself. Without Chromium and Playwright the two times of a browser are left out.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from potstill.web import worlds

torch.set_num_threads(1)
METHODS = ["sds", "dds", "pds", "pds-consistent"]
PAINTED = "/[0-9]/.test(document.querySelector('#worlds .ps-progress')?.textContent)"


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


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """`potstill app` on a free port: its address and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "potstill", "app", "--port", str(port)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0]
        wall, work = time.perf_counter() - began, sum(_processor_times(process.pid))
        print(f"the server is up after {wall:.1f} s ({work:.1f} s of processor time)")
        try:
            yield address, process.pid
            process.send_signal(signal.SIGINT)
            process.wait(30)
        finally:
            process.kill()


def _processor_times(process: int) -> tuple[float, float]:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / ticks, int(fields[12]) / ticks


def memory(process: int) -> float:
    """MB that a process holds."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def in_a_browser(address: str) -> None:
    """The first paint, and how soon a drag of the guidance scale is seen."""
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        print("no Chromium with Playwright: the first paint and the drag are not measured")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for visit in ("first", "second"):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address, wait_until="commit")
            page.wait_for_function(PAINTED, timeout=60_000)
            paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000")
            points = page.evaluate("performance.now() / 1000")
            print(f"{visit} visit: first paint after {paint:.2f} s, points after {points:.2f} s")
        page.click("#ps-play")
        page.wait_for_function("/^Step [1-9]/.test(document.querySelector('#worlds .ps-progress').textContent)")
        seen = sorted(page.evaluate(_DRAG) for _ in range(15))
        print(f"a drag is seen after {seen[7]:.0f} ms (the middle of 15; the slowest {seen[-1]:.0f} ms)")
        browser.close()


_DRAG = """() => new Promise((done) => {
  const input = document.querySelector("#worlds [name=guidance_scale]");
  const line = document.querySelector("#worlds .ps-progress");
  const began = performance.now();
  input.value = 1 + 6 * Math.random();
  input.dispatchEvent(new Event("input", { bubbles: true }));
  let frames = 0;  // the first may have been asked for before the drag
  new MutationObserver((_, each) => { if (++frames === 2) { each.disconnect(); done(performance.now() - began); } })
    .observe(line, { childList: true, characterData: true, subtree: true });
})"""


def visitors(address: str, process: int, count: int = 20, seconds: float = 60.0) -> None:
    """Visitors who each ask for the next frame as soon as they have the last; two of ten edit pictures or drawings."""
    config = json.load(urllib.request.urlopen(f"{address}config", timeout=60))
    blocks = {part["props"].get("elem_id"): part["id"] for part in config["components"]}

    def ask(name: str, data: dict[str, Any]) -> dict[str, Any]:
        body = {"data": data, "component_id": blocks[name.partition("_")[0]], "fn_name": name, "session_hash": "bench"}
        request = urllib.request.Request(
            f"{address}gradio_api/component_server", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    served, waits, errors, held = [0] * count, [0.0], list[str](), list[float]()
    ends = time.perf_counter() + seconds

    def visit(number: int) -> None:
        tab = {4: "pictures", 9: "drawings"}.get(number % 10, "worlds")
        prompts = {"source": "blue heart", "target": "red heart"}
        begin = {"methods": METHODS} if tab == "worlds" else {"methods": ["dds"], **prompts}
        run, last = "", ""
        while time.perf_counter() < ends:
            began = time.perf_counter()
            answer = ask(f"{tab}_advance", {"run": run}) if run else ask(f"{tab}_begin", begin | {"run": last})
            waits.append(time.perf_counter() - began)
            errors.extend([answer["error"]] if "error" in answer else [])
            last = answer.get("run", last)
            run = "" if answer.get("done") or "error" in answer else last
            served[number] += 1

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    while time.perf_counter() < ends:
        time.sleep(seconds / 6)
        held.append(memory(process))
    for thread in threads:
        thread.join()
    print(
        f"{count} visitors, {seconds:g} s: {sum(served)} answers, {min(served)} to {max(served)} each, the slowest "
        f"after {max(waits):.1f} s, {len(errors)} errors; memory {', '.join(f'{each:.0f}' for each in held)} MB"
    )
    for error in dict.fromkeys(errors):
        print(f"  {error}")


if __name__ == "__main__":
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before")
    for points in (200, 400, 1000):
        frames(points, 4)
    with server() as (address, process):
        in_a_browser(address)
        visitors(address, process)
    print(f"load {os.getloadavg()[0]:.1f} after")
