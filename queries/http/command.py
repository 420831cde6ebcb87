"""`lazulite serve`: its options, and what it says when it starts. Loads the server only when it is to run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from queries.graph import ResourceGraph
    from queries.http.serving import Bound, Listening
    from queries.http.settings import Quota, ServiceSettings

Command = TypeVar("Command", bound=Callable[..., Any])


class Port(click.ParamType[int]):
    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:  # type: ignore[override]
        if value in (None, "off"):
            return None
        if str(value).isdecimal() and int(value) < 1 << 16:
            return int(value)
        self.fail(f"'{value}' is no port; write a number up to 65535, 0 for any free one, or off", param, ctx)


class QuotaText(click.ParamType["Quota | None"]):
    name = "quota"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Quota | None:
        from queries.durations import duration
        from queries.http.settings import Quota

        if value is None or isinstance(value, Quota) or value == "off":
            return None if value == "off" else value
        queries, _, window = str(value).partition("/")
        try:
            return Quota(int(queries), duration(window or "5s"))
        except ValueError:
            self.fail(f"'{value}' is no quota; write 15/5s, or off", param, ctx)


def serve_options(command: Command) -> Command:
    """Where the server listens, what it allows, and which oddities of the service it has."""
    for option in reversed(
        (
            click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
            click.option("--port", type=Port(), default=8642, show_default=True, help="Port for http, or off."),
            click.option("--tls-port", type=Port(), default=8643, show_default=True, help="Port for https, or off."),
            click.option("--certificates", type=click.Path(file_okay=False, path_type=Path),
                         help="Folder of the local certificate authority [kept for the user]."),
            click.option("--clock", type=click.Choice(("real", "simulated")), default=None,
                         help="Time passes by itself, or by POST /lazulite/advance [real, simulated with --at]."),
            click.option("--token", envvar="LAZULITE_TOKEN", help="What every request must bring as its bearer token."),
            click.option("--quota", type=QuotaText(), default="15/5s", show_default=True,
                         help="Queries of one user in a time, or off."),
            click.option("--access-log", default="-", show_default=True,
                         help="File for one JSON line a request; - is stderr, off is none."),
            click.option("--shuffle", is_flag=True, help="Unsorted rows come in another order every time."),
            click.option("--id-case", type=click.Choice(("kept", "chaotic")), default="kept", show_default=True,
                         help="Letter case of ids."),
            click.option("--booleans", type=click.Choice(("numbers", "json")), default="numbers", show_default=True,
                         help="Computed booleans as 0 and 1, as the service has them, or as true and false."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def settings_of(options: dict[str, Any]) -> ServiceSettings:
    """What the service allows and imitates."""
    from queries.http.serving import LOCAL, is_local
    from queries.http.settings import ServiceSettings

    return ServiceSettings(
        token=options["token"],
        hosts=LOCAL | {options["host"]} if is_local(options["host"]) else None,
        quota=options["quota"],
        shuffle_unsorted=options["shuffle"],
        chaotic_id_case=options["id_case"] == "chaotic",
        booleans_as_numbers=options["booleans"] == "numbers",
    )


def run(graph: ResourceGraph, options: dict[str, Any]) -> None:
    """Serve a graph as the options say, until it is stopped."""
    try:
        from queries.http.serving import Listening, log_to, serve, told
    except ModuleNotFoundError as missing:
        raise click.UsageError(
            f"serving needs {missing.name}; install it with: pip install 'lazulite[serve]'"
        ) from None

    listening = Listening(options["host"], options["port"], options["tls_port"], options["certificates"])
    if listening.port is None and listening.tls_port is None:
        raise click.UsageError("--port off and --tls-port off leave nothing to listen on")
    try:
        settings = settings_of(options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None

    def ready(bound: Bound) -> None:
        click.echo(told(bound))
        for line in _greeting(graph, settings, listening, bound):
            click.echo(line, err=True)
        sys.stdout.flush()

    with ExitStack() as stack:
        log = options["access_log"]
        if log == "-":
            log_to(sys.stderr)
        else:
            log_to(None if log == "off" else stack.enter_context(open(log, "a", encoding="utf-8", buffering=1)))
        serve(graph, settings, listening, ready=ready)
    click.echo("stopped", err=True)


def _greeting(graph: ResourceGraph, settings: ServiceSettings, listening: Listening, bound: Bound) -> list[str]:
    lines = [f"Azure Resource Graph and Resource Manager, on the {graph.clock.kind} clock"]
    if bound.http is not None:
        lines.append(f"  {bound.http}")
    if bound.https is not None:
        lines.append(f"  {bound.https}    clients that check certificates: REQUESTS_CA_BUNDLE={bound.ca}")
    if settings.hosts is not None:
        lines.append("  only this machine can reach it; --host opens it to others")
    elif settings.token is None:
        lines.append("  EVERYBODY who reaches this address may ask and change everything: set --token")
    quota = settings.quota
    if quota is not None:
        lines.append(
            f"  {quota.queries} queries in {quota.seconds:g} s for each user, as in Azure; --quota off lifts it"
        )
    lines.append("  Ctrl+C stops it")
    return lines
