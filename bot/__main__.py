"""The command line `lnh`, also as `python -m bot`."""

import sys


def main() -> int:
    """Runs one verb; its exit status. Whoever stops it while it is still being loaded hears no more than that."""
    try:
        from bot.commands import cli

        return cli.main()
    except KeyboardInterrupt:
        print("lnh: stopped", file=sys.stderr)  # noqa: T201  # nothing that could say it otherwise is loaded yet
        return 130


if __name__ == "__main__":
    sys.exit(main())
