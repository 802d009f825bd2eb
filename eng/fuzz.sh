#!/usr/bin/env bash
# Runs every fuzzer for long and keeps what it did. usage: eng/fuzz.sh [INPUTS EACH [SEED [RESULTS]]]   (500000, 1, bench/results/fuzz.json)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export VS_FUZZ_INPUTS="${1:-500000}" VS_FUZZ_SEED="${2:-1}" VS_FUZZ_LOG="$PWD/.build/fuzz.log"
mkdir -p .build; rm -f "$VS_FUZZ_LOG"
failed=
for project in MediaNode ControlPlane; do
  dotnet build "tests/$project.Tests" -c Release -v quiet --nologo -clp:NoSummary || exit 1
  dotnet test "tests/$project.Tests" -c Release --no-build --nologo -v quiet --logger "console;verbosity=minimal" --filter "FullyQualifiedName~of_any_shape" --blame-hang-timeout 20m --blame-hang-dump-type none || failed=--failed
done
bash eng/bench.sh fuzz "$VS_FUZZ_LOG" --seed "$VS_FUZZ_SEED" ${3:+--results "$3"} $failed || failed=--failed
[ -z "$failed" ]
