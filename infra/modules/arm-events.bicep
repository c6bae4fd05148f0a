// Role assignments and clusters of this subscription, as Azure Resource Manager tells of them.
param environmentName string
param intakeId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: 'evgt-${environmentName}'
  location: 'global'
  tags: { product: 'latchkey' }
  properties: { source: subscription().id, topicType: 'Microsoft.Resources.Subscriptions' }
}

resource toIntake 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'latchkey-${environmentName}'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${intakeId}/functions/entra_event'
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    filter: {
      includedEventTypes: [
        'Microsoft.Resources.ResourceWriteSuccess'
        'Microsoft.Resources.ResourceDeleteSuccess'
        'Microsoft.Resources.ResourceActionSuccess'
      ]
      advancedFilters: [
        {
          operatorType: 'StringBeginsWith'
          key: 'data.operationName'
          values: [
            'Microsoft.Authorization/roleAssignments/'
            'Microsoft.ContainerService/managedClusters/write'
            'Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action'
            'Microsoft.ContainerService/managedClusters/runcommand/action'
          ]
        }
      ]
    }
    retryPolicy: { eventTimeToLiveInMinutes: 1440, maxDeliveryAttempts: 30 }
  }
}
