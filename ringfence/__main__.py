"""Where the command `ringfence` begins."""

import os
import sys

from console.cli.commands import app


def main() -> None:
    """Run one command line and exit with its status."""
    _open_standard_streams()
    app(prog_name="ringfence")


def _open_standard_streams() -> None:
    """Open nothing where a supervisor closed them: Python has None for such a stream, and the next file its number.

    libuv aborts when it closes a socket with one of these numbers.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - it stays open


if __name__ == "__main__":
    main()
