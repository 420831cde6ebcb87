-- xxHash64 with seed 0, the algorithm of hash(). Its numbers are unsigned 64-bit; here they stand in 128-bit cells, so that
-- products and shifts do not overflow before they are cut back. A lambda over a list of one serves as `let`.
-- The bytes come as hexadecimal text with the last byte first, which makes a little-endian word a plain piece of it.
CREATE OR REPLACE MACRO kql_xx_cut(x) AS (x) & 18446744073709551615::UHUGEINT;
CREATE OR REPLACE MACRO kql_xx_turn(v, r) AS list_transform([v], lambda x: kql_xx_cut(x << CAST(r AS UHUGEINT)) | (x >> CAST(64 - r AS UHUGEINT)))[1];
CREATE OR REPLACE MACRO kql_xx_round(acc, word) AS
  kql_xx_cut(kql_xx_turn(kql_xx_cut(acc + word * 14029467366897019727::UHUGEINT), 31) * 11400714785074694791::UHUGEINT);
CREATE OR REPLACE MACRO kql_xx_word(reversed, place, bytes) AS
  CAST(CAST('0x' || substring(reversed, length(reversed) - 2 * (place + bytes) + 1, 2 * bytes) AS UBIGINT) AS UHUGEINT);
CREATE OR REPLACE MACRO kql_xx_merge(h, word) AS
  kql_xx_cut(xor(h, kql_xx_round(0::UHUGEINT, word)) * 11400714785074694791::UHUGEINT + 9650029242287828579::UHUGEINT);
-- Stripes of 32 bytes feed four accumulators.
CREATE OR REPLACE MACRO kql_xx_stripes(reversed, n) AS
  list_transform([list_transform(
      [6983438078262162902::UHUGEINT, 14029467366897019727::UHUGEINT, 0::UHUGEINT, 7046029288634856825::UHUGEINT],
      lambda seed, lane: list_reduce(
        list_transform(range(n // 32), lambda stripe: kql_xx_word(reversed, 32 * stripe + 8 * (lane - 1), 8)),
        lambda acc, word: kql_xx_round(acc, word), seed))],
    lambda v: list_reduce(v, lambda h, word: kql_xx_merge(h, word),
      kql_xx_cut(kql_xx_turn(v[1], 1) + kql_xx_turn(v[2], 7) + kql_xx_turn(v[3], 12) + kql_xx_turn(v[4], 18))))[1];
CREATE OR REPLACE MACRO kql_xx_words(h, reversed, n) AS
  list_reduce(list_transform(range(n // 8 - n // 32 * 4), lambda i: kql_xx_word(reversed, n // 32 * 32 + 8 * i, 8)),
    lambda acc, word: kql_xx_cut(kql_xx_turn(xor(acc, kql_xx_round(0::UHUGEINT, word)), 27) * 11400714785074694791::UHUGEINT + 9650029242287828579::UHUGEINT),
    h);
CREATE OR REPLACE MACRO kql_xx_half(h, reversed, n) AS
  list_reduce(list_transform(range(n % 8 // 4), lambda i: kql_xx_word(reversed, n // 8 * 8, 4)),
    lambda acc, word: kql_xx_cut(kql_xx_turn(xor(acc, kql_xx_cut(word * 11400714785074694791::UHUGEINT)), 23) * 14029467366897019727::UHUGEINT + 1609587929392839161::UHUGEINT),
    h);
CREATE OR REPLACE MACRO kql_xx_bytes(h, reversed, n) AS
  list_reduce(list_transform(range(n % 4), lambda i: kql_xx_word(reversed, n // 4 * 4 + i, 1)),
    lambda acc, byte: kql_xx_cut(kql_xx_turn(xor(acc, kql_xx_cut(byte * 2870177450012600261::UHUGEINT)), 11) * 11400714785074694791::UHUGEINT),
    h);
CREATE OR REPLACE MACRO kql_xx_mix(h) AS
  list_transform(list_transform(list_transform([h],
    lambda x: kql_xx_cut(xor(x, x >> 33::UHUGEINT) * 14029467366897019727::UHUGEINT)),
    lambda x: kql_xx_cut(xor(x, x >> 29::UHUGEINT) * 1609587929392839161::UHUGEINT)),
    lambda x: xor(x, x >> 32::UHUGEINT))[1];
-- The hash of the bytes, unsigned.
CREATE OR REPLACE MACRO kql_xx(reversed_bytes) AS
  list_transform([reversed_bytes], lambda r: list_transform([length(r) // 2], lambda n: kql_xx_mix(kql_xx_bytes(kql_xx_half(kql_xx_words(
    kql_xx_cut((CASE WHEN n >= 32 THEN kql_xx_stripes(r, n) ELSE 2870177450012600261::UHUGEINT END) + CAST(n AS UHUGEINT)), r, n), r, n), r, n)))[1])[1];
CREATE OR REPLACE MACRO kql_xx_text(s) AS kql_xx(reverse(regexp_replace(hex(encode(s)), '(.)(.)', '\2\1', 'g')));
CREATE OR REPLACE MACRO kql_xx_number(x) AS kql_xx(lpad(hex(CAST(x AS BIGINT)), 16, '0'));
-- As a long. The argument stands here once: a macro copies it to wherever it stands, and all of a hash with it.
CREATE OR REPLACE MACRO kql_signed(x) AS
  CAST((CAST(x AS HUGEINT) + 9223372036854775808) % 18446744073709551616 - 9223372036854775808 AS BIGINT);
