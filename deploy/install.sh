#!/bin/sh
# Put the account, folders, services and proxy of CIT Outcomes in place: sudo sh deploy/install.sh
#
# May be run again, and is after each update: what is yours (in /etc/cit-outcomes, the proxy's site, the store)
# is never written over. Nothing is started. With DESTDIR=FOLDER all goes there, and no account is made.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
into=${DESTDIR:-}
account=cit-outcomes

own() { # MODE OWNER:GROUP FOLDER
    mkdir -p "$into$3"
    chmod "$1" "$into$3"
    [ -n "$into" ] || chown "$2" "$3"
}
once() { # FILE PLACE
    [ -e "$into$2" ] || install -D -m 0644 "$1" "$into$2"
}

if [ -z "$into" ] && ! id "$account" >/dev/null 2>&1; then
    useradd --system --user-group --home-dir /var/lib/cit-outcomes --shell /usr/sbin/nologin "$account"
fi
own 0750 "$account:$account" /var/lib/cit-outcomes
own 0750 "root:$account" /var/lib/cit-outcomes/.streamlit
own 0700 "$account:$account" /var/backups/cit-outcomes
own 0755 root:root /etc/cit-outcomes
own 0700 root:root /etc/cit-outcomes/tls
# The account reads what the records system puts here; who puts it there is for you to say.
own 0750 "root:$account" /srv/cit-outcomes/drop

for unit in "$here"/systemd/*.service "$here"/systemd/*.timer; do
    install -D -m 0644 "$unit" "$into/etc/systemd/system/$(basename "$unit")"
done
install -D -m 0644 "$here/systemd/cit-outcomes-.service.d/hardening.conf" \
    "$into/etc/systemd/system/cit-outcomes-.service.d/hardening.conf"
once "$here/load.env" /etc/cit-outcomes/load.env
once "$here/nginx.conf" /etc/nginx/sites-available/cit-outcomes
if [ -z "$into" ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
