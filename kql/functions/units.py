"""convert_…: a number in one unit as the number in another, by the definitions of the units (SI, and the yard and pound of 1959).

A unit is a formula to a base unit and one back. An unknown unit gives null. Where the service's own table of constants is
rounder than a definition, the last digits may differ.
"""

from __future__ import annotations

from collections.abc import Mapping

from kql.functions.row import Function, scalar
from kql.functions.template import Switch, template

_UNKNOWN = "CAST(NULL AS DOUBLE)"
# unit -> (to the base unit, from the base unit), {x} being the number
Formulas = dict[str, tuple[str, str]]
_PREFIXES = {
    "Nano": 1e-9, "Micro": 1e-6, "Milli": 1e-3, "Centi": 1e-2, "Deci": 1e-1, "Deca": 1e1, "Hecto": 1e2, "Kilo": 1e3,
    "Mega": 1e6, "Giga": 1e9, "Tera": 1e12,
}  # fmt: skip


def _factors(factors: Mapping[str, float]) -> Formulas:
    return {unit: (f"{{x}} * {factor!r}::DOUBLE", f"{{x}} / {factor!r}::DOUBLE") for unit, factor in factors.items()}


def _prefixed(unit: str, factor: float, prefixes: str) -> dict[str, float]:
    """The unit and those with the named prefixes, written as in `Kilometer`."""
    return {unit: factor} | {prefix + unit[0].lower() + unit[1:]: _PREFIXES[prefix] * factor for prefix in prefixes.split()}


_FOOT, _POUND, _GRAVITY, _CUBIC_FOOT, _GALLON, _IMPERIAL = 0.3048, 0.45359237, 9.80665, 0.028316846592, 0.003785411784, 0.00454609
_SURVEY_FOOT = 1200 / 3937
_ANGLE = _factors(
    _prefixed("Degree", 1.0, "Micro Milli Nano")
    | _prefixed("Radian", 57.29577951308232, "Centi Deci Micro Milli Nano")
    | {"Arcminute": 1 / 60, "Arcsecond": 1 / 3600, "Gradian": 0.9, "NatoMil": 9 / 160, "Revolution": 360.0}
) | {"Tilt": ("degrees(asin({x}))", "sin(radians({x}))")}
_ENERGY = _factors(
    _prefixed("BritishThermalUnit", 1055.05585262, "Giga Kilo Mega")
    | _prefixed("Calorie", 4.184, "Kilo Mega")
    | _prefixed("ThermEc", 105505585.262, "Deca")
    | _prefixed("ThermImperial", 105505585.257348, "Deca")
    | _prefixed("ThermUs", 105480400.0, "Deca")
    | _prefixed("ElectronVolt", 1.602176634e-19, "Giga Kilo Mega Tera")
    | _prefixed("Joule", 1.0, "Giga Kilo Mega Milli")
    | _prefixed("WattDay", 86400.0, "Giga Kilo Mega Tera")
    | _prefixed("WattHour", 3600.0, "Giga Kilo Mega Tera")
    | {"Erg": 1e-7, "FootPound": 1.3558179483314004, "HorsepowerHour": 2684519.537696173}
)
_FORCE = _factors(
    _prefixed("Newton", 1.0, "Deca Kilo Mega Micro Milli")
    | _prefixed("PoundForce", _POUND * _GRAVITY, "Kilo")
    | {
        "Dyn": 1e-5, "KilogramForce": _GRAVITY, "KiloPond": _GRAVITY, "OunceForce": _POUND * _GRAVITY / 16,
        "Poundal": _POUND * _FOOT, "ShortTonForce": 2000 * _POUND * _GRAVITY, "TonneForce": 1000 * _GRAVITY,
    }
)  # fmt: skip
_LENGTH = _factors(
    _prefixed("Meter", 1.0, "Centi Deca Deci Hecto Kilo Micro Milli Nano")
    | _prefixed("LightYear", 9460730472580800.0, "Kilo Mega")
    | _prefixed("Parsec", 3.0856775814913673e16, "Kilo Mega")
    | _prefixed("Inch", 0.0254, "Micro")
    | {
        "Angstrom": 1e-10, "AstronomicalUnit": 149597870700.0, "Chain": 20.1168, "DataMile": 1828.8, "DtpPica": 0.0254 / 6,
        "DtpPoint": 0.0254 / 72, "Fathom": 1.8288, "Foot": _FOOT, "Hand": 0.1016, "Mil": 2.54e-5, "Mile": 1609.344,
        "NauticalMile": 1852.0, "PrinterPica": 12 * 0.0254 / 72.27, "PrinterPoint": 0.0254 / 72.27, "Shackle": 27.432,
        "SolarRadius": 695510000.0, "Twip": 0.0254 / 1440, "UsSurveyFoot": _SURVEY_FOOT, "Yard": 0.9144,
    }
)  # fmt: skip
_MASS = _factors(
    _prefixed("Gram", 1e-3, "Centi Deca Deci Hecto Kilo Micro Milli Nano")
    | _prefixed("Pound", _POUND, "Kilo Mega")
    | _prefixed("Tonne", 1000.0, "Kilo Mega")
    | {
        "EarthMass": 5.9722e24, "Grain": 6.479891e-5, "LongHundredweight": 112 * _POUND, "LongTon": 2240 * _POUND,
        "Ounce": _POUND / 16, "ShortHundredweight": 100 * _POUND, "ShortTon": 2000 * _POUND, "Slug": _POUND * _GRAVITY / _FOOT,
        "SolarMass": 1.98947e30, "Stone": 14 * _POUND,
    }
)  # fmt: skip
_SECONDS = {"Hour": 3600, "Minute": 60, "Second": 1}
_SPEED = _factors(
    {
        f"{unit}Per{time}": length / seconds
        for unit, length in (
            _prefixed("Meter", 1.0, "Centi Deci Kilo Micro Milli Nano")
            | {"Foot": _FOOT, "Inch": 0.0254, "UsSurveyFoot": _SURVEY_FOOT, "Yard": 0.9144}
        ).items()
        for time, seconds in _SECONDS.items()
        if time != "Hour" or unit not in ("Decimeter", "Micrometer", "Nanometer")
    }
    | {"Knot": 1852 / 3600, "MilePerHour": 0.44704}
)
_TEMPERATURE: Formulas = {
    "Kelvin": ("{x}", "{x}"),
    "DegreeCelsius": ("({x} + 273.15)", "({x} - 273.15)"),
    "MillidegreeCelsius": ("({x} / 1000 + 273.15)", "(({x} - 273.15) * 1000)"),
    "DegreeDelisle": ("(373.15 - {x} * 2 / 3)", "((373.15 - {x}) * 3 / 2)"),
    "DegreeFahrenheit": ("(({x} + 459.67) * 5 / 9)", "({x} * 9 / 5 - 459.67)"),
    "DegreeNewton": ("({x} * 100 / 33 + 273.15)", "(({x} - 273.15) * 33 / 100)"),
    "DegreeRankine": ("({x} * 5 / 9)", "({x} * 9 / 5)"),
    "DegreeReaumur": ("({x} * 5 / 4 + 273.15)", "(({x} - 273.15) * 4 / 5)"),
    "DegreeRoemer": ("(({x} - 7.5) * 40 / 21 + 273.15)", "(({x} - 273.15) * 21 / 40 + 7.5)"),
    "SolarTemperature": ("({x} * 5778)", "({x} / 5778)"),
}
_VOLUME = _factors(
    _prefixed("Liter", 1e-3, "Centi Deca Deci Hecto Kilo Mega Micro Milli")
    | _prefixed("UsGallon", _GALLON, "Deca Deci Hecto Kilo Mega")
    | _prefixed("ImperialGallon", _IMPERIAL, "Kilo Mega")
    | _prefixed("CubicFoot", _CUBIC_FOOT, "Hecto Kilo Mega")
    | _prefixed("CubicMeter", 1.0, "Hecto Kilo")
    | {
        "CubicCentimeter": 1e-6, "CubicDecimeter": 1e-3, "CubicHectometer": 1e6, "CubicKilometer": 1e9, "CubicMicrometer": 1e-18,
        "CubicMillimeter": 1e-9, "CubicInch": 1.6387064e-5, "CubicMile": 4168181825.440579584, "CubicYard": 0.764554857984,
        # the engine's own acre-foot is rounded (a recorded answer shows it)
        "AcreFoot": 1 / 0.000810714, "AuTablespoon": 2e-5, "BoardFoot": _CUBIC_FOOT / 12, "ImperialBeerBarrel": 36 * _IMPERIAL,
        "ImperialOunce": _IMPERIAL / 160, "ImperialPint": _IMPERIAL / 8, "MetricCup": 0.00025, "MetricTeaspoon": 5e-6,
        "OilBarrel": 42 * _GALLON, "UkTablespoon": 1.5e-5, "UsBeerBarrel": 31 * _GALLON, "UsCustomaryCup": _GALLON / 16,
        "UsLegalCup": 0.00024, "UsOunce": _GALLON / 128, "UsPint": _GALLON / 8, "UsQuart": _GALLON / 4,
        "UsTablespoon": _GALLON / 256, "UsTeaspoon": _GALLON / 768,
    }
)  # fmt: skip


def _convert(kind: str, formulas: Formulas, example: str) -> Function:
    sql = template(
        "{made}",
        base=Switch("from", {unit: f"({into})" for unit, (into, _) in formulas.items()}, x="CAST({value} AS DOUBLE)", other=_UNKNOWN),
        made=Switch("to", {unit: f"({back})" for unit, (_, back) in formulas.items()}, x="{base}", other=_UNKNOWN),
    )
    return scalar(
        (f"convert_{kind}(value:real, from:string, to:string) -> real", sql),
        doc=f"A number of one unit of {kind} in another: {', '.join(sorted(formulas))}. Null for an unknown unit.",
        examples=(example,),
        nulls="custom",
    )


ROWS = (
    _convert("angle", _ANGLE, "convert_angle(1.5, 'Degree', 'Arcminute') == 90.0"),
    _convert("energy", _ENERGY, "convert_energy(1.0, 'KilowattHour', 'Joule') == 3600000.0"),
    _convert("force", _FORCE, "convert_force(1.0, 'Kilonewton', 'Newton') == 1000.0"),
    _convert("length", _LENGTH, "convert_length(1.0, 'Foot', 'Meter') == 0.3048"),
    _convert("mass", _MASS, "convert_mass(2.0, 'Pound', 'Kilogram') == 0.90718474"),
    _convert("speed", _SPEED, "round(convert_speed(36.0, 'KilometerPerHour', 'MeterPerSecond'), 9) == 10.0"),
    _convert("temperature", _TEMPERATURE, "convert_temperature(0.0, 'DegreeCelsius', 'Kelvin') == 273.15"),
    _convert("volume", _VOLUME, "convert_volume(1.0, 'CubicMeter', 'Liter') == 1000.0"),
)
