-- make_list opens arrays by one level; anything else is one element.
CREATE OR REPLACE MACRO kql_opened(j) AS CASE WHEN json_type(j) = 'ARRAY' THEN kql_list(j) ELSE [j] END;
CREATE OR REPLACE MACRO kql_distinct(l) AS list_filter(list_distinct(l), lambda e: e IS NOT NULL);
-- The first of two members with one name stays: bags are merged from the last to the first.
CREATE OR REPLACE MACRO kql_merged(bags) AS
  coalesce(list_reduce(list_prepend(CAST('{}' AS JSON), list_reverse(list_filter(bags, lambda b: json_type(b) = 'OBJECT'))), lambda a, b: json_merge_patch(a, b)), CAST('{}' AS JSON));
CREATE OR REPLACE MACRO kql_kind_of(j) AS
  CASE json_type(j) WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool' WHEN 'BIGINT' THEN 'long' WHEN 'UBIGINT' THEN 'long' WHEN 'DOUBLE' THEN 'double'
    WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' ELSE 'null' END;
-- One-element lists name what is used several times: the text of nested macros would multiply otherwise.
CREATE OR REPLACE MACRO kql_schema(docs) AS
  list_transform([list_filter(docs, lambda d: json_type(d) = 'OBJECT')], lambda bags:
    list_transform([list_sort(list_distinct(flatten(list_transform(bags, lambda d: json_keys(d)))))], lambda names:
      kql_bag(names, list_transform(names, lambda k:
        to_json(list_sort(list_distinct(list_filter(list_transform(bags, lambda d: kql_kind_of(json_extract(d, '$."' || k || '"'))), lambda t: t <> 'null')))))))[1])[1];
CREATE OR REPLACE MACRO kql_weights(pairs) AS list_sort(list_filter(pairs, lambda q: q.v IS NOT NULL AND q.w > 0));
CREATE OR REPLACE MACRO kql_weighted(pairs, p) AS
  (list_filter(list_transform(range(1, len(kql_weights(pairs)) + 1), lambda i: struct_pack(
      v := (kql_weights(pairs))[i].v, reached := list_sum(list_transform((kql_weights(pairs))[1:i], lambda q: q.w)))),
    lambda r: r.reached >= p / 100.0 * list_sum(list_transform(kql_weights(pairs), lambda q: q.w))))[1].v;
