"""Scoring many conversations: durable, parallel, in input order, in constant memory."""
