-- Machines that come to be: each like a model (temporary table `model`), with a name, a key and a fault domain of its own.
-- `domains` says how many machines each fault domain of the models' sets holds, the emptiest first.
CREATE OR REPLACE TEMP TABLE deployed AS
WITH numbered AS (
  SELECT m.*, m._key AS _model_key, getvariable('life_first') + row_number() OVER (ORDER BY m._key) - 1 AS _new_key,
    row_number() OVER (PARTITION BY m._set_key ORDER BY m._key) - 1 AS nth,
    (SELECT sum(machines) FROM held WHERE held._set_key = m._set_key) AS held
  FROM model m
), named AS (
  SELECT *, name AS _old_name,
    concat(regexp_replace(name, '(_[0-9a-f]{8}|-[0-9a-z]{7})$', ''), CASE WHEN _set_key IS NULL THEN '-' ELSE '_' END,
      left(md5(concat(getvariable('life_seed'), ':', _new_key)), CASE WHEN _set_key IS NULL THEN 7 ELSE 8 END)) AS _new_name
  FROM numbered
  WHERE _set_key IS NULL OR coalesce(held, 0) + nth < getvariable('life_most')
)
SELECT n.* EXCLUDE (nth, held)
  REPLACE (_new_key AS _key, replace(id, _old_name, _new_name) AS id, _new_name AS name,
    struct_update(properties,
      vmId := md5(concat(getvariable('life_seed'), ':vm:', _new_key))::UUID::VARCHAR,
      timeCreated := getvariable('life_written'),
      platformFaultDomain := CASE WHEN properties."platformFaultDomain" IS NOT NULL THEN d.domain END,
      storageProfile := struct_update(properties."storageProfile",
        osDisk := struct_update(properties."storageProfile"."osDisk",
          name := replace(properties."storageProfile"."osDisk".name, _old_name, _new_name),
          managedDisk := struct_update(properties."storageProfile"."osDisk"."managedDisk",
            id := replace(properties."storageProfile"."osDisk"."managedDisk".id, _old_name, _new_name))),
        dataDisks := list_transform(properties."storageProfile"."dataDisks", lambda e: struct_update(e,
          name := replace(e.name, _old_name, _new_name),
          managedDisk := struct_update(e."managedDisk", id := replace(e."managedDisk".id, _old_name, _new_name))))),
      osProfile := struct_update(properties."osProfile",
        computerName := concat(left(properties."osProfile"."computerName", 8), right(_new_name, 6))),
      networkProfile := struct_update(properties."networkProfile",
        networkInterfaces := list_transform(properties."networkProfile"."networkInterfaces",
          lambda e: struct_update(e, id := replace(e.id, _old_name, _new_name))))
    ) AS properties,
    {'code': 'PowerState/deallocated', 'displayStatus': 'VM deallocated', 'level': 'Info'} AS power_state,
    NULL AS computer_name, NULL AS os_name, NULL AS os_version, false AS _hibernated, NULL AS _failure,
    getvariable('life_now') AS _since),
  'create' AS _operation, getvariable('life_now')::BIGINT AS _accepted, NULL::VARCHAR AS _fails
FROM named n LEFT JOIN domains d ON d._set_key = n._set_key AND d.place = n.nth % d.domains;
