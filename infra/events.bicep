// What happens behind Latchkey's back, to `entra_event` of the app intake. Deploy it after the code:
// Event Grid subscribes only to a function that is there (`azd up` does both, in this order).
targetScope = 'subscription'

@description('Name of this installation, as in main.bicep.')
param environmentName string

@description('Where the resource group for the topic is.')
param location string

@description('Resource id of the app intake: the output intakeId of main.bicep.')
param intakeId string

@description('Name of the partner topic that Microsoft Graph made, if that way is used; in this subscription.')
param partnerTopic string = ''

@description('Resource group of the partner topic.')
param partnerTopicGroup string = ''

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}-events'
  location: location
  tags: { product: 'latchkey' }
}

module arm 'modules/arm-events.bicep' = {
  scope: group
  name: 'arm-events'
  params: { environmentName: environmentName, intakeId: intakeId }
}

module graph 'modules/graph-events.bicep' = if (!empty(partnerTopic)) {
  scope: resourceGroup(empty(partnerTopicGroup) ? group.name : partnerTopicGroup)
  name: 'graph-events'
  params: { partnerTopic: partnerTopic, intakeId: intakeId }
}
