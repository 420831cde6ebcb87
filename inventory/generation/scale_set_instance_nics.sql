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
FROM draft.instances;
