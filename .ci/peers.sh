#!/bin/sh
# Installs the programs that tests/it/peers talks to, and writes where they are to target/peers/env.
#
#   .ci/peers.sh && . target/peers/env && cargo test --test it peers
#
# Debian's rsyslog and syslog-ng exclude each other as packages. rsyslog is installed; syslog-ng is unpacked into a
# folder, with a wrapper that tells it where its libraries and modules are. May be run again at any time; needs root
# and a Debian or Ubuntu system only for what is absent.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
peers=${MUTT_PEERS_DIR:-$root/target/peers}
mkdir -p "$peers"

have() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }

updated=
update() {
    if [ -z "$updated" ]; then
        apt-get update >&2
        updated=yes
    fi
}

absent=
have logger || absent="$absent bsdutils"
have snmptrap || absent="$absent snmp"
have rsyslogd || absent="$absent rsyslog"
have openssl || absent="$absent openssl"
# For pairs of protocols that net-snmp lacks.
/usr/bin/python3 -c "from pysnmp import hlapi" >/dev/null 2>&1 || absent="$absent python3 python3-pysnmp4"
# Modules of rsyslog: RELP, and TLS by two libraries.
for module in omrelp:rsyslog-relp lmnsd_gtls:rsyslog-gnutls lmnsd_ossl:rsyslog-openssl; do
    find /usr/lib -path "*/rsyslog/${module%%:*}.so" 2>/dev/null | grep -q . || absent="$absent ${module#*:}"
done
if [ -n "$absent" ]; then
    update
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $absent >&2
fi

if have syslog-ng; then
    syslog_ng=$(command -v syslog-ng || echo /usr/sbin/syslog-ng)
    loggen=$(command -v loggen || true)
else
    syslog_ng=$peers/syslog-ng
    loggen=$peers/loggen
    if [ ! -x "$syslog_ng" ] || [ ! -x "$loggen" ] || ! "$syslog_ng" --version >/dev/null 2>&1; then
        update
        rm -rf "$peers/debs" "$peers/root"
        mkdir -p "$peers/debs" "$peers/root"
        libraries=$(apt-cache depends --no-recommends --no-suggests syslog-ng-core |
            sed -n 's/^ *|*Depends: \(lib[a-z0-9.+-]*\)$/\1/p' | sort -u)
        wanted=syslog-ng-core
        for library in $libraries; do
            dpkg-query -W -f '${Status}' "$library" 2>/dev/null | grep -q 'ok installed' || wanted="$wanted $library"
        done
        # shellcheck disable=SC2086
        (cd "$peers/debs" && apt-get download $wanted >&2)
        for deb in "$peers"/debs/*.deb; do
            dpkg -x "$deb" "$peers/root"
        done
        modules=$(find "$peers/root/usr/lib" -name libaffile.so -printf '%h\n' | head -n 1)
        libraries=$(find "$peers/root" -name '*.so.*' -printf '%h\n' | sort -u | tr '\n' ':')
        cat >"$syslog_ng" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH="${libraries%:}" exec "$peers/root/usr/sbin/syslog-ng" --module-path "$modules" "\$@"
WRAPPER
        cat >"$loggen" <<WRAPPER
#!/bin/sh
SYSLOGNG_PREFIX="$peers/root/usr" LD_LIBRARY_PATH="${libraries%:}:$(dirname "$modules")" exec "$peers/root/usr/bin/loggen" "\$@"
WRAPPER
        chmod +x "$syslog_ng" "$loggen"
    fi
    "$syslog_ng" --version >&2
fi

cat >"$peers/env" <<ENVIRONMENT
export MUTT_SYSLOG_NG="$syslog_ng"
export MUTT_LOGGEN="$loggen"
export MUTT_REQUIRE_PEERS=1
ENVIRONMENT
cat "$peers/env"
