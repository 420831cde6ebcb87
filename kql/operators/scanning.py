"""scan: rows in order, matched by steps, each with a state that the rows before have left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kql import plan, syntax
from kql.bind.scope import Environment, ScalarBinding, Scope
from kql.messages import nearest
from kql.operators import trees
from kql.operators.base import Operator, Parameter, Parameters, passing, split_parameters
from kql.plan import Column, Relation
from kql.types import BOOL, LONG, STRING, UNKNOWN

if TYPE_CHECKING:
    from kql.bind.binder import Binder

_OUTPUTS = ("all", "last", "none")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, which of its rows are put out, the condition of a match, and what a match assigns."""

    name: str
    output: str
    condition: syntax.Expression
    assignments: tuple[syntax.Item, ...]
    span: syntax.Span

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Step:
        parameters = {child.name: child for child in children if isinstance(child, Parameter)}
        assignments = tuple(child for child in children if isinstance(child, syntax.Item))
        _, name, *rest = [child for child in children if not isinstance(child, Parameter | syntax.Item)]
        output = parameters["output"].value if "output" in parameters else "all"
        return cls(name.name, output, rest[0], assignments, span)


# What a step remembers: for each step up to it, the columns of that step's last row that some expression asks for.
_Memory = dict[tuple[str, str], Column]


@dataclass(slots=True)
class _State:
    """The state of one step at a point of the row's way through the steps: the columns that hold it there."""

    active: Column
    match: Column
    memory: _Memory


@dataclass(frozen=True, slots=True)
class Scan(Operator):
    """Goes through the rows in order and puts out those that match steps. A step may ask for the row that matched
    before: `s1.x` is the column x of the last row of step s1. The steps of a sequence follow each other.

    range x from 1 to 5 step 1 | scan declare (total: long = 0) with (step s: true => total = x + s.total;)
    """

    rule = "scan"
    name = "scan"
    syntax_text = (
        "T | scan [with_match_id=Name] [declare (Name: type [= default], …)] with"
        " (step Name [output=all|last|none]: condition [=> Name = expression, …]; …)"
    )
    parameters: Parameters
    declared: tuple[syntax.Parameter, ...]
    steps: tuple[Step, ...]

    @classmethod
    def build(cls, children: list[Any], span: syntax.Span) -> Scan:
        parameters, rest = split_parameters(children)
        declared = tuple(child for child in rest if isinstance(child, syntax.Parameter))
        steps = tuple(child for child in rest if isinstance(child, Step))
        return cls(span, parameters, declared, steps)

    def lower(self, binder: Binder, input: Relation, environment: Environment) -> Relation:
        return _Lowering(self, binder, input, environment).relation()


class _Lowering:
    """The steps as layers over a row and the state before it, from the last step to the first."""

    def __init__(self, scan: Scan, binder: Binder, input: Relation, environment: Environment) -> None:
        self.scan, self.binder, self.input, self.environment = scan, binder, input, environment
        self.columns = plan.columns_of(input)
        self.layers: list[tuple[tuple[Column, plan.Scalar], ...]] = []
        self.defaults = {each.name: self._default(each) for each in scan.declared}
        self.empty: dict[str, plan.Scalar] = {
            column.name: plan.Literal("" if column.type is STRING else None, column.type) for column in self.columns
        } | self.defaults

    def _default(self, declared: syntax.Parameter) -> plan.Scalar:
        type = declared.type or STRING
        if any(column.name == declared.name for column in self.columns):
            self.binder.problems.add("KQL205", declared.span, name=declared.name)
        if declared.default is None:
            return plan.Literal("" if type is STRING else None, type)
        value = self.binder.constant(declared.default, Scope((), self.environment), f"the default of '{declared.name}'")
        return self.binder.fit(value, type, declared.default.span)

    # ---- the parts of a plan ------------------------------------------------------------------------------------
    def apply(self, name: str, *arguments: plan.Scalar) -> plan.Scalar:
        return self.binder.apply(name, arguments, self.scan.span)

    def layer(self, *entries: tuple[str, plan.Scalar]) -> tuple[Column, ...]:
        """Columns computed over all that is known by now."""
        made = tuple((Column(name, value.type), value) for name, value in entries)
        self.layers.append(made)
        return tuple(column for column, _ in made)

    def choose(self, condition: Column, yes: plan.Scalar, no: plan.Scalar) -> plan.Scalar:
        return self.apply("iff", plan.Ref(condition), yes, no)

    # ---- the relation -------------------------------------------------------------------------------------------
    def relation(self) -> Relation:
        scan = self.scan
        match_name = scan.parameters.get("with_match_id")
        shape = [*self.columns, *(Column(name, value.type) for name, value in self.defaults.items())]
        shape += [Column(match_name, LONG)] if match_name else []
        asked = list(dict.fromkeys(self._asked()))
        if self.binder.problems.errors:
            return plan.Sort(plan.Values(tuple(shape), ()), ())
        count = Column("matches", LONG)
        first = plan.Literal(-1, LONG)
        states: list[_State] = []
        initial: list[tuple[Column, plan.Scalar]] = [(count, first)]
        for place in range(len(scan.steps)):
            before = {step.name for step in scan.steps[: place + 1]}
            memory = {key: Column(key[1], self.empty[key[1]].type) for key in asked if key[0] in before}
            state = _State(Column("active", BOOL), Column("match", LONG), memory)
            states.append(state)
            initial += [(state.active, plan.Literal(False, BOOL)), (state.match, first)]
            initial += [(column, self.empty[key[1]]) for key, column in memory.items()]
        number = Column("number", LONG)
        rows = plan.Project(plan.Sort(self.input, (), stable=True), (*passing(self.columns), (number, plan.RowNumber())))
        shown: list[tuple[Column, Column, dict[str, Column], Column]] = []
        total = count
        for place in range(len(scan.steps) - 1, -1, -1):
            matched, repeats, values, match, total = self._step(place, states, total)
            shown.append((matched, repeats, values, match))
        following = [total]
        for state in states:
            following += [state.active, state.match, *state.memory.values()]
        output = tuple(
            dict.fromkeys(column for m, r, values, i in shown for column in (m, r, *values.values(), i))
        )
        after = self.apply("+", plan.RowNumber(), plan.Literal(1, LONG))
        if self.binder.problems.errors:
            return plan.Values(tuple(shape), ())
        fold: Relation = plan.Fold(rows, after, tuple(initial), tuple(self.layers), tuple(following), output)
        if len(scan.steps) > 1:
            fold = plan.Shared(fold, "scanned")
        legs: list[Relation] = []
        for step, (matched, repeats, values, match) in zip(reversed(scan.steps), shown, strict=True):
            if step.output != "none":
                legs.append(self._leg(fold, step, matched, repeats, values, match, number, shape))
        return self._together(legs, shape)

    def _leg(
        self, fold: Relation, step: Step, matched: Column, repeats: Column, values: dict[str, Column], match: Column,
        number: Column, shape: list[Column],
    ) -> Relation:  # fmt: skip
        """The rows that match one step, with the number of the row last."""
        rows: Relation = plan.Filter(fold, plan.Ref(matched))
        if step.output == "last":
            # of rows that follow each other within the step's part of a sequence only the last is put out
            ordered = plan.Sort(rows, (plan.SortKey(plan.Ref(number), True, True),))
            goes_on = Column("goes_on", BOOL)
            kept = passing(plan.columns_of(rows))
            following = plan.Project(ordered, (*kept, (goes_on, self.apply("next", plan.Ref(repeats)))))
            rows = plan.Filter(following, self.apply("not", self.apply("coalesce", plan.Ref(goes_on), plan.Literal(False, BOOL))))
        made: list[plan.Scalar] = [plan.Ref(column) for column in self.columns]
        made += [plan.Ref(values[name]) for name in self.defaults]
        made += [plan.Ref(match)] if len(shape) > len(made) else []
        output = [(Column(column.name, column.type), value) for column, value in zip(shape, made, strict=True)]
        return plan.Project(rows, (*output, (Column("number", LONG), plan.Ref(number))))

    @staticmethod
    def _together(legs: list[Relation], shape: list[Column]) -> Relation:
        """The rows of all steps in the order of the input; where one matches several steps, the later step's first."""
        if not legs:
            return plan.Values(tuple(shape), ())
        whole: Relation = legs[0]
        if len(legs) > 1:
            columns = tuple(Column(column.name, column.type) for column in plan.columns_of(legs[0]))
            place = Column("place", LONG)
            sources: list[tuple[plan.Scalar | None, ...]] = []
            for at, leg in enumerate(legs):
                sources.append((*(plan.Ref(column) for column in plan.columns_of(leg)), plan.Literal(at, LONG)))
            whole = plan.Union(tuple(legs), (*columns, place), tuple(sources))
            keys = [columns[-1], place]
        else:
            columns = plan.columns_of(whole)
            keys = [columns[-1]]
        ordered = plan.Sort(whole, tuple(plan.SortKey(plan.Ref(key), True, True) for key in keys))
        return plan.Project(ordered, tuple(passing(columns[:-1])))

    # ---- one step -----------------------------------------------------------------------------------------------
    def _step(
        self, place: int, states: list[_State], total: Column
    ) -> tuple[Column, Column, dict[str, Column], Column, Column]:
        """What a row does to a step: whether it matches, and whether within the sequence that is there; the declared
        columns; the number of the match; the number of matches so far."""
        step, state = self.scan.steps[place], states[place]
        below = states[place - 1] if place else None
        own = step.name
        # the row follows the last one of the step before …
        entered: plan.Scalar = plan.Literal(False, BOOL)
        if below is not None:
            condition = self._condition(step, self._sight(own, below.memory))
            entered = self.apply("and", plan.Ref(below.active), condition)
        # … or the last one of this step; the first step always takes it
        stays = self._condition(step, self._sight("", state.memory))
        if below is not None:
            stays = self.apply("and", plan.Ref(state.active), stays)
        false = plan.Literal(False, BOOL)
        entered_, stays_ = self.layer(
            ("entered", self.apply("coalesce", entered, false)), ("stays", self.apply("coalesce", stays, false))
        )
        (matched,) = self.layer(("matched", self.apply("or", plan.Ref(entered_), plan.Ref(stays_))))
        starts = plan.Ref(stays_) if below is None else false
        continues = self.apply("and", plan.Ref(stays_), self.apply("not", plan.Ref(entered_)), plan.Ref(state.active))
        # the memory that counts for this row
        memory: list[tuple[str, plan.Scalar]] = []
        for (name, column), held in state.memory.items():
            if below is None:
                memory.append((column, plan.Ref(held)))
            else:
                coming = self.empty[column] if name == own else plan.Ref(below.memory[name, column])
                memory.append((column, self.choose(entered_, coming, plan.Ref(held))))
        more = self.apply("+", plan.Ref(total), plan.Literal(1, LONG))
        chosen = self.layer(
            ("repeats", continues),
            ("matches", self.apply("iff", starts, more, plan.Ref(total))),
            *memory,
        )
        repeats, total, *seen = chosen
        sight = self._sight("", dict(zip(state.memory, seen, strict=True)))
        values = self._assigned(step, sight)
        # the state behind the row
        match = plan.Ref(total) if below is None else self.choose(entered_, plan.Ref(below.match), plan.Ref(state.match))
        entries: list[tuple[str, plan.Scalar]] = [
            ("active", self.apply("or", plan.Ref(matched), plan.Ref(state.active))),
            ("match", match if below is not None else self.choose(matched, match, plan.Ref(state.match))),
        ]
        for (name, column), chosen_column in zip(state.memory, seen, strict=True):
            row = self._of_row(column, values) if name == own else plan.Ref(chosen_column)
            entries.append((column, self.choose(matched, row, plan.Ref(state.memory[name, column]))))
        if below is not None:
            # the sequence has moved on: the step before is empty again
            entries.append(("active", self.apply("and", plan.Ref(below.active), self.apply("not", plan.Ref(entered_)))))
            entries += [
                (column, self.choose(entered_, self.empty[column], plan.Ref(held)))
                for (_, column), held in below.memory.items()
            ]
        made = list(self.layer(*entries))
        state.active, state.match = made[0], made[1]
        state.memory = dict(zip(state.memory, made[2 : 2 + len(state.memory)], strict=True))
        if below is not None:
            rest = made[2 + len(state.memory) :]
            below.active = rest[0]
            below.memory = dict(zip(below.memory, rest[1:], strict=True))
        return matched, repeats, values, state.match, total

    def _sight(self, without: str, memory: _Memory) -> Mapping[str, Mapping[str, plan.Scalar]]:
        """What a step's expressions see of the steps; `without` is the step that has no row yet."""
        sight: dict[str, dict[str, plan.Scalar]] = {step.name: dict(self.empty) for step in self.scan.steps}
        for (name, column), held in memory.items():
            if name != without:
                sight[name][column] = plan.Ref(held)
        return sight

    def _scope(self, sight: Mapping[str, Mapping[str, plan.Scalar]]) -> Scope:
        environment = self.environment
        for name, value in self.defaults.items():
            # a declared column by itself is the row's, where it has no value yet
            environment = environment.with_(name, ScalarBinding(value, self.binder.depth))
        scope = self.binder.over(self.input, environment)
        return replace(scope, named=sight, serialized=False)

    def _condition(self, step: Step, sight: Mapping[str, Mapping[str, plan.Scalar]]) -> plan.Scalar:
        value = self.binder.predicate(step.condition, self._scope(sight))
        return plan.Literal(False, BOOL) if value.type is UNKNOWN else value

    def _assigned(self, step: Step, sight: Mapping[str, Mapping[str, plan.Scalar]]) -> dict[str, Column]:
        """The declared columns of a row that matches the step."""
        values = dict(self.defaults)
        for item in step.assignments:
            (name,) = item.names
            if name not in self.defaults:
                self.binder.problems.add("KQL201", item.name_spans[0], nearest(name, self.defaults), name=name)
                continue
            value = self.binder.scalar(item.expression, self._scope(sight))
            values[name] = self.binder.fit(value, self.defaults[name].type, item.expression.span)
        return dict(zip(values, self.layer(*values.items()), strict=True))

    def _of_row(self, name: str, values: dict[str, Column]) -> plan.Scalar:
        column = values.get(name) or next(column for column in self.columns if column.name == name)
        return plan.Ref(column)

    def _asked(self) -> Iterator[tuple[str, str]]:
        """The columns of steps that expressions ask for."""
        names = [step.name for step in self.scan.steps]
        for step in self.scan.steps:
            if names.count(step.name) > 1:
                self.binder.problems.add("KQL206", step.span, name=step.name)
            if step.output not in _OUTPUTS:
                self.binder.problems.add("KQL401", step.span, operator="output", expected="all, last or none")
            for expression in (step.condition, *(item.expression for item in step.assignments)):
                for member in trees.members(expression):
                    assert isinstance(member.base, syntax.Name)
                    if member.base.name in names:
                        if member.name not in self.empty:
                            hint = nearest(member.name, self.empty)
                            self.binder.problems.add("KQL211", member.span, hint, side=f"'{member.base.name}'", name=member.name)
                        elif names.index(member.base.name) > names.index(step.name):
                            self.binder.problems.add("KQL412", member.span, step=step.name, other=member.base.name)
                        else:
                            yield member.base.name, member.name


__all__ = ["Scan", "Step"]
