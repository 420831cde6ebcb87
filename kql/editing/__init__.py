"""What editors ask of the language: colours of a text, and what may stand at a place. Knows no terminal, no database.

Both answer for any text, right or broken, and never raise.
"""

from kql.editing.colours import Token, tokens
from kql.editing.completing import Completion, complete

__all__ = ["Completion", "Token", "complete", "tokens"]
