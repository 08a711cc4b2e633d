# shellcheck shell=bash
# For scripts that want a process killed in the middle of its work.

# kill_once PID COMMAND...: kills a child of this shell as soon as the command succeeds; it is a
# failure if the process ends before.
kill_once() {
  local pid=$1
  shift
  until "$@"; do
    kill -0 "$pid"
    sleep 0.01
  done
  kill -9 "$pid"
  wait "$pid" 2> /dev/null || true
}
