"""Where the command `ringfence` begins."""

from console.cli.commands import app


def main() -> None:
    """Run one command line and exit with its status."""
    app(prog_name="ringfence")


if __name__ == "__main__":
    main()
