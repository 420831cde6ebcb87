"""The world: a simulated Azure estate, its control plane, and an index of it that lags behind.

May know DuckDB and Arrow; may not know KQL. Other rooms meet it in `Estate` and the Arrow schemas that it states.
"""

from inventory.clock import Clock, RealClock, SimulatedClock
from inventory.errors import InventoryError
from inventory.estate import Estate
from inventory.feed import Age
from inventory.history import History
from inventory.imports import ImportReport
from inventory.lag import Lag
from inventory.machine import VirtualMachine
from inventory.perspectives import Perspective

__all__ = [
    "Age",
    "Clock",
    "Estate",
    "History",
    "ImportReport",
    "InventoryError",
    "Lag",
    "Perspective",
    "RealClock",
    "SimulatedClock",
    "VirtualMachine",
]
