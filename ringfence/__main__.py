"""Where the command `ringfence` begins."""

import os

from console.cli.commands import app


def main() -> None:
    """Run one command line and exit with its status."""
    _open_standard_streams()
    app(prog_name="ringfence")


def _open_standard_streams() -> None:
    """Let nothing else get their numbers where a supervisor closed them: libuv aborts when it closes such a socket."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free


if __name__ == "__main__":
    main()
