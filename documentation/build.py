"""Build the site: gather the pages, make those that come from the code, run zensical, and check every link.

python -m documentation.build
"""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tyro

from documentation import family, layers, methods, reference
from documentation.links import LINK, ROOT, site_faults, without_code
from potstill.baselines import BASELINES

KATEX = "katex@0.19.1"
"""Typesets formulas; MIT licence, taken from the npm registry once and served from the site."""
PROJECT = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""Pages at the top of the repository that belong to the site."""
METHOD_PAGES = ["index", "family", "components", *methods.main_methods(), *BASELINES]
"""The pages of the section on methods, in their order."""


@dataclass(frozen=True)
class Build:
    """Where the site is built, and whether it is shown afterwards."""

    out: Path = ROOT / "build"
    """The pages are gathered in `docs` there, and the site is written to `site`."""
    cache: Path = ROOT / "build/katex"
    """Where KaTeX is kept."""
    serve: int = 0
    """Serve the site on this port of this machine; 0 does not."""


def made_pages() -> dict[str, str]:
    """The pages made from the code, by their paths below docs."""
    return methods.pages() | family.pages() | reference.pages()


def made_names() -> list[str]:
    """The paths of those pages and pictures, without making them."""
    return [
        *(f"methods/{name}.md" for name in METHOD_PAGES),
        *(f"reference/{name}.md" for name in ("index", "command-line", *reference.PARTS)),
        "internals/layers.svg",
    ]


def place(file: Path) -> str:
    """Where a file of the repository stands among the gathered pages."""
    if file.is_relative_to(ROOT / "docs"):
        return file.relative_to(ROOT / "docs").as_posix()
    if file.parent == ROOT and file.name in PROJECT:
        return f"project/{file.name.lower()}"
    return f"files/{file.relative_to(ROOT).as_posix()}"


def gather(folder: Path) -> None:
    """Copy docs and what its pages link to outside of it, and write the pages that come from the code."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder)
    for page in [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in PROJECT)]:
        target = folder / place(page)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_moved(page, folder), encoding="utf-8")
    for name, text in made_pages().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "internals" / "layers.svg").write_text(layers.svg(), encoding="utf-8")


def _moved(page: Path, folder: Path) -> str:
    """The text of a page, whose links lead to where its targets were gathered."""

    def lead(found: re.Match[str]) -> str:
        path, mark, anchor = found[2].partition("#")
        target = (page.parent / path).resolve()
        if "://" in found[2] or not path or not target.exists():
            return found[0]
        here, there = place(page), place(target)
        if there.startswith("files/"):
            (folder / there).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(target, folder / there)
        return f"{found[1]}{os.path.relpath(there, Path(here).parent)}{mark}{anchor}"

    return without_code(page.read_text(encoding="utf-8"), lambda text: LINK.sub(lead, text))


def config(folder: Path) -> str:
    """The text of zensical.toml with the pages of each folder in the navigation."""
    titles = {name: methods.title(each) for name, each in (methods.main_methods() | BASELINES).items()}
    titles |= {"index": "", "family": "The family", "components": "Parts of methods"}

    def pages(found: re.Match[str]) -> str:
        section = found[1]
        names = sorted(
            (page.stem for page in (folder / section).glob("*.md")), key=lambda name: (name != "index", name)
        )
        if section == "methods":
            names = METHOD_PAGES
        if section == "reference":
            names = ["index", "command-line", *reference.PARTS]
        entries = [f'"{section}/{name}.md"' for name in names]
        if section == "methods":
            entries = [f'{{ "{titles[n]}" = {e} }}' if titles[n] else e for n, e in zip(names, entries, strict=True)]
        return ",\n    ".join(entries)

    text = re.sub(r'"([\w/]+)/\*"', pages, (ROOT / "zensical.toml").read_text(encoding="utf-8"))
    return re.sub(r"^  \{ .* = \[\s*\] \},\n", "", text, flags=re.MULTILINE)  # a section without pages


def fetch_katex(cache: Path) -> Path:
    """The folder of KaTeX, from the npm registry the first time."""
    folder = cache / KATEX.replace("@", "-")
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as beside:
            subprocess.run(["npm", "pack", "--silent", KATEX], cwd=beside, check=True, stdout=subprocess.DEVNULL)
            with tarfile.open(Path(beside, f"{folder.name}.tgz")) as tar:
                tar.extractall(beside, filter="data")
            Path(beside, "package").rename(folder)
    return folder


def add_katex(cache: Path, assets: Path) -> None:
    """Its style, script, licence and fonts."""
    package = fetch_katex(cache)
    shutil.copytree(package / "dist/fonts", assets / "fonts", ignore=shutil.ignore_patterns("*.ttf", "*.woff"))
    for file in ("dist/katex.min.css", "dist/katex.min.js", "dist/contrib/auto-render.min.js", "LICENSE"):
        shutil.copyfile(package / file, assets / Path(file).name)


def faults(build: Build) -> Iterator[str]:
    """Build, and yield what is wrong: warnings, dead links, requests to other hosts."""
    gather(build.out / "docs")
    add_katex(build.cache, build.out / "docs/assets/katex")
    made = config(build.out / "docs").replace('"build/', '"').replace('"src"', f'"{ROOT / "src"}"')
    (build.out / "zensical.toml").write_text(made, encoding="utf-8")
    shutil.rmtree(build.out / "site", ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(build.out / "zensical.toml")]
    run = subprocess.run(command, capture_output=True, text=True, cwd=build.out)
    if run.returncode:
        yield re.sub(r"\x1b\[[\d;]*m", "", f"zensical failed:\n{run.stdout}{run.stderr}")
        return
    for page in (build.out / "site/ko").rglob("*.html"):
        page.write_text(page.read_text(encoding="utf-8").replace('lang="en"', 'lang="ko"', 1), encoding="utf-8")
    yield from site_faults(build.out / "site")


def main(build: Build) -> None:
    """Build the site and say what is wrong with it."""
    found = list(faults(build))
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{build.out / 'site/index.html'}: {len(found)} faults")
    if found:
        sys.exit(1)
    if build.serve:
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=build.out / "site")
        print(f"http://127.0.0.1:{build.serve}")
        http.server.ThreadingHTTPServer(("127.0.0.1", build.serve), handler).serve_forever()


if __name__ == "__main__":
    main(tyro.cli(Build, description=__doc__))
