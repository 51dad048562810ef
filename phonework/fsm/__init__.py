"""The workflow: pure values, one table, one total function `decide`."""
