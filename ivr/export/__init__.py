"""Everything that the store holds, as files that others read: Parquet or CSV, a file a table, with a data dictionary.

`plan` says what (pure), `files` how each file is written, `export` makes the folder, whole or not at all.
"""
