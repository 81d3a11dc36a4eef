#!/bin/sh
# Makes organizations be what a file says: creates those that are not there, changes those that differ, and leaves the
# others alone. Run it again and nothing changes. Needs a POSIX shell, sed and curl.
#
#   sh examples/manage-organizations.sh [file]
#
# file          a JSON array of organizations, one per line, its name first (examples/organizations.json); each is an
#               OrganizationInput of schema/schema.graphql
# LAYOVER_URL   the control plane; http://127.0.0.1:8081 unless set
# LAYOVER_TOKEN an API token; else LAYOVER_ADMIN_TOKEN, else what is in $LAYOVER_HOME/admin-token (.layover/admin-token)
#
# Exit code: 0 everything is as the file says, 1 something could not be made so, 2 it could not begin.
set -eu

file=${1:-$(dirname "$0")/organizations.json}
endpoint=${LAYOVER_URL:-http://127.0.0.1:8081}/graphql

stop() {
  printf '%s\n' "$1" >&2
  exit 2
}

command -v curl >/dev/null || stop 'curl is needed: https://curl.se'
[ -r "$file" ] || stop "$file cannot be read"
token=${LAYOVER_TOKEN:-${LAYOVER_ADMIN_TOKEN:-}}
[ -n "$token" ] || token=$(cat "${LAYOVER_HOME:-.layover}/admin-token" 2>/dev/null) ||
  stop 'There is no token: set LAYOVER_TOKEN, or run this where .layover/admin-token is.'

# The token goes to curl in a file of ours: arguments can be seen by everyone on the machine.
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
printf 'Authorization: Bearer %s\n' "$token" >"$work/headers"

# One organization per line: brackets go, and so does the comma at the end.
sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^[][]\{0,1\}$/d' -e 's/,$//' "$file" >"$work/organizations"
if grep -v '^{[^{}]*"name"[[:space:]]*:[[:space:]]*"[^"]*".*}$' "$work/organizations" >"$work/strange"; then
  stop "$file must have one organization on each line, with its name first; this is none: $(sed -n 1p "$work/strange")"
fi

# graphql BODY: the answer is in $answer; false when there is none, or it has errors.
graphql() {
  answer=$(printf '%s' "$1" | curl -sS --max-time 30 -H @"$work/headers" -H 'Content-Type: application/json' \
    --data-binary @- "$endpoint" 2>&1) || return 1
  case $answer in *'"errors":['*) return 1 ;; '{"data":'*) return 0 ;; *) return 1 ;; esac
}

# The version in $answer; 0 for an organization that is not there.
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
  # expectedVersion: should somebody change it in between, this is refused (VERSION_CONFLICT) and not lost.
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
