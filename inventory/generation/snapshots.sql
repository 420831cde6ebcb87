-- A snapshot of the system disk of one machine in fifty.
INSERT INTO world.snapshots BY NAME
SELECT key AS _key, concat(replace(id, '/virtualMachines/', '/snapshots/'), '-snap') AS id, concat(vm, '-snap') AS name, location,
  group_lower AS "resourceGroup", subscription AS "subscriptionId", {name: 'Standard_LRS', tier: 'Standard'} AS sku,
  {
    osType: image.os_type, hyperVGeneration: 'V2',
    creationData: {createOption: 'Copy', sourceResourceId: concat(disk_prefix, '_OsDisk_1')},
    diskSizeGB: image.disk_gb, diskSizeBytes: image.disk_gb::BIGINT * 1073741824, incremental: true,
    encryption: {type: 'EncryptionAtRestWithPlatformKey'}, networkAccessPolicy: 'AllowAll', publicNetworkAccess: 'Enabled',
    timeCreated: written(3600 + part(d, 1) * 60, e), uniqueId: guid_of(md5(concat(digest, 'snapshot'))),
    provisioningState: 'Succeeded', diskState: 'Unattached'
  } AS properties,
  tags
FROM draft.machines JOIN draft.images image ON image.ix = image_ix
WHERE pick(e, 0, 50) = 7;
