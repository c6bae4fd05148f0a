#!/usr/bin/env bash
# Grants the application permissions of Microsoft Graph by `az rest`, for whoever does not deploy
# modules/graph.bicep. Run it as somebody who may consent to application permissions; again whenever
# permissions.json changed. It takes back what is no longer needed.
#
#   infra/grant-graph-permissions.sh RESOURCE_GROUP ENVIRONMENT [WITHHELD_PERMISSION...]
set -euo pipefail
group=${1:?the resource group} environment=${2:?the name of the installation}
shift 2
here=$(cd "$(dirname "$0")" && pwd)
graph=https://graph.microsoft.com/v1.0
service=$(az ad sp show --id 00000003-0000-0000-c000-000000000000 --output json)
resource=$(jq -r .id <<<"$service")

# The app role that a permission is, for applications.
role() {
  jq -er --arg name "$1" \
    '.appRoles[] | select(.value == $name and (.allowedMemberTypes | index("Application"))) | .id' <<<"$service"
}

for app in $(jq -r '.apps | keys[]' "$here/permissions.json"); do
  identity=$(az identity show --resource-group "$group" --name "id-$environment-$app" --query principalId --output tsv)
  held=$(az rest --method get --url "$graph/servicePrincipals/$identity/appRoleAssignments" --output json)
  wanted=()
  for permission in $(jq -r --arg app "$app" '.apps[$app].graph[]' "$here/permissions.json"); do
    for withheld in "$@"; do
      if [ "$permission" = "$withheld" ]; then echo "$app: $permission withheld"; continue 2; fi
    done
    id=$(role "$permission")
    wanted+=("$id")
    if jq -e --arg id "$id" --arg resource "$resource" \
      '.value[] | select(.appRoleId == $id and .resourceId == $resource)' <<<"$held" >/dev/null; then
      echo "$app: $permission is held"
    else
      az rest --method post --url "$graph/servicePrincipals/$resource/appRoleAssignedTo" \
        --body "{\"principalId\":\"$identity\",\"resourceId\":\"$resource\",\"appRoleId\":\"$id\"}" >/dev/null
      echo "$app: $permission granted"
    fi
  done
  jq -r --arg resource "$resource" '.value[] | select(.resourceId == $resource) | "\(.id) \(.appRoleId)"' <<<"$held" |
    while read -r assignment id; do
      case " ${wanted[*]-} " in
        *" $id "*) ;;
        *)
          az rest --method delete --url "$graph/servicePrincipals/$identity/appRoleAssignments/$assignment"
          echo "$app: app role $id taken back"
          ;;
      esac
    done
done
