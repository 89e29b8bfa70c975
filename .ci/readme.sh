#!/usr/bin/env bash
# Runs what README.md tells a newcomer to type, and compares what comes out with what it says comes out.
# readme.sh FOLDER [README]: the folder of muttd and loadgen, absolute.
#
# Taken are the ```console blocks that follow a line <!-- ci: first-run -->. In them:
#   $ command      is run by bash in a scratch folder with a copy of config/, where muttd runs already; the folder's
#                  target/release is ours. Commands that start with git, cd or cargo, or end with &, are left out, and
#                  so is what they print.
#   > command      continues the command of the line before.
#   other lines    are the expected output: all of it, where ... stands for any text, line ends included. Without such
#                  lines any output will do. The status must be 0 in any case.
# What only reads (curl, sqlite3) is asked again for ten seconds, until it prints what it should.
set -euo pipefail
cd "$(dirname "$0")/.."
binaries=$1
readme=${2:-README.md}
. .ci/daemon.sh

# All marked blocks, one after the other.
blocks=$(awk '
    /^```/ && inside { inside = 0; next }
    inside { print; next }
    /^<!-- ci: first-run -->$/ { marked = 1; next }
    marked && /^```console$/ { inside = 1; marked = 0; next }
    marked && NF { marked = 0 }
' "$readme")
[ -n "$blocks" ] || { echo "$readme has no block marked <!-- ci: first-run -->"; exit 1; }

cp -r config "$scratch/config"
mkdir "$scratch/target"
ln -s "$binaries" "$scratch/target/release"
export PATH=$binaries:$PATH

# matches OUTPUT EXPECTED: whether they are the same, with ... for any text.
matches() {
    local pattern
    pattern=$(sed -e 's/[][\\*?]/\\&/g' -e 's/\.\.\./*/g' <<<"$2")
    # shellcheck disable=SC2053 # A pattern is what it is meant to be.
    [[ $1 == $pattern ]]
}

executed=0
# try COMMAND EXPECTED: runs it and compares.
try() {
    local command=$1 expected=$2 output status tries=1 attempt
    case $command in
    'git '* | 'cd '* | 'cargo '* | *'&') return 0 ;;
    'curl '* | 'sqlite3 '*) tries=100 ;;
    esac
    printf '$ %s\n' "$command"
    for attempt in $(seq "$tries"); do
        status=0
        output=$(cd "$scratch" && bash -c "$command" 2>&1 </dev/null) || status=$?
        if [ "$status" -eq 0 ] && { [ -z "$expected" ] || matches "$output" "$expected"; }; then
            printf '%s\n' "$output"
            executed=$((executed + 1))
            return 0
        fi
        [ "$attempt" -eq "$tries" ] || sleep 0.1
    done
    printf 'status %d; %s expects:\n%s\nbut it is:\n%s\n' "$status" "$readme" "$expected" "$output"
    return 1
}

daemon_start "$binaries/muttd"
command='' expected=''
# The last line makes the last command run.
while IFS= read -r line; do
    case $line in
    '$ '*)
        [ -z "$command" ] || try "$command" "${expected%$'\n'}"
        command=${line#'$ '} expected=''
        ;;
    '> '*)
        [ -n "$command" ] || { echo "nothing to continue: $line"; exit 1; }
        command+=$'\n'${line#'> '}
        ;;
    '') [ -z "$expected" ] || expected+=$'\n' ;;
    *) expected+=$line$'\n' ;;
    esac
done <<<"$blocks"$'\n''$ true'
[ "$executed" -gt 0 ] || { echo "nothing in $readme was run"; exit 1; }
echo "$executed command(s) of $readme do what it says"
if kill -0 "$daemon_pid" 2>/dev/null; then
    daemon_stop
fi
