"""The command `lazulite` and `python -m queries`."""

from __future__ import annotations

import signal
import sys

from queries.exit_codes import INTERRUPTED


def main() -> None:
    """Run the command line; says how to get it where its libraries are missing."""
    try:
        from queries.cli import run

        code = run()
    except ModuleNotFoundError as missing:
        if missing.name not in ("click", "rich", "prompt_toolkit", "platformdirs"):
            raise
        sys.exit(f"lazulite: the command line needs {missing.name}; install it with: pip install 'lazulite[cli]'")
    except KeyboardInterrupt:
        code = INTERRUPTED
    while code == INTERRUPTED:  # what is being loaded ends first; whoever presses again, even now, changes nothing
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            break
        except KeyboardInterrupt:
            continue
    sys.exit(code)


if __name__ == "__main__":
    main()
