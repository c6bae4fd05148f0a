// When somebody must come. Each query is a file of ../queries, held against the code by a test.
param name string
param location string
param tags object
param addresses array
param workspaceId string
param busId string

var queries = [
  { name: 'stuck', severity: 1, threshold: 0, what: 'A case needs somebody.', text: loadTextContent('../queries/stuck.kql') }
  { name: 'overdue', severity: 1, threshold: 0, what: 'It is not proven in time that a leaver is out.', text: loadTextContent('../queries/overdue.kql') }
  { name: 'lockouts', severity: 1, threshold: 0, what: 'A lockout was refused.', text: loadTextContent('../queries/lockouts.kql') }
  { name: 'silence', severity: 2, threshold: 0, what: 'A feed is silent.', text: loadTextContent('../queries/silence.kql') }
  { name: 'failures', severity: 2, threshold: 0, what: 'A message could not be handled.', text: loadTextContent('../queries/failures.kql') }
  { name: 'doors', severity: 1, threshold: 0, what: 'The doors of a leaver took more than a minute.', text: loadTextContent('../queries/doors.kql') }
  { name: 'refused', severity: 3, threshold: 10, what: 'Unsigned events come in.', text: loadTextContent('../queries/refused.kql') }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${name}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: take(name, 12)
    enabled: true
    emailReceivers: [
      for (address, i) in addresses: {
        name: 'address-${i}'
        emailAddress: address
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-03-15-preview' = [
  for query in queries: {
    name: 'alert-${name}-${query.name}'
    location: location
    tags: tags
    properties: {
      displayName: 'Latchkey: ${query.what}'
      severity: query.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT10M'
      criteria: {
        allOf: [
          {
            query: query.text
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: query.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: true
      actions: { actionGroups: [people.id] }
    }
  }
]

resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-${name}-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'A message was delivered ten times in vain: GET /api/dead-letters shows it.'
    severity: 1
    enabled: true
    scopes: [busId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dead letters'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          dimensions: [{ name: 'EntityName', operator: 'Include', values: ['*'] }]
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Maximum'
        }
      ]
    }
    autoMitigate: true
    actions: [{ actionGroupId: people.id }]
  }
}
