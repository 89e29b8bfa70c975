#!/usr/bin/env bash
# A short load: 20,000 messages a second for five seconds, all accounted for, and each in the store as it was sent.
# load.sh FOLDER: the folder of muttd and loadgen, absolute. The ports are free ones.
set -euo pipefail
cd "$(dirname "$0")/.."
binaries=$1
. .ci/daemon.sh

cp -r config "$scratch/config"
sed -i -e 's/^    port: [0-9]*$/    port: 0/' -e 's/"127.0.0.1:8514"/"127.0.0.1:0"/' \
    -e 's/\["0.0.0.0", "::"\]/["127.0.0.1"]/' "$scratch/config/mutt_config.yaml"
daemon_start "$binaries/muttd"

# port NAME: the port of a listener, as the log has it.
port() {
    sed -n "s/.*listening $1 on 127\.0\.0\.1:\([0-9]*\).*/\1/p" "$scratch/logs/mutt.log"
}

"$binaries/loadgen" --rate 20000 --duration 5s --mix syslog=70,v2c=30 --devices 1000 --target 127.0.0.1 \
    --syslog-port "$(port syslog-udp)" --snmp-port "$(port snmp-udp)" --verify "http://$http" \
    --verify-store "$scratch/data/messages.db"
daemon_stop
rows=$(sqlite3 "$scratch/data/messages.db" 'SELECT count(*) FROM messages')
echo "$rows rows"
[ "$rows" -eq 100000 ]
