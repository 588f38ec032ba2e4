"""A launch queue through its whole life, by what the installed client has for it: the public API, and that of an agent."""

import wandb

from tests.interop.steps.common import TEAM, arguments, log, refused, report

name = arguments()["queue"]
api = wandb.Api()
try:
    from wandb.sdk.launch.api import LaunchApi

    agent_api = LaunchApi()
    agent_options = {}
except ImportError:  # 0.23
    from wandb.apis.internal import Api

    agent_api = Api()
    agent_options = {"gorilla_agent_support": True}
PROJECT = "model-registry"

made = api.create_run_queue(name, "local-container", entity=TEAM, prioritization_mode="V0", config={"cpus": "{{cpus}}"})
again = refused(api.create_run_queue, name, "local-container", entity=TEAM)
api.upsert_run_queue(
    name,
    {"cpus": "{{cpus}}", "name": "job with {{cpus}}"},
    "local-container",
    entity=TEAM,
    template_variables={"cpus": {"schema": {"type": "integer", "minimum": 1, "maximum": 4}}},
    external_links={"docs": "https://example.test"},
    prioritization_mode="V0",
)


def queue():
    return api.run_queue(TEAM, name)


found = queue()
facts = {
    "access": found.access,
    "mode": found.prioritization_mode,
    "type": found.type,
    "config": found.default_resource_config,
    "variables": found.template_variables,
    "links": found.external_links,
}
listed = [each["name"] for each in agent_api.get_project_run_queues(TEAM, PROJECT)]


def push(job, priority=None, **variables):
    spec = {"entity": TEAM, "project": "lab", "job": job}
    return agent_api.push_to_run_queue(name, spec, variables, PROJECT, priority)


pushed = [push("first", 2, cpus=2), push("urgent", 0, cpus=3), push("late", 3)]
wrong = push("wrong", 1, cpus=9)
items = {item.id: item.state for item in queue().items}
agent_id = agent_api.create_launch_agent(TEAM, PROJECT, [name], {"max_jobs": 1}, wandb.__version__, **agent_options)[
    "launchAgentId"
]


def pop():
    return agent_api.pop_from_run_queue(name, entity=TEAM, project=PROJECT, agent_id=agent_id)


taken = [pop(), pop(), pop()]
nothing = pop()
run = log(f"{name}-made", "dataset")[0].logged_by()
acked = agent_api.ack_run_queue_item(taken[0]["runQueueItemId"], run.id)
twice = refused(agent_api.ack_run_queue_item, taken[0]["runQueueItemId"], run.id)
warned = agent_api.update_run_queue_item_warning(taken[1]["runQueueItemId"], "slow", "build", [])
failed = agent_api.fail_run_queue_item(taken[1]["runQueueItemId"], "no image", "build", ["log.txt"])
states = {item.id: item.state for item in queue().items}
last = api.queued_run(TEAM, "lab", name, taken[2]["runQueueItemId"], PROJECT)
last.delete()
left = [item.id for item in queue().items]
started = api.queued_run(TEAM, "lab", name, taken[0]["runQueueItemId"], PROJECT)._get_item()
status = agent_api.update_launch_agent_status(agent_id, "KILLED", *agent_options.values())["success"]
agent = agent_api.get_launch_agent(agent_id, *agent_options.values())
queue().delete()

report(
    again=again,
    facts=facts,
    listed=listed,
    pushed=[each["runQueueItemId"] for each in pushed],
    filled=pushed[0]["runSpec"]["resource_args"]["local-container"],
    wrong=wrong,
    items=items,
    taken=[[each["runQueueItemId"], each["runSpec"]["job"]] for each in taken],
    nothing=nothing,
    acked=acked,
    twice=twice,
    warned=warned,
    failed=failed,
    states=states,
    left=left,
    started=[started["associatedRunId"], run.id],
    status=status,
    agent=agent,
    gone=refused(lambda: queue().id),
)
