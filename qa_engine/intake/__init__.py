"""Reading transcripts of every producer; see read.py."""
