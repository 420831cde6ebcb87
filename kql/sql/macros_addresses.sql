-- IPv4 addresses as numbers; '/n' gives the prefix.
CREATE OR REPLACE MACRO kql_ipv4_text(n) AS
  CASE WHEN n BETWEEN 0 AND 4294967295 THEN concat_ws('.', n // 16777216, n // 65536 % 256, n // 256 % 256, n % 256) END;
CREATE OR REPLACE MACRO kql_ipv4_written(s) AS
  CASE WHEN regexp_full_match(s, '\d+') THEN kql_ipv4_text(TRY_CAST(s AS BIGINT)) ELSE s END;
CREATE OR REPLACE MACRO kql_ipv4_octets(s) AS
  CASE WHEN regexp_full_match(s, '\s*\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(/\d{1,2})?\s*')
       THEN list_transform(string_split(regexp_extract(s, '\d+\.\d+\.\d+\.\d+'), '.'), lambda o: CAST(o AS BIGINT)) END;
CREATE OR REPLACE MACRO kql_ipv4(s) AS
  CASE WHEN list_max(kql_ipv4_octets(s)) <= 255
       THEN kql_ipv4_octets(s)[1] * 16777216 + kql_ipv4_octets(s)[2] * 65536 + kql_ipv4_octets(s)[3] * 256 + kql_ipv4_octets(s)[4] END;
CREATE OR REPLACE MACRO kql_ipv4_bits(s) AS
  CASE WHEN contains(s, '/') THEN CASE WHEN CAST(regexp_extract(s, '/(\d{1,2})', 1) AS BIGINT) <= 32 THEN CAST(regexp_extract(s, '/(\d{1,2})', 1) AS BIGINT) END ELSE CAST(32 AS BIGINT) END;
CREATE OR REPLACE MACRO kql_ipv4_masked(s, bits) AS
  CASE WHEN bits BETWEEN 0 AND 32 THEN CAST(kql_ipv4(s) - kql_ipv4(s) % CAST(pow(2, 32 - bits) AS BIGINT) AS BIGINT) END;
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
