"""The paths of a graph pattern as joins over the edges; an edge of several hops is a recursion that makes all its paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.scope import Environment, Scope
from kql.operators import trees
from kql.operators.base import passing
from kql.operators.graphs import Edge, Graph, Path
from kql.plan import Column, Relation
from kql.types import DYNAMIC, LONG, STRING

if TYPE_CHECKING:
    from kql.bind.binder import Binder

MAX_HOPS = 100


@dataclass(frozen=True, slots=True)
class Hops:
    """The columns of an edge of several hops: the numbers of its edges, and each with its direction; how many."""

    edges: Column
    ways: Column
    length: Column


class Walk:
    """The paths of a pattern over a graph, joined piece by piece."""

    def __init__(
        self, binder: Binder, graph: Graph, paths: tuple[Path, ...], condition: syntax.Expression | None, cycles: str,
        environment: Environment, span: syntax.Span,
    ) -> None:  # fmt: skip
        self.binder, self.graph, self.paths, self.condition, self.cycles = binder, graph, paths, condition, cycles
        self.environment, self.span = environment, span
        self.rows: Relation | None = None
        self.nodes: dict[str, Column] = {}
        self.edges: dict[str, tuple[Column, dict[str, Column]]] = {}
        self.lists: dict[str, Hops] = {}
        self.visited: Column | None = None  # the nodes so far, as texts, where none may come twice
        self.ends: list[Column] = []
        self.conditions = list(trees.conjuncts(condition))

    def apply(self, name: str, *arguments: plan.Scalar) -> plan.Scalar:
        return self.binder.apply(name, arguments, self.span)

    def among(self, value: plan.Scalar, numbers: Column, wanted: bool = True) -> plan.Scalar:
        """Whether a value is one of a list's elements, or is none of them."""
        test = self.apply("set_has_element", plan.Ref(numbers), value)
        return test if wanted else self.apply("not", test)

    # ---- the pattern as joins -----------------------------------------------------------------------------------
    def walked(self) -> Relation:
        """The rows that fit the pattern."""
        unnamed = 0
        for path in self.paths:
            here: Column | None = None
            for place, node in enumerate(path.nodes):
                name = node.name
                if not name:
                    unnamed += 1
                    name = f"\0node{unnamed}"
                if place == 0:
                    here = self._begin(name)
                else:
                    assert here is not None
                    here = self._follow(path.edges[place - 1], here, name, path.span)
            assert here is not None
            self.ends += [self.nodes.get(path.nodes[0].name, here), here]
        assert self.rows is not None
        return self.rows

    def _begin(self, name: str) -> Column:
        """The first node of a path: one that is there already, or every node."""
        if name in self.nodes:
            return self.nodes[name]
        own = self.binder.renamed(self.graph.nodes)
        copies = dict(zip(plan.columns_of(self.graph.nodes), plan.columns_of(own), strict=True))
        # what the condition says of this node alone is asked before its edges are followed
        sight = {name: {column.name: plan.Ref(copies[column]) for column in self.graph.properties}}
        for condition in self.conditions:
            if trees.names(condition) == {name} and not _calls(condition):
                own = plan.Filter(own, self.binder.predicate(condition, Scope((), self.environment, named=sight)))
        key = copies[self.graph.key]
        first = plan.Project(own, ((key, plan.Ref(key)),))
        if self.rows is None:
            self.rows = first
        else:
            kept = (*plan.columns_of(self.rows), key)
            self.rows = plan.Join("inner", self.rows, first, (), tuple((column, column) for column in kept))
        self.nodes[name] = key
        self._visit(None, key)
        return key

    def _visit(self, condition: plan.Scalar | None, key: Column | None, more: plan.Scalar | None = None) -> None:
        """Where no node may come twice: remembers a node, or a list of them."""
        if self.cycles != "none":
            return
        assert self.rows is not None
        if more is None:
            assert key is not None
            more = self.apply("pack_array", self._text(plan.Ref(key)))
        before = plan.Literal("[]", DYNAMIC) if self.visited is None else plan.Ref(self.visited)
        if condition is not None:
            self.rows = plan.Filter(self.rows, condition)
        visited = Column("visited", DYNAMIC)
        kept = [column for column in plan.columns_of(self.rows) if column is not self.visited]
        self.rows = plan.Project(self.rows, (*passing(tuple(kept)), (visited, self.apply("array_concat", before, more))))
        self.visited = visited

    def _text(self, value: plan.Scalar) -> plan.Scalar:
        return value if value.type is STRING else plan.Convert(value, STRING)

    def _follow(self, edge: Edge, here: Column, name: str, span: syntax.Span) -> Column:
        """The next edge and its node."""
        if edge.name and (edge.name in self.edges or edge.name in self.lists):
            self.binder.problems.add("KQL206", span, name=edge.name)
        there = self.nodes.get(name)
        if edge.hops is None:
            found = self._single(edge, here, there)
        else:
            least, most = (self._count(each, span) for each in edge.hops)
            found = self._several(edge, here, there, least, most, span)
        if there is None:
            self.nodes[name] = found
        return self.nodes[name]

    def oriented(self, direction: str) -> tuple[Relation, Column, Column, Column, Column, dict[str, Column]]:
        """The edges from here to there: here, there, the edge's number, its way (number and direction), its columns."""
        graph = self.graph
        here, there = Column("here", graph.key.type), Column("there", graph.key.type)
        number, way = Column("edge", LONG), Column("way", LONG)
        own = {column.name: Column(column.name, column.type) for column in graph.edge_columns}
        twice = self.apply("*", plan.Ref(graph.number), plan.Literal(2, LONG))
        more = tuple(plan.Ref(column) for column in graph.edge_columns)
        ways: list[tuple[plan.Scalar | None, ...]] = []
        if direction != "<":
            ways.append((plan.Ref(graph.source), plan.Ref(graph.target), plan.Ref(graph.number), twice, *more))
        if direction != ">":
            back = self.apply("+", twice, plan.Literal(1, LONG))
            ways.append((plan.Ref(graph.target), plan.Ref(graph.source), plan.Ref(graph.number), back, *more))
        union = plan.Union((graph.edges,) * len(ways), (here, there, number, way, *own.values()), tuple(ways))
        return union, here, there, number, way, own

    def _single(self, edge: Edge, here: Column, there: Column | None) -> Column:
        edges, begin, end, number, _, own = self.oriented(edge.direction)
        assert self.rows is not None
        on = [(plan.Ref(here), plan.Ref(begin))] + ([(plan.Ref(there), plan.Ref(end))] if there is not None else [])
        kept = (*plan.columns_of(self.rows), end, number, *own.values())
        self.rows = plan.Join("inner", self.rows, edges, tuple(on), tuple((column, column) for column in kept))
        if self.cycles == "unique_edges":
            for other, _ in self.edges.values():
                self.rows = plan.Filter(self.rows, self.apply("!=", plan.Ref(number), plan.Ref(other)))
            for hops in self.lists.values():
                self.rows = plan.Filter(self.rows, self.among(plan.Ref(number), hops.edges, wanted=False))
        self.edges[edge.name or f"\0edge{len(self.edges)}"] = (number, own)
        if there is None and self.visited is not None:
            fresh = self.among(self._text(plan.Ref(end)), self.visited, wanted=False)
            self._visit(fresh, end)
        return end

    def _count(self, written: str, span: syntax.Span) -> int:
        """A number of hops: a number, or the name of a constant."""
        if written.isdigit():
            return int(written)
        value = self.binder.constant(syntax.Name(written, span), Scope((), self.environment), "the number of hops")
        if isinstance(value, plan.Literal) and isinstance(value.value, int):
            return value.value
        self.binder.problems.add("KQL305", span, what="the number of hops")
        return 0

    def _several(self, edge: Edge, here: Column, there: Column | None, least: int, most: int, span: syntax.Span) -> Column:
        if not 0 <= least <= most or most > MAX_HOPS:
            self.binder.problems.add("KQL603", span, limit=MAX_HOPS, what="hops of one edge")
        self.rows = plan.Shared(self.rows, "matched") if self.rows is not None else None
        assert self.rows is not None
        edges, begin, end, number, way, _ = self.oriented(edge.direction)
        first, at = Column("first", here.type), Column("at", here.type)
        hops = Hops(Column("edges", DYNAMIC), Column("ways", DYNAMIC), Column("length", LONG))
        seen = Column("seen", DYNAMIC)
        previous = plan.Previous((first, at, hops.length, hops.edges, hops.ways, seen))
        none = plan.Literal("[]", DYNAMIC)
        starts = plan.Aggregate(self.rows, ((Column("start", here.type), plan.Ref(here)),), ())
        (start_key,) = plan.columns_of(starts)
        start = plan.Project(
            starts,
            (
                (first, plan.Ref(start_key)), (at, plan.Ref(start_key)), (hops.length, plan.Literal(0, LONG)),
                (hops.edges, none), (hops.ways, none), (seen, none),
            ),
        )  # fmt: skip
        kept = (*previous.columns, end, number, way)
        step: Relation = plan.Join("inner", previous, edges, ((plan.Ref(at), plan.Ref(begin)),), tuple((c, c) for c in kept))
        tests = [self.apply("<", plan.Ref(hops.length), plan.Literal(most, LONG))]
        if self.cycles == "unique_edges":
            tests.append(self.among(plan.Ref(number), hops.edges, wanted=False))
        text = self._text(plan.Ref(end))
        if self.cycles == "none":
            tests.append(self.among(text, seen, wanted=False))
            tests.append(self.apply("!=", text, self._text(plan.Ref(first))))
        step = plan.Filter(step, self.apply("and", *tests) if len(tests) > 1 else tests[0])
        longer = self.apply("+", plan.Ref(hops.length), plan.Literal(1, LONG))
        step = plan.Project(
            step,
            (
                (first, plan.Ref(first)), (at, plan.Ref(end)), (hops.length, longer),
                (hops.edges, self.apply("array_concat", plan.Ref(hops.edges), self.apply("pack_array", plan.Ref(number)))),
                (hops.ways, self.apply("array_concat", plan.Ref(hops.ways), self.apply("pack_array", plan.Ref(way)))),
                (seen, self.apply("array_concat", plan.Ref(seen), self.apply("pack_array", text)) if self.cycles == "none" else none),
            ),
        )  # fmt: skip
        walked = plan.Recursion(start, step, previous)
        paths = plan.Filter(walked, self.apply(">=", plan.Ref(hops.length), plan.Literal(least, LONG)))
        on = [(plan.Ref(here), plan.Ref(first))] + ([(plan.Ref(there), plan.Ref(at))] if there is not None else [])
        more = (*plan.columns_of(self.rows), at, hops.length, hops.edges, hops.ways, seen)
        self.rows = plan.Join("inner", self.rows, paths, tuple(on), tuple((column, column) for column in more))
        if self.cycles == "unique_edges":
            for other, _ in self.edges.values():
                self.rows = plan.Filter(self.rows, self.among(plan.Ref(other), hops.edges, wanted=False))
            for others in self.lists.values():
                shared = self.apply("set_intersect", plan.Ref(hops.edges), plan.Ref(others.edges))
                self.rows = plan.Filter(self.rows, self.apply("==", self.apply("array_length", shared), plan.Literal(0, LONG)))
        if self.visited is not None and there is None:
            shared = self.apply("set_intersect", plan.Ref(seen), plan.Ref(self.visited))
            apart = self.apply("==", self.apply("array_length", shared), plan.Literal(0, LONG))
            self._visit(apart, None, plan.Ref(seen))
        self.lists[edge.name or f"\0list{len(self.lists)}"] = hops
        return at


_LOOKS = frozenset({"map", "any", "all", "inner_nodes", "node_degree_in", "node_degree_out", "node_id"})


def _calls(node: Any) -> bool:
    """Whether an expression looks into an edge, or at a node as a whole."""
    if isinstance(node, syntax.Call) and node.name in _LOOKS:
        return True
    if isinstance(node, syntax.Member) and isinstance(node.base, syntax.Name):
        return False
    if isinstance(node, syntax.Name):
        return True
    return any(_calls(part) for part in trees.parts(node))


__all__ = ["Hops", "Walk"]
