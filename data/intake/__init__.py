"""Loading from the dashboard: upload, map, check in a process of its own, publish what was checked, undo.

Nothing here publishes by itself, and nothing that identifies a person is written: a file is rewritten
without the columns whose headers identify before anything else is done with it.
"""
