"""The programs that may run without asking, and the options they may have: all others ask.

An option is here when no documented version of the program, GNU, BSD or busybox, writes, runs, sends or follows links with it.
Sources: the manual pages of coreutils 9, findutils 4.9, grep 3, diffutils 3, procps 4, git 2.45, ripgrep 14, jq 1.7, tree 2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What may follow a program's name.

    flags: options without a value, or with one after `=`. valued: options that take one, as the next word too.
    least, most: how many words may be no options. operands: what each of them must match. paths: whether they may be paths.
    single: options are whole words with one dash (`find -name`). numbers: `-5` is an option. anything: nothing can do harm.
    never: no word may match. patterns: a word may begin with a pattern, as `*.py`, because a file called like an option, whichever, would do no harm.
    """

    flags: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    least: int = 0
    most: int | None = None
    operands: re.Pattern[str] | None = None
    paths: bool = True
    single: bool = False
    numbers: bool = False
    anything: bool = False
    never: re.Pattern[str] | None = None
    patterns: bool = False
    letters: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        short = {option[1] for option in self.flags if len(option) == 2 and option[0] == "-" and option[1] != "-"}
        object.__setattr__(self, "letters", frozenset() if self.single else frozenset(short))


def _program(flags: str = "", valued: str = "", **rest: object) -> Program:
    """A program; `-abc` among the flags is short for `-a -b -c`, but for programs with `single`."""
    options = frozenset(_spelled(flags, rest.get("single") is True))
    return Program(flags=options, valued=frozenset(_spelled(valued, True)), **rest)  # type: ignore[arg-type]


def _spelled(options: str, whole: bool) -> Iterator[str]:
    for option in options.split():
        if whole or option.startswith("--"):
            yield option
        else:
            yield from (f"-{letter}" for letter in option[1:])


_DIFF: Final = (
    "-pusabwzRM --patch --no-patch --stat --shortstat --numstat --dirstat --summary --name-only --name-status --raw --compact-summary "
    "--no-color --color --color-words --word-diff --color-moved --ignore-all-space --ignore-space-change --ignore-blank-lines "
    "--ignore-space-at-eol --ignore-cr-at-eol --find-renames --find-copies --no-renames --function-context --text --binary "
    "--full-index --abbrev --no-prefix --minimal --patience --histogram --no-ext-diff --no-textconv --pickaxe-regex "
    "--pickaxe-all --check --exit-code --quiet --reverse"
)
_DIFF_VALUED: Final = "-U --unified --diff-filter -S -G --diff-algorithm --inter-hunk-context"
_LOG: Final = (
    f"{_DIFF} -cigEF --oneline --graph --all --decorate --no-decorate --branches --tags --remotes --merges --no-merges "
    "--first-parent --follow --abbrev-commit --no-abbrev-commit --pretty --date-order --topo-order --author-date-order --left-right "
    "--cherry-pick --cherry-mark --relative-date --parents --children --full-history --simplify-by-decoration --regexp-ignore-case "
    "--all-match --invert-grep --extended-regexp --fixed-strings --no-notes --cc --no-walk --boundary --walk-reflogs --no-mailmap"
)
_LOG_VALUED: Final = (
    f"{_DIFF_VALUED} -n --max-count --skip --since --until --after --before --author --committer --grep --format --date "
    "--min-parents --max-parents -L"
)
# %G runs the program that checks signatures; so do sorting by one, and --show-signature, which is not listed.
_SIGNATURE: Final = re.compile("signature")
_LOOK: Final = {"never": re.compile(r"%[-+ ]?G"), "numbers": True}
_GIT: Final = {
    "status": _program(
        "-sbvz --short --branch --porcelain --long --verbose --untracked-files --ignored --show-stash --no-renames --ahead-behind "
        "--no-ahead-behind --column --no-column"
    ),
    "log": _program(_LOG, _LOG_VALUED, **_LOOK),
    "show": _program(_LOG, _LOG_VALUED, **_LOOK),
    "reflog": _program(_LOG, _LOG_VALUED, most=0, **_LOOK),
    "reflog show": _program(_LOG, _LOG_VALUED, **_LOOK),
    "stash list": _program(_LOG, _LOG_VALUED, most=0, **_LOOK),
    "stash show": _program(_DIFF, _DIFF_VALUED, most=1),
    "diff": _program(f"{_DIFF} --cached --staged --merge-base", _DIFF_VALUED),
    "blame": _program("-bcefFlnstwMC --root --line-porcelain --porcelain --show-name --show-email", "-L --since --date"),
    "shortlog": _program("-nse --numbered --summary --email --all --no-merges", "--since --until --author"),
    "branch": _program("-arvl --all --remotes --verbose --list --show-current --no-color --color -i", "--sort", most=0, never=_SIGNATURE),
    "tag": _program("-ln --list", "--sort", most=0, never=_SIGNATURE),
    "remote": _program("-v --verbose", most=0),
    "worktree list": _program("-vz --verbose --porcelain", most=0),
    "describe": _program("--tags --all --always --long --abbrev --exact-match --contains", "--match --exclude"),
    "rev-parse": _program(
        "-q --verify --quiet --short --abbrev-ref --symbolic-full-name --show-toplevel --git-dir --show-prefix --show-cdup "
        "--is-inside-work-tree --is-bare-repository --absolute-git-dir --git-common-dir --show-superproject-working-tree"
    ),
    "rev-list": _program("--count --all --no-merges --merges --first-parent --oneline --reverse", "-n --max-count --since --until"),
    "ls-files": _program(
        "-cdmosuktvz --cached --deleted --modified --others --stage --unmerged --killed --full-name --exclude-standard --error-unmatch"
    ),
    "ls-tree": _program("-drtlz --long --name-only --name-status --full-name --full-tree --abbrev"),
    "cat-file": _program("-etps"),
    "grep": _program(
        "-inlLwvcohHEFPGapqzI --ignore-case --line-number --name-only --files-with-matches --files-without-match --word-regexp "
        "--invert-match --count --only-matching --extended-regexp --fixed-strings --perl-regexp --basic-regexp --show-function "
        "--heading --break --cached --untracked --no-color --color --column --full-name --all-match --and --or --not --quiet",
        "-e -A -B -C --after-context --before-context --context --max-depth -m --max-count",
    ),
    "version": _program(most=0),
}  # fmt: skip

_GREP: Final = _program(
    "-acEFGHhIilLnoPqrsTUvwxyzZ --ignore-case --line-number --recursive --invert-match --word-regexp --line-regexp --count "
    "--files-with-matches --files-without-match --only-matching --quiet --silent --no-messages --with-filename --no-filename "
    "--extended-regexp --fixed-strings --basic-regexp --perl-regexp --text --color --colour --null --byte-offset --initial-tab --null-data",
    "-A -B -C -e -m --after-context --before-context --context --regexp --max-count --include --exclude --exclude-dir "
    "--binary-files --label",
    numbers=True,
    patterns=True,
)  # fmt: skip
_SUM: Final = _program("-bt --binary --text --tag --zero", patterns=True)

_TABLE: Final = {
    "cat": _program("-AbeEnstTuv --number --number-nonblank --show-all --show-ends --show-tabs --squeeze-blank", patterns=True),
    "tac": _program("-b --before", patterns=True),
    "head": _program("-qv --quiet --silent --verbose", "-n -c --lines --bytes", numbers=True, patterns=True),
    "tail": _program("-fFqv --quiet --silent --verbose --follow --retry", "-n -c --lines --bytes", numbers=True, patterns=True),
    "wc": _program("-clLmw --bytes --chars --lines --words --max-line-length", patterns=True),
    "ls": _program(
        "-1aAbBcCdfFgGhiklmnNopqQrRsStuUvxXZ --all --almost-all --author --classify --color --directory --file-type --full-time "
        "--group-directories-first --no-group --human-readable --si --inode --literal --numeric-uid-gid --reverse --recursive --size "
        "--sort --time --time-style --indicator-style --format --hide-control-chars --quote-name --quoting-style",
        "-I -w --ignore --hide --width",
        patterns=True,
    ),
    "nl": _program("-p", "-b -d -f -h -i -n -s -v -w", patterns=True),
    "cut": _program("-nsz --complement --only-delimited", "-b -c -d -f --bytes --characters --delimiter --fields --output-delimiter"),
    "tr": _program("-cCdst --complement --delete --squeeze-repeats --truncate-set1", paths=False),
    "sort": _program(
        "-bcCdfgiMhnRrVmsuz --ignore-leading-blanks --dictionary-order --ignore-case --general-numeric-sort --month-sort "
        "--human-numeric-sort --numeric-sort --reverse --version-sort --check --merge --stable --unique --zero-terminated",
        "-k -t --key --field-separator",
    ),
    "uniq": _program("-cdDiuz --count --repeated --ignore-case --unique", "-f -s -w", most=1),
    "column": _program("-t -x --table", "-s -c --separator"),
    "comm": _program("-123 --check-order --nocheck-order --total"),
    "paste": _program("-sz --serial", "-d --delimiters"),
    "fold": _program("-bs --bytes --spaces", "-w --width"),
    "expand": _program("-i --initial", "-t --tabs"),
    "rev": _program(patterns=True),
    "grep": _GREP,
    "egrep": _GREP,
    "fgrep": _GREP,
    "rg": _program(
        "-acFHiIlnNopPqsSuUvwx0 --text --count --count-matches --fixed-strings --with-filename --no-filename "
        "--ignore-case --case-sensitive --smart-case --files --files-with-matches --files-without-match --line-number --no-line-number "
        "--only-matching --pcre2 --pretty --quiet --multiline --multiline-dotall --invert-match --word-regexp --line-regexp --hidden "
        "--no-ignore --no-ignore-vcs --heading --no-heading --stats --json --color --column --vimgrep --trim --null --no-config "
        "--type-list --unrestricted --no-messages --crlf --byte-offset --passthru --sort --sortr --one-file-system",
        "-A -B -C -e -g -t -T -m -r -d -M --after-context --before-context --context --regexp --glob --iglob --type --type-not "
        "--max-count --replace --max-depth --max-columns --max-filesize",
    ),
    "find": _program(
        "-P -print -print0 -ls -empty -not -a -and -o -or -prune -depth -mount -xdev -daystart -readable -writable -executable "
        "-nouser -nogroup -true -false",
        "-name -iname -path -ipath -wholename -regex -iregex -type -maxdepth -mindepth -size -mtime -mmin -ctime -cmin -atime -amin "
        "-newer -user -group -perm -links -regextype -printf",
        single=True,
    ),
    "tree": _program("-acCdDfFghinpQrsStuUvx --dirsfirst --noreport --gitignore --prune --du --si", "-L -I -P --filelimit"),
    "diff": _program(
        "-abBcdeEinNpqrstTuwy --brief --unified --context --side-by-side --recursive --new-file --ignore-all-space --ignore-space-change "
        "--ignore-blank-lines --ignore-case --report-identical-files --text --color --minimal --no-dereference",
        "-U -C -W --width -x --exclude -I",
    ),
    "cmp": _program("-bls --print-bytes --verbose --silent --quiet", "-n -i"),
    "stat": _program("-Lftx --dereference --file-system --terse", "-c --format --printf", patterns=True),
    "file": _program("-bhik0NrE --brief --mime --mime-type --mime-encoding --no-dereference --extension"),
    "du": _program(
        "-abchkmsSx --all --apparent-size --bytes --total --human-readable --si --summarize --separate-dirs --one-file-system --time",
        "-d -t --max-depth --threshold --exclude",
        patterns=True,
    ),
    "df": _program("-ahHiklmPT --all --human-readable --si --inodes --local --portability --print-type --total", "-t -x", paths=False),
    "ps": _program("-AaefFljLMNHTcdwx --forest --no-headers --headers", "-p -C -g --pid --ppid --sort -t", paths=False,
                   operands=re.compile(r"a?u?x?(?:w{1,2})?f?|\d+")),
    "pgrep": _program("-afilnovx --list-full --list-name --full --count", "-P -u", paths=False, most=1),
    "date": _program("-uIR --utc --universal --iso-8601 --rfc-email --rfc-3339", "-d --date", paths=False, operands=re.compile(r"\+.*", re.DOTALL)),
    "cal": _program("-13my", paths=False),
    "pwd": _program("-LP", most=0),
    "echo": _program(anything=True, patterns=True),
    "true": _program(anything=True),
    "false": _program(anything=True),
    "seq": _program("-w --equal-width", "-s -f --separator --format", paths=False, numbers=True),
    "basename": _program("-az --multiple --zero", "-s --suffix", paths=False),
    "dirname": _program("-z --zero", paths=False),
    "realpath": _program("-emqsz --canonicalize-existing --canonicalize-missing --quiet --no-symlinks", "--relative-to --relative-base"),
    "readlink": _program("-efmnqsvz --canonicalize --canonicalize-existing --canonicalize-missing --no-newline"),
    "uname": _program("-amnoprsv --all --kernel-name --nodename --kernel-release --kernel-version --machine --operating-system", most=0),
    "whoami": _program(most=0),
    "id": _program("-Ggnru --group --groups --name --real --user", paths=False, most=1),
    "groups": _program(paths=False, most=1),
    "hostname": _program("-fisI", most=0),
    "uptime": _program("-ps --pretty --since", most=0),
    "free": _program("-bghkmtw --bytes --kibi --mebi --gibi --human --total --wide --si", most=0),
    "nproc": _program("--all", most=0),
    "arch": _program(most=0),
    "tty": _program("-s", most=0),
    "lscpu": _program("-aJ --all --json", most=0),
    "which": _program("-as --all", paths=False),
    "type": _program("-apPt", paths=False),
    "command -v": _program(paths=False),
    "command -V": _program(paths=False),
    "od": _program("-bcdoxv --output-duplicates", "-A -j -N -t -w"),
    "hexdump": _program("-bcCdovx --canonical", "-n -s"),
    "cksum": _program(patterns=True, most=None),
    "md5sum": _SUM,
    "sha1sum": _SUM,
    "sha256sum": _SUM,
    "sha512sum": _SUM,
    "b2sum": _SUM,
    "jq": _program(
        "-acCejMnrRsS --raw-output --join-output --compact-output --null-input --exit-status --slurp --sort-keys --raw-input --tab "
        "--color-output --monochrome-output --ascii-output --stream",
        "--indent",
        never=re.compile(r"\b(?:import|include|input_filename|env|ENV)\b|\$__"),
    ),
    "cd": _program("-LPe", least=1, most=1, operands=re.compile(r"(?!-).*", re.DOTALL)),
}  # fmt: skip
# These print their version and read nothing of the directory first. Not here: yarn, pnpm, go, cargo, php and others, which a
# file in the directory makes start or download another program even for this.
_VERSIONED: Final = (
    "bash --version", "claude --version", "codex --version", "curl --version", "docker --version", "gcc --version", "git --version",
    "jq --version", "make --version", "node --version", "node -v", "pip --version", "python --version", "python -V",
    "python3 --version", "python3 -V", "rg --version", "ruff --version", "ruby --version", "sqlite3 --version", "tmux -V",
    "uv --version",
)  # fmt: skip

PROGRAMS: Final[dict[tuple[str, ...], Program]] = {
    **{tuple(name.split()): program for name, program in _TABLE.items()},
    **{(name, look): _program(most=0) for name in _TABLE for look in ("--help", "--version") if name.isalnum()},
    **{("git", *name.split()): program for name, program in _GIT.items()},
    **{("git", "--no-pager", *name.split()): program for name, program in _GIT.items()},
    **{tuple(line.split()): _program(most=0) for line in _VERSIONED},
}
"""By the first words of the command; the longest match counts."""


def find(words: tuple[str, ...]) -> tuple[Program, tuple[str, ...]] | None:
    """The entry for a command, and the words that follow its name."""
    for length in (4, 3, 2, 1):
        if len(words) >= length and (program := PROGRAMS.get(words[:length])):
            return program, words[length:]
    return None
