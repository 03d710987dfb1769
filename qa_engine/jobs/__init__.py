"""Work that outlives requests and processes: batches, schedules, deliveries, and the workers that do it.

The rows of ``qa_engine.store`` are the truth; the durable-execution library (DBOS) brings each piece of work
to a worker at least once, and ``steps`` make of that exactly once.
"""
