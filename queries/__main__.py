"""The command `lazulite` and `python -m queries`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; says how to get it where its libraries are missing."""
    try:
        from queries.cli import run
    except KeyboardInterrupt:
        sys.exit(130)
    except ModuleNotFoundError as missing:
        if missing.name not in ("click", "rich", "prompt_toolkit", "platformdirs"):
            raise
        sys.exit(f"lazulite: the command line needs {missing.name}; install it with: pip install 'lazulite[cli]'")
    sys.exit(run())


if __name__ == "__main__":
    main()
