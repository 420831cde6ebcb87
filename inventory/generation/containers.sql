-- Subscriptions and resource groups: what everything else lies in.
CREATE OR REPLACE TABLE draft.subscriptions AS
SELECT s, guid('subscription', s) AS subscription, e.name AS env, e.title, e.management_group, e.deallocated, e.stopped,
  concat('Contoso ', e.title, CASE WHEN s < getvariable('environments') THEN '' ELSE format(' {:02d}', s // getvariable('environments') + 1) END) AS display
FROM range(getvariable('subscriptions')) t(s) JOIN draft.environments e ON e.ix = s % getvariable('environments')
ORDER BY s;

CREATE OR REPLACE TABLE draft.groups AS
WITH drawn AS (
  SELECT g, draw('group', g) AS a, draw('group2', g) AS b FROM range(getvariable('groups')) t(g)
), named AS (
  SELECT g, a, b, s.s, s.subscription, s.env, s.title, s.deallocated, s.stopped, app.name AS app,
    r.name AS location, r.short, r.zones AS region_zones, r.fault_domains,
    CASE pick(a, 2, 4)
      WHEN 0 THEN concat('RG-', titled(app.name), '-', titled(s.env), format('-{:03d}', g))
      WHEN 1 THEN concat(app.name, '-', s.env, '-', r.short, format('-rg{:03d}', g))
      ELSE concat('rg-', app.name, '-', s.env, format('-{:03d}', g))
    END AS name
  FROM drawn
  JOIN draft.subscriptions s ON s.s = g % getvariable('subscriptions')
  JOIN draft.applications app ON part(a, 0) >= app.low AND part(a, 0) < app.high
  JOIN draft.regions r ON part(a, 1) >= r.low AND part(a, 1) < r.high
)
SELECT n.*, lower(n.name) AS lower_name, concat('/subscriptions/', subscription, '/resourceGroups/', n.name) AS id,
  owners.name AS owner, costs.name AS cost_center,
  -- some groups forget tags; the rest pass theirs on to what lies in them
  CASE pick(b, 2, 8)
    WHEN 0 THEN '{}'
    WHEN 1 THEN concat('{"env":"', env, '"}')
    WHEN 2 THEN concat('{"env":"', env, '","owner":"', owners.name, '"}')
    WHEN 3 THEN concat('{"Environment":"', titled(env), '","costCenter":"', costs.name, '"}')
    ELSE concat('{"env":"', env, '","owner":"', owners.name, '","costCenter":"', costs.name, '"}')
  END AS tags,
  concat('/subscriptions/', subscription, '/resourceGroups/', n.name, '/providers/Microsoft.Network/virtualNetworks/vnet-', app, '-', short) AS vnet_id,
  concat('vnet-', app, '-', short) AS vnet_name,
  concat('/subscriptions/', subscription, '/resourceGroups/', n.name, '/providers/Microsoft.Network/networkSecurityGroups/nsg-', app) AS nsg_id,
  concat('10.', g % 250) AS net,
  86400 * (40 + part(b, 3) % 1000) AS age
FROM named n JOIN draft.owners ON owners.ix = pick(b, 0, getvariable('owners')) JOIN draft.costs ON costs.ix = pick(b, 1, getvariable('costs'))
ORDER BY g;
