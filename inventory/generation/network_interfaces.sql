INSERT INTO world.network_interfaces BY NAME
SELECT key * 2 + n AS _key, id, concat(vm, '-nic', nth) AS name, location, group_lower AS "resourceGroup",
  subscription AS "subscriptionId",
  {
    provisioningState: 'Succeeded',
    resourceGuid: guid_of(md5(concat(digest, 'nic', n))),
    ipConfigurations: [{
      name: 'ipconfig1', id: concat(id, '/ipConfigurations/ipconfig1'),
      type: 'Microsoft.Network/networkInterfaces/ipConfigurations',
      properties: {
        provisioningState: 'Succeeded',
        privateIPAddress: CASE WHEN n = 0 THEN ip ELSE replace(ip, concat(split_part(ip, '.', 1), '.'), '172.') END,
        privateIPAllocationMethod: CASE WHEN pick(d, 2, 9) = 0 THEN 'Static' ELSE 'Dynamic' END,
        publicIPAddress: CASE WHEN public AND n = 0 THEN {id: concat(replace(id, '/networkInterfaces/', '/publicIPAddresses/')[1:-4], 'ip')} END,
        subnet: {id: subnet_id}, "primary": true, privateIPAddressVersion: 'IPv4'
      }
    }],
    dnsSettings: {dnsServers: [], appliedDnsServers: [], internalDomainNameSuffix: concat(digest[1:20], '.', app, '.internal.cloudapp.net')},
    macAddress: upper(concat('00-0D-3A-', digest[21:22], '-', digest[23:24], '-', format('{:02x}', (part(d, 0) + n) % 256))),
    enableAcceleratedNetworking: machine_size.name NOT LIKE 'Standard_B%',
    enableIPForwarding: pick(e, 3, 50) = 0,
    networkSecurityGroup: CASE WHEN pick(d, 1, 4) > 0 THEN {id: nsg_id} END,
    "primary": n = 0,
    virtualMachine: {id: vm_resource},
    hostedWorkloads: [],
    tapConfigurations: [],
    nicType: 'Standard'
  } AS properties,
  tags, key AS _vm_key, delete_option = 'Delete' AS _goes_with_vm
FROM (
  SELECT * EXCLUDE (id, n), id AS vm_resource, n, CASE WHEN n = 0 THEN '' ELSE (n + 1)::VARCHAR END AS nth,
    concat(nic_id, nth) AS id
  FROM (SELECT *, unnest(range(nics)) AS n FROM draft.machines)
) JOIN draft.sizes machine_size ON machine_size.ix = size_ix;
