// Tens of thousands of people, clusters in several subscriptions, nothing reachable from outside
// but the doors.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'latchkey')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param managedSubscriptions = [
  '5c3d2b1a-0f9e-4d8c-b7a6-958473625140'
  '6d4e3c2b-1a0f-4e9d-a8b7-a69584736251'
]
param operatorAudience = readEnvironmentVariable('LATCHKEY_AUDIENCE', '00000000-0000-0000-0000-000000000000')
param hrSecrets = readEnvironmentVariable('LATCHKEY_HR_SECRETS', '')
param entraSecrets = readEnvironmentVariable('LATCHKEY_ENTRA_SECRETS', '')
param signingKey = readEnvironmentVariable('LATCHKEY_SIGNING_KEY', '')
param protectedPrincipals = [
  '00000000-0b1a-4c2d-8e3f-0123456789ab'
  '00000000-1c2b-4d3e-9f40-123456789abc'
]
param alertAddresses = ['platform@example.com', 'security@example.com']
param ledgerRetentionDays = 3650
param isPrivate = true
param alwaysReady = 2
param instanceMemory = 2048
param maximumInstances = 100
param grantGraph = false
