-- A logarithm: minus infinity at 0, null below.
CREATE OR REPLACE MACRO kql_log(x, l) AS
  CASE WHEN x > 0 THEN l WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN isnan(x) THEN x END;
CREATE OR REPLACE MACRO kql_floor(v, s) AS (v // s) - CASE WHEN (v % s <> 0) AND ((v < 0) <> (s < 0)) THEN 1 ELSE 0 END;
CREATE OR REPLACE MACRO kql_bin(v, s) AS
  CASE WHEN s = -1 THEN v WHEN s <> 0 THEN kql_wrap(CAST(kql_floor(v, nullif(nullif(s, 0), -1)) AS HUGEINT) * s) END;
-- The error function as a series of positive terms, near 0; as a continued fraction, told from its end, farther out.
CREATE OR REPLACE MACRO kql_erf_near(x) AS
  exp(-x * x) * list_sum(list_transform(range(0, 80), lambda n: exp((2 * n + 1) * ln(nullif(x, 0)) - lgamma(n + 1.5))));
CREATE OR REPLACE MACRO kql_erfc_far(x) AS
  exp(-x * x) / sqrt(pi()) / list_reduce(list_transform(range(120, 0, -1), lambda k: CAST(k AS DOUBLE)), lambda a, k: x + k / 2 / a, CAST(x AS DOUBLE));
CREATE OR REPLACE MACRO kql_erf(x) AS
  CASE WHEN isnan(x) THEN x WHEN abs(x) > 6 THEN sign(x)::DOUBLE WHEN x = 0 THEN 0.0::DOUBLE
       WHEN abs(x) > 2.5 THEN sign(x) * (1 - kql_erfc_far(abs(x))) ELSE sign(x) * kql_erf_near(abs(x)) END;
CREATE OR REPLACE MACRO kql_erfc(x) AS CASE WHEN x > 27 THEN 0.0::DOUBLE WHEN x > 2.5 THEN kql_erfc_far(x) ELSE 1 - kql_erf(x) END;
-- The incomplete beta function as a continued fraction of 200 steps, on the side where it converges.
CREATE OR REPLACE MACRO kql_beta_step(n, x, a, b) AS
  CASE WHEN n % 2 = 0 THEN (n / 2) * (b - n / 2) * x / ((a + n - 1) * (a + n)) ELSE -(a + (n - 1) / 2) * (a + b + (n - 1) / 2) * x / ((a + n - 1) * (a + n)) END;
CREATE OR REPLACE MACRO kql_beta_front(x, a, b) AS exp(a * ln(x) + b * ln(1 - x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a;
CREATE OR REPLACE MACRO kql_beta_side(x, a, b) AS
  kql_beta_front(x, a, b) / list_reduce(list_transform(range(200, 0, -1), lambda n: kql_beta_step(CAST(n AS DOUBLE), x, a, b)), lambda f, d: 1 + d / f, 1.0::DOUBLE);
CREATE OR REPLACE MACRO kql_beta_incomplete(x, a, b) AS
  CASE WHEN x <= 0 THEN 0.0::DOUBLE WHEN x >= 1 THEN 1.0::DOUBLE WHEN x < (a + 1) / (a + b + 2) THEN kql_beta_side(x, a, b) ELSE 1 - kql_beta_side(1 - x, b, a) END;
CREATE OR REPLACE MACRO kql_beta_cdf(x, a, b) AS
  CASE WHEN x IS NULL OR a IS NULL OR b IS NULL THEN NULL WHEN x < 0 OR x > 1 OR b <= 0 THEN 'NaN'::DOUBLE WHEN a <= 0 THEN 1.0::DOUBLE
       ELSE list_transform([struct_pack(x := x, a := a, b := b)], lambda s: kql_beta_incomplete(s.x, s.a, s.b))[1] END;
CREATE OR REPLACE MACRO kql_beta_pdf(x, a, b) AS
  CASE WHEN x IS NULL OR a IS NULL OR b IS NULL THEN NULL WHEN x < 0 OR x > 1 OR a <= 0 OR b <= 0 THEN 'NaN'::DOUBLE
       WHEN x = 0 THEN (CASE WHEN a > 1 THEN 0.0 WHEN a = 1 THEN b ELSE 'Infinity' END)::DOUBLE
       WHEN x = 1 THEN (CASE WHEN b > 1 THEN 0.0 WHEN b = 1 THEN a ELSE 'Infinity' END)::DOUBLE
       ELSE exp((a - 1) * ln(x) + (b - 1) * ln(1 - x) + lgamma(a + b) - lgamma(a) - lgamma(b)) END;
-- By halving: the distribution only rises.
CREATE OR REPLACE MACRO kql_beta_inv(p, a, b) AS
  CASE WHEN p IS NULL OR a IS NULL OR b IS NULL THEN NULL WHEN p < 0 OR p > 1 OR a <= 0 OR b <= 0 THEN 'NaN'::DOUBLE
       ELSE list_transform([struct_pack(p := p, a := a, b := b)], lambda s: list_reduce(list_transform(range(1, 56), lambda k: pow(0.5, k + 1)),
         lambda x, h: CASE WHEN kql_beta_incomplete(x, s.a, s.b) < s.p THEN x + h ELSE x - h END, 0.5::DOUBLE))[1] END;
CREATE OR REPLACE MACRO kql_welch(m1, v1, n1, m2, v2, n2) AS
  list_transform([struct_pack(t2 := (m1 - m2) * (m1 - m2) / nullif(v1 / n1 + v2 / n2, 0),
      df := (v1 / n1 + v2 / n2) * (v1 / n1 + v2 / n2) / nullif(v1 * v1 / (n1 * n1 * (n1 - 1)) + v2 * v2 / (n2 * n2 * (n2 - 1)), 0))],
    lambda s: kql_beta_cdf(s.df / (s.df + s.t2), s.df / 2, 0.5::DOUBLE))[1];
-- The engine divides decimals as doubles: six places of that, and what is left over divided once more, are eighteen exact places.
CREATE OR REPLACE MACRO kql_decimal_divide(a, b) AS
  list_transform([struct_pack(a := CAST(a AS DECIMAL(38,12)), b := CAST(nullif(b, 0) AS DECIMAL(38,12)))], lambda s:
    list_transform([CAST(s.a / s.b AS DECIMAL(38,6))], lambda q:
      coalesce(TRY(CAST(q + CAST((s.a - q * s.b) / s.b AS DECIMAL(38,18)) AS DECIMAL(38,18))), CAST(s.a / s.b AS DECIMAL(38,18))))[1])[1];
