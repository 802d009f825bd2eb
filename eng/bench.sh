#!/usr/bin/env bash
# Builds and runs a benchmark in Release, with what it measures against. usage: eng/bench.sh VERB [OPTIONS]; `list` names the verbs, `VERB --help` its options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
. eng/runtime.sh
[ "${1:-list}" = list ] && set -- --help
if [ "$1" = calls ]; then # stock clients on the stage of the end-to-end tests
  shift
  clients=tests/EndToEnd.Tests/clients
  [ -d "$clients/node_modules" ] || npm ci --prefix "$clients" --ignore-scripts --no-audit --no-fund --silent || exit 1
  dotnet build tests/EndToEnd.Tests -c Release -v quiet --nologo && exec dotnet tests/EndToEnd.Tests/bin/Release/net10.0/VideoScale.EndToEnd.Tests.dll "$@"
fi
if [ "$1" = consensus ] && ! command -v etcd >/dev/null 2>&1; then
  echo "installing with apt-get: etcd-server (what our log is measured against)"
  sudo=(); [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
  "${sudo[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends etcd-server >/dev/null ||
    { echo "cannot install; do it by hand: apt-get install etcd-server"; exit 1; }
fi
case "$1" in consensus | watches | failover) dotnet build src/Cli -c Release -v quiet --nologo || exit 1 ;; esac # real processes
bench=bench/bin/Release/net10.0/VideoScale.Bench
dotnet build bench -c Release -v quiet --nologo -clp:NoSummary || exit 1
if [ "$1" = forward ] && [[ " $* " == *" --veth "* ]]; then # over a pair of interfaces between two namespaces, whose segmentation offload is off
  shift
  args=(); for arg; do [ "$arg" = --veth ] || args+=("$arg"); done
  exec bash eng/forward-veth.sh "$bench" "${args[@]}"
fi
exec "$bench" "$@"
