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
-- The smallest of a prefix that is asked for and those of two addresses; null where one is out of its range.
CREATE OR REPLACE MACRO kql_least_prefix(prefix, most, first, second) AS
  list_transform([struct_pack(p := CAST(prefix AS BIGINT), a := first, b := second)], lambda q:
    CASE WHEN q.p BETWEEN 0 AND most AND q.a IS NOT NULL AND q.b IS NOT NULL THEN least(q.p, q.a, q.b) END)[1];
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

-- An IPv4 address between signs that are neither letters nor digits; a prefix of one ends with a dot.
CREATE OR REPLACE MACRO kql_has_ipv4(s, ip) AS
  (kql_ipv4(ip) IS NOT NULL AND NOT contains(ip, '/') AND contains(s, trim(ip))
   AND regexp_matches(s, '(?:^|[^0-9A-Za-z])' || regexp_escape(trim(ip)) || '(?:[^0-9A-Za-z]|$)'));
CREATE OR REPLACE MACRO kql_has_ipv4_prefix(s, prefix) AS
  CASE WHEN regexp_full_match(prefix, '(?:(?:25[0-5]|2[0-4]\d|[01]?\d?\d)\.){1,3}')
       THEN contains(s, prefix) AND regexp_matches(s, '(?:^|[^0-9A-Za-z])' || regexp_escape(prefix)
              || repeat('(?:25[0-5]|2[0-4]\d|[01]?\d?\d)\.', 3 - len(string_split(prefix, '.')) + 1) || '(?:25[0-5]|2[0-4]\d|[01]?\d?\d)(?:[^0-9A-Za-z]|$)')
       ELSE kql_has_ipv4(s, prefix) END;
CREATE OR REPLACE MACRO kql_ipv4_in_range(ip, ip_range) AS
  (kql_ipv4_masked(ip, kql_ipv4_bits(ip_range)) = kql_ipv4_masked(ip_range, kql_ipv4_bits(ip_range)));
CREATE OR REPLACE MACRO kql_ipv4_cidr(s, bits) AS kql_ipv4_text(kql_ipv4_masked(s, bits)) || '/' || CAST(bits AS VARCHAR);
CREATE OR REPLACE MACRO kql_ceiling(n, k) AS ((n + (1::BIGINT << k) - 1) // (1::BIGINT << k));
-- The fewest blocks that make up a range: at each size at most one at its low and one at its high end.
CREATE OR REPLACE MACRO kql_ipv4_blocks(low, high) AS
  list_concat(
    list_transform(list_filter(range(33), lambda k: kql_ceiling(low, k) < high // (1::BIGINT << k) AND kql_ceiling(low, k) % 2 = 1),
      lambda k: kql_ipv4_text(kql_ceiling(low, k) * (1::BIGINT << k)) || '/' || CAST(32 - k AS VARCHAR)),
    list_transform(list_filter(list_reverse(range(33)), lambda k: kql_ceiling(low, k) < high // (1::BIGINT << k) AND high // (1::BIGINT << k) % 2 = 1),
      lambda k: kql_ipv4_text((high // (1::BIGINT << k) - 1) * (1::BIGINT << k)) || '/' || CAST(32 - k AS VARCHAR)));
CREATE OR REPLACE MACRO kql_ipv4_cidrs(first, last) AS
  CASE WHEN kql_ipv4(first) <= kql_ipv4(last) THEN to_json(kql_ipv4_blocks(kql_ipv4(first), kql_ipv4(last) + 1)) END;

-- IPv6 addresses: 32 hexadecimal digits, then a number of 128 bits. An IPv4 address is its mapped form ::ffff:a.b.c.d.
CREATE OR REPLACE MACRO kql_ipv6_body(s) AS regexp_extract(s, '^\s*([^/%\s]*)', 1);
CREATE OR REPLACE MACRO kql_ipv6_hex4(s) AS lpad(lower(hex(kql_ipv4(s))), 8, '0');
-- A dotted end written as two groups; NULL where it is no address.
CREATE OR REPLACE MACRO kql_ipv6_plain(body) AS
  CASE WHEN NOT contains(body, '.') THEN body
       WHEN NOT contains(body, ':') THEN '::ffff:' || substring(kql_ipv6_hex4(body), 1, 4) || ':' || substring(kql_ipv6_hex4(body), 5, 4)
       ELSE list_transform([regexp_extract(body, '[0-9.]+$')], lambda tail:
         substring(body, 1, length(body) - length(tail)) || substring(kql_ipv6_hex4(tail), 1, 4) || ':' || substring(kql_ipv6_hex4(tail), 5, 4))[1] END;
CREATE OR REPLACE MACRO kql_ipv6_groups(text) AS
  CASE WHEN text = '' THEN CAST([] AS VARCHAR[]) ELSE string_split(text, ':') END;
CREATE OR REPLACE MACRO kql_ipv6_joined(groups) AS
  array_to_string(list_transform(groups, lambda g: lpad(lower(g), 4, '0')), '');
CREATE OR REPLACE MACRO kql_ipv6_proper(groups) AS
  regexp_full_match(array_to_string(groups, ' '), '(?:[0-9A-Fa-f]{1,4}(?: [0-9A-Fa-f]{1,4})*)?');
CREATE OR REPLACE MACRO kql_ipv6_halves(high, low) AS
  CASE WHEN len(high) + len(low) <= 7 AND kql_ipv6_proper(high) AND kql_ipv6_proper(low)
       THEN kql_ipv6_joined(high) || repeat('0', 4 * (8 - len(high) - len(low))) || kql_ipv6_joined(low) END;
CREATE OR REPLACE MACRO kql_ipv6_digits(plain) AS
  CASE len(string_split(plain, '::')) WHEN 2 THEN kql_ipv6_halves(kql_ipv6_groups(split_part(plain, '::', 1)), kql_ipv6_groups(split_part(plain, '::', 2)))
       WHEN 1 THEN CASE WHEN len(string_split(plain, ':')) = 8 AND kql_ipv6_proper(string_split(plain, ':')) THEN kql_ipv6_joined(string_split(plain, ':')) END END;
CREATE OR REPLACE MACRO kql_ipv6_number(digits) AS
  (CAST(CAST('0x' || substring(digits, 1, 16) AS UBIGINT) AS UHUGEINT) * 18446744073709551616::UHUGEINT
   + CAST(CAST('0x' || substring(digits, 17, 16) AS UBIGINT) AS UHUGEINT));
CREATE OR REPLACE MACRO kql_ipv6(s) AS
  list_transform(list_transform(list_transform([kql_ipv6_body(s)], lambda b: kql_ipv6_plain(b)), lambda p: kql_ipv6_digits(p)), lambda d: kql_ipv6_number(d))[1];
-- How many bits count: a prefix behind a dotted address counts from its 96th bit.
CREATE OR REPLACE MACRO kql_ipv6_bits(s) AS
  CASE WHEN NOT contains(s, '/') THEN 128
       WHEN contains(s, '.') THEN CASE WHEN TRY_CAST(split_part(s, '/', 2) AS INTEGER) BETWEEN 0 AND 32 THEN 96 + TRY_CAST(split_part(s, '/', 2) AS INTEGER) END
       WHEN TRY_CAST(split_part(s, '/', 2) AS INTEGER) BETWEEN 0 AND 128 THEN TRY_CAST(split_part(s, '/', 2) AS INTEGER) END;
CREATE OR REPLACE MACRO kql_ipv6_masked(n, bits) AS
  CASE WHEN bits = 0 THEN 0::UHUGEINT WHEN bits BETWEEN 1 AND 128
       THEN (n >> CAST(128 - bits AS UHUGEINT)) << CAST(128 - bits AS UHUGEINT) END;
CREATE OR REPLACE MACRO kql_ipv6_text(n) AS
  list_transform([lpad(lower(hex(n)), 32, '0')], lambda h: array_to_string(list_transform(range(8), lambda i: substring(h, 4 * i + 1, 4)), ':'))[1];
CREATE OR REPLACE MACRO kql_ipv6_shown(s, bits) AS coalesce(kql_ipv6_text(kql_ipv6_masked(kql_ipv6(s), bits)), '');
-- For comparisons the old form ::a.b.c.d is the address a.b.c.d too.
CREATE OR REPLACE MACRO kql_ipv6_alike(s) AS
  list_transform([kql_ipv6(s)], lambda n: CASE WHEN contains(s, '.') AND n < 4294967296 THEN n + 281470681743360::UHUGEINT ELSE n END)[1];
CREATE OR REPLACE MACRO kql_ipv6_compare(a, b, bits) AS
  list_transform([{'a': kql_ipv6_masked(kql_ipv6_alike(a), bits), 'b': kql_ipv6_masked(kql_ipv6_alike(b), bits)}],
    lambda p: CASE WHEN p.a < p.b THEN -1::BIGINT WHEN p.a > p.b THEN 1::BIGINT WHEN p.a = p.b THEN 0::BIGINT END)[1];

-- The pieces of a path of Windows or of Unix.
CREATE OR REPLACE MACRO kql_path_split(scheme, rest) AS
  list_transform([{'path': regexp_extract(rest, '^(.*?)(?::([^:/\\]*))?$', 1), 'stream': regexp_extract(rest, '^.*?(?::([^:/\\]*))?$', 1)}],
    lambda p: list_transform([{'folder': regexp_extract(p.path, '^(.*)[/\\][^/\\]*$', 1), 'file': regexp_extract(p.path, '([^/\\]*)$', 1)}],
    lambda q: json_object('Scheme', scheme, 'RootPath', regexp_extract(p.path, '^[A-Za-z]:[/\\]'), 'DirectoryPath', q.folder,
      'DirectoryName', regexp_extract(q.folder, '([^/\\:]*)$', 1), 'Filename', q.file,
      'Extension', regexp_extract(q.file, '\.([^.]*)$', 1), 'AlternateDataStreamName', p.stream))[1])[1];
CREATE OR REPLACE MACRO kql_path(s) AS
  kql_path_split(regexp_extract(s, '^([A-Za-z][\w+.-]*)://', 1), regexp_replace(s, '^[A-Za-z][\w+.-]*://', ''));
