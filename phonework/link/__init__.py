"""How a router and its nodes talk: in one process, later over a wire."""
