# What the measurements here have in common; sourced by them. Needs curl.
#
# Sets root, muttd, loadgen and work (a folder of its own, gone at the end); start_muttd sets pid and http.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
muttd=${MUTTD:-$root/target/release/muttd} loadgen=${LOADGEN:-$root/target/release/loadgen}
work=$(mktemp -d)
pid=
cleanup() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

# need PROGRAM...: ends the script when one is not there.
need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || {
            echo "$program is missing (muttd and loadgen: cargo build --release --workspace)"
            exit 2
        }
    done
}

# start_muttd FOLDER: runs muttd in an empty FOLDER with the configuration on standard input, which says nothing of
# daemon and http. Sets pid, and http to the address of the API.
start_muttd() {
    rm -rf "$1" && mkdir -p "$1" && cd "$1"
    {
        echo 'daemon: {log_file: null, pid_file: null}'
        echo 'http: {listen: "127.0.0.1:0"}'
        cat
    } >mutt.yaml
    : >log
    "$muttd" --config mutt.yaml 2>>log &
    pid=$!
    local turn
    for turn in $(seq 100); do
        http=$(sed -n 's/.*listening http on \([^ ]*:[0-9]*\):.*/\1/p' log)
        [ -z "$http" ] || ! curl -fsS "http://$http/readyz" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    echo "muttd did not start within 10 s" >&2
    cat log >&2
    kill "$pid"
    pid=
    return 1
}

# start_muttd_for_traps: start_muttd for traps of v2c, and of v3 authPriv (HMAC-SHA-96, AES-128) as `loadgen` sends them with
# trap_passwords.
trap_auth=auth-password trap_priv=priv-password
trap_passwords=(--v3-auth-password "$trap_auth" --v3-priv-password "$trap_priv")
start_muttd_for_traps() {
    cat >"$work/users.yaml" <<YAML
snmpv3_credentials:
  - username: loadgen
    credentials: [{priority: 1, auth_type: SHA, auth_password: $trap_auth, priv_type: AES, priv_password: $trap_priv}]
YAML
    start_muttd "$work/mutt" <<YAML
listeners:
  snmp: {port: 0, address: 127.0.0.1}
  syslog: {enabled: false}
pattern_matching: {rules_file: $root/config/alert_rules.yaml}
snmpv3: {credentials_file: $work/users.yaml}
YAML
}

# port_of LISTENER: the port it has.
port_of() { sed -n "s/.*listening $1 on [^ ]*:\([0-9][0-9]*\).*/\1/p" log; }

# stop_muttd: ends muttd in good order.
stop_muttd() {
    kill -TERM "$pid" && wait "$pid"
    pid=
}

# metric NAME: its value; NAME includes the labels.
metric() { curl -fsS "http://$http/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }

# stored LISTENER: messages of it that are committed.
stored() { metric "mutt_stored_total{listener=\"$1\"}"; }

# undecoded: messages that are committed though they could not be read, or not be believed.
undecoded() { curl -fsS "http://$http/metrics" | awk '/^mutt_undecoded_total/ { sum += $2 } END { print sum + 0 }'; }

# CPU of a process and its threads so far, in microseconds: by the scheduler's own clock, which is finer than the
# hundredths of a second of /proc/PID/stat. A thread that ended is not in it; none of what is measured here ends.
cpu_us() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d", sum / 1000 }'; }

# settled COMMAND...: waits until it prints the same number twice, half a second apart, and prints it.
settled() {
    local before=-1 now turn
    for turn in $(seq 60); do
        now=$("$@")
        [ "$now" != "$before" ] || break
        before=$now
        sleep 0.5
    done
    echo "$now"
}

# send ARGUMENTS...: sends with loadgen to 127.0.0.1 and prints the number of messages sent.
send() {
    "$loadgen" --target 127.0.0.1 --quiet --accept-drops --json "$work/sent.json" "$@" >"$work/sent.log" || {
        cat "$work/sent.log" >&2
        return 1
    }
    sed -n 's/.*"sent": *\([0-9]*\).*/\1/p' "$work/sent.json" | head -n 1
}

# each US COUNT: microseconds a message.
each() { awk -v us="$1" -v n="$2" 'BEGIN { printf "%.3f", us / n }'; }

# median FILE: of the numbers in it.
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# judge WHAT A B LIMIT: prints the ratio of A and B; returns whether it is within the limit.
judge() {
    awk -v what="$1" -v a="$2" -v b="$3" -v limit="$4" 'BEGIN {
        printf "%s: %.3f and %.3f, ratio %.3f (allowed %.2f)\n", what, a, b, a / b, limit
        exit !(a / b <= limit) }'
}
