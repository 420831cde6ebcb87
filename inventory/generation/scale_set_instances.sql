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
  CASE WHEN reporting THEN image_a.os_version END AS _agent_os_version, pool AS _set_key,
  k % fault_domain_count AS _fault_domain, k % 5 AS _update_domain
FROM draft.instances;
