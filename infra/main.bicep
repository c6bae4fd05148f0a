// Everything that Latchkey runs on. What each app may do is read from generated/apps.json, which
// `cargo xtask bless` writes from the functions' NEEDS; no right is written by hand here.
//
// Deploy the code next (azd does), then events.bicep: Event Grid asks for a function that is there.
targetScope = 'subscription'

@description('Name of this installation; resources are named after it.')
@minLength(3)
@maxLength(12)
param environmentName string

@description('Where everything is.')
param location string

@description('Subscriptions whose clusters are governed. Custom roles are made in each of them.')
param managedSubscriptions array = array(subscription().subscriptionId)

@description('Client id of the application that operators ask tokens for (LATCHKEY_AUDIENCE): what tokens of version 2 carry.')
param operatorAudience string

@description('Secrets of the HR webhook, comma-separated, newest first.')
@secure()
@minLength(32)
param hrSecrets string

@description('What notifications of Entra must carry, comma-separated, newest first.')
@secure()
@minLength(32)
param entraSecrets string

@description('What receipts and roots of the ledger are signed with: an Ed25519 key, PKCS#8 in PEM.')
@secure()
@minLength(100)
param signingKey string

@description('Object ids whose role assignments nobody deletes: protected.principals of the policy.')
param protectedPrincipals array

@description('AKS roles that may be given. Take away what the policy does not use.')
param grantableRoles array = loadJsonContent('generated/apps.json').assignableRoles

@description('Who is told when somebody must come.')
param alertAddresses array

@description('Days for which a record of the ledger can be neither changed nor deleted.')
@minValue(1)
@maxValue(146000)
param ledgerRetentionDays int = 2555

@description('Storage, secrets and messages only through private endpoints. Service Bus becomes Premium.')
param isPrivate bool = false

@description('Instances that always wait for a leaver, for each function on that path.')
@minValue(0)
param alwaysReady int = 1

@description('Memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemory int = 512

@description('The most instances of one app.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('What is logged (LATCHKEY_LOG).')
param logFilter string = 'info'

@description('Where OpenTelemetry goes (OTLP over HTTP); nothing is sent when empty.')
param otlpEndpoint string = ''

@description('Graph permissions to withhold, such as RoleManagement.ReadWrite.Directory where no team is roleAssignable.')
param withheldGraph array = []

@description('Grant Graph permissions here; false leaves them to grant-graph-permissions.sh.')
param grantGraph bool = true

var apps = loadJsonContent('generated/apps.json').apps
var names = [for app in apps: app.name]
var tags = { 'azd-env-name': environmentName, product: 'latchkey' }
var token = toLower(uniqueString(subscription().id, environmentName, location))

// Without a cold start from the event to the closed door. Everything else scales to zero.
var leaverPath = {
  intake: ['http', 'function:record_person_event']
  planner: ['function:plan_person']
  directory: ['function:disable_sign_in', 'function:end_sessions']
}

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identities 'modules/identity.bicep' = [
  for app in apps: {
    scope: group
    name: 'identity-${app.name}'
    params: { name: 'id-${environmentName}-${app.name}', location: location, tags: tags }
  }
]

module network 'modules/network.bicep' = if (isPrivate) {
  scope: group
  name: 'network'
  params: { name: 'vnet-${environmentName}', location: location, tags: tags }
}

module observe 'modules/observe.bicep' = {
  scope: group
  name: 'observe'
  params: { name: environmentName, location: location, tags: tags }
}

module messaging 'modules/messaging.bicep' = {
  scope: group
  name: 'messaging'
  params: {
    name: 'sb-${environmentName}-${token}'
    location: location
    tags: tags
    isPrivate: isPrivate
    workspaceId: observe.outputs.workspaceId
  }
}

module ledger 'modules/ledger.bicep' = {
  scope: group
  name: 'ledger'
  params: {
    name: 'stledger${token}'
    location: location
    tags: tags
    retentionDays: ledgerRetentionDays
    isPrivate: isPrivate
    workspaceId: observe.outputs.workspaceId
  }
}

module secrets 'modules/secrets.bicep' = {
  scope: group
  name: 'secrets'
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    hrSecrets: hrSecrets
    entraSecrets: entraSecrets
    signingKey: signingKey
    isPrivate: isPrivate
    workspaceId: observe.outputs.workspaceId
  }
}

module functionApps 'modules/app.bicep' = [
  for (app, i) in apps: {
    scope: group
    name: 'app-${app.name}'
    params: {
      app: app
      name: 'func-${environmentName}-${app.name}-${token}'
      storageName: take('st${app.name}${token}', 24)
      location: location
      tags: tags
      identityId: identities[i].outputs.id
      clientId: identities[i].outputs.clientId
      principalId: identities[i].outputs.principalId
      busName: messaging.outputs.name
      ledgerName: ledger.outputs.name
      appenderRoleId: ledger.outputs.appenderRoleId
      vaultName: secrets.outputs.name
      insightsName: observe.outputs.insightsName
      intakeHost: 'func-${environmentName}-intake-${token}.azurewebsites.net'
      audience: operatorAudience
      identities: [for (each, j) in apps: identities[j].outputs.principalId]
      logFilter: logFilter
      otlpEndpoint: otlpEndpoint
      alwaysReady: contains(leaverPath, app.name) ? leaverPath[app.name] : []
      readyInstances: alwaysReady
      instanceMemory: instanceMemory
      maximumInstances: maximumInstances
      subnetId: isPrivate ? network.outputs.appsSubnetId : ''
    }
  }
]

module endpoints 'modules/endpoints.bicep' = if (isPrivate) {
  scope: group
  name: 'endpoints'
  params: {
    location: location
    tags: tags
    subnetId: network.outputs.endpointsSubnetId
    networkId: network.outputs.id
    busId: messaging.outputs.id
    vaultId: secrets.outputs.id
    ledgerId: ledger.outputs.id
    hostStorageIds: [for (app, i) in apps: functionApps[i].outputs.storageId]
  }
}

module rights 'modules/rights.bicep' = [
  for id in managedSubscriptions: {
    scope: subscription(id)
    name: 'latchkey-rights-${environmentName}'
    params: {
      environmentName: environmentName
      principalIds: [for (app, i) in apps: identities[i].outputs.principalId]
      protectedPrincipals: protectedPrincipals
      grantableRoles: grantableRoles
    }
  }
]

module graph 'modules/graph.bicep' = [
  for (app, i) in apps: if (grantGraph && !empty(app.graph)) {
    scope: group
    name: 'graph-${app.name}'
    params: { principalId: identities[i].outputs.principalId, permissions: app.graph, withheld: withheldGraph }
  }
]

module alerts 'modules/alerts.bicep' = {
  scope: group
  name: 'alerts'
  params: {
    name: environmentName
    location: location
    tags: tags
    addresses: alertAddresses
    workspaceId: observe.outputs.workspaceId
    busId: messaging.outputs.id
  }
}

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name
@description('Where HR posts events.')
output hrEndpoint string = 'https://func-${environmentName}-intake-${token}.azurewebsites.net/api/hr/events'
@description('The intake app, for events.bicep.')
output intakeId string = functionApps[indexOf(names, 'intake')].outputs.id
@description('Object ids by app, for grant-graph-permissions.sh and bind-cluster-roles.sh.')
output identities array = [
  for (app, i) in apps: { app: app.name, principalId: identities[i].outputs.principalId }
]
