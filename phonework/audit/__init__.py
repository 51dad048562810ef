"""The audit: what people and agents did, in files a person can read and verify."""
