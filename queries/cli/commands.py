"""The commands of the command line. Loads the engine, the grammar and the prompt only inside those that need them:
`--help` is for now."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from queries.cli.opening import interruptible, opened
from queries.cli.options import SEED, SavedName, output_options, world_of, world_options
from queries.cli.reading import bytes_of, expanded, text_of
from queries.cli.writing import form_of, look_of, notes, sink, told
from queries.exit_codes import FAILED, OK, WRONG
from queries.http.command import serve_options
from queries.library import saved_queries, saved_query


def _tell_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"lazulite {version('lazulite')}")
        except PackageNotFoundError:
            click.echo("lazulite, from a folder that is not installed")
        ctx.exit()


class ByUse(click.Group):
    """Lists commands in the order in which they are written here, not by alphabet; a reader that leaves is no failure."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has what it wanted. Python would complain when it closes standard output: give it another.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return OK
        return done


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
    ctx.obj = world_of(ctx, options)
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
    _answer(ctx, text_of(file, text), options)


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
    for name in expanded(files):
        checked += 1
        try:
            text = decode(bytes_of(name))
            problems = list(kql.check(text, schema, profile=profile_of(profile)))
        except kql.KqlError as error:
            text, problems = error.text, list(error.problems)
        for problem in problems:
            wrong = wrong or strict or problem.severity == "error"
            click.echo(told(name, text, problem, form))
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
    with opened(world_of(ctx, options), quiet=True) as graph:
        click.echo(graph.explain(text_of(file, text), profile=profile, engine=engine))


@cli.command()
@click.argument("path", type=click.Path(dir_okay=False))
@click.option("--vms", type=click.IntRange(min=0), default=1000, show_default=True, help="Virtual machines.")
@click.option("--seed", type=SEED, default=7, show_default=True, help="Seed of the estate.")
def create(path: str, vms: int, seed: int) -> None:
    """Make an estate in a new file, for --estate PATH."""
    from queries.graph import ResourceGraph

    if Path(path).exists():
        raise click.UsageError(f"'{path}' exists already")
    with interruptible():
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
    with interruptible():
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
    with opened(world_of(ctx, options)) as graph:
        graph.refresh()
        if chosen == "estate":
            graph.estate.snapshot(file)
            return
        with sink(file) as out:
            count = export(graph, out, chosen)
    click.echo(f"{file}: {count:,} resources", err=True)


@cli.command()
@world_options
@click.pass_context
def demo(ctx: click.Context, /, **options: Any) -> None:
    """Ask the query of Azure's own page, twice."""
    from queries.demo import demonstrate

    with opened(world_of(ctx, options)) as graph:
        demonstrate(graph, sys.stdout.buffer, look_of(sys.stdout))


@cli.command()
@world_options
@serve_options
@click.pass_context
def serve(ctx: click.Context, /, **options: Any) -> None:
    """Serve the estate over HTTP, as Azure would.

    Tools that speak to Azure change their endpoint, nothing else.
    """
    from queries.http.command import run as run_server

    world = world_of(ctx, options)
    if options["clock"] == "real" and world.at is not None:
        raise click.UsageError("--at starts a simulated clock; leave --clock real out")
    real = options["clock"] == "real" or (options["clock"] is None and world.at is None)
    with opened(replace(world, real_clock=real)) as graph:
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


def _answer(ctx: click.Context, text: str, options: dict[str, Any]) -> None:
    from queries.interruptible import interruptibly

    world = world_of(ctx, options)
    if options["as_of"] and options["truth"]:
        raise click.UsageError("--truth is of now; --as-of asks what the index showed")
    form, look = form_of(options["format_name"], options["output"], options["rows"])
    quiet = options["quiet"]
    with opened(world, quiet) as graph:
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
        with sink(options["output"]) as out:
            form.write(result, out, look)
        if not quiet:
            notes(text, result, look)
    if (options["fail_if_empty"] and not len(result)) or (options["fail_if_any"] and len(result)):
        sys.exit(FAILED)
