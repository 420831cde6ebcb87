"""From names and signs to typed plan nodes: scopes, name resolution, overloads, automatic names. Knows no SQL."""
