#!/usr/bin/env bash
# Builds the command line and the harness when a source is newer, then runs `chaos`. usage: eng/chaos.sh list | run SCENARIO | engines …
set -euo pipefail
started="$PWD"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
. eng/runtime.sh
. eng/building.sh
program=chaos/bin/Release/net10.0/VideoScale.Chaos
if is_stale "$program.dll" src chaos tests/Harness Directory.Build.props Directory.Packages.props global.json; then
  echo "chaos: building (first start or changed sources)…" >&2
  mkdir -p .build
  for project in src/Cli chaos; do
    dotnet build "$project" -c Release -v quiet --nologo -clp:NoSummary >.build/chaos.log 2>&1 </dev/null ||
      { show_build_errors .build/chaos.log; echo "chaos: the build failed; all it said is in .build/chaos.log" >&2; exit 255; }
  done
  touch "$program.dll"
fi
program="$PWD/$program"; cd -- "$started" # folders that are named are the caller's
exec "$program" "$@"
