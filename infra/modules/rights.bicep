// What each identity may do through Azure Resource Manager and, on clusters with Azure RBAC, inside
// them: a role of its own in each governed subscription, with exactly the generated actions.
targetScope = 'subscription'

param environmentName string
@description('Object ids of the identities, in the order of generated/apps.json.')
param principalIds array
param protectedPrincipals array
param grantableRoles array

var apps = loadJsonContent('../generated/apps.json').apps
var writeAction = 'Microsoft.Authorization/roleAssignments/write'
var deleteAction = 'Microsoft.Authorization/roleAssignments/delete'

// Roles are given to groups only, and only those of AKS. Whatever is taken away, it is never from
// Latchkey itself nor from those whom the policy protects. Why: adr/012_conditions_of_the_role_writer.md
var grantableIds = [for role in grantableRoles: role.id]
var roleIds = join(grantableIds, ', ')
var spared = join(concat(principalIds, protectedPrincipals), ', ')
var mayWrite = '((!(ActionMatches{\'${writeAction}\'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${roleIds}} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {\'Group\'}))'
var mayDelete = '((!(ActionMatches{\'${deleteAction}\'})) OR (@Resource[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAllValues:GuidNotEquals {${spared}}))'
var condition = '${mayWrite} AND ${mayDelete}'

resource roles 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [
  for app in apps: if (!empty(app.actions) || !empty(app.dataActions)) {
    name: guid(subscription().id, environmentName, app.name)
    properties: {
      roleName: 'Latchkey ${environmentName} ${app.name} ${take(subscription().subscriptionId, 8)}'
      description: 'What the functions of the app ${app.name} need, and nothing else.'
      type: 'CustomRole'
      assignableScopes: array(subscription().id)
      permissions: [
        { actions: app.actions, notActions: [], dataActions: app.dataActions, notDataActions: [] }
      ]
    }
  }
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (app, i) in apps: if (!empty(app.actions) || !empty(app.dataActions)) {
    name: guid(subscription().id, environmentName, app.name, principalIds[i])
    properties: {
      roleDefinitionId: roles[i].id
      principalId: principalIds[i]
      principalType: 'ServicePrincipal'
      condition: contains(app.actions, writeAction) || contains(app.actions, deleteAction) ? condition : null
      conditionVersion: contains(app.actions, writeAction) || contains(app.actions, deleteAction) ? '2.0' : null
    }
  }
]
