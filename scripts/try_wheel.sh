#!/usr/bin/env bash
# Build the wheel, install it without any extra in a clean environment, and see that it starts, migrates
# and runs the demo.
# Usage: scripts/try_wheel.sh [path of uv]
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(realpath "$(command -v "${1:-uv}")")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

"$uv" build --quiet --wheel --out-dir "$place/dist"
"$uv" venv --quiet "$place/venv"
"$uv" export --quiet --frozen --no-emit-project --no-hashes --output-file "$place/requirements.txt"
"$uv" pip install --quiet --python "$place/venv/bin/python" --requirements "$place/requirements.txt" "$place"/dist/*.whl

cp -r docs/examples/phonework-runner "$place/phonework-runner"

cd "$place" # away from the checkout: nothing may be found there
export HOME=$place/home
phonework=$place/venv/bin/phonework
"$phonework" --version
"$phonework" --help >/dev/null
"$phonework" fsm --format json >/dev/null
"$phonework" config show >/dev/null
"$phonework" db migrate --data-dir "$place/data"
"$phonework" db migrate --data-dir "$place/data" | grep -q 'nothing to do'
"$phonework" db check --data-dir "$place/data"
[ -s "$place/venv/lib/"python*/site-packages/phonework/channels/emulator/page/index.html ] || { echo 'the wheel lacks the phone page' >&2; exit 1; }

# Without any extra, the server, the emulator and the demo agent run.
"$phonework" demo --port 0 --no-browser --data-dir "$place/demo" >"$place/said" &
demo=$!
timeout 60 sh -c "until grep -q ready '$place/said'; do kill -0 $demo; sleep 0.2; done"

# A shell uses it as well.
export PHONEWORK_SERVER__DATA_DIR=$place/demo/server
"$phonework" session create --name wheel --cwd "$place/demo/work/hello" --mkdir 'echo from the wheel' >/dev/null
"$phonework" session wait wheel --timeout 60s >/dev/null
[ "$("$phonework" session last-message wheel)" = 'from the wheel' ] || { echo 'a session of the shell does not answer' >&2; exit 1; }
unset PHONEWORK_SERVER__DATA_DIR
kill -TERM "$demo"
wait "$demo"

# The skills are in it, as agents want them.
"$phonework" skill install >/dev/null
grep -q '^name: phonework-sessions$' "$HOME/.agents/skills/phonework-sessions/SKILL.md"

# A kind of agent from a package of its own stands beside ours.
"$uv" pip install --quiet --no-deps --python "$place/venv/bin/python" "$place/phonework-runner"
"$phonework" config show | grep -q '^unasked = ' || { echo 'a kind of agent from another package is not found' >&2; exit 1; }
echo 'the wheel starts, migrates, has its pages, and runs the demo'
