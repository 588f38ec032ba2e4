"""What a person may change on a page: each change is carried out in the store, and says the same as a manifest.

Nothing here decides who may do what: the store does, and its refusals are shown as they are.
"""
