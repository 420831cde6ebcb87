-- Text functions that are too long for a template.
CREATE OR REPLACE MACRO kql_json_kind(j) AS
  CASE coalesce(json_type(j), 'NULL') WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool'
    WHEN 'BIGINT' THEN 'long' WHEN 'UBIGINT' THEN 'long' WHEN 'DOUBLE' THEN 'double' ELSE 'null' END;
CREATE OR REPLACE MACRO kql_indexof(s, m, start, len, occurrence) AS
  coalesce(list_filter(
    range(CASE WHEN start < 0 THEN greatest(length(s) + start, 0) ELSE start END, length(s) + 1),
    lambda i: substring(s, i + 1, length(m)) = m AND (len < 0 OR i < (CASE WHEN start < 0 THEN greatest(length(s) + start, 0) ELSE start END) + len))[occurrence], -1);
CREATE OR REPLACE MACRO kql_translate(search, rewrite, source) AS
  array_to_string(list_transform(string_split(source, ''), lambda c:
    CASE WHEN instr(search, c) = 0 OR c = '' THEN c WHEN length(rewrite) = 0 THEN c
         ELSE substring(rewrite, least(instr(search, c), length(rewrite)), 1) END), '');
