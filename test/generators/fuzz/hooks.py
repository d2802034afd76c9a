"""A valid request is refused only for a rule that schemas do not state, for what it refers to, or for its size."""

import json
import os
import re

import schemathesis
from schemathesis.generation import GenerationMode

STATED = [re.compile(source) for source in json.loads(os.environ["STATED_REFUSALS"])]


@schemathesis.check
def refusals_are_stated(ctx, response, case):
    meta = case.meta
    if meta is None or meta.generation.mode != GenerationMode.POSITIVE or response.status_code != 400:
        return None
    issues = response.json()["error"].get("issues", [])
    unstated = [issue for issue in issues if not any(rule.search(issue["message"]) for rule in STATED)]
    assert not unstated and issues, f"refused for what no rule states: {unstated or response.text}"
    return None
