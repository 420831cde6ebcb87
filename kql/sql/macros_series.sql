-- Series: arrays of numbers. An element that is no number counts as null; NaN and the infinities are texts in JSON.
CREATE OR REPLACE MACRO kql_number(e) AS
  CASE WHEN json_type(e) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(kql_text(e) AS DOUBLE)
       WHEN kql_text(e) IN ('NaN', 'Infinity', '-Infinity') THEN CAST(kql_text(e) AS DOUBLE) END;
-- The cast is for the null that is known while the engine reads the text: it would have no type.
CREATE OR REPLACE MACRO kql_numbers(j) AS CAST(list_transform(kql_list(j), lambda e: kql_number(e)) AS DOUBLE[]);
CREATE OR REPLACE MACRO kql_integral(l) AS
  coalesce(list_bool_and(list_transform(l, lambda e: json_type(e) IN ('BIGINT', 'UBIGINT'))), FALSE);
-- A result of whole numbers stays whole.
CREATE OR REPLACE MACRO kql_series_json(l, whole) AS
  list_transform(l, lambda x: CASE WHEN whole AND x = trunc(x) AND abs(x) < 9007199254740992 THEN to_json(CAST(x AS BIGINT)) ELSE kql_real_json(x) END);
CREATE OR REPLACE MACRO kql_present(e, gap) AS CASE WHEN gap IS NULL THEN e IS NOT NULL ELSE coalesce(kql_number(e) <> gap, TRUE) END;
CREATE OR REPLACE MACRO kql_fill_forward(l, gap) AS
  list_transform(l, lambda e, i: CASE WHEN kql_present(e, gap) THEN e
    ELSE coalesce(list_last(list_filter(l[1:i], lambda p: kql_present(p, gap))), e) END);
CREATE OR REPLACE MACRO kql_fill_backward(l, gap) AS
  list_transform(l, lambda e, i: CASE WHEN kql_present(e, gap) THEN e
    ELSE coalesce(list_filter(l[i:], lambda p: kql_present(p, gap))[1], e) END);
CREATE OR REPLACE MACRO kql_fill_const(l, value, gap) AS
  list_transform(l, lambda e: CASE WHEN kql_present(e, gap) THEN e ELSE value END);
-- Between two neighbours that are present the line that joins them; at the edges the nearest of them.
CREATE OR REPLACE MACRO kql_fill_linear(l, gap, edges, value) AS
  list_transform([list_filter(range(1, len(l) + 1), lambda i: kql_present(l[i], gap))], lambda known:
    list_transform(l, lambda e, i: CASE WHEN kql_present(e, gap) THEN e ELSE
      list_transform([struct_pack(p := list_max(list_filter(known, lambda k: k < i)), n := list_min(list_filter(known, lambda k: k > i)))], lambda s:
        CASE WHEN s.p IS NULL AND s.n IS NULL THEN value
             WHEN s.p IS NULL THEN (CASE WHEN edges THEN l[s.n] ELSE e END)
             WHEN s.n IS NULL THEN (CASE WHEN edges THEN l[s.p] ELSE e END)
             ELSE kql_real_json(kql_number(l[s.p]) + (kql_number(l[s.n]) - kql_number(l[s.p])) * (i - s.p) / (s.n - s.p)) END)[1] END))[1];
-- A finite impulse response: what lies outside the series counts as 0.
CREATE OR REPLACE MACRO kql_fir(x, f, shift) AS
  list_transform(range(1, len(x) + 1), lambda i: coalesce(list_sum(list_transform(f, lambda c, j:
    CASE WHEN i + shift - j + 1 BETWEEN 1 AND len(x) THEN c * x[i + shift - j + 1] ELSE 0 END)), 0));
-- The recursive part: each value needs the ones before it.
CREATE OR REPLACE MACRO kql_iir(x, b, a) AS
  list_reduce(list_transform(kql_fir(x, b, 0), lambda v: [v]), lambda y, v: list_append(y, (v[1]
    - coalesce(list_sum(list_transform(a[2:], lambda c, j: CASE WHEN j <= len(y) THEN c * y[len(y) - j + 1] ELSE 0 END)), 0)) / a[1]),
    CAST([] AS DOUBLE[]));
CREATE OR REPLACE MACRO kql_series_stats(l, skip) AS
  list_transform([struct_pack(all_of := l, of := list_filter(l, lambda x: x IS NOT NULL AND isfinite(x)))], lambda s:
    CASE WHEN len(s.of) > 0 AND (skip OR len(s.of) = len(s.all_of)) THEN struct_pack(
      "min" := list_min(s.of), min_idx := CAST(list_position(s.all_of, list_min(s.of)) - 1 AS BIGINT),
      "max" := list_max(s.of), max_idx := CAST(list_position(s.all_of, list_max(s.of)) - 1 AS BIGINT), "avg" := list_avg(s.of),
      stdev := CASE WHEN len(s.of) > 1 THEN list_stddev_samp(s.of) ELSE 0 END, variance := CASE WHEN len(s.of) > 1 THEN list_var_samp(s.of) ELSE 0 END,
      "sum" := list_sum(s.of), len := CAST(len(s.of) AS BIGINT)) END)[1];
-- The straight line of least squares through the points (0, y0), (1, y1), …
CREATE OR REPLACE MACRO kql_line(y) AS
  list_transform([struct_pack(n := CAST(len(y) AS DOUBLE), mx := (len(y) - 1) / 2.0::DOUBLE, my := list_avg(y))], lambda m:
  list_transform([struct_pack(sxy := list_sum(list_transform(y, lambda v, i: (i - 1 - m.mx) * (v - m.my))), sxx := m.n * (m.n * m.n - 1) / 12,
    syy := list_sum(list_transform(y, lambda v: (v - m.my) * (v - m.my))))], lambda s:
  CASE WHEN m.n > 1 THEN struct_pack(
    rsquare := CASE WHEN s.syy > 0 THEN s.sxy * s.sxy / (s.sxx * s.syy) ELSE 1 END, slope := s.sxy / s.sxx, variance := s.syy / (m.n - 1),
    rvariance := greatest(s.syy - s.sxy * s.sxy / s.sxx, 0) / (m.n - 1), interception := m.my - m.mx * s.sxy / s.sxx,
    line_fit := list_transform(y, lambda v, i: m.my + (i - 1 - m.mx) * s.sxy / s.sxx)) END)[1])[1];
-- The discrete Fourier transform by its definition, real and imaginary parts; sign is -1, or +1 for the inverse.
CREATE OR REPLACE MACRO kql_fourier(re, im, sign) AS
  list_transform(range(len(re)), lambda k: struct_pack(
    re := list_sum(list_transform(re, lambda x, i: x * cos(2 * pi() * ((k * (i - 1)) % len(re)) / len(re)) - sign * coalesce(im[i], 0) * sin(2 * pi() * ((k * (i - 1)) % len(re)) / len(re)))),
    im := list_sum(list_transform(re, lambda x, i: coalesce(im[i], 0) * cos(2 * pi() * ((k * (i - 1)) % len(re)) / len(re)) + sign * x * sin(2 * pi() * ((k * (i - 1)) % len(re)) / len(re))))));
CREATE OR REPLACE MACRO kql_pearson(p) AS
  list_transform([struct_pack(n := len(p), ma := list_avg(list_transform(p, lambda e: e[1])), mb := list_avg(list_transform(p, lambda e: e[2])))], lambda m:
    kql_divide(list_sum(list_transform(p, lambda e: (e[1] - m.ma) * (e[2] - m.mb))),
      sqrt(list_sum(list_transform(p, lambda e: (e[1] - m.ma) * (e[1] - m.ma))) * list_sum(list_transform(p, lambda e: (e[2] - m.mb) * (e[2] - m.mb))))))[1];
-- A polynomial of least squares, built from polynomials that are orthogonal over the points, so that no system of equations is solved:
-- p is the last one at the points and a its coefficients from the lowest power up, q and b are those before it, g is the square of q.
CREATE OR REPLACE MACRO kql_times(u, v) AS list_sum(list_transform(u, lambda e, i: e * v[i]));
CREATE OR REPLACE MACRO kql_poly(x, y, degree) AS
  list_transform([struct_pack(x := x, y := y, d := CAST(degree AS BIGINT), n := len(y), m := list_avg(y))], lambda h:
  CASE WHEN len(h.x) = h.n AND h.d BETWEEN 0 AND h.n - 1 AND h.d <= 20 AND len(list_filter(h.y, lambda e: e IS NULL)) = 0 AND len(list_filter(h.x, lambda e: e IS NULL)) = 0 THEN
    list_transform([list_reduce(list_concat([struct_pack(p := list_transform(h.y, lambda e: 1.0::DOUBLE), q := list_transform(h.y, lambda e: 0.0::DOUBLE), g := 0.0::DOUBLE,
      a := list_transform(range(h.d + 1), lambda j: CASE WHEN j = 0 THEN 1.0::DOUBLE ELSE 0 END), b := list_transform(range(h.d + 1), lambda j: 0.0::DOUBLE),
      c := list_transform(range(h.d + 1), lambda j: CASE WHEN j = 0 THEN h.m ELSE 0 END), fit := list_transform(h.y, lambda e: h.m))],
      list_transform(range(h.d), lambda k: NULL)), lambda s, k:
      list_transform([struct_pack(o := s, g := kql_times(s.p, s.p), t := list_sum(list_transform(s.p, lambda e, i: h.x[i] * e * e)))], lambda r:
      list_transform([struct_pack(o := r.o, g := r.g, al := r.t / r.g, be := CASE WHEN r.o.g > 0 THEN r.g / r.o.g ELSE 0 END)], lambda w:
      list_transform([struct_pack(w := w, p := list_transform(w.o.p, lambda e, i: (h.x[i] - w.al) * e - w.be * w.o.q[i]),
        a := list_transform(w.o.a, lambda e, j: coalesce(w.o.a[j - 1], 0) - w.al * e - w.be * w.o.b[j]))], lambda z:
      list_transform([struct_pack(z := z, c := coalesce(kql_times(h.y, z.p) / nullif(kql_times(z.p, z.p), 0), 0))], lambda f:
        struct_pack(p := f.z.p, q := f.z.w.o.p, g := f.z.w.g, a := f.z.a, b := f.z.w.o.a, c := list_transform(f.z.w.o.c, lambda e, j: e + f.c * f.z.a[j]),
          fit := list_transform(f.z.w.o.fit, lambda e, i: e + f.c * f.z.p[i])))[1])[1])[1])[1])], lambda s:
    list_transform([struct_pack(s := s, t := list_sum(list_transform(h.y, lambda e: (e - h.m) * (e - h.m))), r := list_sum(list_transform(h.y, lambda e, i: (e - s.fit[i]) * (e - s.fit[i]))))], lambda v:
      struct_pack(rsquare := CASE WHEN v.t > 0 THEN 1 - v.r / v.t ELSE 1 END, coefficients := list_reverse(v.s.c), variance := coalesce(v.t / nullif(h.n - 1, 0), 0),
        rvariance := coalesce(v.r / nullif(h.n - 1, 0), 0), poly_fit := v.s.fit))[1])[1] END)[1];
-- The two lines, one for each side of a split, whose squares are least in all; the right one begins at the split.
CREATE OR REPLACE MACRO kql_two_lines(y) AS
  list_transform([struct_pack(y := y, n := CASE WHEN len(list_filter(y, lambda e: e IS NULL)) = 0 THEN len(y) END, l := kql_line(y))], lambda h:
    list_transform([list_reduce(list_concat([NULL], list_transform(range(2, h.n - 1), lambda i: struct_pack(i := i, a := kql_line(h.y[1:i]), b := kql_line(h.y[i + 1:])))), lambda u, v:
      CASE WHEN u IS NULL OR v.a.rvariance * (v.i - 1) + v.b.rvariance * (h.n - v.i - 1) < u.a.rvariance * (u.i - 1) + u.b.rvariance * (h.n - u.i - 1) THEN v ELSE u END)], lambda s:
    CASE WHEN s IS NOT NULL THEN list_transform([s.a.rvariance * (s.i - 1) + s.b.rvariance * (h.n - s.i - 1)], lambda r:
      struct_pack(rsquare := CASE WHEN h.l.variance > 0 THEN 1 - r / (h.l.variance * (h.n - 1)) ELSE 1 END, split_idx := CAST(s.i AS BIGINT),
        variance := h.l.variance, rvariance := r / (h.n - 1), line_fit := list_concat(s.a.line_fit, s.b.line_fit),
        right_rsquare := s.b.rsquare, right_slope := s.b.slope, right_interception := s.b.interception, right_variance := s.b.variance, right_rvariance := s.b.rvariance,
        left_rsquare := s.a.rsquare, left_slope := s.a.slope, left_interception := s.a.interception, left_variance := s.a.variance, left_rvariance := s.a.rvariance))[1] END)[1])[1];
CREATE OR REPLACE MACRO kql_seasonal(x, period) AS
  list_transform([struct_pack(x := x, p := period)], lambda s: CASE WHEN s.p > 0
    THEN list_transform([list_transform(range(least(s.p, len(s.x))), lambda phase: list_aggregate(list_filter(s.x, lambda v, i: (i - 1) % s.p = phase), 'median'))],
      lambda medians: list_transform(s.x, lambda v, i: medians[(i - 1) % s.p + 1]))[1]
    ELSE list_transform(s.x, lambda v: 0.0::DOUBLE) END)[1];
