-- Punycode (RFC 3492), its loops as folds over lists: over the digits when it is read, over pairs of letters when it is written.
CREATE OR REPLACE MACRO kql_puny_signs() AS 'abcdefghijklmnopqrstuvwxyz0123456789';
CREATE OR REPLACE MACRO kql_puny_least(k, bias) AS least(greatest(k - bias, 1), 26);
CREATE OR REPLACE MACRO kql_puny_damped(delta, points) AS
  list_transform([list_reduce([1, 2, 3, 4, 5, 6, 7], lambda damp, turn: CASE WHEN damp.d > 455 THEN struct_pack(d := damp.d // 35, k := damp.k + 36) ELSE damp END,
    struct_pack(d := CAST(delta + delta // points AS BIGINT), k := 0::BIGINT))], lambda damped: damped.k + 36 * damped.d // (damped.d + 38))[1];
CREATE OR REPLACE MACRO kql_puny_adapt(delta, points, first) AS kql_puny_damped(CASE WHEN first THEN delta // 700 ELSE delta // 2 END, points);
-- A whole number is read: a letter is put in its place.
CREATE OR REPLACE MACRO kql_puny_placed(read, spot, size) AS struct_pack(
  chars := list_concat(list_concat(read.chars[1:spot % size], [read.n + spot // size]), read.chars[spot % size + 1:]),
  i := spot % size + 1, n := read.n + spot // size, bias := kql_puny_adapt(spot - read.old, size, read.old = 0), old := spot % size + 1, w := 1::BIGINT, k := 36::BIGINT, ok := read.ok AND read.n + spot // size <= 1114111);
CREATE OR REPLACE MACRO kql_puny_step(read, digit) AS
  CASE WHEN NOT read.ok OR digit < 0 OR digit * read.w > 2147483647 OR read.i > 2147483647 THEN struct_pack(chars := read.chars, i := read.i, n := read.n, bias := read.bias, old := read.old, w := read.w, k := read.k, ok := FALSE)
       WHEN digit < kql_puny_least(read.k, read.bias) THEN kql_puny_placed(read, read.i + digit * read.w, len(read.chars) + 1)
       ELSE struct_pack(chars := read.chars, i := read.i + digit * read.w, n := read.n, bias := read.bias, old := read.old, w := read.w * (36 - kql_puny_least(read.k, read.bias)), k := read.k + 36, ok := TRUE) END;
CREATE OR REPLACE MACRO kql_puny_points(text) AS
  CASE WHEN text = '' THEN CAST([] AS BIGINT[]) ELSE list_transform(string_split(text, ''), lambda letter: CAST(unicode(letter) AS BIGINT)) END;
CREATE OR REPLACE MACRO kql_puny_read(basic, digits) AS
  list_transform([list_reduce(CASE WHEN digits = '' THEN CAST([] AS BIGINT[]) ELSE list_transform(string_split(lower(digits), ''), lambda sign: CAST(instr(kql_puny_signs(), sign) - 1 AS BIGINT)) END,
      lambda read, digit: kql_puny_step(read, digit),
      struct_pack(chars := kql_puny_points(basic), i := 0::BIGINT, n := 128::BIGINT, bias := 72::BIGINT, old := 0::BIGINT, w := 1::BIGINT, k := 36::BIGINT, ok := TRUE))],
    lambda done: CASE WHEN done.ok AND done.w = 1 THEN kql_characters(done.chars) ELSE '' END)[1];
CREATE OR REPLACE MACRO kql_puny_decoded(s) AS
  CASE WHEN contains(s, '-') THEN kql_puny_read(regexp_extract(s, '(?s)^(.*)-[^-]*$', 1), regexp_extract(s, '[^-]*$')) ELSE kql_puny_read('', s) END;
-- A number in digits whose weights hang on the bias.
CREATE OR REPLACE MACRO kql_puny_number(delta, bias) AS
  list_reduce([1, 2, 3, 4, 5, 6, 7, 8], lambda put, turn: CASE WHEN put.q < 0 THEN put
      WHEN put.q < kql_puny_least(36 * turn, bias) THEN struct_pack(q := -1::BIGINT, t := put.t || substring(kql_puny_signs(), put.q + 1, 1))
      ELSE struct_pack(q := (put.q - kql_puny_least(36 * turn, bias)) // (36 - kql_puny_least(36 * turn, bias)),
        t := put.t || substring(kql_puny_signs(), kql_puny_least(36 * turn, bias) + (put.q - kql_puny_least(36 * turn, bias)) % (36 - kql_puny_least(36 * turn, bias)) + 1, 1)) END,
    struct_pack(q := CAST(delta AS BIGINT), t := '')).t;
CREATE OR REPLACE MACRO kql_puny_written(wrote, c) AS
  CASE WHEN c = -1 THEN struct_pack(n := wrote.n + 1, delta := wrote.delta + 1, bias := wrote.bias, h := wrote.h, b := wrote.b, t := wrote.t)
       WHEN c < wrote.n THEN struct_pack(n := wrote.n, delta := wrote.delta + 1, bias := wrote.bias, h := wrote.h, b := wrote.b, t := wrote.t)
       WHEN c = wrote.n THEN struct_pack(n := wrote.n, delta := 0::BIGINT, bias := kql_puny_adapt(wrote.delta, wrote.h + 1, wrote.h = wrote.b), h := wrote.h + 1, b := wrote.b,
         t := wrote.t || kql_puny_number(wrote.delta, wrote.bias))
       ELSE wrote END;
CREATE OR REPLACE MACRO kql_puny_raised(wrote, m) AS
  CASE WHEN m > wrote.n THEN struct_pack(n := m, delta := wrote.delta + (m - wrote.n) * (wrote.h + 1), bias := wrote.bias, h := wrote.h, b := wrote.b, t := wrote.t) ELSE wrote END;
CREATE OR REPLACE MACRO kql_puny_encoded(s) AS
  list_transform([kql_puny_points(s)], lambda points: list_transform([len(list_filter(points, lambda p: p < 128))], lambda basics:
    array_to_string(list_transform(list_filter(points, lambda p: p < 128), lambda p: chr(CAST(p AS INTEGER))), '') || CASE WHEN basics > 0 THEN '-' ELSE '' END
    || list_reduce(flatten(list_transform(list_sort(list_distinct(list_filter(points, lambda p: p >= 128))), lambda m: list_transform(list_append(points, -1), lambda p: struct_pack(m := m, c := p)))),
      lambda wrote, pair: list_transform([kql_puny_raised(wrote, pair.m)], lambda raised: kql_puny_written(raised, pair.c))[1],
      struct_pack(n := 128::BIGINT, delta := 0::BIGINT, bias := 72::BIGINT, h := CAST(basics AS BIGINT), b := CAST(basics AS BIGINT), t := '')).t)[1])[1];
CREATE OR REPLACE MACRO kql_puny_domain_read(s) AS
  array_to_string(list_transform(string_split(s, '.'), lambda part: CASE WHEN starts_with(lower(part), 'xn--') THEN kql_puny_decoded(substring(part, 5)) ELSE part END), '.');
-- IDNA knows four dots: its parts are joined by the plain one.
CREATE OR REPLACE MACRO kql_puny_domain_written(s) AS
  array_to_string(list_transform(string_split(translate(s, '。．｡', '...'), '.'), lambda part: CASE WHEN regexp_full_match(part, '[\x00-\x7F]*') THEN part ELSE 'xn--' || kql_puny_encoded(part) END), '.');
