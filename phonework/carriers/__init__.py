"""How each kind of effect is carried out: orders to agents, things to show in chats."""
