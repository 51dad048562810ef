"""What commands find in their environment."""

from phonework.shell import environment


def kept(**ours: str) -> dict[str, str]:
    return environment.of_command(ours, unattended=False)


def test_secrets_stay_here() -> None:
    secret = {
        "PHONEWORK_FEISHU__APP_SECRET": "x", "PHONEWORK_CONFIG": "x", "ANTHROPIC_API_KEY": "x", "ANTHROPIC_BASE_URL": "x",
        "OPENAI_BASE_URL": "x", "GITHUB_TOKEN": "x", "GH_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "x", "MY_SECRET": "x", "DEPLOY_KEY": "x",
        "DB_PASSWORD": "x", "FEISHU_APP_ID": "x", "TOKEN": "x", "npm_config__auth_token": "x",
        "DATABASE_URL": "postgres://ada:hunter22@db/app", "ODD_NAME": "sk-ant-REDACTED-0123456789",
    }  # fmt: skip

    assert not set(kept(**secret)) & set(secret)


def test_what_is_no_secret_is_as_the_user_has_it() -> None:
    ours = {
        "HOME": "/home/ada",
        "LANG": "zh_CN.UTF-8",
        "EDITOR": "vi",
        "PWD": "/home/ada",
        "SSH_AUTH_SOCK": "/run/agent",
        "VIRTUAL_ENV": "/v",
    }

    assert kept(PATH="/usr/bin:/bin", **ours) == {"PATH": "/usr/bin:/bin", "TERM": "dumb", **ours}


def test_nothing_changes_how_the_shell_reads() -> None:
    ours = {
        "BASH_ENV": "x",
        "ENV": "x",
        "SHELLOPTS": "posix",
        "BASHOPTS": "extglob",
        "CDPATH": "/",
        "GLOBIGNORE": "x",
        "BASH_FUNC_ls%%": "() { id; }",
    }

    assert not set(kept(**ours)) & set(ours)


def test_programs_are_looked_for_in_absolute_places_only() -> None:
    assert kept(PATH=".:/usr/bin::bin:/bin")["PATH"] == "/usr/bin:/bin"
    assert kept(PATH="")["PATH"].startswith("/")


def test_names_are_in_unicode_whatever_the_server_was_started_with() -> None:
    assert kept(LANG="C")["LC_ALL"] == "C.UTF-8"
    assert "LC_ALL" not in kept(LC_CTYPE="de_DE.utf8")


def test_git_only_looks_when_nobody_was_asked() -> None:
    assert not any(name.startswith("GIT_") for name in kept(HOME="/"))
    looking = environment.of_command({}, unattended=True)
    settings = {looking[f"GIT_CONFIG_KEY_{index}"] for index in range(int(looking["GIT_CONFIG_COUNT"]))}

    assert looking["GIT_OPTIONAL_LOCKS"] == "0"
    assert {"core.fsmonitor", "core.hooksPath"} <= settings
