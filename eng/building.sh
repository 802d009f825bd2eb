# What scripts that build before they run have in common; sourced by ./videoscale and eng/chaos.sh.

# Is a source under the paths newer than the file, or is the file not there?
is_stale() {
  local built="$1"; shift
  [ ! -f "$built" ] || [ -n "$(find "$@" \( -name obj -o -name bin -o -name node_modules \) -prune -o -type f -newer "$built" -print -quit)" ]
}

# The errors of a build, each once: a registry that cannot be reached is complained of once for each project and try.
show_build_errors() {
  { grep -E ' error [A-Z]+[0-9]+:' "$1" || tail -20 "$1"; } | sed -E 's/ \[[^]]*\]$//; s/^.*: (error NU[0-9]+:)/\1/' | sort -u | head -20 >&2 || true
}
