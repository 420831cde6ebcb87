"""The one room that speaks SQL, DuckDB's: values and their forms, conversions, scalar expressions, SELECT blocks, plans."""
