"""What is kept: tables, migrations, sealed text, and the queries over them. Commits nothing by itself."""
