-- What stands around the machines: containers, scale sets, availability sets, networks, and what people forgot.
INSERT INTO world.subscriptions BY NAME
SELECT s AS _key, concat('/subscriptions/', subscription) AS id, display AS name, subscription AS "subscriptionId",
  {
    state: CASE WHEN s > 0 AND pick(draw('substate', s), 0, 40) = 0 THEN 'Warned' ELSE 'Enabled' END,
    managedByTenants: [],
    managementGroupAncestorsChain: list_concat(m.chain, [{name: getvariable('tenant'), displayName: 'Tenant Root Group'}]),
    subscriptionPolicies: {locationPlacementId: 'Public_2014-09-01',
      quotaId: CASE env WHEN 'dev' THEN 'MSDNDevTest_2014-09-01' ELSE 'EnterpriseAgreement_2014-09-01' END,
      spendingLimit: CASE env WHEN 'dev' THEN 'On' ELSE 'Off' END}
  } AS properties,
  concat('{"env":"', env, '"}') AS tags
FROM draft.subscriptions s JOIN (
  SELECT m.name, CASE WHEN m.parent = '' THEN [{name: m.name, displayName: m.title}]
    ELSE [{name: m.name, displayName: m.title}, {name: p.name, displayName: p.title}] END AS chain
  FROM draft.management_groups m LEFT JOIN draft.management_groups p ON p.name = m.parent) m ON m.name = s.management_group
ORDER BY s;

INSERT INTO world.management_groups BY NAME
SELECT -1 AS _key, concat('/providers/Microsoft.Management/managementGroups/', getvariable('tenant')) AS id, getvariable('tenant') AS name,
  {tenantId: getvariable('tenant'), displayName: 'Tenant Root Group', details: {managementGroupAncestorsChain: []}} AS properties;

INSERT INTO world.management_groups BY NAME
SELECT m.ix AS _key, concat('/providers/Microsoft.Management/managementGroups/', m.name) AS id, m.name,
  {
    tenantId: getvariable('tenant'), displayName: m.title,
    details: {
      managementGroupAncestorsChain: CASE WHEN m.parent = '' THEN [] ELSE [{name: p.name, displayName: p.title}] END
        || [{name: getvariable('tenant'), displayName: 'Tenant Root Group'}],
      parent: {
        id: concat('/providers/Microsoft.Management/managementGroups/', coalesce(p.name, getvariable('tenant'))),
        name: coalesce(p.name, getvariable('tenant')), displayName: coalesce(p.title, 'Tenant Root Group')}
    }
  } AS properties
FROM draft.management_groups m LEFT JOIN draft.management_groups p ON p.name = m.parent
ORDER BY m.ix;

INSERT INTO world.resource_groups BY NAME
SELECT g AS _key, id, name, location, lower_name AS "resourceGroup", subscription AS "subscriptionId", '' AS "managedBy",
  {provisioningState: 'Succeeded'} AS properties, tags
FROM draft.groups ORDER BY g;

INSERT INTO world.virtual_networks BY NAME
SELECT g AS _key, vnet_id AS id, vnet_name AS name, location, lower_name AS "resourceGroup", subscription AS "subscriptionId",
  {
    provisioningState: 'Succeeded', resourceGuid: guid('vnet', g), addressSpace: {addressPrefixes: [concat(net, '.0.0/16')]},
    dhcpOptions: CASE WHEN g % 5 = 0 THEN {dnsServers: ['10.0.0.4', '10.0.0.5']} END,
    subnets: list_transform([
        {name: 'default', range: '0.0/18', guarded: true}, {name: 'backend', range: '64.0/18', guarded: g % 6 > 0},
        {name: 'scalesets', range: '128.0/17', guarded: true}], lambda net_part: {
      name: net_part.name, id: concat(vnet_id, '/subnets/', net_part.name), type: 'Microsoft.Network/virtualNetworks/subnets',
      properties: {
        provisioningState: 'Succeeded', addressPrefix: concat(net, '.', net_part.range),
        networkSecurityGroup: CASE WHEN net_part.guarded THEN {id: nsg_id} END,
        delegations: [], privateEndpointNetworkPolicies: 'Disabled', privateLinkServiceNetworkPolicies: 'Enabled'}}),
    -- every network but the first of a subscription is peered with that one, its hub
    virtualNetworkPeerings: CASE WHEN hub_id = vnet_id THEN [] ELSE [{
      name: 'to-hub', id: concat(vnet_id, '/virtualNetworkPeerings/to-hub'),
      properties: {provisioningState: 'Succeeded', peeringState: CASE WHEN g % 23 = 7 THEN 'Disconnected' ELSE 'Connected' END,
        remoteVirtualNetwork: {id: hub_id}, allowVirtualNetworkAccess: true, allowForwardedTraffic: true}}] END,
    enableDdosProtection: env = 'prod' AND g % 3 = 0
  } AS properties,
  tags
FROM (SELECT *, first_value(vnet_id) OVER (PARTITION BY s ORDER BY g) AS hub_id FROM draft.groups)
ORDER BY g;

INSERT INTO world.network_security_groups BY NAME
WITH rules AS (
  SELECT g, list({
      name: r.name, id: concat(nsg_id, '/securityRules/', r.name), type: 'Microsoft.Network/networkSecurityGroups/securityRules',
      properties: {
        provisioningState: 'Succeeded', protocol: 'Tcp', sourcePortRange: '*', destinationPortRange: r.port,
        sourceAddressPrefix: r.source, destinationAddressPrefix: '*', access: r.access, priority: r.priority,
        direction: 'Inbound', sourcePortRanges: [], destinationPortRanges: [], sourceAddressPrefixes: [],
        destinationAddressPrefixes: []}} ORDER BY r.ix) AS list
  FROM draft.groups, draft.inbound_rules r
  WHERE CASE WHEN r.source = '*' THEN pick(b, 2, 12) = 5 ELSE (part(b, 1) >> r.ix) % 2 = 0 END
  GROUP BY g
)
SELECT d.g AS _key, nsg_id AS id, concat('nsg-', app) AS name, location, lower_name AS "resourceGroup",
  subscription AS "subscriptionId",
  {
    provisioningState: 'Succeeded', resourceGuid: guid('nsg', d.g), securityRules: coalesce(rules.list, []),
    defaultSecurityRules: list_transform([
        {name: 'AllowVnetInBound', source: 'VirtualNetwork', target: 'VirtualNetwork', access: 'Allow', priority: 65000, way: 'Inbound'},
        {name: 'DenyAllInBound', source: '*', target: '*', access: 'Deny', priority: 65500, way: 'Inbound'},
        {name: 'AllowInternetOutBound', source: '*', target: 'Internet', access: 'Allow', priority: 65001, way: 'Outbound'},
        {name: 'DenyAllOutBound', source: '*', target: '*', access: 'Deny', priority: 65500, way: 'Outbound'}], lambda r: {
      name: r.name, id: concat(nsg_id, '/defaultSecurityRules/', r.name),
      type: 'Microsoft.Network/networkSecurityGroups/defaultSecurityRules',
      properties: {
        provisioningState: 'Succeeded', protocol: '*', sourcePortRange: '*', destinationPortRange: '*',
        sourceAddressPrefix: r.source, destinationAddressPrefix: r.target, access: r.access, priority: r.priority,
        direction: r.way, sourcePortRanges: [], destinationPortRanges: [], sourceAddressPrefixes: [],
        destinationAddressPrefixes: []}}),
    subnets: list_transform(list_filter(['default', 'backend', 'scalesets'], lambda name: name <> 'backend' OR d.g % 6 > 0),
      lambda name: {id: concat(vnet_id, '/subnets/', name)})
  } AS properties,
  tags
FROM draft.groups d LEFT JOIN rules USING (g)
ORDER BY d.g;

INSERT INTO world.scale_sets BY NAME
SELECT pool AS _key, concat(group_id, '/providers/Microsoft.Compute/virtualMachineScaleSets/', name) AS id, name, location,
  group_lower AS "resourceGroup", subscription AS "subscriptionId",
  CASE WHEN profiled THEN {name: size_a.name, tier: size_a.tier, capacity: size} END AS sku,
  {
    orchestrationMode: titled(kind),
    platformFaultDomainCount: fault_domain_count,
    singlePlacementGroup: kind = 'uniform' AND size <= 100,
    uniqueId: guid('set', pool),
    provisioningState: 'Succeeded',
    timeCreated: CASE WHEN profiled THEN written(age + 60, a) END,
    overprovision: CASE WHEN kind = 'uniform' THEN true END,
    doNotRunExtensionsOnOverprovisionedVMs: CASE WHEN kind = 'uniform' THEN false END,
    upgradePolicy: CASE
      WHEN kind = 'uniform' THEN {mode: CASE pick(a, 2, 3) WHEN 0 THEN 'Automatic' WHEN 1 THEN 'Rolling' ELSE 'Manual' END,
        automaticOSUpgradePolicy: {enableAutomaticOSUpgrade: pick(a, 2, 3) = 0, disableAutomaticRollback: false}}
      WHEN profiled THEN {mode: 'Manual', automaticOSUpgradePolicy: NULL} END,
    zoneBalance: CASE WHEN profiled AND spread = 'spanning' THEN pick(a, 3, 2) = 0 END,
    automaticRepairsPolicy: CASE WHEN profiled AND pick(c, 3, 4) = 0 THEN {enabled: true, gracePeriod: 'PT30M', repairAction: 'Replace'} END,
    priorityMixPolicy: CASE WHEN kind = 'flexible' AND profiled AND spot_percent > 0 THEN
      {baseRegularPriorityCount: 1, regularPriorityPercentageAboveBase: 100 - spot_percent} END,
    virtualMachineProfile: CASE WHEN profiled THEN {
      osProfile: {
        computerNamePrefix: app[1:8], adminUsername: 'azureuser',
        linuxConfiguration: CASE WHEN image_a.os_type = 'Linux' THEN {disablePasswordAuthentication: true, provisionVMAgent: true} END,
        windowsConfiguration: CASE WHEN image_a.os_type = 'Windows' THEN {provisionVMAgent: true, enableAutomaticUpdates: kind = 'flexible'} END,
        secrets: [], allowExtensionOperations: true},
      storageProfile: {
        imageReference: {publisher: image_a.publisher, offer: image_a.offer, sku: image_a.sku, version: 'latest'},
        osDisk: {osType: image_a.os_type, createOption: 'FromImage', caching: 'ReadWrite', deleteOption: 'Delete',
          diskSizeGB: image_a.disk_gb, managedDisk: {storageAccountType: 'Premium_LRS'}},
        dataDisks: []},
      networkProfile: {
        networkApiVersion: '2020-11-01',
        networkInterfaceConfigurations: [{name: 'nic0', properties: {
          "primary": true, enableAcceleratedNetworking: size_a.name NOT LIKE 'Standard_B%',
          ipConfigurations: [{name: 'ip0', properties: {"primary": true, privateIPAddressVersion: 'IPv4',
            subnet: {id: concat(vnet_id, '/subnets/', CASE kind WHEN 'uniform' THEN 'scalesets' ELSE 'backend' END)}}}]}}]},
      "priority": CASE WHEN spot_percent = 100 THEN 'Spot' ELSE 'Regular' END,
      evictionPolicy: CASE WHEN spot_percent = 100 THEN 'Delete' END,
      licenseType: CASE WHEN brings_license THEN image_a.license_type END
    } END
  } AS properties,
  tags, zones
FROM draft.pools WHERE kind IN ('flexible', 'uniform') ORDER BY pool;

-- Flexible sets made empty, the way of 2021, into which nobody has put a machine yet.
INSERT INTO world.scale_sets BY NAME
SELECT -1 - g AS _key, concat(id, '/providers/Microsoft.Compute/virtualMachineScaleSets/', app, '-empty-ss') AS id,
  concat(app, '-empty-ss') AS name, location, lower_name AS "resourceGroup", subscription AS "subscriptionId",
  {orchestrationMode: 'Flexible', platformFaultDomainCount: 1, singlePlacementGroup: false, uniqueId: guid('emptyset', g),
    provisioningState: 'Succeeded'} AS properties,
  '{}' AS tags, CASE WHEN region_zones > 0 THEN ['1'] END AS zones
FROM draft.groups WHERE g % 10 = 3 ORDER BY g;

INSERT INTO world.availability_sets BY NAME
SELECT pool AS _key, concat(group_id, '/providers/Microsoft.Compute/availabilitySets/', name) AS id, name, location,
  group_lower AS "resourceGroup", subscription AS "subscriptionId", {name: 'Aligned'} AS sku,
  {
    platformUpdateDomainCount: 5, platformFaultDomainCount: fault_domain_count,
    virtualMachines: list_transform(range(size), lambda k: {id: concat(upper(concat(group_id, '/providers/Microsoft.Compute/virtualMachines/')), upper(concat(name, '-', k + 1)))})
  } AS properties,
  tags
FROM draft.pools WHERE kind = 'availability_set' ORDER BY pool;

-- What nobody cleaned up: disks, network interfaces and addresses that belong to no machine. Their keys are negative.
INSERT INTO world.disks BY NAME
SELECT -1 - (g * 8 + n) AS _key, concat(id, '/providers/Microsoft.Compute/disks/', disk) AS id, disk AS name, location,
  lower_name AS "resourceGroup", subscription AS "subscriptionId", '' AS "managedBy", {name: 'Premium_LRS', tier: 'Premium'} AS sku,
  {
    creationData: {createOption: 'Empty'}, diskSizeGB: 128 << n, diskSizeBytes: (128 << n)::BIGINT * 1073741824, diskIOPSReadWrite: 500,
    diskMBpsReadWrite: 100, tier: ['P10', 'P15', 'P20', 'P30'][1 + n], encryption: {type: 'EncryptionAtRestWithPlatformKey'},
    networkAccessPolicy: 'AllowAll', publicNetworkAccess: 'Enabled', timeCreated: written(age // 2, a),
    uniqueId: guid('orphan', g * 8 + n), provisioningState: 'Succeeded', diskState: 'Unattached'
  } AS properties,
  tags, false AS _goes_with_vm
FROM (SELECT *, unnest(range(greatest(0, pick(b, 3, 6) - 2))) AS n, concat('old-', app, '-data', n + 1) AS disk FROM draft.groups)
ORDER BY g, n;

INSERT INTO world.network_interfaces BY NAME
SELECT -1 - g AS _key, concat(id, '/providers/Microsoft.Network/networkInterfaces/old-', app, '-nic') AS id, concat('old-', app, '-nic') AS name,
  location, lower_name AS "resourceGroup", subscription AS "subscriptionId",
  {
    provisioningState: 'Succeeded', resourceGuid: guid('orphannic', g),
    ipConfigurations: [{
      name: 'ipconfig1', id: concat(id, '/providers/Microsoft.Network/networkInterfaces/old-', app, '-nic/ipConfigurations/ipconfig1'),
      type: 'Microsoft.Network/networkInterfaces/ipConfigurations',
      properties: {provisioningState: 'Succeeded', privateIPAddress: concat(net, '.63.4'), privateIPAllocationMethod: 'Dynamic',
        subnet: {id: concat(vnet_id, '/subnets/default')}, "primary": true, privateIPAddressVersion: 'IPv4'}}],
    dnsSettings: {dnsServers: [], appliedDnsServers: []},
    enableAcceleratedNetworking: false, enableIPForwarding: false, hostedWorkloads: [], tapConfigurations: [], nicType: 'Standard'
  } AS properties,
  tags, false AS _goes_with_vm
FROM draft.groups WHERE pick(b, 2, 3) = 0 ORDER BY g;

INSERT INTO world.public_ip_addresses BY NAME
SELECT -1 - g AS _key, concat(id, '/providers/Microsoft.Network/publicIPAddresses/old-', app, '-ip') AS id, concat('old-', app, '-ip') AS name,
  location, lower_name AS "resourceGroup", subscription AS "subscriptionId", {name: 'Standard', tier: 'Regional'} AS sku,
  {provisioningState: 'Succeeded', resourceGuid: guid('orphanip', g), ipAddress: concat('20.', part(a, 0) % 256, '.', part(a, 1) % 256, '.', part(a, 3) % 254 + 1),
    publicIPAddressVersion: 'IPv4', publicIPAllocationMethod: 'Static', idleTimeoutInMinutes: 4, ipTags: [],
    ddosSettings: {protectionMode: 'VirtualNetworkInherited'}} AS properties,
  tags
FROM draft.groups WHERE pick(b, 3, 3) = 1 ORDER BY g;
