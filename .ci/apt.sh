# shellcheck shell=sh
# What the scripts that install Debian's packages share. They set "me" and source it.

say() { echo "$me: $*" >&2; }

cannot() {
	say "cannot: $*"
	exit 1
}

installed() {
	dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q ' installed$'
}

# lacking PACKAGE...: those that are not installed.
lacking() {
	command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
		cannot "this is not Debian or one of its kind (no apt-get)"
	for p in "$@"; do
		installed "$p" || printf ' %s' "$p"
	done
}

# be_root PACKAGES: sets root to what makes a command root's, without asking anybody.
be_root() {
	root=""
	[ "$(id -u)" -ne 0 ] || return 0
	root="sudo -n"
	command -v sudo >/dev/null && $root true 2>/dev/null ||
		cannot "needs root, or sudo without a password, to install$1"
}

log=$(mktemp)
policy=""
clean_up() {
	rm -f "$log"
	[ -z "$policy" ] || $root rm -f "$policy"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# start_nothing keeps packages from starting services, unless the machine has a policy
# already.
start_nothing() {
	[ ! -e /usr/sbin/policy-rc.d ] || return 0
	policy=/usr/sbin/policy-rc.d
	printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
	$root chmod 755 "$policy"
}

# apt_install [OPTION]... PACKAGE...: installs them. The package lists may be absent or
# old: if need be it fetches them and tries once more.
apt_install() {
	apt_get install -y -q --no-install-recommends "$@" && return 0
	apt_get update -q || true
	apt_get install -y -q --no-install-recommends "$@"
}

apt_get() {
	$root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null
}

# apt_said is why apt-get failed.
apt_said() { grep -m1 '^E:' "$log" || tail -n1 "$log"; }
