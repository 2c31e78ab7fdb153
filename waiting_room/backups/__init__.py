"""Copies of the room: the data and its keys in two sealed files, for any database to take in.

`take` writes them, `sealed_file` keeps them unreadable and whole, `rows` turns tables into lines
and back. Restoring is another matter: see `restoring`.
"""
