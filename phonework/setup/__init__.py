"""Setting up: the developer console, the file of settings, secrets, the old file, and a first talk with a phone."""
