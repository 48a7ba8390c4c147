"""potstill app."""

import time
import warnings
from dataclasses import dataclass

from potstill.errors import InputError
from potstill.fields import check_count

HOST = "127.0.0.1"


@dataclass(frozen=True)
class AppCommand:
    """Show the playground in the browser, until Ctrl-C. It needs gradio: pip install potstill[web].

        potstill app
        potstill app --host 0.0.0.0 --auth ada:lovelace

    Points flow under the methods side by side, and pictures are edited while you watch. The page asks no other host for
    anything. Only this machine can open it, unless you say otherwise.
    """

    host: str = HOST
    """The address to serve on. 0.0.0.0 lets other machines open the page."""
    port: int = 7860
    """The port of the page."""
    auth: str | None = None
    """NAME:PASSWORD that visitors must give."""
    share: bool = False
    """Also make a public address through gradio's servers, for 72 hours."""

    def run(self) -> None:
        """Serve and wait.

        Raises:
            InputError: gradio is missing, or the port cannot be used.
        """
        check_count("port", self.port, 65_535, usual="7860")
        name, colon, password = (self.auth or "").partition(":")
        if self.auth is not None and not (name and colon and password):
            raise InputError("auth must be NAME:PASSWORD, such as --auth ada:lovelace")
        if self.share:
            warnings.warn("anyone with the address can use this machine through the page, for 72 hours", stacklevel=1)
        if self.auth is None and (self.share or self.host not in (HOST, "localhost")):
            warnings.warn(
                "others can open the page without a password: --auth NAME:PASSWORD asks for one", stacklevel=1
            )
        from potstill.web.page import build, launch

        page = build()
        auth = (name, password) if self.auth else None
        address = launch(page, host=self.host, port=self.port, auth=auth, share=self.share)
        print(f"{address} shows the playground; Ctrl-C ends it", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            page.close(verbose=False)
