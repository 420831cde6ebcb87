"""The catalogue: every function, aggregate and infix operator of the language, one row each."""
