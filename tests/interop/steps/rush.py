"""Log and link some versions, while other clients do the same; the indices that the links got."""

from tests.interop.steps.common import arguments, log, report

given = arguments()
found = log(f"{given['registry']}-{given['label']}", "model", given["versions"])
links = [source.link(f"wandb-registry-{given['registry']}/models", aliases=[given["label"]]) for source in found]
report(indices=[int(linked.version[1:]) for linked in links])
