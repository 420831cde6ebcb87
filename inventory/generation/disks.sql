INSERT INTO world.disks BY NAME
SELECT key * 8 + n + 1 AS _key, concat(disk_prefix, label) AS id, concat(vm, label) AS name, location,
  group_lower AS "resourceGroup", subscription AS "subscriptionId", id AS "managedBy",
  {name: disk_type, tier: CASE WHEN disk_type = 'Premium_LRS' THEN 'Premium' ELSE 'Standard' END} AS sku,
  {
    osType: CASE WHEN n < 0 THEN os_type END,
    hyperVGeneration: CASE WHEN n < 0 THEN 'V2' END,
    creationData: CASE WHEN n < 0 THEN {createOption: 'FromImage', imageReference: {id: concat(
        '/Subscriptions/', subscription, '/Providers/Microsoft.Compute/Locations/', location, '/Publishers/', publisher,
        '/ArtifactTypes/VMImage/Offers/', offer, '/Skus/', image_sku, '/Versions/', exact_version)}}
      ELSE {createOption: 'Empty', imageReference: NULL} END,
    diskSizeGB: gb,
    diskSizeBytes: gb::BIGINT * 1073741824,
    diskIOPSReadWrite: CASE WHEN disk_type = 'Premium_LRS' THEN greatest(120, least(5000, gb * 3)) ELSE 500 END,
    diskMBpsReadWrite: CASE WHEN disk_type = 'Premium_LRS' THEN CASE WHEN gb < 128 THEN 50 WHEN gb < 512 THEN 100 ELSE 200 END ELSE 60 END,
    tier: CASE WHEN disk_type = 'Premium_LRS' THEN
      CASE WHEN gb <= 32 THEN 'P4' WHEN gb <= 64 THEN 'P6' WHEN gb <= 128 THEN 'P10' WHEN gb <= 256 THEN 'P15' WHEN gb <= 512 THEN 'P20' ELSE 'P30' END END,
    encryption: {type: 'EncryptionAtRestWithPlatformKey'},
    networkAccessPolicy: CASE WHEN env = 'prod' THEN 'DenyAll' ELSE 'AllowAll' END,
    publicNetworkAccess: CASE WHEN env = 'prod' THEN 'Disabled' ELSE 'Enabled' END,
    timeCreated: disk_created,
    uniqueId: guid_of(md5(concat(digest, 'disk', n))),
    provisioningState: 'Succeeded',
    diskState: CASE WHEN power = 'deallocated' THEN 'Reserved' ELSE 'Attached' END
  } AS properties,
  tags, vm_zones AS zones, key AS _vm_key, n < 0 AND delete_option = 'Delete' AS _goes_with_vm
FROM (
  SELECT *, CASE WHEN n < 0 THEN '_OsDisk_1' ELSE concat('_DataDisk_', n) END AS label,
    CASE WHEN n < 0 THEN disk_gb ELSE data_disk_gb END AS gb
  FROM (SELECT m.*, os_type, publisher, offer, image.sku AS image_sku, exact_version, disk_gb, unnest(range(-1, data_disks)) AS n FROM draft.machines m JOIN draft.images image ON image.ix = image_ix)
);
