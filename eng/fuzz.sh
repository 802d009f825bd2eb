#!/usr/bin/env bash
# Runs every fuzzer for long and keeps what it did. usage: eng/fuzz.sh [INPUTS EACH [SEED]]   (500000, 1)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export VS_FUZZ_INPUTS="${1:-500000}" VS_FUZZ_SEED="${2:-1}" VS_FUZZ_LOG="$PWD/.build/fuzz.log"
mkdir -p .build; rm -f "$VS_FUZZ_LOG"
failed=0
for project in MediaNode ControlPlane; do
  dotnet build "tests/$project.Tests" -c Release -v quiet --nologo -clp:NoSummary || exit 1
  dotnet test "tests/$project.Tests" -c Release --no-build --nologo -v quiet --logger "console;verbosity=minimal" --filter "FullyQualifiedName~of_any_shape" --blame-hang-timeout 20m --blame-hang-dump-type none || failed=1
done
awk -v seed="$VS_FUZZ_SEED" -v failed="$failed" 'BEGIN { print "{\n  \"Seed\": " seed ",\n  \"Failed\": " (failed ? "true" : "false") ",\n  \"Fuzzers\": [" }
  { total += $2; printf "%s    { \"Name\": \"%s\", \"Inputs\": %d, \"Seconds\": %s, \"OctetsKept\": %d }", (NR > 1 ? ",\n" : ""), $1, $2, $3, $4 }
  END { printf "\n  ],\n  \"Inputs\": %d\n}\n", total; if (total == 0) exit 1 }' "$VS_FUZZ_LOG" > bench/results/fuzz.json || failed=1
tail -n 2 bench/results/fuzz.json
exit "$failed"
