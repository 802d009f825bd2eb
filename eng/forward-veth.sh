#!/usr/bin/env bash
# The forward bench over a veth pair without segmentation offload: the kernel cuts segments itself, as before a plain network card. Needs root.
# usage: eng/forward-veth.sh BENCH [OPTIONS OF forward]
set -euo pipefail
if ! command -v ethtool >/dev/null 2>&1 && ! PATH="$PATH:/usr/sbin:/sbin" command -v ethtool >/dev/null; then
  echo "installing with apt-get: ethtool (it turns segmentation offload off)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ethtool; } >/dev/null || { echo "cannot install; do it by hand: apt-get install ethtool"; exit 1; }
fi
export PATH="$PATH:/usr/sbin:/sbin"
# Everything made here ends with the outer namespace's last process.
[ -n "${VS_VETH:-}" ] || VS_VETH=1 exec unshare --net bash "${BASH_SOURCE[0]}" "$@"
bench=$1; shift
ip link set lo up
pid=$(mktemp)
exec 3> >(exec unshare --net bash -c 'ip link set lo up; echo $$ > "$0"; for _ in $(seq 100); do ip link show far >/dev/null 2>&1 && break; sleep 0.05; done
  ip addr add 10.9.0.2/24 dev far; ip link set far up; exec "$1" forward --drain 10.9.0.2' "$pid" "$bench" >/dev/null)
trap 'exec 3>&-; rm -f "$pid"' EXIT
for _ in $(seq 100); do [ -s "$pid" ] && break; sleep 0.05; done
ip link add near type veth peer name far
ip addr add 10.9.0.1/24 dev near; ip link set near up
for feature in tx-udp-segmentation generic-segmentation-offload tcp-segmentation-offload; do ethtool -K near "$feature" off; done
ip link set far netns "$(cat "$pid")"
for _ in $(seq 100); do ip -o link show near | grep -q "state UP" && break; sleep 0.05; done
sleep 2 # its sockets
ethtool -k near | grep -E "^(tx-udp-segmentation|generic-segmentation-offload):"
"$bench" forward --remote 10.9.0.2 --path "veth, segmentation offload off" "$@"
exec 3>&- # a line to the receiver: it ends
