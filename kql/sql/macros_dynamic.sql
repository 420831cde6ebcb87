CREATE OR REPLACE MACRO kql_bag_without(j, names) AS
  kql_bag(list_filter(json_keys(j), lambda k: NOT list_contains(names, k)),
          list_transform(list_filter(json_keys(j), lambda k: NOT list_contains(names, k)), lambda k: json_extract(j, kql_pointer(k))));
CREATE OR REPLACE MACRO kql_zip(arrays) AS
  to_json(list_transform(range(list_max(list_transform(arrays, lambda a: coalesce(len(kql_list(a)), 0)))), lambda i: list_transform(arrays, lambda a: (kql_list(a))[i + 1])));
CREATE OR REPLACE MACRO kql_array_iff(conditions, yes, no) AS
  to_json(list_transform(range(len(kql_list(conditions))), lambda i:
    CASE WHEN kql_json_to_bool((kql_list(conditions))[i + 1])
         THEN (CASE WHEN json_type(yes) = 'ARRAY' THEN (kql_list(yes))[i + 1] ELSE yes END)
         WHEN NOT kql_json_to_bool((kql_list(conditions))[i + 1])
         THEN (CASE WHEN json_type(no) = 'ARRAY' THEN (kql_list(no))[i + 1] ELSE no END) END));
-- The places of a list's elements in order: numbers first, then texts, then the rest, in either direction.
CREATE OR REPLACE MACRO kql_sort_keys(l) AS
  list_transform(list_filter(range(1, len(l) + 1), lambda i: l[i] IS NOT NULL), lambda i: struct_pack(
    r := CASE WHEN json_type(l[i]) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN 0 WHEN json_type(l[i]) = 'VARCHAR' THEN 1 ELSE 2 END,
    n := CASE WHEN json_type(l[i]) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(kql_text(l[i]) AS DOUBLE) END, t := kql_text(l[i]), i := i));
CREATE OR REPLACE MACRO kql_null_places(l) AS list_filter(range(1, len(l) + 1), lambda i: l[i] IS NULL);
CREATE OR REPLACE MACRO kql_nulls_around(l, places, nulls_last) AS
  CASE WHEN nulls_last THEN list_concat(places, kql_null_places(l)) ELSE list_concat(kql_null_places(l), places) END;
CREATE OR REPLACE MACRO kql_order_asc(l, nulls_last) AS
  kql_nulls_around(l, list_transform(list_sort(kql_sort_keys(l), 'ASC', 'NULLS FIRST'), lambda s: s.i), nulls_last);
CREATE OR REPLACE MACRO kql_order_desc(l, nulls_last) AS
  kql_nulls_around(l, list_transform(list_sort(list_transform(kql_sort_keys(l), lambda s: struct_pack(r := -s.r, n := s.n, t := s.t, i := -s.i)), 'DESC', 'NULLS LAST'), lambda s: -s.i), nulls_last);
-- Two JSON values that are equal; numbers by their size, whatever their spelling.
CREATE OR REPLACE MACRO kql_same(a, b) AS
  coalesce(a = b OR (json_type(a) IN ('BIGINT', 'UBIGINT', 'DOUBLE') AND json_type(b) IN ('BIGINT', 'UBIGINT', 'DOUBLE')
    AND TRY_CAST(kql_text(a) AS DOUBLE) = TRY_CAST(kql_text(b) AS DOUBLE)), FALSE);
CREATE OR REPLACE MACRO kql_jaccard(a, b) AS
  CASE WHEN len(a) + len(b) = 0 THEN CAST('NaN' AS DOUBLE)
       ELSE len(list_intersect(a, b)) / CAST(len(list_distinct(list_concat(a, b))) AS DOUBLE) END;
-- A key of a bag: its name, or a path that begins with $ and a dot or a bracket.
CREATE OR REPLACE MACRO kql_is_path(k) AS starts_with(k, '$.') OR starts_with(k, '$[');
CREATE OR REPLACE MACRO kql_key_path(k) AS
  CASE WHEN kql_is_path(k) THEN regexp_replace(k, '\[''([^'']*)''\]', '."\1"', 'g') ELSE kql_pointer(k) END;
CREATE OR REPLACE MACRO kql_bag_has(j, k) AS
  CASE WHEN json_type(j) = 'OBJECT' THEN (CASE WHEN kql_is_path(k) THEN json_exists(j, kql_key_path(k)) ELSE list_contains(json_keys(j), k) END) END;
CREATE OR REPLACE MACRO kql_without_paths(j, paths) AS
  CASE WHEN len(paths) = 0 THEN j ELSE list_reduce(list_concat([CAST(j AS VARCHAR)], list_transform(paths, lambda p: kql_key_path(p))),
    lambda a, p: CAST(json_remove(CAST(a AS JSON), p) AS VARCHAR))::JSON END;
CREATE OR REPLACE MACRO kql_bag_remove(j, keys) AS
  CASE WHEN json_type(j) = 'OBJECT' THEN kql_without_paths(kql_bag_without(j, list_filter(keys, lambda k: NOT kql_is_path(k))), list_filter(keys, lambda k: kql_is_path(k))) END;
CREATE OR REPLACE MACRO kql_bag_set(j, k, v) AS
  CASE WHEN json_type(j) <> 'OBJECT' OR j IS NULL THEN NULL
       WHEN kql_is_path(k) THEN json_merge_patch(CASE WHEN json_exists(j, kql_key_path(k)) THEN json_remove(j, kql_key_path(k)) ELSE j END, kql_nested(string_split(substring(kql_key_path(k), 3), '.'), v))
       ELSE kql_bag(list_append(list_filter(json_keys(j), lambda n: n <> k), k),
         list_append(list_transform(list_filter(json_keys(j), lambda n: n <> k), lambda n: json_extract(j, kql_pointer(n))), v)) END;
CREATE OR REPLACE MACRO kql_nested(names, v) AS
  CAST(array_to_string(list_transform(names, lambda n: '{' || CAST(to_json(trim(n, '"')) AS VARCHAR) || ':'), '') || coalesce(CAST(v AS VARCHAR), 'null') || repeat('}', len(names)) AS JSON);
-- Names that are no texts are passed over with their values; names without a value have null.
CREATE OR REPLACE MACRO kql_bag_zip(names, members) AS
  list_transform([list_filter(list_zip(names, coalesce(members, CAST([] AS JSON[]))), lambda p: json_type(p[1]) = 'VARCHAR')], lambda l:
    kql_bag(list_transform(l, lambda p: kql_text(p[1])), list_transform(l, lambda p: p[2])))[1];
CREATE OR REPLACE MACRO kql_bound(a, b, s, n) AS
  CASE WHEN a IS NULL OR b IS NULL OR s IS NULL THEN NULL WHEN s > 0 THEN CAST(least(b, a + CAST(s AS HUGEINT) * n) AS BIGINT) ELSE CAST(greatest(b, a + CAST(s AS HUGEINT) * n) AS BIGINT) END;
-- Each value once, where it first stands; null for null.
CREATE OR REPLACE MACRO kql_each_once(l) AS list_transform([l], lambda whole: list_filter(whole, lambda e, i: list_position(whole, e) = i))[1];
-- DuckDB's path of a part as KQL writes it: $.a."b c"[0] is ['a']['b c'][0].
CREATE OR REPLACE MACRO kql_tree_path(p) AS regexp_replace(substring(p, 2), '\."((?:[^"\\]|\\.)*)"|\.([^."\[]+)', '[''\1\2'']', 'g');
-- Null where an element is neither a number nor null.
CREATE OR REPLACE MACRO kql_array_sum(l) AS
  CASE WHEN len(list_filter(l, lambda e: e IS NOT NULL AND json_type(e) NOT IN ('BIGINT', 'UBIGINT', 'DOUBLE'))) = 0
       THEN CAST(list_sum(list_transform(l, lambda e: TRY_CAST(kql_text(e) AS DOUBLE))) AS DOUBLE) END;
-- Each value once, where it first stands. Long lists are left in the engine's order: finding places in them takes too long.
CREATE OR REPLACE MACRO kql_once(l) AS
  list_transform([coalesce(l, [])], lambda a: CASE WHEN len(a) > 300 THEN list_distinct(a)
    ELSE list_filter(a, lambda e, i: e IS NOT NULL AND list_position(a, e) = i) END)[1];
-- JSON text with the names of each object in order, down to the fourth level: macros cannot call themselves, and what they
-- are given may name the variables of a lambda around them, so that each level has names of its own.
CREATE OR REPLACE MACRO kql_sorted_1(j) AS
  CASE json_type(j)
    WHEN 'OBJECT' THEN '{' || array_to_string(list_transform(list_sort(json_keys(j)), lambda k1: CAST(to_json(k1) AS VARCHAR) || ':' || coalesce(CAST(json_extract(j, kql_pointer(k1)) AS VARCHAR), 'null')), ',') || '}'
    WHEN 'ARRAY' THEN '[' || array_to_string(list_transform(from_json(j, '["JSON"]'), lambda e1: coalesce(CAST(e1 AS VARCHAR), 'null')), ',') || ']'
    ELSE coalesce(CAST(j AS VARCHAR), 'null') END;
CREATE OR REPLACE MACRO kql_sorted_2(j) AS
  CASE json_type(j)
    WHEN 'OBJECT' THEN '{' || array_to_string(list_transform(list_sort(json_keys(j)), lambda k2: CAST(to_json(k2) AS VARCHAR) || ':' || kql_sorted_1(json_extract(j, kql_pointer(k2)))), ',') || '}'
    WHEN 'ARRAY' THEN '[' || array_to_string(list_transform(from_json(j, '["JSON"]'), lambda e2: kql_sorted_1(e2)), ',') || ']'
    ELSE coalesce(CAST(j AS VARCHAR), 'null') END;
CREATE OR REPLACE MACRO kql_sorted_3(j) AS
  CASE json_type(j)
    WHEN 'OBJECT' THEN '{' || array_to_string(list_transform(list_sort(json_keys(j)), lambda k3: CAST(to_json(k3) AS VARCHAR) || ':' || kql_sorted_2(json_extract(j, kql_pointer(k3)))), ',') || '}'
    WHEN 'ARRAY' THEN '[' || array_to_string(list_transform(from_json(j, '["JSON"]'), lambda e3: kql_sorted_2(e3)), ',') || ']'
    ELSE coalesce(CAST(j AS VARCHAR), 'null') END;
CREATE OR REPLACE MACRO kql_sorted_4(j) AS
  CASE json_type(j)
    WHEN 'OBJECT' THEN '{' || array_to_string(list_transform(list_sort(json_keys(j)), lambda k4: CAST(to_json(k4) AS VARCHAR) || ':' || kql_sorted_3(json_extract(j, kql_pointer(k4)))), ',') || '}'
    WHEN 'ARRAY' THEN '[' || array_to_string(list_transform(from_json(j, '["JSON"]'), lambda e4: kql_sorted_3(e4)), ',') || ']'
    ELSE coalesce(CAST(j AS VARCHAR), 'null') END;
-- Bound once, for each storey names the value several times.
CREATE OR REPLACE MACRO kql_sorted(j) AS list_transform([j], lambda document: kql_sorted_4(document))[1];
