INSERT INTO world.public_ip_addresses BY NAME
SELECT key AS _key, concat(replace(nic_id, '/networkInterfaces/', '/publicIPAddresses/')[1:-4], 'ip') AS id, concat(vm, '-ip') AS name, location,
  group_lower AS "resourceGroup", subscription AS "subscriptionId", {name: 'Standard', tier: 'Regional'} AS sku,
  {
    provisioningState: 'Succeeded', resourceGuid: guid_of(md5(concat(digest, 'ip'))),
    ipAddress: concat('20.', part(d, 0) % 256, '.', part(d, 2) % 256, '.', part(e, 0) % 254 + 1),
    publicIPAddressVersion: 'IPv4', publicIPAllocationMethod: 'Static', idleTimeoutInMinutes: 4, ipTags: [],
    ipConfiguration: {id: concat(nic_id, '/ipConfigurations/ipconfig1')},
    ddosSettings: {protectionMode: 'VirtualNetworkInherited'}
  } AS properties,
  tags, vm_zones AS zones, key AS _vm_key, false AS _goes_with_vm
FROM draft.machines WHERE public;
