// One function app: its plan, its host's storage, its settings, and what its identity may send,
// receive and keep. Its rights in the tenant are given in rights.bicep and graph.bicep.
@description('Its entry in generated/apps.json.')
param app object
param name string
param storageName string
param location string
param tags object
param identityId string
param clientId string
param principalId string
param busName string
param ledgerName string
param appenderRoleId string
param vaultName string
param insightsName string
@description('Host name of the app that Entra and HR reach.')
param intakeHost string
param audience string
@description('Object ids of the identities of all apps: what these do is our own doing.')
param identities array
param logFilter string
param otlpEndpoint string
@description('`http`, or `function:` and a name: what always waits.')
param alwaysReady array
param readyInstances int
param instanceMemory int
param maximumInstances int
@description('Where the app leaves from; empty without a network of its own.')
param subnetId string

var isPrivate = !empty(subnetId)
var roles = {
  blobOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  busSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  busReceiver: '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  metricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}

// Which app is told which secret, by the name of its setting.
var secretsOf = {
  intake: [
    { setting: 'LATCHKEY_HR_SECRETS', name: 'hr-secrets' }
    { setting: 'LATCHKEY_ENTRA_SECRETS', name: 'entra-secrets' }
  ]
  planner: [
    { setting: 'LATCHKEY_ENTRA_SECRETS', name: 'entra-secrets' }
    { setting: 'LATCHKEY_SIGNING_KEY', name: 'signing-key' }
  ]
}
var told = contains(secretsOf, app.name) ? secretsOf[app.name] : []
var vaultUri = 'https://${vaultName}${environment().suffixes.keyvaultDns}'
var secretSettings = [
  for secret in told: {
    name: secret.setting
    value: '@Microsoft.KeyVault(SecretUri=${vaultUri}/secrets/${secret.name})'
  }
]
var notification = { name: 'LATCHKEY_NOTIFICATION_URL', value: 'https://${intakeHost}/api/entra_webhook' }
var notified = app.name == 'planner' ? [notification] : []
var traced = empty(otlpEndpoint) ? [] : [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: otlpEndpoint }]
var settings = [
  { name: 'AzureWebJobsStorage__accountName', value: storage.name }
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
  { name: 'AzureWebJobsStorage__clientId', value: clientId }
  { name: 'ServiceBus__fullyQualifiedNamespace', value: '${busName}.servicebus.windows.net' }
  { name: 'ServiceBus__credential', value: 'managedidentity' }
  { name: 'ServiceBus__clientId', value: clientId }
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insights.properties.ConnectionString }
  { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${clientId};Authorization=AAD' }
  { name: 'AZURE_CLIENT_ID', value: clientId }
  { name: 'LATCHKEY_APP', value: app.name }
  { name: 'LATCHKEY_POLICY', value: 'access.yaml' }
  { name: 'LATCHKEY_TENANT', value: tenant().tenantId }
  { name: 'LATCHKEY_AUDIENCE', value: audience }
  { name: 'LATCHKEY_SERVICE_BUS', value: 'https://${busName}.servicebus.windows.net' }
  { name: 'LATCHKEY_LEDGER', value: '${blobEndpoint}/ledger' }
  { name: 'LATCHKEY_STATE', value: '${blobEndpoint}/state' }
  { name: 'LATCHKEY_IDENTITIES', value: join(identities, ',') }
  { name: 'LATCHKEY_LOG', value: logFilter }
]
var blobEndpoint = 'https://${ledgerName}.blob.${environment().suffixes.storage}'

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: storageName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow', bypass: 'AzureServices' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

resource package 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'package'
  properties: { publicAccess: 'None' }
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }
resource bus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = { name: busName }
resource ledger 'Microsoft.Storage/storageAccounts@2023-05-01' existing = { name: ledgerName }
resource ledgerBlobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' existing = {
  parent: ledger
  name: 'default'
}
resource records 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = {
  parent: ledgerBlobs
  name: 'ledger'
}
resource cursors 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = {
  parent: ledgerBlobs
  name: 'state'
}
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = { name: vaultName }
resource secretsRead 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = [
  for secret in told: { parent: vault, name: secret.name }
]
resource queuesReceived 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = [
  for queue in app.receivesFromQueues: { parent: bus, name: queue }
]
resource queuesWithDead 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = [
  for queue in app.deadLettersOfQueues: { parent: bus, name: queue }
]
resource topicsWithDead 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = [
  for topic in app.deadLettersOfTopics: { parent: bus, name: topic }
]
resource queuesSent 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' existing = [
  for queue in app.sendsToQueues: { parent: bus, name: queue }
]
resource topicsSent 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = [
  for topic in app.sendsToTopics: { parent: bus, name: topic }
]
resource subscriptionsReceived 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' existing = [
  for from in app.receivesFromSubscriptions: { name: '${busName}/${from.topic}/${from.name}' }
]

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': app.name })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: isPrivate ? subnetId : null
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      appSettings: concat(settings, secretSettings, notified, traced)
    }
    functionAppConfig: {
      runtime: { name: 'custom', version: '1.0' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${package.name}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstances
        alwaysReady: [for what in alwaysReady: { name: what, instanceCount: readyInstances }]
      }
    }
  }
  dependsOn: [ownsHostStorage, readsSecrets]
}

resource passwordsOff 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = [
  for way in ['ftp', 'scm']: {
    parent: site
    name: way
    properties: { allow: false }
  }
]

// What the host itself keeps: keys, locks of timers, the package. No other app sees it.
resource ownsHostStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, principalId, roles.blobOwner)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobOwner)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource publishesMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, principalId, roles.metricsPublisher)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// Read and create, never overwrite or delete.
resource appends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: records
  name: guid(records.id, principalId, 'append')
  properties: {
    roleDefinitionId: appenderRoleId
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource keepsCursors 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: cursors
  name: guid(cursors.id, principalId, roles.blobContributor)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobContributor)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

resource readsSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (secret, i) in told: {
    scope: secretsRead[i]
    name: guid(vault.id, secret.name, principalId, roles.secretsUser)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource receivesFromQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (queue, i) in app.receivesFromQueues: {
    scope: queuesReceived[i]
    name: guid(bus.id, queue, principalId, roles.busReceiver)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busReceiver)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource receivesFromSubscriptions 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (from, i) in app.receivesFromSubscriptions: {
    scope: subscriptionsReceived[i]
    name: guid(bus.id, from.topic, from.name, principalId, roles.busReceiver)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busReceiver)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

// Azure knows no right to dead letters alone: who may take those may receive.
resource takesDeadFromQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (queue, i) in app.deadLettersOfQueues: {
    scope: queuesWithDead[i]
    name: guid(bus.id, queue, principalId, roles.busReceiver)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busReceiver)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource takesDeadFromTopics 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (topic, i) in app.deadLettersOfTopics: {
    scope: topicsWithDead[i]
    name: guid(bus.id, topic, principalId, roles.busReceiver)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busReceiver)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource sendsToQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (queue, i) in app.sendsToQueues: {
    scope: queuesSent[i]
    name: guid(bus.id, queue, principalId, roles.busSender)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busSender)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

resource sendsToTopics 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (topic, i) in app.sendsToTopics: {
    scope: topicsSent[i]
    name: guid(bus.id, topic, principalId, roles.busSender)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.busSender)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

output id string = site.id
output storageId string = storage.id
