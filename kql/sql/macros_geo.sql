-- Points on the sphere as unit vectors of three numbers; the earth is a sphere of 6,371,010 m, and edges are arcs of great circles.
CREATE OR REPLACE MACRO kql_geo_valid(lng, lat) AS coalesce(lng BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90, FALSE);
CREATE OR REPLACE MACRO kql_geo_unit(lng, lat) AS
  array_value(cos(radians(lat)) * cos(radians(lng)), cos(radians(lat)) * sin(radians(lng)), sin(radians(lat)));
CREATE OR REPLACE MACRO kql_geo_vector(lng, lat) AS
  CASE WHEN kql_geo_valid(lng, lat) THEN kql_geo_unit(CAST(lng AS DOUBLE), CAST(lat AS DOUBLE)) END;
CREATE OR REPLACE MACRO kql_geo_norm(v) AS sqrt(array_inner_product(v, v));
CREATE OR REPLACE MACRO kql_geo_between(a, b) AS atan2(kql_geo_norm(array_cross_product(a, b)), array_inner_product(a, b));
CREATE OR REPLACE MACRO kql_geo_scaled(v, f) AS array_value(v[1] * f, v[2] * f, v[3] * f);
CREATE OR REPLACE MACRO kql_geo_sum(a, b) AS array_value(a[1] + b[1], a[2] + b[2], a[3] + b[3]);
CREATE OR REPLACE MACRO kql_geo_less(a, b) AS array_value(a[1] - b[1], a[2] - b[2], a[3] - b[3]);
CREATE OR REPLACE MACRO kql_geo_point(v) AS
  list_transform([v], lambda p: CASE WHEN p IS NOT NULL THEN json_object('type', 'Point', 'coordinates', json_array(
    degrees(atan2(p[2], p[1])), degrees(atan2(p[3], sqrt(p[1] * p[1] + p[2] * p[2]))))) END)[1];
-- The haversine of the latitudes' and longitudes' differences: exact for near points too.
CREATE OR REPLACE MACRO kql_geo_distance(lng1, lat1, lng2, lat2) AS
  CASE WHEN kql_geo_valid(lng1, lat1) AND kql_geo_valid(lng2, lat2) THEN
    list_transform([pow(sin(radians(lat2 - lat1) / 2), 2) + pow(sin(radians(lng2 - lng1) / 2), 2) * cos(radians(lat1)) * cos(radians(lat2))],
      lambda h: 2 * asin(least(1, sqrt(h))) * 6371010)[1] END;
CREATE OR REPLACE MACRO kql_geo_azimuth(lng1, lat1, lng2, lat2) AS
  CASE WHEN kql_geo_valid(lng1, lat1) AND kql_geo_valid(lng2, lat2) AND NOT (lng1 = lng2 AND lat1 = lat2) THEN
    list_transform([atan2(sin(radians(lng2 - lng1)) * cos(radians(lat2)),
        cos(radians(lat1)) * sin(radians(lat2)) - sin(radians(lat1)) * cos(radians(lat2)) * cos(radians(lng2 - lng1)))],
      lambda a: CASE WHEN a < 0 THEN a + 2 * pi() ELSE a END)[1] END;
CREATE OR REPLACE MACRO kql_geo_angle(p, q, r) AS
  list_transform([struct_pack(p := p, q := q, r := r)], lambda s: CASE WHEN s.p <> s.q AND s.q <> s.r THEN
    kql_geo_between(array_cross_product(s.p, s.q), array_cross_product(s.r, s.q)) END)[1];

-- Geohashes: 5 bits a letter, longitude's and latitude's in turn; the numbers count cells from the south-west.
CREATE OR REPLACE MACRO kql_geohash_letters() AS '0123456789bcdefghjkmnpqrstuvwxyz';
CREATE OR REPLACE MACRO kql_geohash(x, y, size) AS
  array_to_string(list_transform(range(least(size, 18)), lambda i: substring(kql_geohash_letters(), CAST(1 + list_sum(list_transform(range(5), lambda j:
    (CASE WHEN (5 * i + j) % 2 = 0 THEN (x >> ((5 * size + 1) // 2 - 1 - (5 * i + j) // 2)) ELSE (y >> (5 * size // 2 - 1 - (5 * i + j) // 2)) END & 1) << (4 - j)))
    AS BIGINT), 1)), '');
CREATE OR REPLACE MACRO kql_geohash_cell(v, low, turn, bits) AS
  least(CAST(floor((v - low) / turn * (1::BIGINT << bits)) AS BIGINT), (1::BIGINT << bits) - 1);
CREATE OR REPLACE MACRO kql_geo_hashed(lng, lat, size) AS
  CASE WHEN kql_geo_valid(lng, lat) AND size BETWEEN 1 AND 18
       THEN kql_geohash(kql_geohash_cell(lng, -180, 360, (5 * size + 1) // 2), kql_geohash_cell(lat, -90, 180, 5 * size // 2), size) ELSE '' END;
-- The cell's numbers and how many bits they have, NULL for what is no geohash.
CREATE OR REPLACE MACRO kql_geohash_read(hash) AS
  list_transform([list_transform(string_split(lower(hash), ''), lambda c: instr(kql_geohash_letters(), c) - 1)], lambda digits:
    CASE WHEN len(digits) BETWEEN 1 AND 18 AND hash <> '' AND list_min(digits) >= 0 THEN
    list_transform([flatten(list_transform(digits, lambda d: [CAST((d >> 4) & 1 AS BIGINT), (d >> 3) & 1, (d >> 2) & 1, (d >> 1) & 1, d & 1]))], lambda bits: struct_pack(
      x := list_reduce(list_filter(bits, lambda b, i: i % 2 = 1), lambda a, b: 2 * a + b, 0::BIGINT), xs := (len(bits) + 1) // 2,
      y := list_reduce(list_filter(bits, lambda b, i: i % 2 = 0), lambda a, b: 2 * a + b, 0::BIGINT), ys := len(bits) // 2))[1] END)[1];
CREATE OR REPLACE MACRO kql_geohash_lng(c, x) AS -180 + x * (360.0::DOUBLE / (1::BIGINT << c.xs));
CREATE OR REPLACE MACRO kql_geohash_lat(c, y) AS -90 + y * (180.0::DOUBLE / (1::BIGINT << c.ys));
CREATE OR REPLACE MACRO kql_geohash_center(hash) AS
  list_transform([kql_geohash_read(hash)], lambda c: CASE WHEN c IS NOT NULL THEN json_object('type', 'Point', 'coordinates',
    json_array(kql_geohash_lng(c, c.x + 0.5::DOUBLE), kql_geohash_lat(c, c.y + 0.5::DOUBLE))) END)[1];
CREATE OR REPLACE MACRO kql_geohash_polygon(hash) AS
  list_transform(list_transform([kql_geohash_read(hash)], lambda c: CASE WHEN c IS NOT NULL THEN struct_pack(
      w := kql_geohash_lng(c, c.x), e := kql_geohash_lng(c, c.x + 1), s := kql_geohash_lat(c, c.y), n := kql_geohash_lat(c, c.y + 1)) END),
    lambda b: CASE WHEN b IS NOT NULL THEN json_object('type', 'Polygon', 'coordinates', to_json([[[b.w, b.s], [b.e, b.s], [b.e, b.n], [b.w, b.n], [b.w, b.s]]])) END)[1];
CREATE OR REPLACE MACRO kql_geohash_neighbors(hash) AS
  list_transform([kql_geohash_read(hash)], lambda c: CASE WHEN c IS NOT NULL THEN list_transform(
    list_filter([[-1, 0], [-1, -1], [0, -1], [1, -1], [1, 1], [1, 0], [0, 1], [-1, 1]], lambda d: c.y + d[2] BETWEEN 0 AND (1::BIGINT << c.ys) - 1),
    lambda d: kql_geohash(kql_modulo(c.x + d[1], 1::BIGINT << c.xs), c.y + d[2], length(hash))) END)[1];

-- GeoJSON lines as lists of vectors; NULL for what is no valid line.
CREATE OR REPLACE MACRO kql_geo_path(points) AS
  CASE WHEN len(list_filter(points, lambda p: coalesce(len(p) >= 2 AND p[1] BETWEEN -540 AND 540 AND p[2] BETWEEN -90 AND 90, FALSE))) = len(points)
       THEN list_transform(points, lambda p: kql_geo_unit(p[1], p[2])) END;
CREATE OR REPLACE MACRO kql_geo_paths(lines, least_points) AS
  list_transform([list_transform(lines, lambda l: CASE WHEN len(l) >= least_points THEN kql_geo_path(l) END)], lambda paths:
    CASE WHEN len(paths) > 0 AND len(list_filter(paths, lambda p: p IS NULL)) = 0 THEN paths END)[1];
CREATE OR REPLACE MACRO kql_geo_lines(j) AS
  kql_geo_paths(CASE kql_text(json_extract(j, '$.type')) WHEN 'LineString' THEN [TRY(CAST(json_extract(j, '$.coordinates') AS DOUBLE[][]))]
    WHEN 'MultiLineString' THEN TRY(CAST(json_extract(j, '$.coordinates') AS DOUBLE[][][])) END, 2);
-- The edges of paths, each as its two ends.
CREATE OR REPLACE MACRO kql_geo_edges(paths) AS
  flatten(list_transform(paths, lambda p: list_transform(range(1, len(p)), lambda i: struct_pack(a := p[i], b := p[i + 1]))));
CREATE OR REPLACE MACRO kql_geo_side(a, b, c) AS array_inner_product(array_cross_product(a, b), c);
-- Polygons as a list of their rings, the outer ones and the holes alike; a ring ends where it begins and has no point twice in a row.
CREATE OR REPLACE MACRO kql_geo_proper(rings) AS
  CASE WHEN len(list_filter(rings, lambda r: coalesce(len(r) < 4 OR r[1] <> r[-1] OR len(list_filter(range(1, len(r)), lambda i: r[i] = r[i + 1])) > 0, TRUE))) = 0 THEN rings END;
-- Polygons that cut into each other would have to be joined first, which is not done here: the query says so.
CREATE OR REPLACE MACRO kql_geo_apart_at(p, q) AS abs(p) > 1e-14 AND abs(q) > 1e-14 AND p * q < 0;
CREATE OR REPLACE MACRO kql_geo_cuts(e, f) AS
  kql_geo_apart_at(kql_geo_side(e.a, e.b, f.a), kql_geo_side(e.a, e.b, f.b)) AND kql_geo_apart_at(kql_geo_side(f.a, f.b, e.a), kql_geo_side(f.a, f.b, e.b))
  AND array_inner_product(kql_geo_sum(e.a, e.b), kql_geo_sum(f.a, f.b)) > 0;
CREATE OR REPLACE MACRO kql_geo_apart(rings) AS
  CASE WHEN len(rings) > 1 AND len(list_filter(rings, lambda one, first: len(list_filter(rings, lambda two, second: second > first AND
      len(list_filter(kql_geo_edges([one]), lambda mine: len(list_filter(kql_geo_edges([two]), lambda theirs: kql_geo_cuts(mine, theirs))) > 0)) > 0)) > 0)) > 0
    THEN CAST(error('polygons that cut into each other are not joined by this engine') AS DOUBLE[3][][]) ELSE rings END;
CREATE OR REPLACE MACRO kql_geo_rings(j) AS
  list_transform(list_transform([kql_geo_paths(CASE kql_text(json_extract(j, '$.type')) WHEN 'Polygon' THEN TRY(CAST(json_extract(j, '$.coordinates') AS DOUBLE[][][]))
    WHEN 'MultiPolygon' THEN flatten(TRY(CAST(json_extract(j, '$.coordinates') AS DOUBLE[][][][]))) END, 4)], lambda read: kql_geo_proper(read)), lambda checked: kql_geo_apart(checked))[1];
CREATE OR REPLACE MACRO kql_geo_length(paths) AS
  CASE WHEN paths IS NOT NULL THEN list_sum(list_transform(kql_geo_edges(paths), lambda e: kql_geo_between(e.a, e.b))) * 6371010 END;
-- A line's center: each edge's middle, weighed by the edge's length.
CREATE OR REPLACE MACRO kql_geo_line_center(paths) AS
  CASE WHEN paths IS NOT NULL THEN list_reduce(list_transform(list_transform(kql_geo_edges(paths), lambda e: struct_pack(m := kql_geo_sum(e.a, e.b), d := kql_geo_less(e.a, e.b))),
    lambda e: kql_geo_scaled(e.m, sqrt(array_inner_product(e.d, e.d) / array_inner_product(e.m, e.m)))), lambda a, b: kql_geo_sum(a, b)) END;
-- The edges with the length of the path before each of them.
CREATE OR REPLACE MACRO kql_geo_milestones(paths) AS
  list_transform([list_transform(kql_geo_edges(paths), lambda e: struct_pack(a := e.a, b := e.b, l := kql_geo_between(e.a, e.b)))], lambda edges:
    list_transform(edges, lambda e, i: struct_pack(a := e.a, b := e.b, l := e.l, before := coalesce(list_sum(list_transform(edges[1:i - 1], lambda o: o.l)), 0))))[1];
CREATE OR REPLACE MACRO kql_geo_along(e, t) AS
  CASE WHEN e.l = 0 THEN e.a ELSE kql_geo_sum(kql_geo_scaled(e.a, sin(e.l - t) / sin(e.l)), kql_geo_scaled(e.b, sin(t) / sin(e.l))) END;
CREATE OR REPLACE MACRO kql_geo_interpolated(paths, f) AS
  CASE WHEN paths IS NOT NULL AND f BETWEEN 0 AND 1 THEN
    list_transform([kql_geo_milestones(paths)], lambda m: list_transform([f * (m[-1].before + m[-1].l)], lambda t:
      list_transform([list_filter(m, lambda e: e.before <= t)[-1]], lambda e: kql_geo_along(e, t - e.before))[1])[1])[1] END;
-- The point of an edge that is nearest to p.
CREATE OR REPLACE MACRO kql_geo_nearest(p, e) AS
  list_transform([array_cross_product(e.a, e.b)], lambda n:
    CASE WHEN array_inner_product(n, n) > 0 AND array_inner_product(array_cross_product(n, e.a), p) > 0 AND array_inner_product(array_cross_product(e.b, n), p) > 0
         THEN list_transform([kql_geo_less(p, kql_geo_scaled(n, array_inner_product(p, n) / array_inner_product(n, n)))], lambda v: kql_geo_scaled(v, 1 / kql_geo_norm(v)))[1]
         WHEN kql_geo_between(p, e.a) <= kql_geo_between(p, e.b) THEN e.a ELSE e.b END)[1];
CREATE OR REPLACE MACRO kql_geo_candidates(p, edges) AS
  list_transform(list_transform(edges, lambda e, i: struct_pack(q := kql_geo_nearest(p, e), i := i)), lambda c: struct_pack(d := kql_geo_between(p, c.q), i := c.i, q := c.q));
CREATE OR REPLACE MACRO kql_geo_closest(p, paths) AS
  CASE WHEN p IS NOT NULL AND paths IS NOT NULL THEN list_sort(kql_geo_candidates(p, kql_geo_edges(paths)))[1] END;
CREATE OR REPLACE MACRO kql_geo_located(p, paths) AS
  CASE WHEN p IS NOT NULL AND paths IS NOT NULL THEN list_transform([kql_geo_milestones(paths)], lambda m:
    list_transform([list_sort(kql_geo_candidates(p, m))[1]], lambda c: (m[c.i].before + kql_geo_between(m[c.i].a, c.q)) / (m[-1].before + m[-1].l))[1])[1] END;
-- A point is inside when the edges, seen from it, turn once around it; holes turn once more, so that it is outside again.
CREATE OR REPLACE MACRO kql_geo_turn(p, ring) AS
  list_sum(list_transform(kql_geo_edges([ring]), lambda e: list_transform([struct_pack(a := array_cross_product(p, e.a), b := array_cross_product(p, e.b))],
    lambda s: atan2(array_inner_product(p, array_cross_product(s.a, s.b)), array_inner_product(s.a, s.b)))[1]));
CREATE OR REPLACE MACRO kql_geo_inside(p, rings) AS
  CASE WHEN p IS NOT NULL AND rings IS NOT NULL THEN len(list_filter(rings, lambda r: abs(kql_geo_turn(p, r)) > pi())) % 2 = 1 END;
-- The area between a ring's first point and an edge, signed; told by differences, which keeps digits where triangles are small.
CREATE OR REPLACE MACRO kql_geo_triangle(o, a, b) AS
  2 * atan2(array_inner_product(o, array_cross_product(kql_geo_less(a, o), kql_geo_less(b, o))), 1 + array_inner_product(o, a) + array_inner_product(a, b) + array_inner_product(b, o));
CREATE OR REPLACE MACRO kql_geo_ring_area(ring) AS
  list_sum(list_transform(kql_geo_edges([ring]), lambda e: kql_geo_triangle(ring[1], e.a, e.b)));
-- Each ring with 1, or with -1 where it is a hole: its first point lies within an odd number of the others.
CREATE OR REPLACE MACRO kql_geo_signed(rings) AS
  list_transform(rings, lambda ring, place: struct_pack(ring := ring, sign :=
    CASE WHEN len(list_filter(rings, lambda other, number: number <> place AND abs(kql_geo_turn(ring[1], other)) > pi())) % 2 = 0 THEN 1 ELSE -1 END));
CREATE OR REPLACE MACRO kql_geo_area(rings) AS
  CASE WHEN rings IS NOT NULL THEN list_sum(list_transform(kql_geo_signed(rings), lambda signed: signed.sign * abs(kql_geo_ring_area(signed.ring)))) * 6371010.0::DOUBLE * 6371010 END;
-- The center of a triangle times its area (the integral over it).
CREATE OR REPLACE MACRO kql_geo_ratio(l) AS CASE WHEN l = 0 THEN 1.0::DOUBLE ELSE l / sin(l) END;
CREATE OR REPLACE MACRO kql_geo_moment(a, b, c) AS
  list_transform([struct_pack(x := array_value(a[1], b[1] - a[1], c[1] - a[1]), y := array_value(a[2], b[2] - a[2], c[2] - a[2]), z := array_value(a[3], b[3] - a[3], c[3] - a[3]),
      ra := kql_geo_ratio(kql_geo_between(b, c)), rb := kql_geo_ratio(kql_geo_between(c, a)), rc := kql_geo_ratio(kql_geo_between(a, b)))],
    lambda t: list_transform([array_value(t.ra, t.rb - t.ra, t.rc - t.ra)], lambda r: array_value(
      array_inner_product(array_cross_product(t.y, t.z), r), array_inner_product(array_cross_product(t.z, t.x), r), array_inner_product(array_cross_product(t.x, t.y), r)))[1])[1];
CREATE OR REPLACE MACRO kql_geo_center(rings) AS
  CASE WHEN rings IS NOT NULL THEN list_reduce(list_transform(kql_geo_signed(rings), lambda signed: kql_geo_scaled(
    list_reduce(list_transform(kql_geo_edges([signed.ring]), lambda edge: kql_geo_moment(signed.ring[1], edge.a, edge.b)), lambda one, two: kql_geo_sum(one, two)),
    signed.sign * sign(kql_geo_ring_area(signed.ring)))), lambda first, second: kql_geo_sum(first, second)) END;
-- Whether any edge of one meets any edge of the other: the ends of each lie on both sides of the other's circle.
CREATE OR REPLACE MACRO kql_geo_meet(e, f) AS
  (kql_geo_side(e.a, e.b, f.a) * kql_geo_side(e.a, e.b, f.b) <= 0 AND kql_geo_side(f.a, f.b, e.a) * kql_geo_side(f.a, f.b, e.b) <= 0
   AND array_inner_product(kql_geo_sum(e.a, e.b), kql_geo_sum(f.a, f.b)) > 0);
CREATE OR REPLACE MACRO kql_geo_cross(ours, others) AS
  len(list_filter(kql_geo_edges(ours), lambda mine: len(list_filter(kql_geo_edges(others), lambda theirs: kql_geo_meet(mine, theirs))) > 0)) > 0;
-- Well-known text: pairs of numbers become lists, brackets too; what is no such text gives null.
CREATE OR REPLACE MACRO kql_wkt_lists(s) AS
  TRY_CAST(replace(replace(regexp_replace(s, '(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)\s+(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)', '<\1,\2>', 'g'), '<', '['), '>', ']') AS JSON);
CREATE OR REPLACE MACRO kql_wkt_brackets(s) AS replace(replace(s, '(', '['), ')', ']');
CREATE OR REPLACE MACRO kql_wkt_shape(kind, body) AS
  CASE kind
    WHEN 'POINT' THEN json_object('type', 'Point', 'coordinates', to_json(TRY(CAST(kql_wkt_lists(kql_wkt_brackets(body)) AS DOUBLE[][]))[1]))
    WHEN 'LINESTRING' THEN json_object('type', 'LineString', 'coordinates', to_json(TRY(CAST(kql_wkt_lists(kql_wkt_brackets(body)) AS DOUBLE[][]))))
    WHEN 'MULTIPOINT' THEN json_object('type', 'MultiPoint', 'coordinates', to_json(TRY(CAST(kql_wkt_lists('[' || regexp_replace(body, '[()]', '', 'g') || ']') AS DOUBLE[][]))))
    WHEN 'POLYGON' THEN json_object('type', 'Polygon', 'coordinates', to_json(TRY(CAST(kql_wkt_lists(kql_wkt_brackets(body)) AS DOUBLE[][][]))))
    WHEN 'MULTILINESTRING' THEN json_object('type', 'MultiLineString', 'coordinates', to_json(TRY(CAST(kql_wkt_lists(kql_wkt_brackets(body)) AS DOUBLE[][][]))))
    WHEN 'MULTIPOLYGON' THEN json_object('type', 'MultiPolygon', 'coordinates', to_json(TRY(CAST(kql_wkt_lists(kql_wkt_brackets(body)) AS DOUBLE[][][][])))) END;
CREATE OR REPLACE MACRO kql_wkt_known(j) AS CASE WHEN json_extract_string(j, '$.coordinates') IS NOT NULL THEN j END;
CREATE OR REPLACE MACRO kql_wkt_one(s) AS
  kql_wkt_known(kql_wkt_shape(upper(regexp_extract(s, '^\s*([A-Za-z]+)', 1)), regexp_extract(s, '^\s*[A-Za-z]+\s*(\(.*\))\s*$', 1)));
CREATE OR REPLACE MACRO kql_wkt(s) AS
  CASE WHEN regexp_full_match(s, '(?is)\s*GEOMETRYCOLLECTION\s*\(.*\)\s*')
       THEN json_object('type', 'GeometryCollection', 'geometries', to_json(list_transform(regexp_extract_all(regexp_extract(s, '(?s)^[^(]*\((.*)\)\s*$', 1), '[A-Za-z]+\s*\([^A-Za-z]*\)'), lambda shape: kql_wkt_one(shape))))
       ELSE kql_wkt_one(s) END;
