"""The gateway: what programs of this machine may do with their person's sessions, over HTTP on the server's port."""
