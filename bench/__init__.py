"""How fast, and how much memory: measurements, each beside what one would otherwise use. Not part of the package."""
