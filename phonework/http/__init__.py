"""HTTP on the server's port: /health for everybody on the machine, everything else for those with a token."""
