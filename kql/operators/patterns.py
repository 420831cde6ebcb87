"""graph-match and graph-shortest-paths: rows for the places of a graph that fit a pattern.

A pattern becomes joins over the edges; an edge of several hops becomes a recursion that makes all its paths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind import names
from kql.bind.scope import Environment, ScalarBinding, Scope
from kql.operators import trees
from kql.operators.base import Operator, Parameters, bind_items, passing, split_parameters
from kql.operators.graphs import Graph, Path, graph_of
from kql.operators.paths import Walk
from kql.plan import Column, Relation
from kql.types import BOOL, DYNAMIC, LONG, STRING

if TYPE_CHECKING:
    from kql.bind.binder import Binder

@dataclass(frozen=True, slots=True)
class GraphMatch(Operator):
    """One row for each way in which a pattern of nodes and edges fits a graph. An edge of the graph is used once in it
    unless `cycles=all`; with `cycles=none` no node comes twice. `[e*1..3]` is one to three edges in a row; map(e, …),
    any(e, …), all(e, …) and inner_nodes(e) look into them.

    Resources | project id, type | make-graph id --> type with_node_id=node | graph-match (a)-->(b) project a.node, b.node
    """

    rule = "graph_match"
    name = "graph-match"
    syntax_text = (
        "G | graph-match [cycles=all|none|unique_edges] (a)-[e]->(b)-[f*1..3]-(c), … [where condition]"
        " project [Name =] expression, …"
    )
    takes_graphs = True
    parameters: Parameters
    paths: tuple[Path, ...]
    condition: syntax.Expression | None
    items: tuple[syntax.Item, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> GraphMatch:
        parameters, rest = split_parameters(children)
        paths = tuple(child for child in rest if isinstance(child, Path))
        items = tuple(child for child in rest if isinstance(child, syntax.Item))
        others = [child for child in rest if not isinstance(child, str | Path | syntax.Item)]
        return cls(span, parameters, paths, others[0] if others else None, items)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        graph = graph_of(binder, input, self)
        if graph is None:
            return binder.nothing()
        return self._rows(_Pattern(self, binder, graph, self._cycles(binder), environment))

    def _cycles(self, binder: Binder) -> str:
        cycles = self.parameters.get("cycles", "unique_edges")
        if cycles not in ("all", "none", "unique_edges"):
            binder.problems.add("KQL401", self.parameters.span("cycles"), operator="cycles", expected="all, none or unique_edges")
        return cycles

    def _rows(self, pattern: _Pattern) -> Relation:
        return pattern.projected(pattern.matched())


@dataclass(frozen=True, slots=True)
class GraphShortestPaths(GraphMatch):
    """The shortest paths between nodes: one for each pair, or all of them with `output=all`. No node comes twice in a
    path.

    Resources | project id, type | make-graph id --> type with_node_id=node | graph-shortest-paths (a)-[p*1..5]->(b) project a.node, b.node
    """  # noqa: E501

    rule = "graph_shortest_paths"
    name = "graph-shortest-paths"
    syntax_text = "G | graph-shortest-paths [output=any|all] (a)-[e*1..5]->(b) [where condition] project [Name =] expression, …"

    def _cycles(self, binder: Binder) -> str:
        (path, *more) = self.paths
        if more or len(path.edges) != 1 or path.edges[0].hops is None:
            binder.problems.add("KQL401", self.span, operator=self.name, expected="one path of one edge with a number of hops")
        return "none"

    def _rows(self, pattern: _Pattern) -> Relation:
        rows = pattern.matched()
        if not pattern.lists or pattern.binder.problems.errors:
            return pattern.projected(rows)
        length = next(iter(pattern.lists.values())).length
        ends = tuple(plan.Ref(column) for column in pattern.ends)
        rows = plan.Shared(rows, "paths")
        least = Column("least", LONG)
        keys = tuple((Column("end", end.type), end) for end in ends)
        shortest = plan.Aggregate(rows, keys, ((least, pattern.apply("min", plan.Ref(length))),))
        pairs = [(end, plan.Ref(key)) for end, (key, _) in zip(ends, keys, strict=True)]
        kept = tuple((column, column) for column in plan.columns_of(rows))
        both: Relation = plan.Join("leftsemi", rows, shortest, (*pairs, (plan.Ref(length), plan.Ref(least))), kept)
        if self.parameters.get("output", "any") == "any":
            both = plan.First(both, ends)
        return pattern.projected(both)


class _Pattern(Walk):
    """A pattern with what its condition and its project see: nodes, edges, and what lies within several hops."""

    def __init__(self, operator: GraphMatch, binder: Binder, graph: Graph, cycles: str, environment: Environment) -> None:
        super().__init__(binder, graph, operator.paths, operator.condition, cycles, environment, operator.span)
        self.items, self.name = operator.items, operator.name
        self.sight: dict[str, dict[str, plan.Scalar]] = {}

    def matched(self) -> Relation:
        """The rows that fit the pattern and the condition, numbered."""
        self.walked()
        self._look_up()
        return self._filtered()

    def _look_up(self) -> None:
        """The properties of the nodes that expressions name, beside the rows; the rows get numbers."""
        assert self.rows is not None
        asked = trees.names((self.condition, tuple(item.expression for item in self.items)))
        for name, key in self.nodes.items():
            if name not in asked:
                continue
            own = self.binder.renamed(self.graph.nodes)
            copies = dict(zip(plan.columns_of(self.graph.nodes), plan.columns_of(own), strict=True))
            kept = (*plan.columns_of(self.rows), *(copies[column] for column in self.graph.properties))
            pair = (plan.Ref(key), plan.Ref(copies[self.graph.key]))
            self.rows = plan.Join("inner", self.rows, own, (pair,), tuple((column, column) for column in kept))
            self.sight[name] = {column.name: plan.Ref(copies[column]) for column in self.graph.properties}
        for name, (_, columns) in self.edges.items():
            self.sight[name] = {column: plan.Ref(own) for column, own in columns.items()}
        self.number = Column("row", LONG)
        numbered = plan.Project(self.rows, (*passing(plan.columns_of(self.rows)), (self.number, plan.RowNumber())))
        self.rows = plan.Shared(numbered, "matched")

    def _filtered(self) -> Relation:
        assert self.rows is not None
        if self.condition is not None:
            condition = self.seen(self.condition)
            scope = Scope((), self.environment, named=self.sight)
            self.rows = plan.Filter(self.rows, self.binder.predicate(condition, scope))
        return self.rows

    def projected(self, rows: Relation) -> Relation:
        self.rows = rows
        if not self.items:
            self.binder.problems.add("KQL401", self.span, operator=self.name, expected="project and what to show")
            return rows
        items = tuple(replace(item, expression=self._item(item)) for item in self.items)
        made = bind_items(self.binder, items, Scope((), self.environment, named=self.sight), names.Namer())
        return plan.Project(self.rows, tuple((Column(column.name, column.type), value) for column, value in made))

    def _item(self, item: syntax.Item) -> syntax.Expression:
        """What an item shows. Here a function does not hand on the name of what it is given."""
        expression: syntax.Expression = self.seen(item.expression)
        if item.names or not isinstance(expression, syntax.Call):
            return expression
        value = self.binder.scalar(expression, Scope((), self.environment, named=self.sight))
        return self._made("", value, expression.span)

    def seen(self, node: Any) -> Any:
        """An expression in which what looks into edges and nodes is a column of the rows."""
        match node:
            case syntax.Member(syntax.Name(name), _) if name in self.sight:
                return node
            case syntax.Member(syntax.Name(name), column, span) if name in self.lists:
                value = self._over(name, False, syntax.Name(column, span), "map")
                return self._made(f"{name}_{column}", value, span)
            case syntax.Name(name, span) if name in self.sight:
                # what has no properties has no name to hand on
                return self._made(name if self.sight[name] else "", self._bag(self.sight[name]), span)
            case syntax.Name(name, span) if name in self.lists:
                return self._made(name, self._over(name, False, None, "map"), span)
            case syntax.Call("array_length", (syntax.Name(name, span),)) if name in self.lists:
                return self._made("", plan.Ref(self.lists[name].length), span)
            case syntax.Call("map" | "any" | "all" as word, (over, expression), span) if (found := self._edge(over)):
                name, inner = found
                called = "node_id" if _is_node_id(expression) else names.of(expression) or "Column"
                label = f"{'inner_nodes_' if inner else ''}{name}_{called}"
                return self._made(label, self._over(name, inner, expression, word), span)
            case syntax.Call("inner_nodes", (syntax.Name(name),), span) if name in self.lists:
                return self._made(f"inner_nodes_{name}", self._over(name, True, None, "map"), span)
            case syntax.Call("node_degree_in" | "node_degree_out" as word, (syntax.Name(name),), span) if name in self.nodes:
                return self._made(f"{word}_{name}", self._degree(self.nodes[name], word.endswith("in")), span)
            case syntax.Call("node_id", (syntax.Name(name),), span) if name in self.nodes:
                return self._made(f"node_id_{name}", self.apply("hash", plan.Ref(self.nodes[name])), span)
        return trees.rebuilt(node, self.seen)

    def _edge(self, over: syntax.Expression) -> tuple[str, bool] | None:
        """The edge of several hops that map, any or all look into, and whether into its inner nodes."""
        match over:
            case syntax.Name(name) if name in self.lists:
                return name, False
            case syntax.Call("inner_nodes", (syntax.Name(name),)) if name in self.lists:
                return name, True
        return None

    def _made(self, label: str, value: plan.Scalar, span: syntax.Span) -> syntax.Name:
        """A value as a column of the rows, under a name that only the expression knows."""
        column = Column(label, value.type)
        assert self.rows is not None
        self.rows = plan.Project(self.rows, (*passing(plan.columns_of(self.rows)), (column, value)))
        hidden = f"\0{label}{column.id}"
        self.environment = self.environment.with_(hidden, ScalarBinding(plan.Ref(column), self.binder.depth))
        return syntax.Name(hidden, span)

    def _bag(self, values: dict[str, plan.Scalar]) -> plan.Scalar:
        """The properties of a node or an edge that it has, as a bag."""
        arguments: list[plan.Scalar] = []
        for name, value in values.items():
            arguments += [plan.Literal(name, STRING), value]
        return self.apply("$without_empty", self.apply("bag_pack", *arguments)) if arguments else plan.Literal("{}", DYNAMIC)

    def _over(self, name: str, inner: bool, expression: syntax.Expression | None, word: str) -> plan.Scalar:
        """An expression over each edge (or inner node) of several hops: all its values, or whether it holds anywhere or
        everywhere."""
        hops = self.lists[name]
        assert self.rows is not None
        self.rows = plan.Shared(self.rows, "matched")
        element, index = Column("element", DYNAMIC), Column("index", LONG)
        every: Relation = plan.Unnest(self.rows, ((element, plan.Ref(hops.ways), "element"),), index, None)
        edges, _, there, _, way, own = self.oriented("")
        kept = (*plan.columns_of(every), there, *own.values())
        pair: tuple[plan.Scalar, plan.Scalar] = (plan.Convert(plan.Ref(element), LONG), plan.Ref(way))
        every = plan.Join("inner", every, edges, (pair,), tuple((column, column) for column in kept))
        columns = tuple(own.values())
        if inner:
            last = self.apply("-", plan.Ref(hops.length), plan.Literal(1, LONG))
            every = plan.Filter(every, self.apply("<", plan.Ref(index), last))
            nodes = self.binder.renamed(self.graph.nodes)
            copies = dict(zip(plan.columns_of(self.graph.nodes), plan.columns_of(nodes), strict=True))
            columns = tuple(copies[column] for column in self.graph.properties)
            more = (*plan.columns_of(every), *columns)
            every = plan.Join(
                "inner", every, nodes, ((plan.Ref(there), plan.Ref(copies[self.graph.key])),), tuple((c, c) for c in more)
            )
        false = plan.Literal(False, BOOL)
        environment = self.environment
        if inner and expression is not None:
            # node_id() is the hash of the node that is looked at
            known = ScalarBinding(self.apply("hash", plan.Ref(there)), self.binder.depth)
            environment = environment.with_("\0node_id", known)
            expression = trees.replaced(expression, _is_node_id, lambda call: syntax.Name("\0node_id", call.span))
        scope = Scope(columns, environment, named=self.sight)
        if expression is None:
            value = self._bag({column.name: plan.Ref(column) for column in columns})
        elif word == "map":
            value = self.binder.scalar(expression, scope)
        else:
            value = self.apply("coalesce", self.binder.predicate(expression, scope), false)
        if word == "map":
            result = self.apply("make_list_with_nulls", value)
            default: plan.Scalar = plan.Literal("[]", DYNAMIC)
        else:
            asked = value if word == "any" else self.apply("not", value)
            result = self.apply("countif", asked)
            default = plan.Literal(0, LONG)
        ordered = plan.Sort(every, (plan.SortKey(plan.Ref(index), True, True),))
        key, made = Column("row", LONG), Column("made", result.type)
        grouped = plan.Aggregate(ordered, ((key, plan.Ref(self.number)),), ((made, result),))
        before = tuple((column, column) for column in plan.columns_of(self.rows))
        pair = (plan.Ref(self.number), plan.Ref(key))
        self.rows = plan.Join("leftouter", self.rows, grouped, (pair,), (*before, (key, key), (made, made)))
        found = self.apply("iff", self.apply("isnull", plan.Ref(key)), default, plan.Ref(made))
        if word == "map":
            return found
        return self.apply(">" if word == "any" else "==", found, plan.Literal(0, LONG))

    def _degree(self, key: Column, inward: bool) -> plan.Scalar:
        """How many edges a node has, coming in or going out."""
        graph = self.graph
        end, count = Column("end", key.type), Column("count", LONG)
        side = graph.target if inward else graph.source
        counted = plan.Aggregate(graph.edges, ((end, plan.Ref(side)),), ((count, self.apply("count")),))
        assert self.rows is not None
        kept = tuple((column, column) for column in plan.columns_of(self.rows))
        self.rows = plan.Join("leftouter", self.rows, counted, ((plan.Ref(key), plan.Ref(end)),), (*kept, (count, count)))
        return self.apply("coalesce", plan.Ref(count), plan.Literal(0, LONG))


def _is_node_id(node: object) -> bool:
    return isinstance(node, syntax.Call) and node.name == "node_id" and not node.arguments


__all__ = ["GraphMatch", "GraphShortestPaths"]
