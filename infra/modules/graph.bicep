// Application permissions of Microsoft Graph for one identity. Whoever deploys this needs
// AppRoleAssignment.ReadWrite.All; else leave it out (grantGraph) and have somebody who may run
// grant-graph-permissions.sh.
extension microsoftGraphV1

param principalId string
param permissions array
param withheld array

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource granted 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for permission in permissions: if (!contains(withheld, permission)) {
    appRoleId: filter(graph.appRoles, role => (role.value == permission && contains(role.allowedMemberTypes, 'Application')))[0].id
    principalId: principalId
    resourceId: graph.id
  }
]
