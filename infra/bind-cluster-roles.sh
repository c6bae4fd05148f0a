#!/usr/bin/env bash
# Applies the generated cluster roles and binds each to its app's identity: on every cluster, for with
# Azure RBAC too some rights are given in the cluster alone. The current context of kubectl says which cluster; whoever runs it must
# hold these rights themselves, as a cluster admin does.
#
#   infra/bind-cluster-roles.sh RESOURCE_GROUP ENVIRONMENT
set -euo pipefail
group=${1:?the resource group} environment=${2:?the name of the installation}
here=$(cd "$(dirname "$0")" && pwd)
kubectl apply --filename "$here/generated/cluster-roles.yaml"
for app in $(jq -r '.apps | to_entries[] | select(.value.kubernetes != {}) | .key' "$here/permissions.json"); do
  identity=$(az identity show --resource-group "$group" --name "id-$environment-$app" --query principalId --output tsv)
  kubectl create clusterrolebinding "latchkey:$app" --clusterrole="latchkey:$app" --user="$identity" \
    --dry-run=client --output yaml | kubectl apply --filename -
done
