-- Monitoring runs on two in five of the machines whose agent reports; production is better looked after.
INSERT INTO world.virtual_machine_extensions BY NAME
SELECT key AS _key, concat(id, '/extensions/', extension) AS id, extension AS name, location,
  group_lower AS "resourceGroup", subscription AS "subscriptionId",
  {
    publisher: 'Microsoft.Azure.Monitor', type: extension, typeHandlerVersion: CASE WHEN linux THEN '1.33' ELSE '1.30' END,
    autoUpgradeMinorVersion: true, enableAutomaticUpgrade: pick(d, 1, 3) > 0,
    provisioningState: CASE WHEN chance(d, 1, 2) THEN 'Failed' ELSE 'Succeeded' END, settings: '{}'
  } AS properties,
  tags, key AS _vm_key
FROM (SELECT *, CASE WHEN linux THEN 'AzureMonitorLinuxAgent' ELSE 'AzureMonitorWindowsAgent' END AS extension FROM draft.machines)
WHERE reporting AND chance(e, 3, CASE WHEN env = 'prod' THEN 60 ELSE 25 END);
