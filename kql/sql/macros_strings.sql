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
    CASE WHEN instr(search, c) = 0 OR c = '' THEN c WHEN length(rewrite) = 0 THEN ''
         ELSE substring(rewrite, least(instr(search, c), length(rewrite)), 1) END), '');
-- Bytes as hexadecimal, two digits each; NULL where the text is no Base64.
CREATE OR REPLACE MACRO kql_base64_hex(s) AS TRY(lower(hex(from_base64(s))));
CREATE OR REPLACE MACRO kql_bytes_array(h) AS
  CASE WHEN h IS NOT NULL THEN to_json(list_transform(range(length(h) // 2), lambda i: CAST('0x' || substring(h, 2 * i + 1, 2) AS UTINYINT))) END;
CREATE OR REPLACE MACRO kql_array_base64(elements) AS
  list_transform([list_transform(elements, lambda e: kql_json_to_long(e))], lambda numbers:
    CASE WHEN len(list_filter(numbers, lambda n: n BETWEEN 0 AND 255)) = len(numbers)
         THEN base64(unhex(array_to_string(list_transform(numbers, lambda n: lpad(hex(n), 2, '0')), ''))) END)[1];
-- A guid's first three groups are written with the last byte first.
CREATE OR REPLACE MACRO kql_guid_turned(h) AS
  substring(h, 7, 2) || substring(h, 5, 2) || substring(h, 3, 2) || substring(h, 1, 2) || substring(h, 11, 2) || substring(h, 9, 2)
  || substring(h, 15, 2) || substring(h, 13, 2) || substring(h, 17, 16);
CREATE OR REPLACE MACRO kql_guid_hex(g) AS list_transform([replace(g, '-', '')], lambda h: kql_guid_turned(h))[1];
CREATE OR REPLACE MACRO kql_hex_guid(h) AS
  list_transform([kql_guid_turned(h)], lambda t: CASE WHEN length(h) = 32
    THEN concat_ws('-', substring(t, 1, 8), substring(t, 9, 4), substring(t, 13, 4), substring(t, 17, 4), substring(t, 21, 12)) END)[1];
CREATE OR REPLACE MACRO kql_characters(points) AS
  array_to_string(list_transform(list_filter(points, lambda p: p BETWEEN 1 AND 55295 OR p BETWEEN 57344 AND 1114111), lambda p: chr(CAST(p AS INTEGER))), '');
-- URL escapes as the service writes them: lower-case digits, and ! * ( ) stay as they are.
CREATE OR REPLACE MACRO kql_url_escaped(s) AS
  list_transform([string_split(url_encode(s), '%')], lambda pieces: replace(replace(replace(replace(replace(
    pieces[1] || array_to_string(list_transform(pieces[2:], lambda p: '%' || lower(substring(p, 1, 2)) || substring(p, 3)), ''),
    '%21', '!'), '%2a', '*'), '%28', '('), '%29', ')'), '~', '%7e'))[1];
-- The fields of the first record.
CREATE OR REPLACE MACRO kql_csv(s) AS
  list_transform(regexp_extract_all(regexp_extract(s, '^(?:"(?:[^"]|"")*"|[^"\r\n])*') || ',', '((?:"(?:[^"]|"")*"|[^",])*),', 1),
    lambda f: CASE WHEN starts_with(f, '"') THEN replace(substring(f, 2, length(f) - 2), '""', '"') ELSE f END);
CREATE OR REPLACE MACRO kql_indexof_regex(s, before, start, len) AS
  list_transform([least(CAST(start AS BIGINT), length(s))], lambda first: list_transform(
    [CASE WHEN len = -1 THEN substring(s, first + 1) WHEN first >= 0 AND len >= 0 THEN substring(s, first + 1, least(CAST(len AS BIGINT), length(s))) END], lambda t:
      CASE WHEN first < 0 OR t IS NULL THEN NULL WHEN regexp_matches(t, before) THEN CAST(length(regexp_extract(t, before, 1)) + first AS BIGINT) ELSE CAST(-1 AS BIGINT) END)[1])[1];
-- One pass: at every place the first of the texts that stands there is taken.
CREATE OR REPLACE MACRO kql_replaced(s, lookups, rewrites) AS
  list_transform([list_transform(lookups, lambda e: coalesce(kql_text(e), ''))], lambda words:
    CASE WHEN s = '' OR len(list_filter(words, lambda w: w <> '')) = 0 THEN s ELSE
    array_to_string(list_transform(
      regexp_extract_all(s, array_to_string(list_transform(list_filter(words, lambda w: w <> ''), lambda w: regexp_escape(w)), '|') || '|(?s:.)'),
      lambda piece: CASE WHEN json_type(rewrites[list_position(words, piece)]) = 'VARCHAR' THEN kql_text(rewrites[list_position(words, piece)]) ELSE piece END), '') END)[1];
CREATE OR REPLACE MACRO kql_format_bytes(size, digits, unit) AS
  list_transform([CASE WHEN unit <> '' THEN list_position(['bytes', 'kb', 'mb', 'gb', 'tb', 'pb'], lower(unit)) - 1
                       WHEN abs(size) < 1024 THEN 0 WHEN isfinite(size) THEN least(CAST(floor(log2(abs(size)) / 10) AS INTEGER), 5) END],
    lambda k: coalesce(regexp_replace(CAST(round(size / pow(1024, k), digits) AS VARCHAR), '\.0$', '') || ' ' || (['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB'])[k + 1], ''))[1];
CREATE OR REPLACE MACRO kql_joined(texts, between) AS
  list_transform([struct_pack(t := texts, b := between)], lambda j: CASE WHEN len(j.t) = 0 THEN '' ELSE list_reduce(j.t, lambda x, y: x || j.b || y) END)[1];
-- The rules of CommandLineToArgvW: the first argument knows no escapes; in the others 2n backslashes before a quote are n, and
-- one more of them makes the quote a letter.
CREATE OR REPLACE MACRO kql_unquoted(t) AS
  array_to_string(list_transform(regexp_extract_all(t, '\\*"|\\+|[^"\\]+'), lambda p:
    CASE WHEN ends_with(p, '"') THEN repeat('\', (length(p) - 1) // 2) || repeat('"', (length(p) - 1) % 2) ELSE p END), '');
CREATE OR REPLACE MACRO kql_command_line(s) AS
  list_transform([regexp_extract(s, '^(?:"[^"]*"?|[^\s"][^\s]*)?')], lambda first:
    list_prepend(CASE WHEN starts_with(first, '"') THEN replace(first, '"', '') ELSE first END,
      list_transform(regexp_extract_all(substring(s, length(first) + 1),
        '(?:(?:\\\\)*\\"|(?:\\\\)*"(?:(?:\\\\)*\\"|[^"\\]|\\+[^"\\])*(?:\\\\)*"?|\\+|[^\s"\\])+'), lambda t: kql_unquoted(t))))[1];
