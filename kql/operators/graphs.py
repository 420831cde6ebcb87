"""Graphs of rows: make-graph takes edges and nodes from tables; graph-to-table and graph-mark-components give rows back.

A graph lives in the plan as two relations; what follows edges is joined, or is a recursion over them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.scope import Environment
from kql.operators.base import Operator, Parameter, Parameters, column_or_problem, passing, split_parameters
from kql.plan import Column, Relation
from kql.types import DYNAMIC, LONG, STRING, UNKNOWN

if TYPE_CHECKING:
    from kql.bind.binder import Binder


@dataclass(frozen=True, slots=True)
class NodeTable:
    """`with Table on Column`: what is known of the nodes."""

    table: syntax.Expression
    key: syntax.Name
    span: syntax.Span


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge of a pattern. direction: '>' along the edge, '<' against it, '' either way. hops: the least and the most
    number of edges in a row, as they are written; None for a single edge."""

    name: str
    direction: str
    hops: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Path:
    """(node)-[edge]->(node)…: the names of the nodes ('' for none), and the edges between them."""

    nodes: tuple[syntax.Name, ...]
    edges: tuple[Edge, ...]
    span: syntax.Span


_EDGE = re.compile(r"(<?)-(?:-|\[\s*(\w+)?\s*(?:\*\s*(\w+)\s*\.\.\s*(\w+)\s*)?\]-)(>?)")


def path(children: list[Any], span: syntax.Span) -> Path:
    edges = []
    for written in children[1::2]:
        match = _EDGE.fullmatch(str(written))
        assert match is not None
        back, name, least, most, forth = match.groups()
        direction = "" if back and forth else "<" if back else ">" if forth else ""
        edges.append(Edge(name or "", direction, (least, most) if least else None))
    return Path(tuple(children[::2]), tuple(edges), span)


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph in the plan. `edges` have a number each, beside their columns; `nodes` have their key beside theirs."""

    edges: Relation
    number: Column
    source: Column
    target: Column
    nodes: Relation
    key: Column
    place: Column  # the order in which edges name the nodes
    properties: tuple[Column, ...]

    @property
    def edge_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in plan.columns_of(self.edges) if column not in (self.number, self.source, self.target))


def graph_of(binder: Binder, input: Relation, operator: Operator) -> Graph | None:
    """The graph that comes in; a message where there is none."""
    graph: Graph | None = binder.graphs.get(id(input))
    if graph is None and not binder.problems.errors:
        binder.problems.add("KQL415", operator.span, operator=operator.name)
    return graph


@dataclass(frozen=True, slots=True)
class MakeGraph(Operator):
    """Makes a graph of a table of edges; the nodes are those that edges name and those of the node tables.

    Resources | project id, type | make-graph id --> type with_node_id=node | graph-to-table nodes
    """

    rule = "make_graph"
    name = "make-graph"
    syntax_text = (
        "T | make-graph source --> target [with_node_id=Name | with Table on column, …] [partitioned-by column (operator)]"
    )
    parameters: Parameters
    source: syntax.Name
    target: syntax.Name
    tables: tuple[NodeTable, ...]
    part: syntax.Name | None
    body: syntax.Pipeline | None

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> MakeGraph:
        parameters, rest = split_parameters(children)
        tables = tuple(child for child in rest if isinstance(child, NodeTable))
        body = next((child for child in rest if isinstance(child, syntax.Pipeline)), None)
        source, target, *part = [child for child in rest if isinstance(child, syntax.Name)]
        return cls(span, parameters, source, target, tables, part[0] if part else None, body)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        source = column_or_problem(binder, plan.columns_of(input), self.source.name, self.source.span)
        target = column_or_problem(binder, plan.columns_of(input), self.target.name, self.target.span)
        if source is None or target is None:
            return input
        for column, name in ((source, self.source), (target, self.target)):
            if column.type is DYNAMIC:
                binder.problems.add("KQL307", name.span, use="a node")
        if source.type is not target.type and UNKNOWN not in (source.type, target.type):
            binder.problems.add(
                "KQL310", self.span, left=source.name, left_type=source.type.value, right=target.name, right_type=target.type.value
            )
        part = None if self.part is None else column_or_problem(binder, plan.columns_of(input), self.part.name, self.part.span)
        kind = source.type if part is None else STRING
        number, begin, end = Column("edge", LONG), Column("source", kind), Column("target", kind)
        ends = [(begin, self._key(binder, source, part)), (end, self._key(binder, target, part))]
        numbers = ((number, plan.RowNumber()), *ends)
        rows = plan.Project(plan.Sort(input, (), stable=True), (*passing(plan.columns_of(input)), *numbers))
        edges = plan.Shared(rows, "edges")
        graph = Graph(edges, number, begin, end, *self._nodes(binder, edges, number, begin, end, environment))
        stands = plan.Project(edges, tuple(passing(plan.columns_of(input))))
        binder.graphs[id(stands)] = graph
        binder.graphs[-id(stands)] = stands  # kept, so that no other relation gets its place in memory
        return stands if self.body is None else self._partitioned(binder, self.body, stands, environment)

    def _key(self, binder: Binder, column: Column, part: Column | None) -> plan.Scalar:
        """What tells nodes apart: the value, together with the part that it lies in."""
        if part is None:
            return plan.Ref(column)
        texts = [plan.Ref(each) if each.type is STRING else plan.Convert(plan.Ref(each), STRING) for each in (part, column)]
        return binder.apply("strcat", (texts[0], plan.Literal("\0", STRING), texts[1]), self.span)

    def _partitioned(self, binder: Binder, body: syntax.Pipeline, graph: Relation, environment: Environment) -> Relation:
        """The parts have no edges between them, so that one graph of all parts answers for each."""
        first, *more = body.operators
        if more or not first.takes_graphs:
            place = more[0].span if more else first.span
            binder.problems.add("KQL501", place, what="this subquery of partitioned-by", reason="it would run once for each part")
        return first.lower(binder, graph, environment)

    def _nodes(
        self, binder: Binder, edges: Relation, number: Column, begin: Column, end: Column, environment: Environment
    ) -> tuple[Relation, Column, Column, tuple[Column, ...]]:
        """All nodes, each once, in the order in which edges name them, with what the tables know of them."""
        legs: list[Relation] = [edges, edges]
        two, one = plan.Literal(2, LONG), plan.Literal(1, LONG)
        early = binder.apply("*", (plan.Ref(number), two), self.span)
        sources: list[tuple[plan.Scalar | None, ...]] = [
            (plan.Ref(begin), early), (plan.Ref(end), binder.apply("+", (early, one), self.span)),
        ]  # fmt: skip
        known: list[tuple[Relation, Column, plan.Scalar]] = []
        last = plan.Literal(2**62, LONG)
        for each in self.tables:
            table = binder.tabular(each.table, environment)
            column = column_or_problem(binder, plan.columns_of(table), each.key.name, each.key.span)
            if column is None:
                continue
            part = None
            if self.part is not None:
                part = column_or_problem(binder, plan.columns_of(table), self.part.name, each.span)
            elif column.type is not begin.type:
                binder.problems.add(
                    "KQL310", each.span, left=begin.name, left_type=begin.type.value, right=column.name, right_type=column.type.value
                )
            table = plan.Shared(table, "nodes")
            value = self._key(binder, column, part)
            known.append((table, column, value))
            legs.append(table)
            sources.append((value, last))
        named, place = Column("node", begin.type), Column("place", LONG)
        every = plan.Union(tuple(legs), (named, place), tuple(sources))
        key, first = Column("key", begin.type), Column("first", LONG)
        earliest = binder.apply("min", (plan.Ref(place),), self.span)
        nodes: Relation = plan.Aggregate(every, ((key, plan.Ref(named)),), ((first, earliest),))
        properties: list[tuple[Column, plan.Scalar]] = []
        label = self.parameters.get("with_node_id")
        # the part is cut off again
        bare: plan.Scalar = plan.Ref(key)
        if self.part is not None:
            pieces = binder.apply("split", (plan.Ref(key), plan.Literal("\0", STRING)), self.span)
            bare = plan.Convert(plan.Path(pieces, 1), STRING)
        if label:
            properties.append((Column(label, bare.type), bare))
        for table, column, value in known:
            own_key = Column("key", begin.type)
            keyed = plan.Project(table, (*passing(plan.columns_of(table)), (own_key, value)))
            own = binder.renamed(plan.First(keyed, (plan.Ref(own_key),)))
            renamed = dict(zip(plan.columns_of(keyed), plan.columns_of(own), strict=True))
            kept = tuple((c, c) for c in plan.columns_of(nodes))
            more = tuple((c, c) for c in plan.columns_of(own))
            nodes = plan.Join("leftouter", nodes, own, ((plan.Ref(key), plan.Ref(renamed.pop(own_key))),), (*kept, *more))
            for each_column, copy in renamed.items():
                taken = {made.name for made, _ in properties}
                name, count = each_column.name, 1
                while name in taken:
                    name, count = f"{each_column.name}{count}", count + 1
                # a node that the table does not know still has its name
                shown = bare if each_column is column else plan.Ref(copy)
                shown = shown if shown.type is each_column.type else plan.Convert(shown, each_column.type)
                properties.append((Column(name, each_column.type), shown))
        shaped = plan.Project(nodes, ((key, plan.Ref(key)), (first, plan.Ref(first)), *properties))
        return plan.Shared(shaped, "nodes"), key, first, tuple(column for column, _ in properties)


@dataclass(frozen=True, slots=True)
class Part:
    """`nodes` or `edges` of graph-to-table, with the columns that are asked for beside theirs."""

    what: syntax.Name
    parameters: Parameters
    span: syntax.Span

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Part:
        values = {child.name: (child.value, child.span) for child in children if isinstance(child, Parameter)}
        return cls(children[0], Parameters(values), span)


@dataclass(frozen=True, slots=True)
class GraphToTable(Operator):
    """The nodes or the edges of a graph as rows.

    Resources | project id, type | make-graph id --> type with_node_id=node | graph-to-table edges
    """

    rule = "graph_to_table"
    name = "graph-to-table"
    syntax_text = "G | graph-to-table nodes [with_node_id=Name] | edges [with_source_id=Name] [with_target_id=Name]"
    takes_graphs = True
    parts: tuple[Part, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> GraphToTable:
        return cls(span, tuple(child for child in children if isinstance(child, Part)))

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        graph = graph_of(binder, input, self)
        part = self.parts[0]
        if len(self.parts) > 1:
            binder.problems.add("KQL501", self.span, what="graph-to-table with two results", reason="a query has one result here")
        if part.what.name not in ("nodes", "edges"):
            binder.problems.add("KQL401", part.span, operator=self.name, expected="nodes or edges")
        if graph is None:
            return binder.nothing()
        if part.what.name == "nodes":
            wanted: tuple[tuple[str, Column], ...] = (("with_node_id", graph.key),)
            relation, columns = graph.nodes, graph.properties
        else:
            wanted = (("with_source_id", graph.source), ("with_target_id", graph.target))
            relation, columns = graph.edges, graph.edge_columns
        output: list[tuple[Column, plan.Scalar]] = []
        for name, key in wanted:
            label = part.parameters.get(name)
            if label:
                output.append((Column(label, LONG), binder.apply("hash", (plan.Ref(key),), self.span)))
        output += [(Column(column.name, column.type), plan.Ref(column)) for column in columns]
        return plan.Project(relation, tuple(output))


@dataclass(frozen=True, slots=True)
class GraphMarkComponents(Operator):
    """Numbers the parts of a graph that hang together: every node gets the number of its part. `kind=strong` asks for a
    way there and back along the edges.

    Resources | project id, type | make-graph id --> type with_node_id=node | graph-mark-components | graph-to-table nodes
    """

    rule = "graph_mark_components"
    name = "graph-mark-components"
    syntax_text = "G | graph-mark-components [kind=weak|strong] [with_component_id=Name]"
    takes_graphs = True
    parameters: Parameters

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> GraphMarkComponents:
        parameters, _ = split_parameters(children)
        return cls(span, parameters)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        graph = graph_of(binder, input, self)
        if graph is None:
            return input
        kind = self.parameters.get("kind", "weak")
        if kind not in ("weak", "strong"):
            binder.problems.add("KQL401", self.span, operator="kind", expected="weak or strong")
        links = linked(graph, both=kind == "weak")
        here, there = plan.columns_of(links)
        # every node with every node that can be reached from it
        begin, at = Column("begin", graph.key.type), Column("at", graph.key.type)
        previous = plan.Previous((begin, at))
        start = plan.Project(graph.nodes, ((begin, plan.Ref(graph.key)), (at, plan.Ref(graph.key))))
        walked = plan.Join("inner", previous, links, ((plan.Ref(at), plan.Ref(here)),), ((begin, begin), (there, there)))
        step = plan.Project(walked, ((begin, plan.Ref(begin)), (at, plan.Ref(there))))
        reached: Relation = plan.Recursion(start, step, previous, distinct=True)
        if kind == "strong":
            back = binder.renamed(reached)
            other_begin, other_at = plan.columns_of(back)
            pairs = ((plan.Ref(begin), plan.Ref(other_at)), (plan.Ref(at), plan.Ref(other_begin)))
            reached = plan.Join("leftsemi", reached, back, pairs, ((begin, begin), (at, at)))
        own = binder.renamed(graph.nodes)
        copies = dict(zip(plan.columns_of(graph.nodes), plan.columns_of(own), strict=True))
        place = copies[graph.place]
        placed = plan.Join(
            "inner", reached, own, ((plan.Ref(at), plan.Ref(copies[graph.key])),), ((begin, begin), (place, place))
        )
        least, node = Column("least", LONG), Column("node", graph.key.type)
        earliest = binder.apply("min", (plan.Ref(place),), self.span)
        grouped = plan.Aggregate(placed, ((node, plan.Ref(begin)),), ((least, earliest),))
        order = plan.Sort(grouped, (plan.SortKey(plan.Ref(least), True, True),))
        row, zero = plan.RowNumber(), plan.Literal(0, LONG)
        changed = binder.apply("$changed", (plan.Ref(least), zero, row), self.span)
        rank = binder.apply("-", (binder.apply("$dense", (changed, zero, row), self.span), plan.Literal(1, LONG)), self.span)
        label = Column(self.parameters.get("with_component_id", "ComponentId"), LONG)
        ranked = plan.Project(order, ((node, plan.Ref(node)), (label, rank)))
        kept = tuple((column, column) for column in plan.columns_of(graph.nodes))
        nodes = plan.Join("leftouter", graph.nodes, ranked, ((plan.Ref(graph.key), plan.Ref(node)),), (*kept, (label, label)))
        stands = plan.Project(graph.edges, tuple(passing(graph.edge_columns)))
        binder.graphs[id(stands)] = replace(graph, nodes=plan.Shared(nodes, "nodes"), properties=(*graph.properties, label))
        binder.graphs[-id(stands)] = stands
        return stands


def linked(graph: Graph, *, both: bool) -> Relation:
    """The pairs of nodes that edges link, from source to target, or either way."""
    here, there = Column("here", graph.key.type), Column("there", graph.key.type)
    ways: list[tuple[plan.Scalar | None, ...]] = [(plan.Ref(graph.source), plan.Ref(graph.target))]
    if both:
        ways.append((plan.Ref(graph.target), plan.Ref(graph.source)))
    return plan.Union((graph.edges,) * len(ways), (here, there), tuple(ways))


__all__ = ["Edge", "Graph", "GraphMarkComponents", "GraphToTable", "MakeGraph", "NodeTable", "Part", "Path", "graph_of", "path"]
