// Users and groups, as Microsoft Graph tells of them through its partner topic.
param partnerTopic string
param intakeId string

resource topic 'Microsoft.EventGrid/partnerTopics@2025-02-15' existing = {
  name: partnerTopic
}

resource toIntake 'Microsoft.EventGrid/partnerTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'latchkey'
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
        'Microsoft.Graph.UserUpdated'
        'Microsoft.Graph.UserDeleted'
        'Microsoft.Graph.GroupUpdated'
        'Microsoft.Graph.GroupDeleted'
      ]
    }
    retryPolicy: { eventTimeToLiveInMinutes: 1440, maxDeliveryAttempts: 30 }
  }
}
