"""What axe-core finds on a page."""

from typing import Any

from tests import optional


def serious_faults(page: Any) -> list[tuple[str, list[str]]]:
    """The serious and critical faults of a page in a browser, with some of the elements that have them."""
    optional.require("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    return [(each["id"], [node["html"][:120] for node in each["nodes"][:3]]) for each in serious]
