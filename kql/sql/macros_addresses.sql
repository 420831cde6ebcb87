-- IPv4 addresses as numbers; '/n' gives the prefix.
CREATE OR REPLACE MACRO kql_ipv4_text(n) AS
  list_transform([n], lambda a: CASE WHEN a BETWEEN 0 AND 4294967295 THEN concat_ws('.', a // 16777216, a // 65536 % 256, a // 256 % 256, a % 256) END)[1];
CREATE OR REPLACE MACRO kql_ipv4_written(s) AS
  CASE WHEN regexp_full_match(s, '\d+') THEN kql_ipv4_text(TRY_CAST(s AS BIGINT)) ELSE s END;
-- A one-element list names a value that is used several times, so that nested calls do not multiply the text.
CREATE OR REPLACE MACRO kql_ipv4(s) AS
  list_transform([list_transform(
      string_split(regexp_extract(s, '^\s*(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(/\d{1,2})?\s*$', 1), '.'), lambda o: TRY_CAST(o AS BIGINT))],
    lambda o: CASE WHEN len(o) = 4 AND list_max(o) <= 255 THEN o[1] * 16777216 + o[2] * 65536 + o[3] * 256 + o[4] END)[1];
CREATE OR REPLACE MACRO kql_ipv4_bits(s) AS
  list_transform([regexp_extract(s, '/(\d{1,2})\s*$', 1)], lambda b:
    CASE WHEN b = '' THEN CAST(32 AS BIGINT) WHEN TRY_CAST(b AS BIGINT) <= 32 THEN TRY_CAST(b AS BIGINT) END)[1];
CREATE OR REPLACE MACRO kql_ipv4_masked(s, bits) AS
  list_transform([struct_pack(n := kql_ipv4(s), b := CAST(bits AS BIGINT))], lambda q:
    CASE WHEN q.b BETWEEN 0 AND 32 THEN q.n - q.n % CAST(pow(2, 32 - q.b) AS BIGINT) END)[1];
CREATE OR REPLACE MACRO kql_version(s) AS
  CASE WHEN regexp_full_match(s, '\d{1,8}(\.\d{1,8}){0,3}')
       THEN CAST(array_to_string(list_transform(range(1, 5), lambda i: lpad(coalesce((string_split(s, '.'))[i], ''), 8, '0')), '') AS DECIMAL(38,0)) END;
CREATE OR REPLACE MACRO kql_url_query(q) AS
  CASE WHEN q = '' THEN CAST('{}' AS JSON)
       ELSE kql_bag(list_transform(string_split(q, '&'), lambda p: url_decode(split_part(p, '=', 1))),
                    list_transform(string_split(q, '&'), lambda p: to_json(url_decode(substring(p, length(split_part(p, '=', 1)) + 2))))) END;
CREATE OR REPLACE MACRO kql_url(u) AS
  CASE WHEN regexp_matches(u, '^[a-zA-Z][\w+.-]*://') THEN json_object(
    'Scheme', regexp_extract(u, '^([a-zA-Z][\w+.-]*)://', 1),
    'Host', regexp_extract(u, '^[\w+.-]+://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)', 1),
    'Port', regexp_extract(u, '^[\w+.-]+://(?:[^/?#@]*@)?(?:\[[^\]]*\]|[^/?#:]*):(\d+)', 1),
    'Path', regexp_extract(u, '^[\w+.-]+://[^/?#]*(/[^?#]*)', 1),
    'Username', regexp_extract(u, '^[\w+.-]+://([^/?#@:]*)(?::[^/?#@]*)?@', 1),
    'Password', regexp_extract(u, '^[\w+.-]+://[^/?#@:]*:([^/?#@]*)@', 1),
    'Query Parameters', kql_url_query(regexp_extract(u, '\?([^#]*)', 1)),
    'Fragment', regexp_extract(u, '#(.*)$', 1)) END;
