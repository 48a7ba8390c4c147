"""The site builds without a fault, has a place for every public name, and reads well in a browser."""

import functools
import http.server
import threading

import pytest

from documentation import build, reference
from documentation.build import Build
from documentation.links import SitePage
from tests import optional
from tests.accessibility import serious_faults

PAGES = ("index.html", "methods/pds.html", "methods/index.html", "reference/scenes.html", "results/benchmark.html")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    optional.require("zensical")
    optional.require_program("npm")
    out = tmp_path_factory.mktemp("site")
    assert list(build.faults(Build(out))) == []
    return out / "site"


@pytest.fixture(scope="session")
def address(site):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("package", ["", "methods", "scenes", "priors", "worlds", "baselines"])
def test_every_public_name_has_its_place_in_the_reference(site, package):
    anchors = set()
    for file in (site / "reference").glob("*.html"):
        anchors |= SitePage.read(file).anchors
    missing = {name for name, full in reference.public(package).items() if full not in anchors}
    assert not missing


@pytest.mark.parametrize("section", ["methods", "reference"])
def test_every_made_page_is_in_the_navigation(site, section):
    links = {link.removeprefix("./") for link in SitePage.read(site / section / "index.html").links}
    pages = [name for name in build.made_names() if name.startswith(f"{section}/")]
    assert {name.removeprefix(f"{section}/").replace(".md", ".html") for name in pages} <= links


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_readable_by_everyone_on_a_telephone(browser, address, name, scheme):
    """No serious fault of accessibility, nothing wider than the screen, nothing from another host, formulas typeset."""
    wrong: list[str] = []
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page.on(
        "request", lambda request: None if request.url.startswith((address, "data:")) else wrong.append(request.url)
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda response: wrong.append(response.url) if response.status >= 400 else None)
    page.goto(f"{address}/{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    if page.locator(".arithmatex").count():
        page.wait_for_selector(".katex")
    assert not serious_faults(page)
    assert not wrong
    page.close()


def test_a_wide_formula_does_not_run_under_its_number_on_a_telephone(browser, address):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{address}/lecture/08-pds.html")
    page.wait_for_selector(".katex-tag")
    room = page.evaluate(
        """() => [...document.querySelectorAll(".katex-display .katex-html:has(> .katex-tag)")].map(formula => {
            const parts = [...formula.querySelectorAll(":scope > .katex-base")];
            const end = Math.max(...parts.map(part => part.getBoundingClientRect().right));
            return formula.querySelector(".katex-tag").getBoundingClientRect().left - end;
        })"""
    )
    assert len(room) >= 6
    assert min(room) > 0
    page.close()
