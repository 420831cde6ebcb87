-- Pools: machines that stand together, as a scale set, an availability set or just side by side.
-- `draft.pool_sizes` (pool, kind, start, size, uniform) has been cut to the number of machines asked for.
CREATE OR REPLACE TABLE draft.pools AS
WITH drawn AS (
  SELECT p.*, draw('pool', p.pool) AS a, draw('pool2', p.pool) AS b, draw('pool3', p.pool) AS c FROM draft.pool_sizes p
), placed AS (
  SELECT d.pool, d.kind, d.start, d.size, d.batch, d.a, d.b, d.c, g.g, g.id AS group_id, g.name AS group_name,
    g.lower_name AS group_lower, g.subscription, g.app, g.env, g.location, g.vnet_id, g.nsg_id, g.net, g.tags, g.short,
    g.deallocated, g.stopped, g.age - part(d.c, 3) % 2000000 AS age,
    -- how the pool is spread: over zones, in one zone, or over the fault domains of a region
    CASE WHEN d.kind = 'availability_set' OR g.region_zones = 0 THEN 'regional'
      WHEN pick(d.a, 0, 10) < 2 THEN 'spanning' WHEN pick(d.a, 0, 10) < 5 THEN 'zonal' ELSE 'regional' END AS spread,
    pick(d.a, 1, 3) + 1 AS zone, g.fault_domains,
    row_number() OVER (PARTITION BY g.g, d.kind ORDER BY d.pool) AS nth
  FROM drawn d JOIN draft.groups g ON g.g = CASE d.kind WHEN 'uniform' THEN (d.pool * 7) % getvariable('groups') ELSE d.pool // 3 END
)
SELECT p.* EXCLUDE (fault_domains),
  CASE kind
    WHEN 'flexible' THEN CASE
      WHEN p.pool = 0 THEN 'demo-ss'
      WHEN pick(p.c, 0, 8) = 0 THEN concat('demo-', p.app, '-ss', p.nth)
      ELSE concat(p.app, '-', p.env, '-ss', p.nth) END
    WHEN 'uniform' THEN concat(p.app, '-pool', p.nth)
    WHEN 'availability_set' THEN concat(p.app, '-', p.env, '-as', p.nth)
    ELSE concat(p.app, '-', p.env, '-', p.nth) END AS name,
  CASE WHEN spread <> 'regional' THEN 1 WHEN kind = 'flexible' THEN 1 + (pick(p.a, 2, 8) + 2) // 3 % p.fault_domains
    WHEN kind = 'uniform' THEN 5 ELSE p.fault_domains END AS fault_domain_count,
  CASE spread WHEN 'zonal' THEN [p.zone::VARCHAR] WHEN 'spanning' THEN ['1', '2', '3'] END AS zones,
  -- sets made the way of 2021 have no profile: their machines are made one by one and named by people
  kind = 'uniform' OR (kind = 'flexible' AND (p.pool = 0 OR pick(p.a, 3, 4) > 0)) AS profiled,
  -- Flexible sets may mix sizes and operating systems, and Spot with regular machines
  kind = 'flexible' AND pick(p.b, 0, 6) = 0 AS mixed,
  CASE WHEN kind = 'flexible' AND pick(p.b, 1, 6) = 0 THEN 50 WHEN kind = 'uniform' AND pick(p.b, 1, 8) = 0 THEN 100
    WHEN kind = 'standalone' AND pick(p.b, 1, 25) = 0 THEN 100 ELSE 0 END AS spot_percent,
  chance(p.b, 2, 40) AS brings_license,
  s1 AS size_a, s2 AS size_b, i1 AS image_a, i2 AS image_b
FROM placed p
JOIN draft.sizes s1 ON part(p.b, 3) >= s1.low AND part(p.b, 3) < s1.high
JOIN draft.sizes s2 ON part(p.c, 1) >= s2.low AND part(p.c, 1) < s2.high
JOIN draft.images i1 ON part(p.c, 2) >= i1.low AND part(p.c, 2) < i1.high
JOIN draft.images i2 ON part(p.a, 3) >= i2.low AND part(p.a, 3) < i2.high
ORDER BY p.pool;
