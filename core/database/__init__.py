"""Sessions, statements and columns of both databases: every transaction of the product goes through ``sessions``.

``prepared`` and ``pipeline`` send the statements of hot paths, ``bulk`` many rows at once, ``columns`` and ``paths``
are types of columns, ``versioned`` what every table has, ``errors`` what drivers and disks raise.
"""
