"""A browser, and the page that it opens: each started once, and skipped where it is not installed."""

import signal
import socket
import subprocess
import sys

import pytest

from tests import optional


@pytest.fixture(scope="session")
def address():
    """The address of a page that `potstill app` serves."""
    optional.require("gradio")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "potstill", "app", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[0]
            server.send_signal(signal.SIGINT)
            assert server.wait(20) == 0
        finally:
            server.kill()


@pytest.fixture
def visit(browser, address):
    """Opens the page as a new visitor; errors of its scripts and requests to other hosts fail the test."""
    wrong, contexts = [], []

    def opened(**settings):
        language = settings.pop("locale", "en-US")
        contexts.append(browser.new_context(locale=language, accept_downloads=True, **settings))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if is_fault(line) else None)
        page.on("request", lambda request: wrong.append(request.url) if foreign(request.url, address) else None)
        page.goto(address, wait_until="commit")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def is_fault(line):
    """Whether a line of the console is an error, other than that a test took the connection away."""
    return line.type == "error" and "ERR_INTERNET_DISCONNECTED" not in line.text


def foreign(url, address):
    """Whether a request leaves the page's own server."""
    return not url.startswith((address, "data:", "blob:"))
