#!/usr/bin/env bash
# Builds and runs a benchmark in Release, with what it needs. usage: eng/bench.sh VERB [OPTIONS]; `list` names the verbs, `VERB --help` its options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
. eng/runtime.sh
[ "${1:-list}" = list ] && set -- --help
install() { # PACKAGE WHAT FOR
  echo "installing with apt-get: $1 ($2)"
  sudo=(); [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
  "${sudo[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "$1" >/dev/null ||
    { echo "cannot install; do it by hand: apt-get install $1"; exit 1; }
}
case "$1" in
  consensus | engines) command -v etcd >/dev/null 2>&1 || install etcd-server "what our log is measured against" ;;
  export) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || install postgresql "what the event log is exported to" ;;
  calls | cold)
    command -v chromium-headless-shell >/dev/null 2>&1 || install chromium-headless-shell "calls of a real browser"
    clients=tests/EndToEnd.Tests/clients
    [ -d "$clients/node_modules" ] || npm ci --prefix "$clients" --ignore-scripts --no-audit --no-fund --silent ;;
esac
dotnet build bench -c Release -v quiet --nologo -clp:NoSummary
bench=bench/bin/Release/net10.0/VideoScale.Bench
if [ "$1" = forward ] && [[ " $* " == *" --veth "* ]]; then # over a pair of interfaces between two namespaces, whose segmentation offload is off
  shift
  args=(); for arg; do [ "$arg" = --veth ] || args+=("$arg"); done
  exec bash eng/forward-veth.sh "$bench" "${args[@]}"
fi
exec "$bench" "$@"
