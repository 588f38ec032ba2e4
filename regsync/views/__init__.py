"""Documents for people: plan, receipt, drift and the rest as text, Markdown or HTML. A view asks no registry.

`words` holds what the views say alike; `escape` keeps what a stranger wrote from acting on a terminal or a page.
"""
