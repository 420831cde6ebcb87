-- A time zone's name, null for one that is not known.
CREATE OR REPLACE MACRO kql_zone(z) AS CASE WHEN list_contains((SELECT list(lower(name)) FROM pg_timezone_names()), lower(z)) THEN z END;
CREATE OR REPLACE MACRO kql_utc_to_local(t, z) AS
  kql_ticks_to_datetime(kql_ticks((kql_timestamp(t) AT TIME ZONE 'UTC') AT TIME ZONE z) + t % 10);
CREATE OR REPLACE MACRO kql_local_moment(t, z) AS kql_ticks((kql_timestamp(t) AT TIME ZONE z) AT TIME ZONE 'UTC') + t % 10;
-- A local time that no clock shows: the clocks leap, and the moment is told with the offset behind the leap.
CREATE OR REPLACE MACRO kql_local_to_utc(t, z) AS
  kql_ticks_to_datetime(list_transform([struct_pack(t := t, z := z)], lambda s: list_transform([kql_local_moment(s.t, s.z)], lambda u: u - (kql_utc_to_local(u, s.z) - s.t))[1])[1]);
CREATE OR REPLACE MACRO kql_make_timespan(d, h, m, s) AS
  CASE WHEN d >= 0 AND h BETWEEN 0 AND 23 AND m BETWEEN 0 AND 59 AND s >= 0 AND s < 60
       THEN TRY_CAST(CAST(d AS HUGEINT) * 864000000000 + h * 36000000000 + m * 600000000 + CAST(round(s * 10000000) AS HUGEINT) AS BIGINT) END;
