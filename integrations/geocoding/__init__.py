"""Geocoding: positions of addresses, looked up by a service on the network. Off unless the installation names one.

Public modules: ``search``. What works with geopy is private and loaded with the first address.
"""
