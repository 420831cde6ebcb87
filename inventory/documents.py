"""The shapes of the documents that Azure keeps of each type: property by property, in the order in which Azure shows them.

Only shapes; which table holds which is said in `resource_types`.
"""

from __future__ import annotations

from inventory.shapes import FLAG, JSON, REFERENCE, TEXT, WHOLE, document, many

SKU = document(name=TEXT, tier=TEXT)
PLAN = document(name=TEXT, product=TEXT, publisher=TEXT)
IDENTITY = document(type=TEXT, principalId=TEXT, tenantId=TEXT, userAssignedIdentities=JSON)
MODEL_IMAGE = document(publisher=TEXT, offer=TEXT, sku=TEXT, version=TEXT)
IMAGE_REFERENCE = document(publisher=TEXT, offer=TEXT, sku=TEXT, version=TEXT, exactVersion=TEXT)
MANAGED_DISK = document(id=TEXT, storageAccountType=TEXT)
OS_DISK = document(
    name=TEXT,
    osType=TEXT,
    createOption=TEXT,
    caching=TEXT,
    deleteOption=TEXT,
    diskSizeGB=WHOLE,
    managedDisk=MANAGED_DISK,
)
DATA_DISK = document(
    lun=WHOLE,
    name=TEXT,
    createOption=TEXT,
    caching=TEXT,
    deleteOption=TEXT,
    diskSizeGB=WHOLE,
    managedDisk=MANAGED_DISK,
)
PATCH_SETTINGS = document(patchMode=TEXT, assessmentMode=TEXT)
LINUX_CONFIGURATION = document(
    disablePasswordAuthentication=FLAG,
    provisionVMAgent=FLAG,
    ssh=document(publicKeys=many(document(path=TEXT, keyData=TEXT))),
    patchSettings=PATCH_SETTINGS,
)
WINDOWS_CONFIGURATION = document(provisionVMAgent=FLAG, enableAutomaticUpdates=FLAG, patchSettings=PATCH_SETTINGS)
POWER_STATE = document(code=TEXT, displayStatus=TEXT, level=TEXT)

VIRTUAL_MACHINE = document(
    vmId=TEXT,
    timeCreated=TEXT,
    provisioningState=TEXT,
    hardwareProfile=document(vmSize=TEXT),
    storageProfile=document(
        imageReference=IMAGE_REFERENCE, osDisk=OS_DISK, dataDisks=many(DATA_DISK), diskControllerType=TEXT
    ),
    osProfile=document(
        computerName=TEXT,
        adminUsername=TEXT,
        allowExtensionOperations=FLAG,
        requireGuestProvisionSignal=FLAG,
        secrets=many(TEXT),
        linuxConfiguration=LINUX_CONFIGURATION,
        windowsConfiguration=WINDOWS_CONFIGURATION,
    ),
    networkProfile=document(
        networkInterfaces=many(document(id=TEXT, properties=document(primary=FLAG, deleteOption=TEXT)))
    ),
    securityProfile=document(
        uefiSettings=document(secureBootEnabled=FLAG, vTpmEnabled=FLAG), securityType=TEXT
    ),
    diagnosticsProfile=document(bootDiagnostics=document(enabled=FLAG, storageUri=TEXT)),
    virtualMachineScaleSet=REFERENCE,
    platformFaultDomain=WHOLE,
    availabilitySet=REFERENCE,
    priority=TEXT,
    evictionPolicy=TEXT,
    billingProfile=document(maxPrice=WHOLE),
    licenseType=TEXT,
)

NETWORK_INTERFACE_CONFIGURATION = document(
    name=TEXT,
    properties=document(
        primary=FLAG,
        enableAcceleratedNetworking=FLAG,
        ipConfigurations=many(
            document(name=TEXT, properties=document(primary=FLAG, privateIPAddressVersion=TEXT, subnet=REFERENCE))
        ),
    ),
)
SCALE_SET_SKU = document(name=TEXT, tier=TEXT, capacity=WHOLE)
SCALE_SET = document(
    orchestrationMode=TEXT,
    platformFaultDomainCount=WHOLE,
    singlePlacementGroup=FLAG,
    uniqueId=TEXT,
    provisioningState=TEXT,
    timeCreated=TEXT,
    overprovision=FLAG,
    doNotRunExtensionsOnOverprovisionedVMs=FLAG,
    upgradePolicy=document(
        mode=TEXT,
        automaticOSUpgradePolicy=document(enableAutomaticOSUpgrade=FLAG, disableAutomaticRollback=FLAG),
    ),
    zoneBalance=FLAG,
    automaticRepairsPolicy=document(enabled=FLAG, gracePeriod=TEXT, repairAction=TEXT),
    priorityMixPolicy=document(baseRegularPriorityCount=WHOLE, regularPriorityPercentageAboveBase=WHOLE),
    virtualMachineProfile=document(
        osProfile=document(
            computerNamePrefix=TEXT,
            adminUsername=TEXT,
            linuxConfiguration=document(disablePasswordAuthentication=FLAG, provisionVMAgent=FLAG),
            windowsConfiguration=document(provisionVMAgent=FLAG, enableAutomaticUpdates=FLAG),
            secrets=many(TEXT),
            allowExtensionOperations=FLAG,
        ),
        storageProfile=document(
            imageReference=MODEL_IMAGE,
            osDisk=document(
                osType=TEXT,
                createOption=TEXT,
                caching=TEXT,
                deleteOption=TEXT,
                diskSizeGB=WHOLE,
                managedDisk=document(storageAccountType=TEXT),
            ),
            dataDisks=many(document(lun=WHOLE, createOption=TEXT, caching=TEXT, diskSizeGB=WHOLE)),
        ),
        networkProfile=document(
            networkApiVersion=TEXT, networkInterfaceConfigurations=many(NETWORK_INTERFACE_CONFIGURATION)
        ),
        priority=TEXT,
        evictionPolicy=TEXT,
        licenseType=TEXT,
    ),
)

SCALE_SET_INSTANCE = document(
    vmId=TEXT,
    latestModelApplied=FLAG,
    modelDefinitionApplied=TEXT,
    provisioningState=TEXT,
    timeCreated=TEXT,
    hardwareProfile=JSON,
    storageProfile=document(
        imageReference=MODEL_IMAGE,
        osDisk=document(
            name=TEXT, osType=TEXT, createOption=TEXT, caching=TEXT, diskSizeGB=WHOLE, managedDisk=MANAGED_DISK
        ),
        dataDisks=many(DATA_DISK),
    ),
    osProfile=document(computerName=TEXT, adminUsername=TEXT),
    networkProfile=document(networkInterfaces=many(document(id=TEXT, properties=document(primary=FLAG)))),
)
SCALE_SET_INSTANCE_NIC = document(
    primary=FLAG,
    provisioningState=TEXT,
    virtualMachine=REFERENCE,
    ipConfigurations=many(
        document(
            name=TEXT,
            id=TEXT,
            properties=document(
                primary=FLAG, privateIPAddress=TEXT, privateIPAllocationMethod=TEXT, subnet=REFERENCE
            ),
        )
    ),
)

NETWORK_INTERFACE = document(
    provisioningState=TEXT,
    resourceGuid=TEXT,
    ipConfigurations=many(
        document(
            name=TEXT,
            id=TEXT,
            type=TEXT,
            properties=document(
                provisioningState=TEXT,
                privateIPAddress=TEXT,
                privateIPAllocationMethod=TEXT,
                publicIPAddress=REFERENCE,
                subnet=REFERENCE,
                primary=FLAG,
                privateIPAddressVersion=TEXT,
            ),
        )
    ),
    dnsSettings=document(dnsServers=many(TEXT), appliedDnsServers=many(TEXT), internalDomainNameSuffix=TEXT),
    macAddress=TEXT,
    enableAcceleratedNetworking=FLAG,
    enableIPForwarding=FLAG,
    networkSecurityGroup=REFERENCE,
    primary=FLAG,
    virtualMachine=REFERENCE,
    hostedWorkloads=many(TEXT),
    tapConfigurations=many(TEXT),
    nicType=TEXT,
)
DISK = document(
    osType=TEXT,
    hyperVGeneration=TEXT,
    creationData=document(createOption=TEXT, imageReference=REFERENCE, sourceResourceId=TEXT),
    diskSizeGB=WHOLE,
    diskSizeBytes=WHOLE,
    diskIOPSReadWrite=WHOLE,
    diskMBpsReadWrite=WHOLE,
    tier=TEXT,
    encryption=document(type=TEXT),
    networkAccessPolicy=TEXT,
    publicNetworkAccess=TEXT,
    timeCreated=TEXT,
    uniqueId=TEXT,
    provisioningState=TEXT,
    diskState=TEXT,
)
SNAPSHOT = document(
    osType=TEXT,
    hyperVGeneration=TEXT,
    creationData=document(createOption=TEXT, sourceResourceId=TEXT),
    diskSizeGB=WHOLE,
    diskSizeBytes=WHOLE,
    incremental=FLAG,
    encryption=document(type=TEXT),
    networkAccessPolicy=TEXT,
    publicNetworkAccess=TEXT,
    timeCreated=TEXT,
    uniqueId=TEXT,
    provisioningState=TEXT,
    diskState=TEXT,
)
EXTENSION = document(
    publisher=TEXT,
    type=TEXT,
    typeHandlerVersion=TEXT,
    autoUpgradeMinorVersion=FLAG,
    enableAutomaticUpgrade=FLAG,
    provisioningState=TEXT,
    settings=JSON,
)
PUBLIC_IP_ADDRESS = document(
    provisioningState=TEXT,
    resourceGuid=TEXT,
    ipAddress=TEXT,
    publicIPAddressVersion=TEXT,
    publicIPAllocationMethod=TEXT,
    idleTimeoutInMinutes=WHOLE,
    ipTags=many(document(ipTagType=TEXT, tag=TEXT)),
    dnsSettings=document(domainNameLabel=TEXT, fqdn=TEXT),
    ipConfiguration=REFERENCE,
    ddosSettings=document(protectionMode=TEXT),
)
VIRTUAL_NETWORK = document(
    provisioningState=TEXT,
    resourceGuid=TEXT,
    addressSpace=document(addressPrefixes=many(TEXT)),
    dhcpOptions=document(dnsServers=many(TEXT)),
    subnets=many(
        document(
            name=TEXT,
            id=TEXT,
            type=TEXT,
            properties=document(
                provisioningState=TEXT,
                addressPrefix=TEXT,
                networkSecurityGroup=REFERENCE,
                routeTable=REFERENCE,
                delegations=many(document(name=TEXT, properties=document(serviceName=TEXT))),
                privateEndpointNetworkPolicies=TEXT,
                privateLinkServiceNetworkPolicies=TEXT,
            ),
        )
    ),
    virtualNetworkPeerings=many(
        document(
            name=TEXT,
            id=TEXT,
            properties=document(
                provisioningState=TEXT,
                peeringState=TEXT,
                remoteVirtualNetwork=REFERENCE,
                allowVirtualNetworkAccess=FLAG,
                allowForwardedTraffic=FLAG,
            ),
        )
    ),
    enableDdosProtection=FLAG,
)
SECURITY_RULE = document(
    name=TEXT,
    id=TEXT,
    type=TEXT,
    properties=document(
        provisioningState=TEXT,
        description=TEXT,
        protocol=TEXT,
        sourcePortRange=TEXT,
        destinationPortRange=TEXT,
        sourceAddressPrefix=TEXT,
        destinationAddressPrefix=TEXT,
        access=TEXT,
        priority=WHOLE,
        direction=TEXT,
        sourcePortRanges=many(TEXT),
        destinationPortRanges=many(TEXT),
        sourceAddressPrefixes=many(TEXT),
        destinationAddressPrefixes=many(TEXT),
    ),
)
NETWORK_SECURITY_GROUP = document(
    provisioningState=TEXT,
    resourceGuid=TEXT,
    securityRules=many(SECURITY_RULE),
    defaultSecurityRules=many(SECURITY_RULE),
    networkInterfaces=many(REFERENCE),
    subnets=many(REFERENCE),
)
AVAILABILITY_SET = document(
    platformUpdateDomainCount=WHOLE, platformFaultDomainCount=WHOLE, virtualMachines=many(REFERENCE)
)

ANCESTORS = many(document(name=TEXT, displayName=TEXT))
SUBSCRIPTION = document(
    state=TEXT,
    managedByTenants=many(document(tenantId=TEXT)),
    managementGroupAncestorsChain=ANCESTORS,
    subscriptionPolicies=document(locationPlacementId=TEXT, quotaId=TEXT, spendingLimit=TEXT),
)
RESOURCE_GROUP = document(provisioningState=TEXT)
MANAGEMENT_GROUP = document(
    tenantId=TEXT,
    displayName=TEXT,
    details=document(
        managementGroupAncestorsChain=ANCESTORS, parent=document(id=TEXT, name=TEXT, displayName=TEXT)
    ),
)
