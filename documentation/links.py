"""Links of the documentation: where they lead in the repository, and which other hosts a page of the site asks.

python -m documentation.links

mends the links to pages that have moved.
"""

import os
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
_CODE = re.compile(r"^( *)(```|~~~).*?^\1\2|`[^`\n]+`", flags=re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(\]\(<?)([^)\s>]+)")
"""A link or picture of Markdown: what stands before its address, and the address."""
_MENTION = re.compile(r"\bdocs/[\w./-]*\w\.(?:md|json|png|svg|gif|csv)\b")
_LOADS = {"img": "src", "script": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
"""Attributes whose address a browser fetches without being asked."""


def pages() -> list[Path]:
    """Every page of the repository that a person reads."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "training").rglob("*.md")])


def without_code(text: str, change: Callable[[str], str]) -> str:
    """The text of a page with everything but its code changed."""
    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [change(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, change(text[end:])])


def dead_links(page: Path, made: frozenset[str] = frozenset()) -> list[str]:
    """Relative links of a Markdown page that lead to no file; `made` are files that the build makes, below docs."""
    text, docs = _CODE.sub("", page.read_text(encoding="utf-8")), ROOT / "docs"
    addresses = [address for _, address in LINK.findall(text) if not urlsplit(address).scheme]
    found = {address: (page.parent / unquote(urlsplit(address).path)).resolve() for address in addresses}
    return [
        address
        for address, target in found.items()
        if not target.exists() and not (target.is_relative_to(docs) and target.relative_to(docs).as_posix() in made)
    ]


def mended(page: Path, made: frozenset[str] = frozenset()) -> str:
    """The text of a page whose dead links lead to the only page of the same name, if there is one: after a move."""
    dead = dead_links(page, made)

    def lead(found: re.Match[str]) -> str:
        path, mark, anchor = found[2].partition("#")
        places = [*(ROOT / "docs").rglob(Path(path).name)] if found[2] in dead else []
        if len(places) != 1:
            return found[0]
        return f"{found[1]}{os.path.relpath(places[0], page.parent)}{mark}{anchor}"

    return without_code(page.read_text(encoding="utf-8"), lambda text: LINK.sub(lead, text))


def mentions(file: Path) -> list[str]:
    """The files below docs that a source file names in its code, docstrings and messages."""
    return _MENTION.findall(file.read_text(encoding="utf-8"))


class SitePage(HTMLParser):
    """The addresses in an HTML page, and its anchors."""

    def __init__(self) -> None:
        """With nothing read."""
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()

    @classmethod
    def read(cls, file: Path) -> "SitePage":
        """Those of a file."""
        page = cls()
        page.feed(file.read_text(encoding="utf-8"))
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses and the anchors of a tag."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        named = tag == "link" and given.get("rel") in ("canonical", "alternate", "prev", "next")
        if (address := given.get(_LOADS.get(tag, ""))) and not named:
            self.loads.append(address)


def site_faults(site: Path) -> Iterator[str]:
    """What is wrong with the links of a built site: dead ones, dead anchors, and requests to other hosts."""
    read: dict[Path, SitePage] = {}
    for file in sorted(site.rglob("*.html")):
        read[file] = SitePage.read(file)
    for file, page in read.items():
        here = file.relative_to(site)
        for address in page.loads:
            if urlsplit(address).netloc:
                yield f"{here} loads {address} from another host"
        for address in [*page.links, *page.loads]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or address == "#":
                continue
            base = site if parts.path.startswith("/") else file.parent
            target = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                yield f"{here} links to {address}, which does not exist"
            elif parts.fragment and target in read and unquote(parts.fragment) not in read[target].anchors:
                yield f"{here} links to {address}, which has no such place"
    for file in sorted(site.rglob("*.css")):
        for address in re.findall(
            r"(?:url\(|@import )[\"']?((?:https?:)?//[^\"')\s]+)", file.read_text(encoding="utf-8")
        ):
            yield f"{file.relative_to(site)} loads {address} from another host"


if __name__ == "__main__":
    for each in pages():
        if (text := mended(each)) != each.read_text(encoding="utf-8"):
            each.write_text(text, encoding="utf-8")
            print(each)
