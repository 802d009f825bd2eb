#!/usr/bin/env bash
# Runs every test, quick projects first; the last line counts them. Arguments: a filter for the test names.
set -uo pipefail
root=$(pwd); results="$root/.build/test-results"; rm -rf "$results"; mkdir -p "$results"
filter=(); [ $# -gt 0 ] && filter=(--filter "$1")
dotnet build VideoScale.sln -c Release -v quiet --nologo || { echo "0 passed, 1 failed"; exit 1; }
failed=0
for project in Architecture Contracts Consensus ControlPlane MediaNode Integration; do
  echo "== $project.Tests"
  dotnet test "tests/$project.Tests/VideoScale.$project.Tests.csproj" -c Release --no-build --nologo -v quiet \
    --logger "trx;LogFileName=$project.trx" --results-directory "$results" "${filter[@]}" || failed=1
done
count() { grep -ho "$1=\"[0-9]*\"" "$results"/*.trx 2>/dev/null | grep -o '[0-9]*' | awk '{s+=$1} END {print s+0}'; }
passed=$(count passed); bad=$(count failed)
if [ "$failed" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
echo "$passed passed, $bad failed"
[ "$failed" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$passed" -gt 0 ]
