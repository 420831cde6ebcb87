INSERT INTO world.virtual_machines BY NAME
SELECT key AS _key, id, vm AS name, location, group_lower AS "resourceGroup", subscription AS "subscriptionId",
  CASE WHEN image.publisher IN ('Debian', 'SUSE') THEN
    {name: image.sku, product: image.offer, publisher: lower(image.publisher)} END AS plan,
  {
    vmId: guid_of(digest),
    timeCreated: created,
    provisioningState: CASE WHEN chance(e, 0, 0.4) THEN 'Failed' ELSE 'Succeeded' END,
    hardwareProfile: {vmSize: machine_size.name},
    storageProfile: {
      imageReference: {publisher: image.publisher, offer: image.offer, sku: image.sku, version: 'latest',
        exactVersion: image.exact_version},
      osDisk: {name: concat(vm, '_OsDisk_1'), osType: image.os_type, createOption: 'FromImage', caching: 'ReadWrite',
        deleteOption: delete_option, diskSizeGB: image.disk_gb,
        managedDisk: {id: concat(disk_prefix, '_OsDisk_1'), storageAccountType: disk_type}},
      dataDisks: list_transform(range(data_disks), lambda n: {lun: n, name: concat(vm, '_DataDisk_', n),
        createOption: 'Empty', caching: CASE WHEN n = 0 THEN 'ReadOnly' ELSE 'None' END, deleteOption: 'Detach',
        diskSizeGB: data_disk_gb,
        managedDisk: {id: concat(disk_prefix, '_DataDisk_', n), storageAccountType: disk_type}}),
      diskControllerType: machine_size.controller
    },
    osProfile: {
      computerName: computer, adminUsername: 'azureuser', allowExtensionOperations: true,
      requireGuestProvisionSignal: true, secrets: []::VARCHAR[],
      linuxConfiguration: CASE WHEN linux THEN {
        disablePasswordAuthentication: true, provisionVMAgent: true, ssh: {publicKeys: []},
        patchSettings: {patchMode: CASE WHEN env = 'prod' THEN 'AutomaticByPlatform' ELSE 'ImageDefault' END,
          assessmentMode: CASE WHEN env = 'prod' THEN 'AutomaticByPlatform' ELSE 'ImageDefault' END}} END,
      windowsConfiguration: CASE WHEN NOT linux THEN {
        provisionVMAgent: true, enableAutomaticUpdates: true,
        patchSettings: {patchMode: CASE WHEN env = 'prod' THEN 'AutomaticByPlatform' ELSE 'AutomaticByOS' END,
          assessmentMode: 'ImageDefault'}} END
    },
    networkProfile: {networkInterfaces: list_transform(range(nics), lambda n: {
      id: concat(nic_id, CASE WHEN n = 0 THEN '' ELSE (n + 1)::VARCHAR END),
      properties: {"primary": n = 0, deleteOption: delete_option}})},
    securityProfile: CASE WHEN part(e, 1) % 5 < 2 THEN
      {uefiSettings: {secureBootEnabled: true, vTpmEnabled: true}, securityType: 'TrustedLaunch'} END,
    diagnosticsProfile: CASE WHEN part(e, 2) % 2 = 0 THEN {bootDiagnostics: {enabled: true}} END,
    virtualMachineScaleSet: CASE WHEN set_id IS NOT NULL THEN {id: set_id} END,
    platformFaultDomain: fault_domain,
    availabilitySet: CASE WHEN availability_set_id IS NOT NULL THEN {id: availability_set_id} END,
    priority: CASE WHEN spot THEN 'Spot' END,
    evictionPolicy: CASE WHEN spot THEN CASE WHEN pool % 4 = 3 THEN 'Delete' ELSE 'Deallocate' END END,
    billingProfile: CASE WHEN spot THEN {maxPrice: -1} END,
    licenseType: CASE WHEN licensed THEN image.license_type END
  } AS properties,
  tags,
  CASE pick(e, 2, 6) WHEN 0 THEN {type: 'SystemAssigned', principalId: guid_of(md5(digest)), tenantId: getvariable('tenant')} END AS identity,
  vm_zones AS zones,
  CASE WHEN reported THEN computer END AS computer_name,
  CASE WHEN reported THEN image.os_name END AS os_name,
  CASE WHEN reported THEN image.os_version END AS os_version,
  'V2' AS hyper_v_generation,
  {code: concat('PowerState/', power), displayStatus: concat('VM ', power), level: 'Info'} AS power_state,
  CASE WHEN reporting THEN image.os_name END AS _agent_os_name,
  CASE WHEN reporting THEN image.os_version END AS _agent_os_version,
  CASE WHEN kind = 'flexible' THEN pool END AS _set_key,
  CASE WHEN kind = 'availability_set' THEN k % fault_domain_count END AS _fault_domain,
  CASE WHEN kind = 'availability_set' THEN k % 5 END AS _update_domain
FROM draft.machines JOIN draft.images image ON image.ix = image_ix JOIN draft.sizes machine_size ON machine_size.ix = size_ix;
