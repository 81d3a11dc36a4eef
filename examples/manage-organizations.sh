#!/bin/sh
# Applies the organizations in a file: creates those that are missing, changes those that differ,
# and leaves all others unchanged. Idempotent. Needs a POSIX shell, sed and curl.
#
#   sh examples/manage-organizations.sh [file]
#
# file           JSON array of organizations, each an OrganizationInput of schema/schema.graphql.
#                One per line, with its name first (default: examples/organizations.json)
# LAYOVER_URL    address of the control plane (default: http://127.0.0.1:8081)
# LAYOVER_TOKEN  API token (default: LAYOVER_ADMIN_TOKEN, otherwise the content of
#                $LAYOVER_HOME/admin-token or .layover/admin-token)
#
# Exit codes: 0 all organizations match the file, 1 at least one failed, 2 the program could not
# start.
set -eu

file=${1:-$(dirname "$0")/organizations.json}
endpoint=${LAYOVER_URL:-http://127.0.0.1:8081}/graphql

stop() {
  printf '%s\n' "$1" >&2
  exit 2
}

command -v curl >/dev/null || stop 'This program needs curl: https://curl.se'
[ -r "$file" ] || stop "$file cannot be read"
token=${LAYOVER_TOKEN:-${LAYOVER_ADMIN_TOKEN:-}}
[ -n "$token" ] || token=$(cat "${LAYOVER_HOME:-.layover}/admin-token" 2>/dev/null) ||
  stop 'No API token found: set LAYOVER_TOKEN, or run this in the folder that contains .layover/admin-token.'

# The token is passed to curl in a private file, because all users of the machine can see arguments.
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
printf 'Authorization: Bearer %s\n' "$token" >"$work/headers"

# One organization per line: removes brackets and the comma at the end.
sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^[][]\{0,1\}$/d' -e 's/,$//' "$file" >"$work/organizations"
if grep -v '^{[^{}]*"name"[[:space:]]*:[[:space:]]*"[^"]*".*}$' "$work/organizations" >"$work/strange"; then
  stop "$file must have one organization on each line, with its name first; this line is invalid: $(sed -n 1p "$work/strange")"
fi

# graphql BODY: stores the response in $answer; fails if there is none or it contains errors.
graphql() {
  answer=$(printf '%s' "$1" | curl -sS --max-time 30 -H @"$work/headers" -H 'Content-Type: application/json' \
    --data-binary @- "$endpoint" 2>&1) || return 1
  case $answer in *'"errors":['*) return 1 ;; '{"data":'*) return 0 ;; *) return 1 ;; esac
}

# Prints the version in $answer; 0 if the organization does not exist.
version() {
  found=$(printf '%s' "$answer" | sed -n 's/.*"version":\([0-9]*\).*/\1/p')
  printf '%s' "${found:-0}"
}

created=0 changed=0 unchanged=0 failed=0
fail() {
  failed=$((failed + 1))
  printf '%-16s FAILED: %s\n' "$name" "$answer" >&2
}

READ='query ($name: String!) { organization(name: $name) { version } }'
APPLY='mutation ($input: OrganizationInput!, $version: Int!) { applyOrganization(input: $input, expectedVersion: $version) { version } }'

while read -r organization || [ -n "$organization" ]; do
  name=$(printf '%s' "$organization" | sed 's/^{[^{}]*"name"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/')
  graphql "{\"query\":\"$READ\",\"variables\":{\"name\":\"$name\"}}" || { fail; continue; }
  before=$(version)
  # With expectedVersion, a concurrent change is not overwritten: the mutation fails with
  # VERSION_CONFLICT.
  graphql "{\"query\":\"$APPLY\",\"variables\":{\"input\":$organization,\"version\":$before}}" || { fail; continue; }
  after=$(version)
  if [ "$before" -eq 0 ]; then
    created=$((created + 1))
    printf '%-16s created\n' "$name"
  elif [ "$before" -eq "$after" ]; then
    unchanged=$((unchanged + 1))
    printf '%-16s unchanged\n' "$name"
  else
    changed=$((changed + 1))
    printf '%-16s changed, version %d to %d\n' "$name" "$before" "$after"
  fi
done <"$work/organizations"

printf '%d organizations: %d created, %d changed, %d unchanged, %d failed\n' \
  $((created + changed + unchanged + failed)) "$created" "$changed" "$unchanged" "$failed"
[ "$failed" -eq 0 ]
