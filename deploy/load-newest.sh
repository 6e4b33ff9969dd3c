#!/bin/sh
# Load the newest export of a folder, as load.env says: sh load-newest.sh PYTHON
#
# Loading the same file twice changes nothing, so this may run as often as one likes. Exit codes are those of
# `python -m data load` (2 bad input, 3 another load under way, 4 too many rows rejected): the snapshot in use
# then stays, and so does the file. 5: loaded, but the newest export is old, so no newer one came.
set -eu
python=${1:?usage: load-newest.sh PYTHON}
: "${CIT_LOAD_FOLDER:?}" "${CIT_LOAD_PATTERNS:?}" "${CIT_LOAD_MAPPING:?}"

fail() {
    echo "error: $1" >&2
    exit "$2"
}

[ -d "$CIT_LOAD_FOLDER" ] && [ -r "$CIT_LOAD_FOLDER" ] ||
    fail "$CIT_LOAD_FOLDER: cannot be read; mount it, or mend CIT_LOAD_FOLDER" 2
now=$(date +%s)
oldest=$now
patterns=$CIT_LOAD_PATTERNS
set --
set -f # the patterns are for find, not for this folder
for pattern in $patterns; do
    found=$(find -L "$CIT_LOAD_FOLDER" -maxdepth 1 -type f -name "$pattern" -printf '%T@ %p\n' |
        sort -n | tail -n 1)
    [ -n "$found" ] || fail "$CIT_LOAD_FOLDER: no file is called $pattern; mend CIT_LOAD_PATTERNS" 2
    at=${found%%[. ]*}
    file=${found#* }
    [ $((now - at)) -ge "${CIT_LOAD_SETTLED:-60}" ] ||
        fail "$file: changed a moment ago, so it may still be on its way; the next run loads it" 2
    [ "$at" -ge "$oldest" ] || oldest=$at
    set -- "$@" "$file"
done
# Options are words, and their own patterns stay as they are.
# shellcheck disable=SC2086
"$python" -m data load "$@" --mapping "$CIT_LOAD_MAPPING" ${CIT_LOAD_OPTIONS:-}
days=$(((now - oldest) / 86400))
if [ -n "${CIT_LOAD_STALE_DAYS:-}" ] && [ "$days" -ge "$CIT_LOAD_STALE_DAYS" ]; then
    fail "$CIT_LOAD_FOLDER: the newest export is $days days old; see why no newer one comes" 5
fi
