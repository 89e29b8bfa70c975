# Functions to run muttd in a scratch folder; to be sourced. Whoever sources it gets a trap on EXIT.
#
# shellcheck shell=bash

scratch=$(mktemp -d)
daemon_pid=

daemon_cleanup() {
    if [ -n "$daemon_pid" ]; then
        kill -KILL "$daemon_pid" 2>/dev/null || true
        wait "$daemon_pid" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap daemon_cleanup EXIT

# daemon_start MUTTD: starts it in $scratch and waits until it is ready. Sets $http, its address.
daemon_start() {
    local muttd=$1
    (cd "$scratch" && exec "$muttd") >"$scratch/output" 2>&1 &
    daemon_pid=$!
    local log
    for _ in $(seq 100); do
        log=$(cat "$scratch/output" "$scratch/logs/mutt.log" 2>/dev/null || true)
        http=$(sed -n 's/.*listening http on \([^ ]*\):\([0-9]*\):.*/\1:\2/p' <<<"$log" | tail -n 1)
        if [ -n "$http" ] && curl -fsS "http://$http/readyz" >/dev/null; then
            return 0
        fi
        if ! kill -0 "$daemon_pid" 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    echo "muttd does not become ready:"
    printf '%s\n' "$log"
    return 1
}

# daemon_stop: asks it to end, and wants it to end well within 20 seconds. Prints its last words.
daemon_stop() {
    local status=0
    kill -TERM "$daemon_pid" 2>/dev/null || true
    for _ in $(seq 200); do
        kill -0 "$daemon_pid" 2>/dev/null || break
        sleep 0.1
    done
    if kill -0 "$daemon_pid" 2>/dev/null; then
        echo "muttd does not stop"
        return 1
    fi
    wait "$daemon_pid" || status=$?
    daemon_pid=
    tail -n 1 "$scratch/logs/mutt.log" 2>/dev/null || tail -n 1 "$scratch/output"
    [ "$status" -eq 0 ] || { echo "muttd ended with status $status"; return 1; }
}
