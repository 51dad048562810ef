"""The command line: one file per noun, each imported only when its command runs."""

from phonework.cli.lazy import LazyGroup

COMMANDS = {
    "serve": "Run the bot: Feishu, sessions and agents on this machine.",
    "init": "Set up step by step; may be run again.",
    "session": "Use sessions from scripts, and from other agents.",
    "demo": "Try everything in the browser, without any account.",
    "emulator": "Run the Feishu emulator alone.",
    "inspect": "Show what is stored about a person's sessions.",
    "audit": "Read the audit, and verify that nobody changed it.",
    "fsm": "Print the table of transitions.",
    "doctor": "Check the set-up and say how to mend it.",
    "hooks": "Bring what agents at your terminals ask to your phone.",
    "skill": "Teach agents to run other sessions, and to hand over.",
    "service": "Begin with the machine, and start again after a failure.",
    "db": "Migrate, check and back up the database.",
    "config": "Show the settings and where they come from.",
}

main = LazyGroup(
    name="phonework",
    help="Drive coding agents on your own machines from a phone, in Feishu.",
    commands_from="phonework.cli",
    summaries=COMMANDS,
)
