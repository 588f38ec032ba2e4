"""The Registry App over an embedded registry: pages without script, for people with a browser.

No page has rules of its own. What is seen and what may be done is the store's to say, for these pages as for the API.
"""
