-- What KQL means where one SQL expression is too long to write each time. Run once per database, before any query.
-- datetime and timespan are 100 ns ticks; the Unix epoch is tick 621355968000000000.

CREATE OR REPLACE MACRO kql_null(j) AS CASE WHEN CAST(j AS VARCHAR) <> 'null' THEN j END;
CREATE OR REPLACE MACRO kql_extract(j, p) AS CASE WHEN json_extract_string(j, p) IS NOT NULL THEN json_extract(j, p) END;
CREATE OR REPLACE MACRO kql_pointer(k) AS '/' || replace(replace(k, '~', '~0'), '/', '~1');
CREATE OR REPLACE MACRO kql_property(j, k) AS CASE WHEN json_type(j) = 'OBJECT' THEN kql_extract(j, kql_pointer(k)) END;
CREATE OR REPLACE MACRO kql_element(j, i) AS
  CASE WHEN json_type(j) = 'ARRAY' THEN kql_extract(j, '$[' || (CASE WHEN i < 0 THEN '#' ELSE '' END) || CAST(CAST(trunc(i) AS BIGINT) AS VARCHAR) || ']') END;
CREATE OR REPLACE MACRO kql_place(j, k) AS
  CASE WHEN json_type(k) = 'VARCHAR' THEN kql_property(j, json_extract_string(k, '$'))
       ELSE kql_element(j, TRY_CAST(json_extract_string(k, '$') AS BIGINT)) END;
-- Null members of objects fall away (not those of lists); nothing left of nothing is null.
CREATE OR REPLACE MACRO kql_strip(j) AS CASE WHEN j IS NOT NULL THEN json_merge_patch('{}', j) END;
CREATE OR REPLACE MACRO kql_list(j) AS
  CASE WHEN json_type(j) = 'ARRAY' THEN list_transform(from_json(j, '["JSON"]'), lambda e: kql_null(e)) END;
CREATE OR REPLACE MACRO kql_text(j) AS json_extract_string(j, '$');
-- The elements that mv-expand makes of a value: those of an array, one-key bags of a bag, the value itself otherwise.
CREATE OR REPLACE MACRO kql_expand(j) AS
  CASE json_type(j) WHEN 'ARRAY' THEN kql_list(j)
       WHEN 'OBJECT' THEN list_transform(json_keys(j), lambda k: json_object(k, json_extract(j, kql_pointer(k))))
       ELSE [j] END;
CREATE OR REPLACE MACRO kql_expand_pairs(j) AS
  CASE json_type(j) WHEN 'ARRAY' THEN kql_list(j)
       WHEN 'OBJECT' THEN list_transform(json_keys(j), lambda k: json_array(k, json_extract(j, kql_pointer(k))))
       ELSE [j] END;

-- numbers
-- An integer of 128 bits as the long that its low 64 bits are; the argument is named once, sums nest deeply.
CREATE OR REPLACE MACRO kql_wrap(x) AS
  CAST(((x + CAST(9223372036854775808 AS HUGEINT)) & CAST(18446744073709551615 AS HUGEINT)) - CAST(9223372036854775808 AS HUGEINT) AS BIGINT);
-- Cut to 32 bits: a count of characters or elements.
CREATE OR REPLACE MACRO kql_count(x) AS
  CAST(CASE WHEN x > 2147483647 THEN 2147483647 WHEN x < -2147483648 THEN -2147483648 ELSE x END AS BIGINT);
CREATE OR REPLACE MACRO kql_real_text(x) AS
  CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN (CASE WHEN x > 0 THEN 'inf' ELSE '-inf' END)
       WHEN abs(x) >= 1e-5 AND abs(x) < 1e15 OR x = 0 THEN CAST(x AS VARCHAR)
       ELSE regexp_replace(CAST(x AS VARCHAR), 'e([+-])(\d\d)$', 'e\10\2') END;
CREATE OR REPLACE MACRO kql_real_json(x) AS
  CASE WHEN isnan(CAST(x AS DOUBLE)) THEN CAST('"NaN"' AS JSON)
       WHEN isinf(CAST(x AS DOUBLE)) THEN (CASE WHEN x > 0 THEN CAST('"Infinity"' AS JSON) ELSE CAST('"-Infinity"' AS JSON) END)
       ELSE to_json(CAST(x AS DOUBLE)) END;
CREATE OR REPLACE MACRO kql_decimal_text(x) AS
  CASE WHEN contains(CAST(x AS VARCHAR), '.') THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.') ELSE CAST(x AS VARCHAR) END;
CREATE OR REPLACE MACRO kql_long_to_int(x) AS
  CAST(CASE WHEN x BETWEEN -2147483648 AND 2147483647 THEN x ELSE ((x & 4294967295) + 2147483648) % 4294967296 - 2147483648 END AS INTEGER);
CREATE OR REPLACE MACRO kql_real_to_int(x) AS
  CAST(CASE WHEN isnan(x) THEN NULL WHEN x >= 2147483647 THEN 2147483647 WHEN x <= -2147483648 THEN -2147483648 ELSE trunc(x) END AS INTEGER);
CREATE OR REPLACE MACRO kql_real_to_long(x) AS
  CASE WHEN isnan(x) THEN NULL WHEN x >= 9223372036854775807 THEN 9223372036854775807 WHEN x <= -9223372036854775808 THEN -9223372036854775808
       ELSE TRY_CAST(trunc(x) AS BIGINT) END;

-- from text
CREATE OR REPLACE MACRO kql_string_to_bool(s) AS
  CASE lower(s) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE
       ELSE CASE WHEN regexp_full_match(s, '[+-]?\d{1,19}') THEN TRY_CAST(s AS HUGEINT) <> 0 END END;
CREATE OR REPLACE MACRO kql_hex(s) AS
  CASE WHEN length(s) <= 18 THEN kql_wrap(CAST(CAST(lower(s) AS UBIGINT) AS HUGEINT)) END;
CREATE OR REPLACE MACRO kql_string_to_long(s) AS
  CASE WHEN regexp_full_match(s, '\s*[+-]?\d+\s*') THEN TRY_CAST(trim(s) AS BIGINT)
       WHEN regexp_full_match(s, '\s*0[xX][0-9a-fA-F]{1,16}\s*') THEN kql_hex(trim(s)) END;
CREATE OR REPLACE MACRO kql_string_to_int(s) AS TRY_CAST(kql_string_to_long(s) AS INTEGER);
CREATE OR REPLACE MACRO kql_string_to_real(s) AS
  CASE WHEN regexp_full_match(s, '\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*') THEN TRY_CAST(trim(s) AS DOUBLE)
       WHEN regexp_full_match(s, '\s*[+-]?(nan|infinity|inf)\s*', 'i') AND trim(s) <> 'INF' THEN TRY_CAST(trim(s) AS DOUBLE) END;
CREATE OR REPLACE MACRO kql_string_to_decimal(s) AS
  CASE WHEN regexp_full_match(s, '\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*') THEN TRY_CAST(trim(s) AS DECIMAL(38,12)) END;
CREATE OR REPLACE MACRO kql_string_to_guid(s) AS CAST(TRY_CAST(CASE WHEN length(s) >= 32 THEN s END AS UUID) AS VARCHAR);

-- datetime and timespan
CREATE OR REPLACE MACRO kql_ticks_to_datetime(t) AS CASE WHEN t BETWEEN 0 AND 3155378975999999999 THEN CAST(t AS BIGINT) END;
CREATE OR REPLACE MACRO kql_timestamp(t) AS make_timestamp(t // 10 - 62135596800000000);
CREATE OR REPLACE MACRO kql_ticks(ts) AS (epoch_us(ts) + 62135596800000000) * 10;
-- Months since the beginning of year 0, and the first tick of one; the one behind the last, too, for its last tick.
CREATE OR REPLACE MACRO kql_months(t) AS date_diff('month', TIMESTAMP '0001-01-01', kql_timestamp(t)) + 12;
CREATE OR REPLACE MACRO kql_month_start(m) AS
  CASE WHEN m BETWEEN 12 AND 120000 THEN kql_ticks(make_timestamp(m // 12, m % 12 + 1, 1, 0, 0, 0.0)) END;
CREATE OR REPLACE MACRO kql_datetime_text(t) AS
  strftime(kql_timestamp(t), '%Y-%m-%dT%H:%M:%S.%f') || CAST(t % 10 AS VARCHAR) || 'Z';
CREATE OR REPLACE MACRO kql_timespan_abs(t) AS
  (CASE WHEN t >= 864000000000 THEN CAST(t // 864000000000 AS VARCHAR) || '.' ELSE '' END)
  || lpad(CAST(t // 36000000000 % 24 AS VARCHAR), 2, '0') || ':' || lpad(CAST(t // 600000000 % 60 AS VARCHAR), 2, '0')
  || ':' || lpad(CAST(t // 10000000 % 60 AS VARCHAR), 2, '0')
  || (CASE WHEN t % 10000000 = 0 THEN '' ELSE '.' || lpad(CAST(t % 10000000 AS VARCHAR), 7, '0') END);
CREATE OR REPLACE MACRO kql_timespan_text(t) AS
  (CASE WHEN t < 0 THEN '-' ELSE '' END) || kql_timespan_abs(abs(CAST(t AS HUGEINT)));
-- An ISO text is the common case and is read without trial; the other spellings are tried one after the other.
CREATE OR REPLACE MACRO kql_iso_to_datetime(s) AS
  (epoch_us(TRY_CAST(replace(regexp_extract(s, '^(\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?)', 1), 'T', ' ') AS TIMESTAMP)) + 62135596800000000) * 10
  + coalesce(TRY_CAST(substring(regexp_extract(s, '\.\d{6}(\d)', 1), 1, 1) AS BIGINT), 0)
  - coalesce((CASE WHEN regexp_extract(s, '([+-])\d{2}:?\d{2}$', 1) = '-' THEN -1 ELSE 1 END)
      * (CAST(nullif(regexp_extract(s, ':.*[+-](\d{2}):?\d{2}$', 1), '') AS BIGINT) * 60 + CAST(nullif(regexp_extract(s, ':.*[+-]\d{2}:?(\d{2})$', 1), '') AS BIGINT)) * 600000000, 0);
CREATE OR REPLACE MACRO kql_unit_ticks(u) AS
  CASE lower(u) WHEN 'd' THEN 864000000000 WHEN 'day' THEN 864000000000 WHEN 'days' THEN 864000000000
    WHEN 'h' THEN 36000000000 WHEN 'hour' THEN 36000000000 WHEN 'hours' THEN 36000000000 WHEN 'hr' THEN 36000000000 WHEN 'hrs' THEN 36000000000
    WHEN 'm' THEN 600000000 WHEN 'min' THEN 600000000 WHEN 'minute' THEN 600000000 WHEN 'minutes' THEN 600000000
    WHEN 's' THEN 10000000 WHEN 'sec' THEN 10000000 WHEN 'second' THEN 10000000 WHEN 'seconds' THEN 10000000
    WHEN 'ms' THEN 10000 WHEN 'milli' THEN 10000 WHEN 'millis' THEN 10000 WHEN 'millisec' THEN 10000 WHEN 'millisecond' THEN 10000 WHEN 'milliseconds' THEN 10000
    WHEN 'micro' THEN 10 WHEN 'micros' THEN 10 WHEN 'microsec' THEN 10 WHEN 'microsecond' THEN 10 WHEN 'microseconds' THEN 10 WHEN 'tick' THEN 1 WHEN 'ticks' THEN 1 END;
CREATE OR REPLACE MACRO kql_clock_to_timespan(s) AS
  TRY_CAST((CASE WHEN starts_with(s, '-') THEN -1 ELSE 1 END)
  * ((coalesce(TRY_CAST(regexp_extract(s, '^-?(\d+)(?:\.|:\d+:\d+:)', 1) AS HUGEINT), 0) * 24
     + TRY_CAST(regexp_extract(s, '^-?(?:\d+[.:])??(\d{1,2}):\d{1,2}(?::\d{1,2}(?:\.\d*)?)?$', 1) AS BIGINT)) * 36000000000
     + TRY_CAST(regexp_extract(s, '^-?(?:\d+[.:])??\d{1,2}:(\d{1,2})(?::\d{1,2}(?:\.\d*)?)?$', 1) AS BIGINT) * 600000000
     + coalesce(TRY_CAST(regexp_extract(s, '^-?(?:\d+[.:])??\d{1,2}:\d{1,2}:(\d{1,2})(?:\.\d*)?$', 1) AS BIGINT), 0) * 10000000
     + coalesce(TRY_CAST(rpad(substring(regexp_extract(s, ':\d{1,2}\.(\d+)$', 1), 1, 7), 7, '0') AS BIGINT), 0)) AS BIGINT);
CREATE OR REPLACE MACRO kql_is_clock(s) AS regexp_full_match(s, '-?(\d{1,9}[.:])?([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d{1,7})?)?');
CREATE OR REPLACE MACRO kql_clock(s) AS CASE WHEN kql_is_clock(s) THEN kql_clock_to_timespan(s) END;
CREATE OR REPLACE MACRO kql_string_to_timespan(s) AS
  CASE WHEN kql_is_clock(trim(s)) THEN kql_clock_to_timespan(trim(s))
       WHEN regexp_full_match(trim(s), '-?\d+(\.\d+)?\s*[a-zA-Z]+')
       THEN TRY_CAST(TRY_CAST(regexp_extract(trim(s), '^-?\d+(\.\d+)?') AS DOUBLE) * kql_unit_ticks(regexp_extract(s, '[a-zA-Z]+')) AS BIGINT)
       WHEN regexp_full_match(trim(s), '-?\d{1,8}') THEN TRY_CAST(CAST(trim(s) AS HUGEINT) * 864000000000 AS BIGINT) END;
-- The other spellings: ISO without its zeros, the US order, RFC 822, RFC 850 and names of months; then a time and a zone.
CREATE OR REPLACE MACRO kql_spelled_date(s) AS
  kql_ticks(TRY_STRPTIME(s, ['%Y-%m-%d', '%Y/%m/%d', '%m/%d/%y', '%m/%d/%Y', '%m-%d-%Y', '%m.%d.%Y', '%d %b %y', '%d %b %Y', '%d %B %Y', '%d-%b-%y', '%d-%b-%Y', '%a, %d %b %y', '%a, %d %b %Y',
    '%a %d %b %Y', '%A, %d-%b-%y', '%A, %d-%b-%Y', '%A, %d %b %y', '%A, %d %B %Y', '%b %d %Y', '%b %d, %Y', '%B %d, %Y', '%B %d %Y', '%a, %b %d, %Y', '%A, %B %d, %Y', '%Y %b %d',
    '%Y%m%d', '%Y-%m', '%B %Y', '%b %Y']));
CREATE OR REPLACE MACRO kql_zone_ticks(z) AS
  CASE WHEN upper(z) IN ('', 'Z', 'UTC', 'GMT') THEN 0
       ELSE (CASE WHEN starts_with(z, '-') THEN -1 ELSE 1 END) * (CAST(substring(z, 2, 2) AS BIGINT) * 60 + CAST('0' || regexp_extract(substring(z, 4), '\d*$') AS BIGINT)) * 600000000 END;
CREATE OR REPLACE MACRO kql_spelled_to_datetime(s) AS
  list_transform(list_transform([regexp_extract(s, '(?i)^(.*?)(?:(?:T|\s)\s*(\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,7})?)?)\d*\s*(AM|PM)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?$', ['d', 't', 'h', 'z'])], lambda p:
    CASE WHEN p.t = '' AND starts_with(p.z, '-') THEN kql_spelled_date(p.d || p.z) ELSE
    kql_spelled_date(p.d) - kql_zone_ticks(p.z) + CASE WHEN p.t = '' THEN 0 ELSE list_transform([kql_clock(p.t)], lambda c:
      CASE WHEN p.h = '' OR c >= 468000000000 THEN c
           ELSE c % 432000000000 + CASE WHEN upper(p.h) = 'PM' THEN 432000000000 ELSE 0 END END)[1] END END),
    lambda t: kql_ticks_to_datetime(t))[1];
CREATE OR REPLACE MACRO kql_string_to_datetime(s) AS
  CASE WHEN s IS NULL OR s = '' THEN NULL
       WHEN regexp_full_match(trim(s), '\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?', 'i')
       THEN kql_ticks_to_datetime(kql_iso_to_datetime(trim(s)))
       ELSE kql_spelled_to_datetime(trim(s)) END;

-- from what a dynamic holds
CREATE OR REPLACE MACRO kql_json_to_bool(j) AS
  CASE json_type(j) WHEN 'BOOLEAN' THEN kql_text(j) = 'true' WHEN 'VARCHAR' THEN kql_string_to_bool(kql_text(j))
       WHEN 'DOUBLE' THEN TRY_CAST(kql_text(j) AS DOUBLE) <> 0 WHEN 'BIGINT' THEN TRY_CAST(kql_text(j) AS HUGEINT) <> 0
       WHEN 'UBIGINT' THEN TRY_CAST(kql_text(j) AS HUGEINT) <> 0 END;
CREATE OR REPLACE MACRO kql_json_to_long(j) AS
  CASE json_type(j) WHEN 'VARCHAR' THEN kql_string_to_long(kql_text(j)) WHEN 'DOUBLE' THEN kql_real_to_long(TRY_CAST(kql_text(j) AS DOUBLE))
       WHEN 'BOOLEAN' THEN CAST(kql_text(j) = 'true' AS BIGINT) WHEN 'BIGINT' THEN TRY_CAST(kql_text(j) AS BIGINT) WHEN 'UBIGINT' THEN TRY_CAST(kql_text(j) AS BIGINT) END;
CREATE OR REPLACE MACRO kql_json_to_int(j) AS
  CASE json_type(j) WHEN 'VARCHAR' THEN kql_string_to_int(kql_text(j)) WHEN 'DOUBLE' THEN kql_real_to_int(TRY_CAST(kql_text(j) AS DOUBLE)) ELSE kql_long_to_int(kql_json_to_long(j)) END;
CREATE OR REPLACE MACRO kql_json_to_real(j) AS
  CASE json_type(j) WHEN 'VARCHAR' THEN kql_string_to_real(kql_text(j)) WHEN 'BOOLEAN' THEN CAST(kql_text(j) = 'true' AS DOUBLE)
       WHEN 'ARRAY' THEN NULL WHEN 'OBJECT' THEN NULL ELSE TRY_CAST(kql_text(j) AS DOUBLE) END;
CREATE OR REPLACE MACRO kql_json_to_decimal(j) AS kql_string_to_decimal(CASE WHEN json_type(j) NOT IN ('ARRAY', 'OBJECT') THEN kql_text(j) END);
CREATE OR REPLACE MACRO kql_json_to_datetime(j) AS
  CASE json_type(j) WHEN 'VARCHAR' THEN kql_string_to_datetime(kql_text(j)) WHEN 'BIGINT' THEN kql_ticks_to_datetime(TRY_CAST(kql_text(j) AS BIGINT))
       WHEN 'UBIGINT' THEN kql_ticks_to_datetime(TRY_CAST(kql_text(j) AS BIGINT)) END;
CREATE OR REPLACE MACRO kql_json_to_timespan(j) AS
  CASE json_type(j) WHEN 'VARCHAR' THEN kql_string_to_timespan(kql_text(j)) WHEN 'BIGINT' THEN TRY_CAST(kql_text(j) AS BIGINT)
       WHEN 'UBIGINT' THEN TRY_CAST(kql_text(j) AS BIGINT) WHEN 'DOUBLE' THEN TRY_CAST(trunc(TRY_CAST(kql_text(j) AS DOUBLE)) AS BIGINT) END;
CREATE OR REPLACE MACRO kql_json_to_guid(j) AS CASE WHEN json_type(j) = 'VARCHAR' THEN kql_string_to_guid(kql_text(j)) END;
CREATE OR REPLACE MACRO kql_series(a, b, s) AS
  CASE WHEN s <> 0 THEN generate_series(a, b, s) END;
-- Null where the steps are not a number, or without end.
CREATE OR REPLACE MACRO kql_reals(a, b, s, most) AS
  CASE WHEN isfinite((b - a) / s)
       THEN list_transform(range(CAST(greatest(least(floor((b - a) / s + 1e-9) + 1, most), 0) AS BIGINT)), lambda i: CAST(a + i * s AS DOUBLE)) END;
CREATE OR REPLACE MACRO kql_divide(a, b) AS
  CASE WHEN b = 0 THEN (CASE WHEN a IS NULL THEN NULL WHEN isnan(a) OR a = 0 THEN CAST('NaN' AS DOUBLE) WHEN a > 0 THEN CAST('Infinity' AS DOUBLE) ELSE CAST('-Infinity' AS DOUBLE) END)
       ELSE a / b END;
-- Never negative, whatever the signs; null for a divisor of 0. In 128 bits, where no sign and no sum overflows.
CREATE OR REPLACE MACRO kql_modulo(a, b) AS
  CAST(((CAST(a AS HUGEINT) % nullif(b, 0)) + abs(CAST(b AS HUGEINT))) % nullif(abs(CAST(b AS HUGEINT)), 0) AS BIGINT);
CREATE OR REPLACE MACRO kql_number_json(x) AS
  CASE WHEN x IS NULL THEN NULL WHEN x = trunc(x) AND abs(x) < 9007199254740992 THEN to_json(CAST(x AS BIGINT)) ELSE kql_real_json(x) END;
-- The elements of an array as texts, a text unquoted; of anything else itself.
CREATE OR REPLACE MACRO kql_texts(j) AS
  CASE WHEN json_type(j) = 'ARRAY' THEN list_transform(from_json(j, '["JSON"]'), lambda e: json_extract_string(e, '$')) WHEN j IS NOT NULL THEN [kql_text(j)] END;
-- Whether a text is JSON. The engine takes infinities and NaN in any letter case for numbers; only JavaScript's names are.
CREATE OR REPLACE MACRO kql_is_json(s) AS
  json_valid(s) AND (NOT regexp_matches(s, '(?i)inf|nan') OR NOT regexp_matches(regexp_replace(s, '"(?:\\.|[^"\\])*"|NaN|Infinity', '', 'g'), '(?i)inf|nan'));
-- parse_json: JSON as it is, a text that is none as a JSON text, null for the empty text and for a JSON null.
CREATE OR REPLACE MACRO kql_parse(s) AS
  CASE WHEN s = '' OR s IS NULL THEN NULL WHEN kql_is_json(s) THEN kql_null(json(TRY_CAST(s AS JSON))) ELSE to_json(s) END;
CREATE OR REPLACE MACRO kql_bag(keys, members) AS
  CAST('{' || array_to_string(list_transform(range(1, len(keys) + 1), lambda i: CAST(to_json(keys[i]) AS VARCHAR) || ':' || coalesce(CAST(members[i] AS VARCHAR), 'null')), ',') || '}' AS JSON);
CREATE OR REPLACE MACRO kql_without_empty(j) AS
  kql_bag(list_filter(json_keys(j), lambda k: coalesce(json_extract_string(j, kql_pointer(k)), '') <> ''),
          list_transform(list_filter(json_keys(j), lambda k: coalesce(json_extract_string(j, kql_pointer(k)), '') <> ''), lambda k: json_extract(j, kql_pointer(k))));
