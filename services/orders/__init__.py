"""Orders: drafts, prices and totals, submission, shipping, and orders from worksheets.

``pricing`` is pure; ``contents`` reads and writes lines, ``lifecycle`` moves an order on, ``states`` has the rules of
its status.
"""
