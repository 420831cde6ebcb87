"""A plan as text that people read: one relation a line, its input indented below it."""

from __future__ import annotations

from kql import plan
from kql.plan import Relation, Scalar


def plan_text(relation: Relation) -> str:
    """The plan, outermost relation first."""
    lines: list[str] = []
    _relation(relation, 0, lines)
    return "\n".join(lines) + "\n"


def _relation(relation: Relation, depth: int, lines: list[str]) -> None:
    inputs: tuple[Relation, ...] = ()
    match relation:
        case plan.Scan(table):
            text = f"Scan {table.name} ({len(table.parts)} parts)"
        case plan.Values(columns, rows):
            text = f"Values {len(rows)} rows ({_names(columns)})"
        case plan.Filter(input, predicate):
            text, inputs = f"Filter {scalar_text(predicate)}", (input,)
        case plan.Project(input, columns):
            made = [f"{c.name} = {scalar_text(v)}" for c, v in columns if not _passes(c, v)]
            kept = [c.name for c, v in columns if _passes(c, v)]
            shown = made + ([f"and {len(kept)} columns as they are"] if len(kept) > 6 else kept)
            text, inputs = "Project " + ", ".join(shown), (input,)
        case plan.Aggregate(input, keys, values):
            by = f" by {', '.join(f'{c.name} = {scalar_text(v)}' for c, v in keys)}" if keys else ""
            text = "Aggregate " + ", ".join(f"{c.name} = {scalar_text(v)}" for c, v in values) + by
            inputs = (input,)
        case plan.Sort(input, keys):
            text = "Sort " + ", ".join(f"{scalar_text(k.value)} {'asc' if k.ascending else 'desc'}" for k in keys)
            inputs = (input,)
        case plan.Limit(input, count):
            text, inputs = f"Limit {scalar_text(count)}", (input,)
        case plan.Join(kind, left, right, on):
            text = f"Join {kind} on " + " and ".join(f"{scalar_text(a)} == {scalar_text(b)}" for a, b in on)
            inputs = (left, right)
        case plan.Union(legs, columns):
            text, inputs = f"Union ({_names(columns)})", legs
        case plan.Unnest(input, expanded):
            text = "Unnest " + ", ".join(f"{c.name} = {scalar_text(v)}" for c, v, _ in expanded)
            inputs = (input,)
        case plan.First(input, keys):
            text, inputs = "First of each " + ", ".join(map(scalar_text, keys)), (input,)
        case plan.Shared(input, name):
            text, inputs = f"Shared {name}", (input,)
        case plan.Series(column, start, stop, step):
            text = f"Series {column.name} from {scalar_text(start)} to {scalar_text(stop)} step {scalar_text(step)}"
        case _:
            text = type(relation).__name__
            inner = getattr(relation, "input", None)
            inputs = (inner,) if inner is not None else ()
    lines.append("  " * depth + text.rstrip())
    for each in inputs:
        _relation(each, depth + 1, lines)


def _names(columns: tuple[plan.Column, ...]) -> str:
    return ", ".join(column.name for column in columns)


def _passes(column: plan.Column, value: Scalar) -> bool:
    return isinstance(value, plan.Ref) and value.column.name == column.name


def scalar_text(node: Scalar) -> str:
    """An expression in KQL's spelling."""
    match node:
        case plan.Literal(value, type):
            if value is None:
                return f"{type.value}(null)"
            return (
                f"'{value}'"
                if type.value == "string"
                else f"{value}"
                if type.value != "dynamic"
                else f"dynamic({value})"
            )
        case plan.Ref(column):
            return column.name
        case plan.Path(base, step):
            if isinstance(step, str):
                return f"{scalar_text(base)}.{step}"
            return f"{scalar_text(base)}[{step if isinstance(step, int) else scalar_text(step)}]"
        case plan.Call(function, _, arguments):
            texts = [scalar_text(argument) for argument in arguments]
            if function.kind == "infix" and function.name in ("and", "or"):
                return "(" + f" {function.name} ".join(texts) + ")"
            if function.kind == "infix" and len(texts) == 2:
                return f"{texts[0]} {function.name} {texts[1]}"
            if function.kind == "infix" and len(texts) > 2:
                return f"{texts[0]} {function.name} ({', '.join(texts[1:])})"
            return f"{function.name}({', '.join(texts)})"
        case plan.Convert(argument, type):
            return f"to{type.value}({scalar_text(argument)})"
        case plan.Parameter(name):
            return f"${name}"
        case plan.ScalarQuery():
            return "toscalar(…)"
        case plan.Membership(value, negated=negated):
            return f"{scalar_text(value)} {'!in' if negated else 'in'} (…)"
    return "row_number()"
