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
-- Numbers first, then texts, then the rest; each by its own order.
CREATE OR REPLACE MACRO kql_sort_rank(e) AS CASE WHEN json_type(e) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN 0 WHEN json_type(e) = 'VARCHAR' THEN 1 ELSE 2 END;
CREATE OR REPLACE MACRO kql_sort_rows(l) AS
  list_transform(list_filter(l, lambda e: e IS NOT NULL), lambda e: struct_pack(r := kql_sort_rank(e), n := TRY_CAST(CASE WHEN kql_sort_rank(e) = 0 THEN kql_text(e) END AS DOUBLE), t := kql_text(e), e := e));
CREATE OR REPLACE MACRO kql_nulls_of(l) AS list_filter(l, lambda e: e IS NULL);
CREATE OR REPLACE MACRO kql_sorted_asc(l, nulls_last) AS
  CASE WHEN nulls_last THEN list_concat(list_transform(list_sort(kql_sort_rows(l), 'ASC', 'NULLS FIRST'), lambda s: s.e), kql_nulls_of(l))
       ELSE list_concat(kql_nulls_of(l), list_transform(list_sort(kql_sort_rows(l), 'ASC', 'NULLS FIRST'), lambda s: s.e)) END;
CREATE OR REPLACE MACRO kql_sorted_desc(l, nulls_last) AS
  CASE WHEN nulls_last THEN list_concat(list_transform(list_sort(kql_sort_rows(l), 'DESC', 'NULLS LAST'), lambda s: s.e), kql_nulls_of(l))
       ELSE list_concat(kql_nulls_of(l), list_transform(list_sort(kql_sort_rows(l), 'DESC', 'NULLS LAST'), lambda s: s.e)) END;
CREATE OR REPLACE MACRO kql_bound(a, b, s, n) AS
  CASE WHEN s > 0 THEN CAST(least(b, a + CAST(s AS HUGEINT) * n) AS BIGINT) ELSE CAST(greatest(b, a + CAST(s AS HUGEINT) * n) AS BIGINT) END;
