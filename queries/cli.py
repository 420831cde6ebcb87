"""The command line: words in, data on standard output, everything else on standard error, and an exit code that tells.

Loads the engine, the grammar and the prompt only inside the commands that need them: `--help` is for now.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from queries.formats import FORMATS, Format, Look, format_of_path
from queries.http.command import serve_options
from queries.library import saved_queries, saved_query
from queries.world import World

if TYPE_CHECKING:
    from kql import Problem
    from queries.graph import ResourceGraph
    from queries.result import Result

OK, FAILED, USAGE, WRONG, TIMEOUT, INTERRUPTED = 0, 1, 2, 3, 4, 130
PAGE = 1000
"""Rows that a table shows unless told otherwise: the page of the service."""

_STOPPED = "Query interrupted"
"""What the engine raises, as a RuntimeError, when Ctrl+C meets it while an estate is made."""

Command = TypeVar("Command", bound=Callable[..., Any])


# ---- kinds of option values ----------------------------------------------------------------------------------------
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
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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


# ---- options that several commands share ---------------------------------------------------------------------------
def world_options(command: Command) -> Command:
    """Which estate: given to the whole command line or to one command, which then goes before."""
    for option in reversed(
        (
            click.option("--vms", type=click.IntRange(min=0), help="Virtual machines in the simulated estate [1000]."),
            click.option("--seed", type=int, help="Seed of the estate: the same seed gives the same estate [7]."),
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
            click.option("--rows", type=click.IntRange(min=0), default=PAGE, show_default=True,
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


def _world(ctx: click.Context, options: dict[str, Any]) -> World:
    """The estate that the options of a command and of the command line before it describe."""
    given = {name: options.pop(name) for name in ("vms", "seed", "estate", "at", "lag", "advance")}
    base: World = ctx.obj if isinstance(ctx.obj, World) else World()
    world = replace(base, **{name: value for name, value in given.items() if value is not None})
    if world.estate is not None and (given["vms"] is not None or given["seed"] is not None):
        raise click.UsageError("--estate opens a finished estate; --vms and --seed belong to a simulated one")
    if world.estate is not None and not Path(world.estate).exists():
        raise click.UsageError(f"there is no estate '{world.estate}'; make one with: lazulite create {world.estate}")
    return world


# ---- commands ------------------------------------------------------------------------------------------------------
def _tell_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"lazulite {version('lazulite')}")
        except PackageNotFoundError:
            click.echo("lazulite, from a folder that is not installed")
        ctx.exit()


class ByUse(click.Group):
    """Lists commands in the order in which they are written here, not by alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=ByUse,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@world_options
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_tell_version, help="Tell the version."
)
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:
    """Azure Resource Graph on your own machine: KQL over a simulated estate.

    Without a command it opens a prompt. Exit codes: 0 ok, 1 failed, 2 usage, 3 the query is wrong, 4 timeout,
    130 interrupted.
    """
    ctx.obj = _world(ctx, options)
    if ctx.invoked_subcommand is None:
        from queries.prompt import prompt

        ctx.exit(prompt(ctx.obj))


@cli.command()
@click.argument("file", required=False)
@click.option("-q", "--graph-query", "text", help="The text of the query.")
@world_options
@output_options
@click.pass_context
def query(ctx: click.Context, /, file: str | None, text: str | None, **options: Any) -> None:
    """Ask the query in FILE, in -q TEXT or on stdin (-)."""
    _answer(ctx, _text(file, text), options)


@cli.command()
@click.argument("name", type=SavedName())
@world_options
@output_options
@click.pass_context
def run_saved(ctx: click.Context, /, name: str, **options: Any) -> None:
    """Ask a saved query by its name (see list)."""
    try:
        saved = saved_query(name)
    except KeyError as error:
        raise click.UsageError(error.args[0]) from None
    _answer(ctx, saved.text, options)


run_saved.name = "run"
cli.commands["run"] = cli.commands.pop("run-saved")


@cli.command("list")
@click.option("--texts", is_flag=True, help="With the text of each query.")
def list_saved(texts: bool) -> None:
    """List the saved queries."""
    queries = saved_queries()
    width = max(len(saved.name) for saved in queries)
    for saved in queries:
        parameters = "".join(f" [{p.name}={p.default or '...'}]" for p in saved.parameters)
        click.echo(f"{saved.name.ljust(width)}  {saved.title}{parameters}")
        if texts:
            click.echo("\n" + saved.text)


@cli.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(("text", "line", "github")), default="text", show_default=True,
              help="Drawn with carets, one line each, or annotations for GitHub.")  # fmt: skip
@click.option("--profile", type=click.Choice(("kusto", "resource-graph")), default="kusto")
@click.option("--strict", is_flag=True, help="Advice counts as an error.")
def check(files: tuple[str, ...], form: str, profile: str, strict: bool) -> None:
    """Check the queries in FILES without asking them.

    - is standard input, a folder stands for the .kql files in it.
    """
    import kql
    from inventory.resource_types import schemas
    from queries.profile import profile_of
    from queries.texts import decode

    schema, wrong, checked = kql.Schema.from_arrow(schemas("")), False, 0
    for name in _expanded(files):
        checked += 1
        try:
            text = decode(_bytes(name))
            problems = list(kql.check(text, schema, profile=profile_of(profile)))
        except kql.KqlError as error:
            text, problems = error.text, list(error.problems)
        for problem in problems:
            wrong = wrong or strict or problem.severity == "error"
            click.echo(_told(name, text, problem, form))
    if not wrong:
        click.echo(f"{checked:,} {'query' if checked == 1 else 'queries'} checked, nothing wrong", err=True)
    sys.exit(WRONG if wrong else OK)


@cli.command()
@click.argument("file", required=False)
@click.option("-q", "--graph-query", "text", help="The text of the query.")
@click.option("--engine", is_flag=True, help="The engine's own plan instead of ours.")
@click.option("--profile", type=click.Choice(("kusto", "resource-graph")), default="kusto")
@world_options
@click.pass_context
def explain(
    ctx: click.Context, /, file: str | None, text: str | None, engine: bool, profile: str, **options: Any
) -> None:
    """Show the plan and the SQL of a query."""
    with _opened(_world(ctx, options), quiet=True) as graph:
        click.echo(graph.explain(_text(file, text), profile=profile, engine=engine))


@cli.command()
@click.argument("path", type=click.Path(dir_okay=False))
@click.option("--vms", type=click.IntRange(min=0), default=1000, show_default=True, help="Virtual machines.")
@click.option("--seed", type=int, default=7, show_default=True, help="Seed of the estate.")
def create(path: str, vms: int, seed: int) -> None:
    """Make an estate in a new file, for --estate PATH."""
    from queries.graph import ResourceGraph

    if Path(path).exists():
        raise click.UsageError(f"'{path}' exists already")
    ResourceGraph.create(path, vms, seed).close()
    click.echo(f"{path}: an estate of {vms:,} virtual machines", err=True)


@cli.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="The estate's file, for --estate.")
def import_files(files: tuple[str, ...], output: str) -> None:
    """Make an estate in a file from the inventories in FILES.

    What az graph query, az resource list and az vm list -d print, REST pages, JSON lines, CSV from the portal, Parquet.
    """
    from inventory import Estate, ImportReport

    report = ImportReport()
    Estate.imported(files, path=output, report=report).close()
    click.echo(f"{output}: {report}", err=True)


@cli.command("export")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--form", type=click.Choice(("az", "array", "rest", "rest-table", "jsonl", "csv", "parquet", "estate")),
              help="Form of the file [by its extension; .duckdb is an estate with its past].")  # fmt: skip
@world_options
@click.pass_context
def export_file(ctx: click.Context, /, file: str, form: str | None, **options: Any) -> None:
    """Write the whole inventory into FILE, for other programs or for import."""
    from queries.exports import export, form_of_path

    chosen = form or ("estate" if file.endswith(".duckdb") else form_of_path(file))
    if chosen is None:
        raise click.UsageError(f"the name '{file}' says nothing of a form; choose one with --form")
    with _opened(_world(ctx, options)) as graph:
        graph.refresh()
        if chosen == "estate":
            graph.estate.snapshot(file)
            return
        with _sink(file) as out:
            count = export(graph, out, chosen)
    click.echo(f"{file}: {count:,} resources", err=True)


@cli.command()
@world_options
@click.pass_context
def demo(ctx: click.Context, /, **options: Any) -> None:
    """Ask the query of Azure's own page, twice."""
    from queries.demo import demonstrate

    with _opened(_world(ctx, options)) as graph:
        demonstrate(graph, sys.stdout.buffer, _look(sys.stdout))


@cli.command()
@world_options
@serve_options
@click.pass_context
def serve(ctx: click.Context, /, **options: Any) -> None:
    """Serve the estate over HTTP, as Azure would.

    Tools that speak to Azure change their endpoint, nothing else.
    """
    from queries.http.command import run as run_server

    world = _world(ctx, options)
    if options["clock"] == "real" and world.at is not None:
        raise click.UsageError("--at starts a simulated clock; leave --clock real out")
    real = options["clock"] == "real" or (options["clock"] is None and world.at is None)
    with _opened(replace(world, real_clock=real)) as graph:
        run_server(graph, options)


@cli.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print the script for completion in a shell.

    For bash: eval "$(lazulite completion bash)"
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # the choices are click's own
    click.echo(found(cli, {}, "lazulite", "_LAZULITE_COMPLETE").source())


# ---- the way of an answer ------------------------------------------------------------------------------------------
def _answer(ctx: click.Context, text: str, options: dict[str, Any]) -> None:
    from queries.interruptible import interruptibly

    world = _world(ctx, options)
    if options["as_of"] and options["truth"]:
        raise click.UsageError("--truth is of now; --as-of asks what the index showed")
    form, look = _form(options["format_name"], options["output"], options["rows"])
    quiet = options["quiet"]
    with _opened(world, quiet) as graph:
        result = interruptibly(
            graph,
            lambda: graph.query(
                text,
                profile=options["profile"],
                subscriptions=list(options["subscriptions"]) or None,
                timeout=options["timeout"],
                at_most=look.max_rows,
                as_of=options["as_of"],
                truth=options["truth"],
                parameters=dict(options["given"]),
            ),
        )
        with _sink(options["output"]) as out:
            form.write(result, out, look)
        if not quiet:
            _notes(text, result, look)
    if (options["fail_if_empty"] and not len(result)) or (options["fail_if_any"] and len(result)):
        sys.exit(FAILED)


def _notes(text: str, result: Result, look: Look) -> None:
    from queries.footer import footer
    from queries.profile import of_service

    for advice in result.advice:
        click.echo(advice.brief if of_service(advice) else advice.draw(text), err=True)
    if result.truncated:
        click.echo(f"only the first {look.max_rows:,} rows are shown; --rows 0 shows all", err=True)
    click.echo(click.style(footer(result), dim=True), err=True, color=_coloured(sys.stderr) or False)


def _form(name: str | None, output: str | None, rows: int) -> tuple[Format, Look]:
    """The format and the look of an answer: as told, else by extension, else by where it goes."""
    found = FORMATS[name] if name else format_of_path(output) if output else None
    if found is None and output:
        raise click.UsageError(f"the name '{output}' says nothing of a format; choose one with --format")
    on_screen = output is None and sys.stdout.isatty()
    if found is None:
        found = FORMATS["table" if on_screen else "jsonl"]
    if found.binary and on_screen:
        raise click.UsageError(f"{found.name} is not for a screen; write it to a file with -o, or pipe it")
    shown = rows or None if found.name in ("table", "vertical") and output is None else None
    return found, replace(_look(sys.stdout), max_rows=shown) if output is None else Look()


def _coloured(stream: Any) -> bool:
    """Whether a stream shows colours and nobody objects (https://no-color.org)."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _look(stream: Any) -> Look:
    if not stream.isatty():
        return Look()
    import shutil

    return Look(width=shutil.get_terminal_size().columns, colour=_coloured(stream))


@contextmanager
def _sink(output: str | None) -> Iterator[BinaryIO]:
    """Where the bytes go. A file appears only when it is complete, so a failure leaves none half-written."""
    if output is None:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # The reader has what it wanted. Python would complain when it closes standard output: give it another.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(OK)
        return
    partial = Path(f"{output}.part")
    try:
        with partial.open("wb") as out:
            yield out
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _opened(world: World, quiet: bool = False) -> Iterator[ResourceGraph]:
    """The graph of an estate; tells of its making where that takes a while."""
    slow = world.vms >= 50_000 and world.estate is None and not quiet and sys.stderr.isatty()
    graph = world.open(progress=_tell_progress if slow else None)
    if slow:
        click.echo("\r\x1b[K", nl=False, err=True)
    try:
        yield graph
    finally:
        graph.close()


def _tell_progress(made: int, wanted: int) -> None:
    click.echo(f"\r\x1b[K{made:,} of {wanted:,} virtual machines made", nl=False, err=True)


def _text(file: str | None, text: str | None) -> str:
    """The query's text, wherever it stands."""
    from queries.texts import decode

    if text is not None:
        if file is not None:
            raise click.UsageError("a query comes from a file or from -q, not from both")
        return text
    if file is None and sys.stdin.isatty():
        raise click.UsageError("there is no query: give a FILE, -q TEXT, or text on standard input")
    return decode(_bytes(file or "-"))


def _bytes(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        hint = "; to ask a text, write -q TEXT" if "|" in name else ""
        raise click.UsageError(f"cannot read '{name}': {error.strerror}{hint}") from None


def _expanded(files: tuple[str, ...]) -> Iterator[str]:
    for name in files:
        if name != "-" and Path(name).is_dir():
            yield from map(str, sorted(Path(name).rglob("*.kql")))
        else:
            yield name


def _told(name: str, text: str, problem: Problem, form: str) -> str:
    from queries.texts import place

    line, column = place(text, problem.span[0])
    if form == "github":
        end_line, end_column = place(text, max(problem.span))
        level = "error" if problem.severity == "error" else "notice"
        message = f"{problem.message}. {problem.help}" if problem.help else problem.message
        message = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        return (
            f"::{level} file={name},line={line},col={column},endLine={end_line},endColumn={end_column},"
            f"title={problem.code}::{message}"
        )
    if form == "line":
        help = f" ({problem.help})" if problem.help else ""
        return f"{name}:{line}:{column}: {problem.severity} {problem.code}: {problem.message}{help}"
    return f"{name}:{line}:{column}:\n{problem.draw(text)}"


# ---- the outermost layer -------------------------------------------------------------------------------------------
def _interrupted() -> int:
    click.echo("interrupted", err=True)
    return INTERRUPTED


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and give its exit code; nothing but a defect of ours ends in a traceback."""
    try:
        code = cli.main(arguments, prog_name="lazulite", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else OK
    except SystemExit as exit:
        return exit.code if isinstance(exit.code, int) else OK if exit.code is None else FAILED
    except click.ClickException as error:
        error.show()
        return USAGE if error.exit_code in (1, 2) else error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except OSError as error:
        click.echo(f"lazulite: {error.filename or 'input or output'}: {error.strerror}", err=True)
        return FAILED
    except Exception as error:
        if str(error) == _STOPPED:
            return _interrupted()
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
