-- One batch of instances of Uniform scale sets: what has been drawn for each, before it becomes documents.
CREATE OR REPLACE TABLE draft.members AS
SELECT pool, start + k AS key, k
FROM (SELECT pool, start, unnest(range(size)) AS k FROM draft.pools WHERE kind = 'uniform' AND batch = getvariable('batch'));

CREATE OR REPLACE TABLE draft.instances AS
WITH drawn AS (
  SELECT p.*, key, k, draw('instance', key) AS d, md5(concat(getvariable('seed'), ':instance:', key)) AS digest,
    concat(group_id, '/providers/Microsoft.Compute/virtualMachineScaleSets/', name) AS set_id
  FROM draft.members JOIN draft.pools p USING (pool)
)
SELECT *, concat(set_id, '/virtualMachines/', k) AS id, concat(name, '_', k) AS instance,
  concat(name, '_', name, '_', k, '_OsDisk_1_', digest[1:12]) AS disk, concat(app[1:8], format('{:06x}', k)) AS computer,
  CASE WHEN chance(d, 0, 3) THEN 'deallocated' WHEN chance(d, 0, 4) THEN 'stopped' ELSE 'running' END AS power,
  NOT chance(d, 1, 3) AS reporting, reporting AND power = 'running' AS reported
FROM drawn;
