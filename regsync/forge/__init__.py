"""Pull requests, merge requests and issues: where a plan is shown to its reviewers, through the hosts' REST APIs.

`base` says what a host can do, `sticky` keeps one comment (or one issue) up to date, `github` and `gitlab` are the
hosts, `http` sends, `surroundings` reads where a CI job says that it runs. Nothing here knows what a plan is.
"""
