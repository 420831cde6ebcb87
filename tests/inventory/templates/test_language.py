"""The language of templates: functions as Azure documents them, and what is said of mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.errors import InventoryError
from inventory.templates import TemplateError
from inventory.templates.functions import FUNCTIONS
from inventory.templates.text import place, read
from tests.inventory.templates.conftest import GROUP_ID, SUBSCRIPTION, SmallWorld

ANSWERS: list[tuple[str, Any]] = [
    ("plain", "plain"),
    ("[[literal]", "[literal]"),
    ("[concat('a', 1, true())]", "a1True"),
    ("[concat(createArray(1), createArray(2, 3))]", [1, 2, 3]),
    ("[format('{0}-{1:D3}-{{x}}', 'vm', 7)]", "vm-007-{x}"),
    ("[format('{0:N0}', 8175133)]", "8,175,133"),
    ("[toUpper(substring('abcdef', 1, 3))]", "BCD"),
    ("[replace('a-b-c', '-', '')]", "abc"),
    ("[split('a,b;c', createArray(',', ';'))]", ["a", "b", "c"]),
    ("[join(createArray('a', 'b'), '-')]", "a-b"),
    ("[padLeft(12, 5, '0')]", "00012"),
    ("[indexOf('Template', 'PLATE')]", 3),
    ("[trim('  x ')]", "x"),
    ("[startsWith('Abc', 'ab')]", True),
    ("[string(createObject('a', 1))]", '{"a":1}'),
    ("[base64ToString(base64('grün'))]", "grün"),
    ("[uriComponentToString(uriComponent('a b/c'))]", "a b/c"),
    ("[json('{\"a\": [1, {\"B\": 2}]}').a[1].b]", 2),
    ("[length(createArray(1, 2))]", 2),
    ("[length('abc')]", 3),
    ("[empty('')]", True),
    ("[empty(createObject())]", True),
    ("[contains(createArray('a', 'b'), 'b')]", True),
    ("[contains(createObject('One', 1), 'one')]", True),
    ("[contains('OneTwo', 'Two')]", True),
    ("[first(createArray('a', 'b'))]", "a"),
    ("[last('abc')]", "c"),
    ("[skip(createArray(1, 2, 3), 1)]", [2, 3]),
    ("[take(range(5, 10), 3)]", [5, 6, 7]),
    ("[union(createArray(1, 2), createArray(2, 3))]", [1, 2, 3]),
    ("[union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))]", {"a": {"x": 1, "y": 2}}),
    ("[intersection(createArray(1, 2, 3), createArray(3, 2))]", [2, 3]),
    ("[items(createObject('b', 2, 'a', 1))]", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ("[flatten(createArray(createArray(1), createArray(2)))]", [1, 2]),
    ("[if(equals(1, 1), 'yes', div(1, 0))]", "yes"),
    ("[and(true(), not(false()))]", True),
    ("[or(false(), bool('true'))]", True),
    ("[and(false(), equals(div(1, 0), 1))]", False),
    ("[equals('a', 'A')]", False),
    ("[greaterOrEquals(3, 3)]", True),
    ("[less('a', 'b')]", True),
    ("[coalesce(null(), 'x')]", "x"),
    ("[add(mod(-7, 3), div(-7, 2))]", -4),
    ("[max(createArray(1, 5, 3))]", 5),
    ("[int('42')]", 42),
    ("[tryGet(createObject('a', createArray(1)), 'a', 0)]", 1),
    ("[tryGet(createObject(), 'a')]", None),
    ("[dateTimeAdd('2020-04-07T14:53:14Z', 'P1DT1H')]", "2020-04-08T15:53:14Z"),
    ("[guid('a', 'b')]", "2d796349-8c7e-55ec-9624-54ece82ed031"),
    ("[resourceGroup().location]", "eastus"),
    ("[subscription().subscriptionId]", SUBSCRIPTION),
    ("[deployment().name]", "d"),
    ("[environment().name]", "AzureCloud"),
    ("[resourceID('Microsoft.Compute/virtualMachineScaleSets', 'ss')]", f"{GROUP_ID}/providers/Microsoft.Compute/virtualMachineScaleSets/ss"),
    ("[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]", f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"),
    ("[resourceId('other', 'Microsoft.Compute/disks', 'd')]", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.Compute/disks/d"),
    ("[resourceId('s', 'g', 'Microsoft.Compute/disks', 'd')]", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d"),
    ("[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')]", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/r"),
    ("[extensionResourceId('/x', 'Microsoft.A/locks', 'l')]", "/x/providers/Microsoft.A/locks/l"),
    ("[PARAMETERS('p')]", "given"),
    ("[variables('made')]", "given-made"),
    ("[variables('list')[1].n]", 1),
    ("[contoso.join('a', 'b')]", "a+b"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), ANSWERS, ids=[str(each[0])[:50] for each in ANSWERS])
def test_an_expression_answers_as_azure_documents(small: SmallWorld, expression: str, expected: Any) -> None:
    answer = small.answer(
        expression,
        given={"p": "given"},
        parameters={"p": {"type": "string"}},
        variables={
            "made": "[concat(parameters('p'), '-made')]",
            "copy": [{"name": "list", "count": 3, "input": {"n": "[copyIndex('list')]"}}],
        },
        functions=[
            {
                "namespace": "contoso",
                "members": {
                    "join": {
                        "parameters": [{"name": "l", "type": "string"}, {"name": "r", "type": "string"}],
                        "output": {"type": "string", "value": "[concat(parameters('l'), '+', parameters('r'))]"},
                    }
                },
            }
        ],
    )
    assert answer == expected and type(answer) is type(expected)


MISTAKES = [
    ("[nope()]", "The template function 'nope' is not valid"),
    ("[concat('a']", "expected token 'RightParenthesis' and actual 'EndOfData'"),
    ("[concat('a') x]", "expected token 'EndOfData' and actual 'Identifier'"),
    ("[parameters('x')]", "The template parameter 'x' is not found"),
    ("[variables('x')]", "The template variable 'x' is not found"),
    ("[variables('round')]", "Circular dependency"),
    ("[createObject('a', 1).b]", "property 'b' doesn't exist, available properties are 'a'"),
    ("[createArray(1)[3]]", "'3' is out of bounds"),
    ("[substring('abc', 2, 9)]", "out of range"),
    ("[div(1, 0)]", "divide by zero"),
    ("[toLower(1)]", "to be of type 'String'. The provided value is of type 'Integer'"),
    ("[if(1, 2, 3)]", "of type 'Boolean'"),
    ("[copyIndex()]", "'copyIndex' is not expected at this location"),
    ("[utcNow()]", "only for the default value of a parameter"),
    ("[resourceId('x', 'y')]", "fully qualified resource type"),
    ("[resourceId('Microsoft.Compute/disks', 'a', 'b')]", "requires '1' resource name argument"),
    ("[range(0, 999999999)]", "0 to 10000"),
    ("[padLeft('a', 999999999)]", "in bounds"),
    ("[string(range(0, 10000, 1))]", "requires 2 argument(s) while '3' were provided"),
    ("[" + "concat(" * 300 + "'a'" + ")" * 300 + "]", "nested deeper"),
    ("[parameters('p')" + ".a" * 5000 + "]", "more than 100 properties"),
    ("[int('9999999999999999999999')]", "cannot be converted"),
    ("[json('{')]", "no JSON"),
    ("[reference('missing').x]", "could not find template resource"),
    ("[mul(999999999999, 999999999999)]", "64 bits"),
]


@pytest.mark.parametrize(("expression", "said"), MISTAKES, ids=[each[0][:40] for each in MISTAKES])
def test_a_mistake_is_named(small: SmallWorld, expression: str, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        small.answer(
            expression,
            given={"p": "x"},
            parameters={"p": {"type": "string"}},
            variables={"round": "[variables('trip')]", "trip": "[variables('round')]"},
        )
    assert said in caught.value.message
    assert caught.value.path[0] in ("outputs", "variables")


def test_values_cannot_be_multiplied_without_end(small: SmallWorld) -> None:
    doubled = {f"v{n}": f"[concat(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 40)}
    with pytest.raises(TemplateError, match="characters long"):
        small.answer("[variables('v39')]", variables={"v0": "0123456789", **doubled})
    twice = {f"v{n}": f"[createArray(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 40)}
    assert small.plan(variables={"v0": "x", **twice}) is not None  # what nobody asks for costs nothing


def test_every_function_is_declared_once_and_callable() -> None:
    assert len(FUNCTIONS) > 70
    for low, row in FUNCTIONS.items():
        assert low == row.name.lower() and (row.most is None or row.least <= row.most)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"properties": {"mode": "Incremental", template:{"a": 1}}}', {"properties": {"mode": "Incremental", "template": {"a": 1}}}),
        ("{a: {b-c : 'it\\'s \"so\"', $d: [true, null, 1.5e3]}}", {"a": {"b-c": 'it\'s "so"', "$d": [True, None, 1500.0]}}),
        ('{"x": "a: b, c: \'d\' // e", /* y: */ z: 1 // w: 2\n}', {"x": "a: b, c: 'd' // e", "z": 1}),
        ("{'a\\\\': '\\u00e9'}", {"a\\": "é"}),
    ],
)
def test_json_is_read_as_leniently_as_azure_reads_it(text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize("text", ["{a b: 1}", "{a: b}", "{1a: 2}", "{'a: 1}", "{a: 1", "{a: NaN}", "{a: 'x\"}", "{: 1}"])
def test_but_not_more_leniently(text: str) -> None:
    with pytest.raises(ValueError):
        read(text)


def test_places_are_found_beside_names_without_quotes() -> None:
    text = "{'a': 1, template: {\n  resources: ['x', {name: 'y'}]}}"
    assert place(text, ("template", "resources", 1, "name")) == (2, 27)


def test_the_place_of_a_value_is_found_in_the_text() -> None:
    text = '{ // a comment, {\n  "a": [1, "x,]}", /* [ */ {"B": true}],\n  "last": "line\nbreak"}'
    assert read(text) == {"a": [1, "x,]}", {"B": True}], "last": "line\nbreak"}
    assert place(text, ("a",)) == (2, 8)
    assert place(text, ("a", 2, "b")) == (2, 34)
    assert place(text, ("last",)) == (3, 11)
    assert place(text, ("none",)) is None and place("{", ("a",)) is None


@pytest.mark.parametrize(
    ("parameters", "given", "said"),
    [
        ({"a": {"type": "string"}}, {}, "The value for the template parameter 'a' is not provided"),
        ({"a": {"type": "string"}}, {"a": "x", "b": 1}, "do not correspond to any parameters defined in the template: 'b'"),
        ({"a": {"type": "int"}}, {"a": "x"}, "Expected a value of type 'Integer', but received a value of type 'String'"),
        ({"a": {"type": "string", "allowedValues": ["x", "y"]}}, {"a": "z"}, "not part of the allowed value(s): 'x,y'"),
        ({"a": {"type": "int", "maxValue": 3}}, {"a": 4}, "maxValue is '3'"),
        ({"a": {"type": "string", "minLength": 3}}, {"a": "xy"}, "minLength is '3'"),
        ({"a": {"type": "number"}}, {}, "which is none of"),
        ({"a": {"type": "string", "defaultValue": "[parameters('a')]"}}, {}, "Circular dependency"),
    ],
)
def test_a_parameter_is_checked(small: SmallWorld, parameters: Any, given: Any, said: str) -> None:
    with pytest.raises(InventoryError) as caught:
        small.plan(parameters=parameters, given=given)
    assert caught.value.code == "InvalidTemplate" and said in caught.value.message


def test_a_default_value_may_ask_for_the_time_and_for_other_parameters(small: SmallWorld) -> None:
    defaults = {
        "when": {"type": "string", "defaultValue": "[utcNow('yyyy-MM-dd')]"},
        "name": {"type": "string", "defaultValue": "[concat('vm-', parameters('when'))]"},
    }
    assert small.answer("[parameters('name')]", parameters=defaults) == "vm-2026-01-15"
