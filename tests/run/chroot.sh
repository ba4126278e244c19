# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Releases of Debian as folders below build/, in which a test may install what
# it likes. Only root can make and enter them. What is mounted there is so in a
# namespace that ends with the command.

why_no_roots() {	# prints why there can be none
	if [ "$(id -u)" -ne 0 ]; then
		echo "only root can make a root folder"
	elif ! command -v mmdebstrap >/dev/null; then
		echo "no mmdebstrap"
	elif [ -z "$(debian_mirror)" ]; then
		echo "apt knows no mirror of Debian"
	fi
}

debian_mirror() {	# the one that this machine uses
	# shellcheck disable=SC2016 # apt's variable
	apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" \
		"Origin: Debian" "Label: Debian" 2>/dev/null | head -n 1
}

root_make() {	# RELEASE FOLDER
	rm -rf "$2"
	mmdebstrap --variant=minbase --aptopt='Acquire::Retries "3"' \
		--keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
		"$1" "$2" "$(debian_mirror)"
	root_run "$2" apt-get -o Acquire::Retries=3 update
}

root_run() {	# FOLDER COMMAND...
	# shellcheck disable=SC2016 # for the shell in the namespace
	unshare --mount --pid --ipc --fork --kill-child sh -euc '
		mount -t proc proc "$0/proc"
		mount --rbind /sys "$0/sys"
		mount --rbind /dev "$0/dev"
		exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			chroot "$0" "$@"' "$@"
}

root_install() {	# FOLDER PACKAGE...
	root_run "$1" apt-get -o Acquire::Retries=3 install -y \
		--no-install-recommends "${@:2}"
}
