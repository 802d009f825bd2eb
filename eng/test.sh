#!/usr/bin/env bash
# Runs every test, quick projects first. The last line is "N passed, M failed".
# usage: eng/test.sh [quick | FILTER]   quick: without clusters and browsers; FILTER: a part of a test's name, or a whole dotnet test filter expression
set -uo pipefail
# A background job ignores Ctrl-C, and so would all it starts; tests of stopping need it.
[ -n "${VS_SIGNALS_RESET:-}" ] || VS_SIGNALS_RESET=1 exec env --default-signal=INT,QUIT bash "${BASH_SOURCE[0]}" "$@"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
# Hundreds of processes live for seconds each: code that is made again and again for a long run (counts are hexadecimal) costs them more than it brings.
export DOTNET_TieredPGO=0 DOTNET_TC_CallCountThreshold=400
computing=(Consensus DotNext Simulation Chaos MediaNode ControlPlane Gateway Consensus.Etcd) waiting=(Export Integration) calls=(EndToEnd)
quick=
if [ "${1:-}" = quick ]; then shift; quick=1; computing=(Consensus DotNext Simulation) waiting=(MediaNode ControlPlane Gateway) calls=(); fi
projects=(Architecture Contracts "${computing[@]}" "${waiting[@]}" "${calls[@]}")
results="$PWD/.build/test-results"
started=$SECONDS
failures=()
finish() {
  [ ${#failures[@]} -eq 0 ] || printf 'failed: %s\n' "${failures[@]}"
  echo "time: $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s"; echo "$1 passed, $2 failed"
  [ "$2" -eq 0 ] && [ "$1" -gt 0 ]; exit
}

# What tests use beyond the .NET SDK: command, Debian package, what for.
missing=()
need() { command -v "$1" >/dev/null 2>&1 || PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || { missing+=("$2"); echo "missing: $1 ($3); package $2"; }; }
need gcc gcc "a preload library that makes fdatasync fail"
[ -e /usr/include/errno.h ] || { missing+=(libc6-dev); echo "missing: C headers (the same); package libc6-dev"; }
need openssl openssl "the DTLS of another library"
if [ -z "$quick" ]; then
  need mkfs.xfs xfsprogs "power loss on a file system of its own"
  need ip iproute2 "network faults"
  need nft nftables "the same"
  need unshare util-linux "the same"
  need etcd etcd-server "a log in a real etcd"
  need etcdctl etcd-client "the same"
  need node nodejs "the grpc-js client"
  need npm npm "the grpc-js client"
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || { missing+=(postgresql); echo "missing: PostgreSQL (what the event log is exported to); package postgresql"; }
  need chromium-headless-shell chromium-headless-shell "calls of a real browser"
  need firefox-esr firefox-esr "calls of another one"
  need turnserver coturn "calls through a relay"
fi
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing with apt-get: ${missing[*]}"
  sudo=(); [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
  if ! { "${sudo[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null; then
    echo "cannot install; do it by hand: apt-get install ${missing[*]}"; finish 0 1
  fi
fi
clients() { # FOLDER WHAT
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return
  echo "installing with npm: $2 for $1"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --silent || { echo "npm ci failed in $1"; finish 0 1; }
  touch "$1/node_modules/.package-lock.json"
}
if [ -z "$quick" ]; then
  clients tests/Interop @grpc/grpc-js
  clients tests/EndToEnd.Tests/clients "LiveKit's clients"
fi

echo "== build"
dotnet build VideoScale.sln -c Release -v quiet --nologo -clp:NoSummary || finish 0 1

rm -rf "$results"; mkdir -p "$results"
passed=0 failed=0
named() { grep -o "<UnitTestResult [^>]*outcome=\"Failed\"" "$1" 2>/dev/null | grep -o ' testName="[^"]*"' | sed 's/^ testName="//; s/"$//; s/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'; }
unfinished() { find "$1" -name 'Sequence_*.xml' -exec grep -ho '<Test [^>]*Completed="False"' {} + | sort -u | grep -o ' Name="[^"]*"' | cut -d '"' -f 2 | tr '\n' ' '; } # as the blame collector saw it
count() { grep -o "<Counters [^>]*" "$2" 2>/dev/null | grep -o " $1=\"[0-9]*\"" | tr -dc '0-9' || true; }

run() { # PROJECT FILTER: what it says goes to a file, since others run beside it
  local kept="$results/$1" began=$SECONDS
  mkdir -p "$kept"
  echo "== $1.Tests"
  env --default-signal=INT,QUIT dotnet test "tests/$1.Tests/VideoScale.$1.Tests.csproj" -c Release --no-build --nologo -v quiet --logger "trx;LogFileName=$1.trx" --logger "console;verbosity=minimal" \
    --results-directory "$kept" --blame-hang-timeout 10m --blame-hang-dump-type none ${2:+--filter "$2"} >"$kept/console" 2>&1
  echo "$? $((SECONDS - began))" >"$kept/ended"
  cat "$kept/console"
  echo "   $1.Tests: $((SECONDS - began)) s"
}
format() {
  # Spaces and lines: style and analyzers are errors of the build, the order of usings is a test. The whole of `dotnet format` takes three minutes of a core.
  dotnet format whitespace . --folder --verify-no-changes --exclude .build -v quiet >"$results/format" 2>&1
  echo $? >"$results/format-ended"
}
# Each lane is a process group of its own, which its pid names: all that it started ends with it, and nothing else does.
lanes=()
lane() { set -m; "$@" & lanes+=($!); set +m; }
stop() { trap '' INT TERM; for pid in "${lanes[@]}"; do kill -TERM -- "-$pid" 2>/dev/null; done; wait; exit "$1"; }
trap 'stop 130' INT; trap 'stop 143' TERM
each() { local filter="$1" project; shift; for project in "$@"; do run "$project" "$filter"; done; }
# Two lanes for two cores: what computes beside what mostly waits for processes and sockets. Calls of browsers have the machine for themselves.
[ $# -gt 0 ] || { echo "== format, beside the first tests"; lane format; }
lane each "${1:-}" Architecture Contracts
wait; lanes=() # another process may have their numbers by now
lane each "${1:-}" "${computing[@]}"
lane each "${1:-}" "${waiting[@]}"
wait; lanes=()
lane each "${1:-}" "${calls[@]}"
wait; lanes=()

if [ $# -eq 0 ]; then
  cat "$results/format"
  if [ "$(cat "$results/format-ended")" = 0 ]; then passed=1; else failed=1; failures+=("the format; mend it with: ./dev fmt"); fi
fi
for project in "${projects[@]}"; do
  kept="$results/$project" trx="$results/$project/$project.trx"
  read -r code _ <"$kept/ended" || code=1
  good=$(count passed "$trx") bad=$(count failed "$trx")
  passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0}))
  # A run that ended badly without a failed test (a crash, a hang) is a failure too.
  if [ "$code" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
    failed=$((failed + 1)) running=$(unfinished "$kept")
    failures+=("$project.Tests ended with code $code${running:+, running: $running}")
    crash=$(grep -A 6 -m 1 'process crashed' "$trx" 2>/dev/null) && failures+=("$crash")
  fi
  while read -r name; do failures+=("$name"); done < <(named "$trx")
done
[ "$passed" -gt 0 ] || [ $# -eq 0 ] || echo "no test matches: $1"
finish "$passed" "$failed"
