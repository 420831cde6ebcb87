-- One batch of virtual machines: what has been drawn for each, before it becomes documents.
CREATE OR REPLACE TABLE draft.members AS
SELECT pool, start + k AS key, k
FROM (SELECT pool, start, unnest(range(size)) AS k FROM draft.pools WHERE kind <> 'uniform' AND batch = getvariable('batch'));

CREATE OR REPLACE TABLE draft.machines AS
WITH drawn AS (
  SELECT p.*, key, k, draw('vm', key) AS d, draw('vm2', key) AS e, md5(concat(getvariable('seed'), ':vmid:', key)) AS digest
  FROM draft.members JOIN draft.pools p USING (pool)
), chosen AS (
  SELECT * EXCLUDE (size_a, size_b, image_a, image_b),
    CASE WHEN mixed AND k % 3 = 2 THEN image_b ELSE image_a END AS image,
    CASE WHEN mixed AND k % 2 = 1 THEN size_b.ix ELSE size_a.ix END AS size_ix,
    -- unique within its set, yet it looks drawn: an odd multiplier permutes the 32-bit numbers
    printf('%08x', (k * 2654435761 + part(a, 0) * 65537 + part(a, 1)) & 4294967295) AS suffix
  FROM drawn
), named AS (
  SELECT *,
    CASE WHEN kind = 'flexible' AND profiled THEN concat(name, '_', suffix)
      WHEN kind = 'flexible' THEN concat(name, format('-vm{:02d}', k))
      WHEN kind = 'availability_set' THEN concat(name, format('-{}', k + 1))
      WHEN size = 1 THEN concat(name, '-', short)
      WHEN pick(c, 0, 5) = 0 THEN concat(upper(name), format('-VM{:02d}', k + 1))
      ELSE concat(name, format('-vm{:02d}', k + 1)) END AS vm,
    CASE WHEN kind = 'flexible' AND profiled THEN concat(app[1:8], suffix[1:6])
      WHEN image.os_type = 'Windows' THEN upper(concat(app[1:6], '-', format('{:x}', key)))
      ELSE concat(app, '-', format('{:x}', key)) END AS computer,
    spot_percent > 0 AND chance(e, 3, spot_percent) AS spot,
    CASE WHEN chance(d, 0, deallocated) THEN 'deallocated' WHEN chance(d, 0, deallocated + stopped) THEN 'stopped' ELSE 'running' END AS power,
    CASE spread WHEN 'zonal' THEN zones WHEN 'spanning' THEN [(k % 3 + 1)::VARCHAR] END AS vm_zones,
    -- none (three in four), one, or up to four data disks; databases and data have at least one
    greatest(CASE WHEN part(d, 1) < 50000 THEN 0 WHEN part(d, 1) < 59500 THEN 1 WHEN part(d, 1) < 63000 THEN 2
      WHEN part(d, 1) < 64600 THEN 3 ELSE 4 END, (app = 'data' OR image.publisher = 'MicrosoftSQLServer')::INT) AS data_disks,
    1 + chance(d, 2, 4)::INT AS nics,
    kind = 'standalone' AND chance(d, 3, 20) AS public,
    NOT chance(e, 0, 4) AS reporting,
    [64, 128, 128, 256, 512, 1024][1 + pick(e, 1, 6)] AS data_disk_gb,
    CASE WHEN pick(b, 3, 3) = 0 THEN 'StandardSSD_LRS' ELSE 'Premium_LRS' END AS disk_type,
    -- people who made a machine by hand often keep its disks when it goes
    CASE WHEN profiled OR chance(e, 2, 70) THEN 'Delete' ELSE 'Detach' END AS delete_option,
    greatest(3600, age - CASE WHEN profiled THEN part(d, 3) * 20 ELSE k * 60 END) AS vm_age,
    concat(group_id, '/providers/Microsoft.Compute/') AS compute,
    concat(group_id, '/providers/Microsoft.Network/') AS network
  FROM chosen
)
SELECT key, k, pool, kind, fault_domain_count, vm, computer, group_lower, subscription, location, tags, app, env,
  concat(compute, 'virtualMachines/', vm) AS id, concat(network, 'networkInterfaces/', vm, '-nic') AS nic_id,
  concat(compute, 'disks/', vm) AS disk_prefix, digest, d, e,
  CASE kind WHEN 'flexible' THEN concat(compute, 'virtualMachineScaleSets/', name) END AS set_id,
  CASE kind WHEN 'availability_set' THEN concat(compute, 'availabilitySets/', upper(name)) END AS availability_set_id,
  CASE WHEN kind = 'flexible' AND spread = 'regional' THEN k % fault_domain_count END AS fault_domain,
  image.ix AS image_ix, size_ix, spot, power, vm_zones, data_disks, nics, public, reporting AND power = 'running' AS reported,
  reporting, data_disk_gb, disk_type, delete_option, written(vm_age, e) AS created, written(vm_age - 1, d) AS disk_created,
  concat(vnet_id, '/subnets/', CASE WHEN kind = 'flexible' THEN 'backend' ELSE 'default' END) AS subnet_id,
  concat(net, '.', (k + (pool % 3) * 1000) // 250, '.', (k + (pool % 3) * 1000) % 250 + 4) AS ip, nsg_id,
  image.os_type = 'Linux' AS linux, brings_license AND image.license_type IS NOT NULL AS licensed
FROM named;
