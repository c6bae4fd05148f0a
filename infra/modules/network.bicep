// A network for installations whose storage, secrets and messages are not to be reached from outside.
param name string
param location string
param tags object

resource appsGuard 'Microsoft.Network/networkSecurityGroups@2024-01-01' = {
  name: '${name}-apps'
  location: location
  tags: tags
}

resource endpointsGuard 'Microsoft.Network/networkSecurityGroups@2024-01-01' = {
  name: '${name}-endpoints'
  location: location
  tags: tags
}

resource network 'Microsoft.Network/virtualNetworks@2024-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.61.0.0/22'] }
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: '10.61.0.0/23'
          networkSecurityGroup: { id: appsGuard.id }
          delegations: [
            { name: 'functions', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '10.61.2.0/25'
          networkSecurityGroup: { id: endpointsGuard.id }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

output id string = network.id
output appsSubnetId string = '${network.id}/subnets/apps'
output endpointsSubnetId string = '${network.id}/subnets/endpoints'
