#!/usr/bin/env bash
# Runs a benchmark in Release. usage: eng/bench.sh VERB [OPTIONS]; `--help` lists the verbs, and `failover` and `calls` are two more, `VERB --help` its options.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
. eng/runtime.sh
[ "${1:-list}" = list ] && set -- --help
if [ "$1" = failover ]; then # kill -9 of the leader under load, again and again: the chaos scenario, its figures kept
  shift
  dotnet build src/Cli -c Release -v quiet --nologo && dotnet build chaos -c Release -v quiet --nologo || exit 1
  case " $* " in *" --rounds "*) ;; *) set -- --rounds 100 "$@" ;; esac
  exec chaos/bin/Release/net10.0/VideoScale.Chaos run leader-kill --results bench/results/failover.json "$@"
fi
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
if [ "$1" = consensus ] || [ "$1" = watches ]; then dotnet build src/Cli -c Release -v quiet --nologo || exit 1; fi # its rooms live in real processes
if [ "$1" = forward ] && [[ " $* " == *" --veth "* ]]; then # over a pair of interfaces between two namespaces, whose segmentation offload is off
  shift
  args=(); for arg; do [ "$arg" = --veth ] || args+=("$arg"); done
  dotnet build bench -c Release -v quiet --nologo || exit 1
  exec bash eng/forward-veth.sh bench/bin/Release/net10.0/VideoScale.Bench "${args[@]}"
fi
exec dotnet run -c Release --project bench -v quiet -- "$@"
