-- One batch of instances of Uniform scale sets, and their network interfaces.
CREATE OR REPLACE TEMP TABLE draft_instances AS
WITH members AS (
  SELECT p.*, unnest(range(p.size)) AS k FROM draft_pools p WHERE kind = 'uniform' AND batch = getvariable('batch')
), drawn AS (
  SELECT *, start + k AS key, draw('instance', start + k) AS d, md5(concat(getvariable('seed'), ':instance:', start + k)) AS digest,
    concat(group_id, '/providers/Microsoft.Compute/virtualMachineScaleSets/', name) AS set_id
  FROM members
)
SELECT *, concat(set_id, '/virtualMachines/', k) AS id, concat(name, '_', k) AS instance,
  concat(name, '_', name, '_', k, '_OsDisk_1_', digest[1:12]) AS disk, concat(app[1:8], format('{:06x}', k)) AS computer,
  CASE WHEN chance(d, 0, 3) THEN 'deallocated' WHEN chance(d, 0, 4) THEN 'stopped' ELSE 'running' END AS power,
  NOT chance(d, 1, 3) AS reporting, reporting AND power = 'running' AS reported
FROM drawn;

INSERT INTO world.scale_set_instances BY NAME
SELECT key AS _key, id, instance AS name, location, group_lower AS "resourceGroup", subscription AS "subscriptionId",
  {name: size_a.name, tier: size_a.tier} AS sku,
  {
    vmId: guid_of(digest), latestModelApplied: pick(d, 2, 10) > 0, modelDefinitionApplied: 'VirtualMachineScaleSet',
    provisioningState: 'Succeeded', timeCreated: written(greatest(3600, age - k), d), hardwareProfile: '{}',
    storageProfile: {
      imageReference: {publisher: image_a.publisher, offer: image_a.offer, sku: image_a.sku, version: 'latest'},
      osDisk: {name: disk, osType: image_a.os_type, createOption: 'FromImage', caching: 'ReadWrite', diskSizeGB: image_a.disk_gb,
        managedDisk: {id: concat(group_id, '/providers/Microsoft.Compute/disks/', disk), storageAccountType: 'Premium_LRS'}},
      dataDisks: []
    },
    osProfile: {computerName: computer, adminUsername: 'azureuser'},
    networkProfile: {networkInterfaces: [{id: concat(id, '/networkInterfaces/nic0'), properties: {"primary": true}}]}
  } AS properties,
  tags,
  CASE spread WHEN 'zonal' THEN zones WHEN 'spanning' THEN [(k % 3 + 1)::VARCHAR] END AS zones,
  CASE WHEN reported THEN computer END AS computer_name, CASE WHEN reported THEN image_a.os_name END AS os_name,
  CASE WHEN reported THEN image_a.os_version END AS os_version, 'V2' AS hyper_v_generation,
  {code: concat('PowerState/', power), displayStatus: concat('VM ', power), level: 'Info'} AS power_state,
  CASE WHEN reporting THEN image_a.os_name END AS _agent_os_name,
  CASE WHEN reporting THEN image_a.os_version END AS _agent_os_version, pool AS _set_key
FROM draft_instances;

INSERT INTO world.scale_set_instance_nics BY NAME
SELECT key AS _key, concat(id, '/networkInterfaces/nic0') AS id, 'nic0' AS name, location, group_lower AS "resourceGroup",
  subscription AS "subscriptionId",
  {
    "primary": true, provisioningState: 'Succeeded', virtualMachine: {id: id},
    ipConfigurations: [{name: 'ip0', id: concat(id, '/networkInterfaces/nic0/ipConfigurations/ip0'), properties: {
      "primary": true, privateIPAddress: concat(net, '.', 128 + (nth * 4) % 120 + k // 250, '.', k % 250 + 4),
      privateIPAllocationMethod: 'Dynamic', subnet: {id: concat(vnet_id, '/subnets/scalesets')}}}]
  } AS properties,
  key AS _vm_key
FROM draft_instances;
