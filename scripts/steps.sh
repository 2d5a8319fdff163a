# Sourced by the scripts that build and test: one calm line per step, everything else in build/logs.
logs=$PWD/build/logs
mkdir -p "$logs"

if [[ -t 1 ]]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' dim='' green='' red='' plain=''
fi

# step TEXT COMMAND...: runs the command with its output in build/logs and says how long it took. When
# it fails, the end of the log is shown and the command's code returned.
step() {
  local text=$1 log started=$SECONDS code=0
  shift
  log=$logs/$(tr -cs 'a-z0-9' '-' <<<"${text,,}" | sed 's/^-*//; s/-*$//').log
  printf '  %-44s ' "$text"
  "$@" >"$log" 2>&1 </dev/null || code=$?
  if ((code == 0)); then
    printf '%sdone%s %s%4d s%s\n' "$green" "$plain" "$dim" $((SECONDS - started)) "$plain"
    return 0
  fi
  printf '%sfailed%s after %d s\n' "$red" "$plain" $((SECONDS - started))
  tail -n 40 "$log" | sed 's/^/    /'
  echo "    the whole log: $log"
  return "$code"
}

# build PRESET [TARGET...]: configures and builds one preset, as a whole or only some targets.
build() {
  local preset=$1
  shift
  cmake --preset "$preset" && cmake --build --preset "$preset" ${1:+--target "$@"}
}
