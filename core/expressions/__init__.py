"""The one closed expression grammar: conditions and arithmetic on the fields of a resource, as data of ``nodes``.

``texts`` and ``json_form`` turn texts and JSON into that data and back; ``checking`` holds it against a resource;
``evaluating`` and ``compiling`` say what it means, for one row and in SQL. Nothing of it is ever run as code.
"""
