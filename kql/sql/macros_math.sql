-- A logarithm: minus infinity at 0, null below.
CREATE OR REPLACE MACRO kql_log(x, l) AS
  CASE WHEN x > 0 THEN l WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN isnan(x) THEN x END;
