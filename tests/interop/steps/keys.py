"""A user's API keys: listed by name, made, used, deleted. And whom an admin of the server finds."""

import wandb

from tests.interop.steps.common import report

api = wandb.Api()
me = api.viewer
if hasattr(me, "_user_api"):
    me._user_api = api  # 0.23 would take the name of a key for the key itself, which no server tells.
before = list(me.api_keys)
made = me.generate_api_key("for the nightly job")
listed = list(wandb.Api().viewer.api_keys)
as_new = wandb.Api(api_key=made).viewer.username
again = wandb.Api().viewer
deleted = again.delete_api_key(listed[-1])
wandb.Api().user("bob")


def opens():
    try:
        return wandb.Api(api_key=made).viewer.username
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what the test wants to read
        return f"{type(error).__name__}: {error}"


report(
    before=before,
    made=made,
    listed=listed,
    as_new=as_new,
    deleted=deleted,
    after=list(wandb.Api().viewer.api_keys),
    opens=opens(),
    last=wandb.Api().viewer.delete_api_key(before[0]),
    admin=me.admin,
    strangers=[user.username for user in api.users("eve")],
    theirs=[list(user.api_keys) for user in api.users("bob")],
)
