"""The notation in which a row of the catalogue says its SQL. It is data: `kql.functions.filling` reads it, with the
shapes of `kql.functions.shapes` and the words of `kql.functions.words`.

**Slots.** `abs({number})`: a parameter's name in braces is the argument, as the signature wants it: a `text` never NULL,
a dynamic as JSON. A colon asks for another shape, a bar says what stands for an optional argument that is missing (NULL
unless told), a plus takes several parameters together, and a number picks one of the arguments of a repeated parameter:
`{array:list}`, `{precision:count|0}`, `{set+more:alike}`, `{arrays.0:jsons}`. Arguments of one slot come with commas.

    {x:json}     a value as JSON, NULL for null         {x:list}     an array as a list in its own form
    {x:jsons}    an array as a list of JSON             {x:alike}    all arrays of a call as lists in one form
    {x:texts}    an array as a list of texts            {x:numbers}  an array as a list of doubles
    {x:element}  a value as an element of a list        {x:item}     the element e of an array, as JSON
    {x:same}     a value as it is held                  {x:itself}   the same, not fetched from an inner SELECT yet
    {x:plain}    a text that may be NULL when empty     {x:folded}   a text without its letter case
    {x:long}     converted (likewise every type)        {x:result}   converted to the type of the result
    {x:count}    a whole number, cut to 32 bits         {x:place}    an index from 0 as SQL counts, from 1
    {x:regex}    a regular expression, as RE2 reads it  {x:like}     a pattern with *, for SQL's LIKE
    {x:bare}     a known whole number without its type  {x:null}     whether the value is null
    {over}       the order of rows

A template that is one slot and nothing else is that value, with all that is known of it.

**Alternatives.** A mapping from conditions to templates: the first that holds is taken, and `''` always holds. What is
known while a query is compiled decides, so no row of a table is asked what it is. Conditions are joined by `and`:

    'offset'                        the argument is given
    'array is list'                 what is known of it, a word of words.WORDS; `is not`; several words joined by `or`
    'kind is "regex"', 'x is 0'     it is that constant
    'array holds value'             it is held as a list of plain values of the type of another argument
    'result is int or long'         the type of the result

Of a repeated parameter all arguments must fit. An alternative may also be True, False or None: that constant.

**More than a text.** `template(…)` adds how the result is held and whether it may be null, and names *pieces*: texts of
their own, slots by their names. A piece is a text, alternatives, `Each` or `Switch`. `Not` is the opposite of another row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from kql.forms import Form

if TYPE_CHECKING:
    from kql.functions.row import Overload

# What computes a value, and a piece of it.
Answer: TypeAlias = "str | bool | Mapping[str, Answer] | Template | Not | None"
Text: TypeAlias = "str | Mapping[str, Text] | Each | Switch"


@dataclass(frozen=True, slots=True)
class Each:
    """A text once for each of the arguments of some parameters (`over`, joined by +), or for each two or more of them:
    in the text they go by the names `called`."""

    over: str
    text: Text
    joined: str = ", "
    called: tuple[str, ...] = ("it",)


@dataclass(frozen=True, slots=True)
class Switch:
    """A text chosen by the value of a text argument: at once where it is a constant, by CASE where it is none.

    by: the argument. x: a text that the cases name as `{x}`; it is worked out once. other: the text for any other value.
    fold: letter case does not count, and the cases are in lower case.
    """

    by: str
    cases: Mapping[str, str]
    x: str = ""
    other: str = "NULL"
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of what another overload, of the same parameters, says. Null stands for false."""

    of: Overload


@dataclass(frozen=True, slots=True)
class Template:
    """See `template`."""

    text: Answer
    held: Form | str | None = None
    null: bool | str | None = None
    pieces: Mapping[str, Text] = field(default_factory=dict)


def template(
    text: Answer,
    held: Form | str | None = None,
    null: bool | str | None = None,
    **pieces: Text,
) -> Template:
    """A template with more facts.

    held: how a dynamic result is held: a form, or a slot's content (`'array:list'`, in brackets for a list of such).
    null: whether the result may be null, as the row's `nulls` says unless told; 'argument': where an argument may be (a text
    is absent then, not empty); 'all': where all arguments may be; 'false': where an argument is, and null
    stands for false. pieces: each may name those before it.
    """
    return Template(text, held, null, pieces)
