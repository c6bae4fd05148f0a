// A company of some hundred people and a handful of clusters in one subscription.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'latchkey')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param operatorAudience = readEnvironmentVariable('LATCHKEY_AUDIENCE', '00000000-0000-0000-0000-000000000000')
param hrSecrets = readEnvironmentVariable('LATCHKEY_HR_SECRETS', '')
param entraSecrets = readEnvironmentVariable('LATCHKEY_ENTRA_SECRETS', '')
param signingKey = readEnvironmentVariable('LATCHKEY_SIGNING_KEY', '')
param protectedPrincipals = ['00000000-0b1a-4c2d-8e3f-0123456789ab']
param alertAddresses = ['platform@example.com']
param ledgerRetentionDays = 2555
param alwaysReady = 1
param instanceMemory = 512
param maximumInstances = 40
