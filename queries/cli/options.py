"""The options that several commands share, and the kinds of their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from queries.formats import FORMATS
from queries.library import saved_queries
from queries.settings import MOST_ROWS
from queries.world import World

PAGE = 1000
"""Rows that a table shows unless told otherwise: the page of the service."""

SEED = click.IntRange(-(2**63), 2**63 - 1)

Command = TypeVar("Command", bound=Callable[..., Any])


class Duration(click.ParamType[float]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from queries.durations import duration

        try:
            return value if isinstance(value, float) else duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Moment(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is not a time; write 2026-01-15T12:00Z", param, ctx)
        try:
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except OverflowError:
            self.fail(f"'{value}' lies before the year 1 or beyond 9999", param, ctx)


class Given(click.ParamType[tuple[str, str]]):
    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, given = value.partition("=")
        if not equals or not name:
            self.fail(f"'{value}' is not a parameter; write name=value", param, ctx)
        return name.strip(), given


class SavedName(click.ParamType[str]):
    name = "name"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(q.name, help=q.title) for q in saved_queries() if q.name.startswith(incomplete.lower())]


def world_options(command: Command) -> Command:
    """Which estate: given to the whole command line or to one command, which then goes before."""
    for option in reversed(
        (
            click.option("--vms", type=click.IntRange(min=0), help="Virtual machines in the simulated estate [1000]."),
            click.option("--seed", type=SEED, help="Seed of the estate: the same seed gives the same estate [7]."),
            click.option("--estate", type=click.Path(dir_okay=False), help="An estate kept in a file (see create)."),
            click.option("--at", type=Moment(), help="Start the simulated clock at this time."),
            click.option("--lag", type=Duration(), help="Longest time until a change is seen [60s]."),
            click.option("--advance", type=Duration(), help="Let this much time pass before asking."),
        )
    ):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """How the answer is written."""
    for option in reversed(
        (
            click.option("--profile", type=click.Choice(("kusto", "resource-graph")), default="kusto",
                         help="Allow everything, or only what the service allows."),
            click.option("-s", "--subscriptions", multiple=True, metavar="ID", help="Only these subscriptions."),
            click.option("-p", "--parameter", "given", type=Given(), multiple=True,
                         help="A value for a declared parameter."),
            click.option("-f", "--format", "format_name", type=click.Choice(tuple(FORMATS)),
                         help="Form of the answer [a table on a screen, jsonl in a pipe]."),
            click.option("-o", "--output", type=click.Path(dir_okay=False),
                         help="Write to a file; its extension chooses the format."),
            click.option("--rows", type=click.IntRange(0, MOST_ROWS), default=PAGE, show_default=True,
                         help="Rows that a table shows; 0 shows all."),
            click.option("--timeout", type=Duration(), help="Stop the query after this time."),
            click.option("--quiet", is_flag=True, help="No notes on standard error."),
            click.option("--as-of", type=Moment(),
                         help="Answer as the index stood at this earlier time (--at starts the clock)."),
            click.option("--truth", is_flag=True, help="Answer from what the control plane knows, not from the index."),
            click.option("--fail-if-empty", is_flag=True, help="Exit with 1 when there are no rows."),
            click.option("--fail-if-any", is_flag=True, help="Exit with 1 when there are rows."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def world_of(ctx: click.Context, options: dict[str, Any]) -> World:
    """The estate that the options of a command and of the command line before it describe."""
    given = {name: options.pop(name) for name in ("vms", "seed", "estate", "at", "lag", "advance")}
    base: World = ctx.obj if isinstance(ctx.obj, World) else World()
    world = replace(base, **{name: value for name, value in given.items() if value is not None})
    if world.estate is not None and (given["vms"] is not None or given["seed"] is not None):
        raise click.UsageError("--estate opens a finished estate; --vms and --seed belong to a simulated one")
    if world.estate is not None and not Path(world.estate).exists():
        raise click.UsageError(f"there is no estate '{world.estate}'; make one with: lazulite create {world.estate}")
    return world
