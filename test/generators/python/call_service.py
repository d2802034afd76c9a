"""Imports every operation of the generated client, and calls some of them as an agent's author would.

usage: call_service.py DIRECTORY_OF_THE_PACKAGE URL OPERATIONS_AS_JSON
"""

import importlib
import json
import pkgutil
import re
import sys

directory, url, operations = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sys.path.insert(0, directory)

import generated_client.api  # noqa: E402
from generated_client import Client, models  # noqa: E402


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def check(is_met: bool, what: str, seen: object = None) -> None:
    if not is_met:
        raise SystemExit(f"expected {what}, not {seen!r}")


modules = {
    found.name.rsplit(".", 1)[-1]: importlib.import_module(found.name)
    for found in pkgutil.walk_packages(generated_client.api.__path__, "generated_client.api.")
}
missing = [name for name in operations if not hasattr(modules.get(snake_case(name)), "sync_detailed")]
check(not missing, "every operation", missing)
print(f"{len(operations)} operations imported")

client = Client(base_url=url)
agent = "openapi-python-client"


def new_decision(decision_type: str = "TRADE_EXECUTION") -> models.NewDecision:
    context = models.FreeFormMap.from_dict({"a": 1, "b": {"c": [True]}})
    return models.NewDecision(decision_type=decision_type, context=context)


decision = modules["log_decision"].sync(agent, client=client, body=new_decision())
check(isinstance(decision, models.Decision), "a decision", decision)

outcome = models.NewOutcome(
    status=models.OutcomeStatus.SUCCESS, metrics=models.NumberMap.from_dict({"returnPct": 1.4})
)
recorded = modules["record_outcome"].sync(agent, decision.decision_id, client=client, body=outcome)
check(isinstance(recorded, models.RecordedOutcome), "the outcome", recorded)

listed = modules["list_decisions"].sync(
    agent, client=client, decision_type="TRADE_EXECUTION", outcome=models.DecisionStatus.SUCCESS, max_results=5
)
check(listed.items[0].decision_id == decision.decision_id, "the decision in a list", listed)

batch = modules["log_decisions"].sync(
    agent,
    client=client,
    body=models.LogDecisionsBody(decisions=[new_decision(), new_decision("not a type")]),
)
check(len(batch.items) == 1 and batch.failed[0].index == 1, "one row logged and one refused", batch)

refused = modules["log_decision"].sync(agent, client=client, body=new_decision("not a type"))
check(isinstance(refused, models.Error), "an Error", refused)
check(refused.error.issues[0].path == "decisionType", "the field", refused)
print("5 operations called")
