"""What editors ask of the language: colours of a text, and what may stand at a place. Knows no terminal, no database.

Both answer for any text, right or broken, and never raise.
"""

from kql.editing.completing import Completion, complete
from kql.editing.tokens import Token, tokens

__all__ = ["Completion", "Token", "complete", "tokens"]
