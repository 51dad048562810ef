"""Names of programs that do more than look, by what they do. Who is missing here still asks: see `harmless.py`."""

from typing import Final

from phonework.shell.verdicts import Why


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


SHELLS: Final = _names("sh bash zsh dash ksh mksh ash fish rbash csh tcsh pwsh")
INTERPRETERS: Final = SHELLS | _names("python perl ruby node nodejs deno bun php lua tclsh osascript R")
EVALUATORS: Final = _names("eval source .")
DOWNLOADERS: Final = _names(
    "curl wget fetch aria2c http https xh lynx w3m links elinks nc ncat netcat socat ftp lftp tftp openssl gh"
)
# They run what follows them: it is looked at as if it stood alone.
WRAPPERS: Final = _names(
    "env nohup timeout nice ionice stdbuf setsid time command builtin exec busybox toybox xargs parallel watch chroot unshare "
    "nsenter strace ltrace script ssh find fd flock chrt taskset sudo su doas pkexec run0 gosu coproc rlwrap unbuffer caffeinate "
    "entr direnv systemd-run proxychains torsocks firejail bwrap fakeroot setarch setpriv"
)
# Which words of these programs are changed: all, or the last alone.
CHANGES_ALL: Final = _names(
    "rm rmdir unlink mv chmod chown chgrp chattr setfacl truncate shred tee touch mkdir mkfifo mknod sed"
)
CHANGES_LAST: Final = _names("cp ln install rsync scp link symlink")

_PRIVILEGE: Final = _names("sudo su doas pkexec run0 sudoedit visudo gosu please")
_DISK: Final = _names(
    "wipefs mkswap fdisk sfdisk cfdisk gdisk sgdisk parted blkdiscard cryptsetup lvremove vgremove pvremove mkfs newfs diskutil"
)
_POWER: Final = _names("shutdown reboot halt poweroff kexec")
REFUSED: Final[dict[str, Why]] = {
    **dict.fromkeys(_PRIVILEGE, Why.PRIVILEGE),
    **dict.fromkeys(_DISK, Why.DISK),
    **dict.fromkeys(_POWER, Why.POWER),
}
"""Refused whatever follows."""

POWER_WORDS: Final = {
    "init": _names("0 6"),
    "telinit": _names("0 6"),
    "systemctl": _names("poweroff reboot halt kexec suspend hibernate hybrid-sleep rescue emergency soft-reboot"),
    "loginctl": _names("poweroff reboot halt suspend hibernate"),
}
"""Refused with one of these words."""

_CHANGES: Final = _names(
    "git dd patch crontab kill pkill killall docker podman systemctl service mount umount apt apt-get dnf brew"
)
_NETWORK: Final = _names("ssh scp rsync sftp ping dig nslookup telnet host traceroute")
_RUNS_OTHERS: Final = _names(
    "make npm npx yarn pnpm cargo go pip pip3 uv uvx poetry pytest tox awk gawk mawk less more man vim vi nvim emacs nano ed tmux "
    "screen at batch gdb expect tar zip unzip alias trap python2 python3"
)
ASKED: Final[dict[str, Why]] = {
    **dict.fromkeys(DOWNLOADERS | _NETWORK, Why.NETWORK),
    **dict.fromkeys(WRAPPERS | INTERPRETERS | EVALUATORS | _RUNS_OTHERS, Why.RUNS_OTHERS),
    **dict.fromkeys(CHANGES_ALL | CHANGES_LAST | _CHANGES, Why.CHANGES),
}
"""Why the people are asked, so that the card can say more than that a program is unknown."""
