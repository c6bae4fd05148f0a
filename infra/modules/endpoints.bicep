// Private endpoints with their names: the ledger, every host's storage, Service Bus, the vault.
param location string
param tags object
param subnetId string
param networkId string
param busId string
param vaultId string
param ledgerId string
param hostStorageIds array

var zones = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  namespace: 'privatelink.servicebus.windows.net'
  vault: 'privatelink.vaultcore.azure.net'
}
var kinds = ['blob', 'namespace', 'vault']
var fixed = [
  { name: 'ledger', id: ledgerId, kind: 'blob' }
  { name: 'bus', id: busId, kind: 'namespace' }
  { name: 'vault', id: vaultId, kind: 'vault' }
]
var hosts = [for (id, i) in hostStorageIds: { name: 'host-${i}', id: id, kind: 'blob' }]
var targets = concat(fixed, hosts)

resource zone 'Microsoft.Network/privateDnsZones@2020-06-01' = [
  for kind in kinds: {
    name: zones[kind]
    location: 'global'
    tags: tags
  }
]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01' = [
  for (kind, i) in kinds: {
    parent: zone[i]
    name: 'latchkey'
    location: 'global'
    properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
  }
]

resource endpoint 'Microsoft.Network/privateEndpoints@2024-01-01' = [
  for target in targets: {
    name: 'pe-${target.name}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: target.name
          properties: { privateLinkServiceId: target.id, groupIds: [target.kind] }
        }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-01-01' = [
  for (target, i) in targets: {
    parent: endpoint[i]
    name: 'default'
    dependsOn: [zone]
    properties: {
      privateDnsZoneConfigs: [
        {
          name: target.kind
          properties: { privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', zones[target.kind]) }
        }
      ]
    }
  }
]
