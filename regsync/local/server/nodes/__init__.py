"""The objects of the schema: one class a type, an attribute or method a field. They read the store and decide nothing.

A field returns records of the store; which node shows a record stands in `showing.py`, so the modules need not import
each other in circles as the types of the schema refer to each other.
"""
