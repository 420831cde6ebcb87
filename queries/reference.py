"""Writes the reference of the language with a mark for what Resource Graph itself does not offer.

    python -m queries.reference

The page is the language's; what the service offers of it is known here.
"""

from __future__ import annotations

from kql.reference import PAGE, reference
from queries.profile import RESOURCE_GRAPH


def main() -> None:
    PAGE.write_text(reference(RESOURCE_GRAPH), encoding="utf-8")
    print(f"{PAGE} written")


if __name__ == "__main__":
    main()
