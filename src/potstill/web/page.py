"""The page: a heading, a tab for each file of tabs, and the server that shows them."""

import base64
import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from potstill.errors import InputError
from potstill.web import limits
from potstill.web.note_texts import NOTE_TEXTS
from potstill.web.texts import TEXTS

HERE = Path(__file__).parent
KOREAN = HERE / "korean.woff2"
"""The letters of the page's own Korean texts, made by `python -m documentation.page_font`."""
_FONTS = ["system-ui", "-apple-system", "Segoe UI"]
_KOREAN_FONTS = ["Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic"]


@dataclass(frozen=True)
class Tab:
    """A tab: its template, its scripts, what they may call, and what they offer."""

    name: str
    scripts: tuple[str, ...]
    server: Sequence[Callable[[Any], dict[str, Any]]]
    choices: Callable[[], dict[str, Any]]
    template: str = ""
    """That of the tabs of tasks, or by default its own."""

    @property
    def title(self) -> str:
        """What it is called at first."""
        return TEXTS[f"tab_{self.name}"][0]

    def html(self) -> str:
        """The template, filled in."""
        text = (HERE / f"{self.template or self.name}.html").read_text("utf-8")
        return text.replace("{name}", self.name).replace("{title}", self.title)


def tabs() -> list[Tab]:
    """The tabs, in order."""
    from potstill.web import drawings, pictures, scenes, theorems, worlds

    return [
        Tab("worlds", ("worlds.js", "worlds_canvas.js"), worlds.SERVER, worlds.choices),
        Tab("pictures", ("task.js", "pictures.js"), pictures.SERVER, pictures.TAB.choices, "task"),
        Tab("drawings", ("task.js", "drawings.js"), drawings.SERVER, drawings.TAB.choices, "task"),
        Tab("scenes", ("task.js", "scenes.js"), scenes.SERVER, scenes.choices, "task"),
        Tab("theorems", ("theorems.js",), theorems.SERVER, theorems.choices),
    ]


def gradio() -> ModuleType:
    """The package, without reports to its makers.

    Raises:
        InputError: it is not installed.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        import gradio  # type: ignore[import-not-found]
    except ImportError as error:
        raise InputError(f"the page is made with gradio ({error}): pip install potstill[web]") from error
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return gradio


def script(tab: Tab) -> str:
    """The script of a tab: the texts, what it offers, what all share, and its own."""
    values = {
        "TAB": tab.name,
        "TEXTS": TEXTS,
        "NOTES": NOTE_TEXTS,
        "LIMITS": {"upload": limits.UPLOAD},
        "CHOICES": tab.choices(),
    }
    constants = [f"const {name} = {json.dumps(value, ensure_ascii=False)};" for name, value in values.items()]
    files = [(HERE / name).read_text("utf-8") for name in ("page.js", *tab.scripts)]
    return "\n".join(["{", *constants, *files, "relabel();", "}"])  # a block, so that names may be gradio's own, too


def build() -> Any:
    """The page as gradio's Blocks: `build().launch(**options())` shows it, on a Space, too."""
    gr = gradio()
    with gr.Blocks(title=TEXTS["title"][0]) as page:
        heading = Tab("heading", ("heading.js",), (), dict)
        gr.HTML(html_template=(HERE / "heading.html").read_text("utf-8"), js_on_load=script(heading))
        with gr.Tabs():
            for tab in tabs():
                with gr.Tab(tab.title, id=tab.name):
                    gr.HTML(
                        html_template=tab.html(),
                        js_on_load=script(tab),
                        server_functions=[*tab.server],
                        elem_id=tab.name,
                    )
        for tab in tabs():
            for function in tab.server:
                gr.api(_described(function), api_name=function.__name__, concurrency_limit=1)
    page.queue(max_size=50)
    return page


def _described(function: Callable[[Any], dict[str, Any]]) -> Callable[[dict], dict]:
    """The function as gradio's API describes it: a JSON object in, a JSON object out."""

    def call(data: dict) -> dict:
        return function(data)

    call.__doc__ = function.__doc__
    return call


def _frame() -> str:
    """The style around the tabs, with Korean letters for machines that have none, within the page itself."""
    font = base64.b64encode(KOREAN.read_bytes()).decode()
    face = f'@font-face {{ font-family: "potstill Korean"; src: url(data:font/woff2;base64,{font}) format("woff2"); }}'
    return face + (HERE / "frame.css").read_text("utf-8")


class NoUploads:
    """Refuses gradio's route for uploads: the page sends its files with its questions, and nothing stays on disk."""

    def __init__(self, app: Any) -> None:
        """Around the application."""
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer 404 to an upload, before its body is read."""
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith("/upload"):
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send)


def options() -> dict[str, Any]:
    """How the page looks and is served, for `build().launch(**options())`."""
    themes = gradio().themes
    from starlette.middleware import Middleware  # which gradio brings

    fonts = [*_FONTS, *_KOREAN_FONTS, "potstill Korean", "sans-serif"]
    return {
        "theme": themes.Base(font=fonts, font_mono=["ui-monospace", "monospace"]),
        "css_paths": HERE / "page.css",
        "head": f"<style>{_frame()}</style>",
        "ssr_mode": False,
        "mcp_server": False,
        "footer_links": ["api"],
        "max_file_size": limits.UPLOAD,
        "state_session_capacity": limits.RUNS,
        "app_kwargs": {"middleware": [Middleware(NoUploads)]},
    }


def launch(page: Any, *, host: str, port: int, auth: tuple[str, str] | None, share: bool) -> str:
    """Serve the page in the background, and return its address.

    Raises:
        InputError: the port is taken.
    """
    try:
        _, local, shared = page.launch(
            server_name=host,
            server_port=port,
            auth=auth,
            share=share,
            prevent_thread_lock=True,
            quiet=True,
            **options(),
        )
    except OSError as error:
        raise InputError(f"port {port} of {host} is taken or not allowed: choose another with --port") from error
    return shared or local
