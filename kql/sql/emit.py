"""A plan as one DuckDB statement.

A relation is emitted as a list of blocks, the legs of a union that is not written yet: filters and projections go into
every leg, a leg whose filter is constantly false falls away, and a query that fixes `type` reads one table only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from kql import plan
from kql.forms import JSON, Form, Json, List, Scalar
from kql.plan import Column, Relation
from kql.schema import Part
from kql.sql import dynamic, hoist, quote
from kql.sql.block import Block, JoinSource, Legs, Names, OrderKey, Text, Thunk, outside
from kql.sql.common import of_turn, stored, use_of
from kql.sql.convert import convert
from kql.sql.facts import Known
from kql.sql.recursion import unfolded
from kql.sql.rewrites import rewritten
from kql.sql.scalars import Scalars
from kql.sql.stored import held_by
from kql.sql.value import Sql, missing
from kql.types import BOOL, DYNAMIC, LONG, STRING, Type

_BEYOND = hoist.MAX_WEIGHT  # so that whatever is made of it is computed over a column


@dataclass(frozen=True, slots=True)
class Emitted:
    """A statement: its SQL, the parameters it uses, and how each result column holds its values."""

    sql: str
    parameters: frozenset[str]
    forms: tuple[str, ...]  # 'plain', 'ticks' or 'json'
    lacking: Mapping[plan.Path, set[str]] = field(default_factory=dict)  # the paths that lead to nothing, and what there is


def emit(relation: Relation, without: frozenset[str] = frozenset()) -> Emitted:
    """The statement that gives the relation's rows, in its order, as columns c0, c1, …; without the rewrites so named."""
    emitter = _Emitter(without)
    return emitter.statement(emitter.rewritten(relation), plan.columns_of(relation))


def held(relation: Relation, column: Column) -> list[Sql]:
    """How each part of a table that the relation's filters leave holds a column, for editors."""
    return [block.value(column) for block in _Emitter().legs(relation)]


class _Emitter:
    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        self.names = Names()
        self.known = Known()
        self.without = without
        self.merges, self.prunes = "merge" not in without, "prune" not in without
        self.parameters: set[str] = set()
        self.scalars = Scalars(lambda relation: self.one(self.rewritten(relation)), self.parameters)
        self.shared: dict[int, Legs] = {}
        self.common: list[tuple[str, Callable[[], str]]] = []  # head and body of each common table expression
        self.turns: dict[int, tuple[str, dict[Column, str]]] = {}  # the name and the columns of each recursion

    def statement(self, relation: Relation, columns: tuple[Column, ...]) -> Emitted:
        block = self.one(relation)
        if block.distinct_on is not None:
            block = outside([block], self.names, columns)
        finals = [_final(block.value(column)) for column in columns]
        items = ", ".join(f"{text} AS c{number}" for number, (text, _) in enumerate(finals))
        body = block.render(ordered=True, items=items or "1")
        if self.common:
            # a table that is rendered may ask columns of one made before it, so the last is rendered first
            bodies = [f"{head} ({render()})" for head, render in reversed(self.common)]
            body = f"WITH {'RECURSIVE ' if self.turns else ''}{', '.join(reversed(bodies))} {body}"
        used = frozenset(name for name in self.parameters if f"${name}" in body)
        lacking = {path: there for path, there in self.scalars.lacking.items() if there}
        return Emitted(body, used, tuple(form for _, form in finals), lacking)

    def rewritten(self, relation: Relation) -> Relation:
        return rewritten(relation, self.known, self.without)

    # ---- relations ----------------------------------------------------------------------------------------------
    def one(self, relation: Relation) -> Block:
        """The relation as a single block."""
        return self._single(self.legs(relation), relation)

    def _single(self, legs: list[Block], relation: Relation) -> Block:
        return legs[0] if len(legs) == 1 else outside(legs, self.names, plan.visible(relation))

    def _open(self, relation: Relation, made: Iterable[plan.Scalar] = ()) -> Block:
        """The relation as a block that may still be filtered, grouped or expanded; `made` are expressions over it."""
        block = self.one(relation)
        return outside([block], self.names, plan.visible(relation)) if block.closed or self._heavy(block, made) else block

    def legs(self, relation: Relation) -> list[Block]:
        """The relation as the legs of a union that is not written yet."""
        legs = self._written(relation)
        return legs if self.merges else [outside([leg], self.names, plan.visible(relation)) for leg in legs]

    def _written(self, relation: Relation) -> list[Block]:
        match relation:
            case plan.Scan():
                return self._scan(relation)
            case plan.Values():
                return [self._values(relation)]
            case plan.Series():
                return [self._series(relation)]
            case plan.Filter():
                return self._filter(relation)
            case plan.Project():
                return [self._project(relation, leg) for leg in self.legs(relation.input)]
            case plan.Aggregate():
                return [self._aggregate(relation)]
            case plan.Sort():
                return [self._sort(relation)]
            case plan.Limit():
                return [self._limit(relation)]
            case plan.Join():
                return [self._join(relation)]
            case plan.Union():
                return self._union(relation)
            case plan.Unnest():
                return [self._unnest(relation)]
            case plan.First():
                return [self._first(relation)]
            case plan.Shared():
                return [self._shared(relation)]
            case plan.Fold():
                return self.legs(self.rewritten(unfolded(relation)))
            case plan.Recursion():
                return [self._recursion(relation)]
            case plan.Previous():
                return [self._turn(*self.turns[id(relation)])]
        raise AssertionError(f"no such relation: {relation!r}")

    def _scan(self, scan: plan.Scan) -> list[Block]:
        blocks = []
        for part in scan.table.parts:
            alias = self.names.fresh(part.source.rsplit(".", 1)[-1])
            source = ".".join(quote.name(piece) for piece in part.source.split("."))
            block = Block(Text(f"{source} AS {alias}"), self.names)
            for column, name in scan.columns + scan.hidden:
                block.bind(column, partial(held_by, part, name, column.type, alias), _weight_in(part, name))
            blocks.append(block)
        return blocks or [self._nothing(tuple(column for column, _ in scan.columns + scan.hidden))]

    def _nothing(self, columns: tuple[Column, ...]) -> Block:
        block = Block(Text(""), self.names)
        block.where.append("FALSE")
        for column in columns:
            block.bind(column, partial(missing, column.type))
        return block

    def _values(self, values: plan.Values) -> Block:
        if len(values.rows) == 1:
            block = Block(Text(""), self.names)
            for column, cell in zip(values.columns, values.rows[0], strict=True):
                block.bind(column, partial(self.scalars.emit, cell, block))
            return block
        if not values.rows:
            return self._nothing(values.columns)
        empty = Block(Text(""), self.names)
        cells = [[_cell(self.scalars.emit(cell, empty)) for cell in row] for row in values.rows]
        alias = self.names.fresh("v")
        heads = [self.names.fresh(column.name) for column in values.columns]
        rows = ", ".join("(" + ", ".join(cell.text for cell in row) + ")" for row in cells)
        block = Block(Text(f"(VALUES {rows}) AS {alias}({', '.join(heads)})"), self.names)
        for place, (column, head) in enumerate(zip(values.columns, heads, strict=True)):
            nullable = any(row[place].nullable for row in cells)
            form: Form | None = JSON if column.type is DYNAMIC else None
            block.bind(column, partial(Sql, f"{alias}.{head}", column.type, nullable, form))
        return block

    def _series(self, series: plan.Series) -> Block:
        empty = Block(Text(""), self.names)
        bounds = (self.scalars.emit(each, empty) for each in (series.start, series.stop, series.step))
        kind = quote.SQL_TYPES[series.column.type]
        start, stop, step = (each.text if each.constant else f"CAST({each.text} AS {kind})" for each in bounds)
        inner = Block(Text(""), self.names)
        if series.column.type is Type.REAL:
            steps = f"({stop} - {start}) / {step}"
            counted = f"greatest(CASE WHEN isfinite({steps}) THEN CAST(floor({steps} + 1e-9) AS BIGINT) + 1 END, 0)"
            inner.select_as(f"{start} + {step} * unnest(range({counted}))", "x")
        elif any("SELECT" in text for text in (start, stop, step)):
            inner.select_as(f"unnest(kql_series({start}, {stop}, {step}))", "x")
        else:
            # rows that stream, however many; both ends belong to the series
            inner.source = Text(f"generate_series({start}, {stop}, {step}) AS series(x)")
            inner.where.append(f"{step} <> 0")
            inner.select_as("series.x", "x")
        legs = Legs([inner], self.names)
        block = Block(legs, self.names)
        block.bind(series.column, lambda: Sql(f"{legs.alias}.x", series.column.type, False))
        return block

    def _filter(self, node: plan.Filter) -> list[Block]:
        kept = []
        columns = plan.visible(node.input)
        for leg in self.legs(node.input):
            block = outside([leg], self.names, columns) if leg.closed or self._heavy(leg, (node.predicate,)) else leg
            predicate = self.scalars.predicate(node.predicate, block)
            if predicate.constant and not predicate.const and self.prunes:
                continue
            if not predicate.constant or not predicate.const:
                block.where.append(predicate.text)
            kept.append(block)
        return kept or [self._nothing(columns)]

    def _project(self, node: plan.Project, block: Block) -> Block:
        windowed = fixed = False
        for _, expression in node.columns:
            facts = self.known[expression]
            windowed, fixed = windowed or facts.windowed, fixed or facts.volatile or facts.queries
        weights = self._weights(node, block)
        heavy = self._heavy(block, (expression for _, expression in node.columns))
        grouped = block.group is not None and any(not _handed_on(value) for _, value in node.columns)
        if (windowed and block.closed) or heavy or grouped:
            block = outside([block], self.names, plan.visible(node.input))
            weights = self._weights(node, block)
        before = dict(block.columns)
        block.columns = {}
        view = _View(block, before)
        for column in plan.hidden_columns(node):
            block.columns[column] = before[column]
        for column, expression in node.columns:
            if isinstance(expression, plan.Ref):
                block.columns[column] = before[expression.column]
                if weights[column] > 1:
                    block.weights[column] = weights[column]
            else:
                block.bind(column, partial(self.scalars.emit, expression, view), weights[column])
        if windowed or fixed:
            block.sealed = True
            return outside([block], self.names, plan.visible(node))
        return block

    def _heavy(self, block: Block, expressions: Iterable[plan.Scalar]) -> bool:
        """Whether some expression, with those of the block's columns put in their places, is better computed outside."""
        if not block.weights or "cut" in self.without:
            return False
        return any(self.known.weight(expression, block.weights) > hoist.MAX_WEIGHT for expression in expressions)

    def _weights(self, node: plan.Project, block: Block) -> dict[Column, int]:
        """What each column weighs with the expressions of the block's columns put in their places."""
        return {column: self.known.weight(expression, block.weights) for column, expression in node.columns}

    def _aggregate(self, node: plan.Aggregate) -> Block:
        block = self._open(node.input, (expression for _, expression in node.keys + node.values))
        before = dict(block.columns)
        view = _View(block, before)  # it keeps the order, for what collects values in order
        block.order, block.partition = [], []
        block.columns = {}
        group: list[str] = []
        for column, expression in node.keys:
            value = _whole(self.scalars.emit(expression, view))
            text = value.written
            if text not in group:
                group.append(text)
            block.bind(
                column,
                partial(
                    lambda v, t: replace(v, raw=t, path=(), nullable=v.nullable and v.type is not STRING), value, text
                ),
            )
        for column, expression in node.values:
            block.bind(column, partial(self.scalars.emit, expression, view), 5)
        # Without keys it is one row, even where nothing of it is asked for and no aggregate is written.
        block.group = group if node.keys else ["()"]
        block.sealed = True
        return block

    def _sort(self, node: plan.Sort) -> Block:
        block = self.one(node.input)
        if block.limit is not None or block.distinct_on is not None:
            block = outside([block], self.names, plan.visible(node.input))
        view = _View(block, dict(block.columns))
        keys = [
            OrderKey(partial(self.scalars.emit, key.value, view), key.ascending, key.nulls_first) for key in node.keys
        ]
        # An order that stood before decides among equals only where it is told to; KQL promises nothing.
        block.order = keys + block.order if node.stable else keys
        block.partition = [partial(self.scalars.emit, each, view) for each in node.within]
        return block

    def _limit(self, node: plan.Limit) -> Block:
        block = self.one(node.input)
        if block.limit is not None or block.distinct_on is not None:
            block = outside([block], self.names, plan.visible(node.input))
        count = self.scalars.emit(node.count, Block(Text(""), self.names))
        if isinstance(count.const, int):
            block.limit = str(max(count.const, 0))
        else:
            block.limit = f"greatest({count.text}, 0)"
        return block

    def _join(self, node: plan.Join) -> Block:
        left_blocks, right_blocks = self.legs(node.left), self.legs(node.right)
        left = Legs(left_blocks, self.names, outer=node.kind in ("rightouter", "fullouter"))
        right = Legs(right_blocks, self.names, outer=node.kind in ("leftouter", "fullouter"))
        conditions = []
        for left_key, right_key in node.on:
            ours = left.present([_whole(self.scalars.emit(left_key, block)) for block in left_blocks], "key")
            theirs = right.present([_whole(self.scalars.emit(right_key, block)) for block in right_blocks], "key")
            conditions.append(_equal_keys(ours, theirs))
        verb = {
            "inner": "JOIN", "leftouter": "LEFT JOIN", "rightouter": "RIGHT JOIN", "fullouter": "FULL JOIN",
            "leftsemi": "SEMI JOIN", "leftanti": "ANTI JOIN",
        }[node.kind]  # fmt: skip
        block = Block(JoinSource(left, verb, right, " AND ".join(conditions) or "TRUE"), self.names)
        left_columns = set(plan.columns_of(node.left))
        for column, origin in node.columns:
            side = left if origin in left_columns else right
            block.bind(column, partial(_across, side, origin))
        return block

    def _union(self, node: plan.Union) -> list[Block]:
        legs = []
        for relation, sources in zip(node.legs, node.sources, strict=True):
            for block in self.legs(relation):
                leg = block
                if leg.order and leg.limit is None:
                    leg.order = []
                before = dict(leg.columns)
                view = _View(leg, before)
                leg.columns = {}
                for column, source in zip(node.columns, sources, strict=True):
                    if source is None:
                        leg.bind(column, partial(missing, column.type))
                    else:
                        leg.bind(column, partial(self.scalars.emit, source, view), self.known.weight(source, leg.weights))
                legs.append(leg)
        return legs or [self._nothing(node.columns)]

    def _unnest(self, node: plan.Unnest) -> Block:
        columns = plan.columns_of(node.input)
        inner = self._open(node.input, (expression for _, expression, _ in node.expanded))
        lists: list[tuple[Column, str, Form]] = []
        for column, expression, way in node.expanded:
            lists.append((column, *_elements(self.scalars.emit(expression, inner), way)))
        cap = None
        if node.limit is not None:
            cap = self.scalars.emit(node.limit, inner).text
        if not node.outer:
            inner.where.append("(" + " OR ".join(f"len({text}) > 0" for _, text, _ in lists) + ")")
        aliases = []
        for column, text, form in lists:
            text = _or_one_null(text)
            text = f"({text})[1:{cap}]" if cap is not None else text
            alias = self.names.fresh(column.name)
            inner.select_as(f"unnest({text})", alias)
            aliases.append((column, alias, form))
        index_alias = ""
        if node.index is not None:
            index_alias = self.names.fresh(node.index.name)
            lengths = ", ".join(f"len({_or_one_null(text)})" for _, text, _ in lists)
            length = f"greatest({lengths})" if len(lists) > 1 else lengths
            length = f"least({length}, {cap})" if cap is not None else length
            inner.select_as(f"unnest(range({length}))", index_alias)
        inner.sealed = True
        block = outside([inner], self.names, columns)
        legs = block.source
        assert isinstance(legs, Legs)
        for column, alias, form in aliases:
            block.bind(column, partial(Sql, f"{legs.alias}.{alias}", DYNAMIC, True, form))
        if node.index is not None:
            block.bind(node.index, partial(Sql, f"{legs.alias}.{index_alias}", LONG, False))
        return block

    def _first(self, node: plan.First) -> Block:
        block = self._open(node.input)
        keys = []
        for key in node.keys:
            value = _whole(self.scalars.emit(key, block))
            if not value.constant:
                keys.append(value.written)
        if keys:
            block.distinct_on = keys
        else:
            block.limit = "1"  # all rows have one key
        block.sealed = True
        block.order = []
        return block

    def _shared(self, node: plan.Shared) -> Block:
        columns = plan.columns_of(node.input)
        legs = self.shared.get(id(node.input))
        if legs is None:
            name = self.names.fresh(node.name or "shared")
            legs = self.shared[id(node.input)] = Legs(self.legs(self.rewritten(node.input)), self.names, shared=name)
            self.common.append((f"{name} AS MATERIALIZED", legs.body))
        return use_of(legs, columns, self.names)


    def _recursion(self, node: plan.Recursion) -> Block:
        known = self.turns.get(id(node.previous))
        if known is None:
            heads = {column: self.names.fresh(column.name) for column in node.previous.columns}
            known = self.turns[id(node.previous)] = (self.names.fresh("turns"), heads)
            written = []
            for relation in (node.start, node.step):
                block = self._open(self.rewritten(relation))
                items = [stored(block.value(column)) for column in plan.columns_of(relation)]
                written.append(block.render(items=", ".join(items)))
            body = (" UNION " if node.distinct else " UNION ALL ").join(written)
            self.common.append((f"{known[0]}({', '.join(heads.values())}) AS", lambda: body))
        return self._turn(*known)

    def _turn(self, name: str, heads: dict[Column, str]) -> Block:
        """The rows of a recursion: of one turn where it is named inside, of all turns outside."""
        alias = self.names.fresh(name)
        block = Block(Text(f"{name} AS {alias}"), self.names)
        for column, head in heads.items():
            block.bind(column, partial(of_turn, f"{alias}.{head}", column.type))
        return block


class _View(Block):
    """A block as it looked before a projection: its columns, and the block's own order and source."""

    def __init__(self, block: Block, columns: dict[Column, Thunk]) -> None:
        self.__dict__.update(block.__dict__)
        self.columns = columns


def _weight_in(part: Part, name: str) -> int:
    """What a column weighs: a document that some rows have more of than the typed columns hold is long in SQL."""
    return _BEYOND if part.beyond is not None and any(path[0] == name for path in part.beyond.paths) else 1


def _across(side: Legs, origin: Column) -> Sql:
    return side.borrow([block.value(origin) for block in side.blocks], origin.name)


def _cell(value: Sql) -> Sql:
    """A value among rows of its column: a dynamic is JSON in all of them."""
    return dynamic.as_json(value) if value.type is DYNAMIC else value


def _equal_keys(left: Sql, right: Sql) -> str:
    """Equality of join keys: null joins null; strings are compared as they are."""
    if left.type is DYNAMIC or right.type is DYNAMIC:
        left, right = convert(left, STRING), convert(right, STRING)
    ours = left.written
    theirs = right.written
    if left.type is STRING or not (left.nullable and right.nullable):
        return f"{ours} = {theirs}"
    return f"{ours} IS NOT DISTINCT FROM {theirs}"


def _whole(value: Sql) -> Sql:
    """A dynamic value in a form that can be grouped and joined by: its JSON text unless it is plain."""
    value = value.fetched()
    if value.type is DYNAMIC and not isinstance(value.form, Scalar):
        return dynamic.as_json(value)
    return value


def _elements(value: Sql, way: str) -> tuple[str, Form]:
    """The list that mv-expand makes of a dynamic value, and the form of its elements."""
    value = value.fetched()
    if isinstance(value.form, List):
        return value.text, value.form.element
    if isinstance(value.form, Scalar):
        return f"CASE WHEN {value.text} IS NOT NULL THEN [{value.text}] END", value.form
    if value.is_nothing:
        return "CAST(NULL AS JSON[])", Json()
    name = "kql_expand_pairs" if way == "pair" else "kql_expand"
    text = dynamic.as_json(value).text
    return f"CASE WHEN {text} IS NOT NULL THEN {name}({text}) END", Json()


def _final(value: Sql) -> tuple[str, str]:
    """A result column: its SQL, and how it holds its values."""
    value = value.fetched()
    if value.type is STRING:
        return value.string, "plain"
    if value.type in (Type.DATETIME, Type.TIMESPAN):
        return value.text, "ticks"
    if value.type is not DYNAMIC:
        return value.text, "plain"
    if isinstance(value.form, Scalar) and value.form.type in (STRING, LONG, Type.INT, BOOL):
        return value.text, "plain"
    return f"CAST({dynamic.as_json(value).text} AS VARCHAR)", "json"


def _or_one_null(text: str) -> str:
    """A list for every row: none at all is one null. Where no row is without, CASE hands a column on as it is and
    coalesce copies it, a tenth of what a whole expansion takes; what is computed is not written twice."""
    return f"coalesce({text}, [NULL])" if "(" in text else f"CASE WHEN {text} IS NULL THEN [NULL] ELSE {text} END"


def _handed_on(node: plan.Scalar) -> bool:
    """Whether a value is a column or nothing of one: such may be said beside aggregates."""
    return isinstance(node, plan.Ref | plan.Literal)


__all__ = ["Emitted", "emit"]
