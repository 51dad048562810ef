"""PhoneWork as a service of the person's own: begun with the machine, started again when it fails, watched."""
