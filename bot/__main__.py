"""The command line `lnh`, also as `python -m bot`."""

import sys

from bot.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
