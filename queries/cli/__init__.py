"""The command line: words in, data on standard output, everything else on standard error, and an exit code that tells.
Here is its outermost layer."""

from __future__ import annotations

import os
import sys

import click

from queries.cli.commands import cli
from queries.exit_codes import FAILED, INTERRUPTED, OK, TIMEOUT, USAGE, WRONG


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and give its exit code; nothing but a defect of ours ends in a traceback."""
    if sys.stdout is None:  # whoever closed it wants nothing of what goes there
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    try:
        code = cli.main(arguments, prog_name="lazulite", standalone_mode=False)
        return code if isinstance(code, int) else OK
    except SystemExit as exit:
        return exit.code if isinstance(exit.code, int) else OK if exit.code is None else FAILED
    except click.ClickException as error:
        error.show()
        return USAGE if error.exit_code in (1, 2) else error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except OSError as error:
        click.echo(f"lazulite: {error.filename or 'input or output'}: {error.strerror}", err=True)
        return FAILED
    except Exception as error:
        return _told_failure(error)


def _told_failure(error: Exception) -> int:
    """Exit code of what a room below says is wrong; anything unknown is a defect, and shown as one."""
    import kql
    from inventory import InventoryError
    from queries.errors import QueryFailed, QueryInterrupted, QueryTimeout

    if not isinstance(error, (kql.KqlError, InventoryError)):
        raise error
    click.echo(str(error), err=True)
    if isinstance(error, QueryTimeout):
        return TIMEOUT
    if isinstance(error, QueryInterrupted):
        return INTERRUPTED
    return FAILED if isinstance(error, (QueryFailed, InventoryError)) else WRONG


__all__ = ["cli", "run"]
