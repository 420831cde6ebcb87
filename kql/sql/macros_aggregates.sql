-- make_list opens arrays by one level; anything else is one element.
CREATE OR REPLACE MACRO kql_opened(j) AS CASE WHEN json_type(j) = 'ARRAY' THEN kql_list(j) ELSE [j] END;
CREATE OR REPLACE MACRO kql_distinct(l) AS list_filter(list_distinct(l), lambda e: e IS NOT NULL);
-- The first of two members with one name stays: bags are merged from the last to the first.
CREATE OR REPLACE MACRO kql_merged(bags) AS
  coalesce(list_reduce(list_prepend(CAST('{}' AS JSON), list_reverse(list_filter(bags, lambda b: json_type(b) = 'OBJECT'))), lambda a, b: json_merge_patch(a, b)), CAST('{}' AS JSON));
CREATE OR REPLACE MACRO kql_kind_of(j) AS
  CASE json_type(j) WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool' WHEN 'BIGINT' THEN 'long' WHEN 'UBIGINT' THEN 'long' WHEN 'DOUBLE' THEN 'double'
    WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' ELSE 'null' END;
CREATE OR REPLACE MACRO kql_schema(docs) AS
  kql_bag(
    list_sort(list_distinct(flatten(list_transform(list_filter(docs, lambda d: json_type(d) = 'OBJECT'), lambda d: json_keys(d))))),
    list_transform(
      list_sort(list_distinct(flatten(list_transform(list_filter(docs, lambda d: json_type(d) = 'OBJECT'), lambda d: json_keys(d))))),
      lambda k: to_json(list_sort(list_distinct(list_filter(list_transform(docs, lambda d: kql_kind_of(kql_property(d, k))), lambda t: t <> 'null'))))));
