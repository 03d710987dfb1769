"""The service over HTTP: one file a noun. Knows about statuses and headers; decides nothing itself."""
