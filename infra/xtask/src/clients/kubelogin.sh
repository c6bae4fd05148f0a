#!/bin/sh
# Stands in for kubelogin, which is in no package registry, in its mode `azurecli`: the token for
# the cluster is the one that `az` gets for whoever is signed in, kept beside that sign-in.
set -eu
[ "$1" = get-token ] || exit 0
shift
server=
while [ $# -gt 0 ]; do
  [ "$1" = --server-id ] && server=$2
  shift
done
kept="$AZURE_CONFIG_DIR/kubelogin-$server"
if [ ! -s "$kept" ]; then
  token=$(az account get-access-token --resource "$server" --query accessToken --output tsv)
  printf '%s' "$token" >"$kept"
fi
printf '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential",'
printf '"status":{"token":"%s"}}\n' "$(cat "$kept")"
