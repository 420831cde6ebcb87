-- Words of the generator. All draws come from MD5 of the seed, a stream's name and a number: the same on every machine.
CREATE OR REPLACE TEMP MACRO draw(stream, i) AS
  (md5_number(concat(getvariable('seed'), ':', stream, ':', i)) >> 64)::UBIGINT;
-- A 64-bit draw holds four independent 16-bit parts (0 to 3).
CREATE OR REPLACE TEMP MACRO part(draw, n) AS ((draw >> (16 * n)) & 65535)::BIGINT;
CREATE OR REPLACE TEMP MACRO chance(draw, n, percent) AS part(draw, n) * 100 < percent * 65536;
CREATE OR REPLACE TEMP MACRO pick(draw, n, count) AS part(draw, n) * count // 65536;
CREATE OR REPLACE TEMP MACRO guid_of(digest) AS
  concat(digest[1:8], '-', digest[9:12], '-4', digest[14:16], '-8', digest[18:20], '-', digest[21:32]);
CREATE OR REPLACE TEMP MACRO guid(stream, i) AS guid_of(md5(concat(getvariable('seed'), ':', stream, ':', i)));
-- An instant so many seconds before the estate's beginning, as Azure writes it: seven decimals and Z.
CREATE OR REPLACE TEMP MACRO written(seconds_ago, draw) AS concat(
  strftime(make_timestamp(getvariable('start_us') - seconds_ago * 1000000 + part(draw, 1) * 15), '%Y-%m-%dT%H:%M:%S.%f'),
  part(draw, 2) % 10, 'Z');
CREATE OR REPLACE TEMP MACRO titled(word) AS concat(upper(word[1]), word[2:]);
