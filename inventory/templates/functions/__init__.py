"""The functions of the template language, by kind: each is a row, declared where it is written."""

from inventory.templates.functions import places, texts, times, values
from inventory.templates.functions.rows import FUNCTIONS, Function, bounded, type_name

__all__ = ["FUNCTIONS", "Function", "bounded", "places", "texts", "times", "type_name", "values"]
