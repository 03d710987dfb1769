"""What people and systems do with reports. No commit, no HTTP: whoever calls owns the transaction."""
