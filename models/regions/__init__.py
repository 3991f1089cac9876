"""Administrative divisions of China: their table, and how names, addresses and phone numbers lead to one."""
