/** A rule that requests are checked by and that their JSON Schemas do not state. */
export interface RuleBeyondSchemas {
  /** For callers: printed in the description of the OpenAPI document. */
  readonly rule: string;
  /** The messages of the issues that name a breach. The suite accepts no other refusal of a valid request. */
  readonly refusals: readonly RegExp[];
}

/**
 * Everything a request can be refused for although it is valid by its schema, apart from what it refers to and the state
 * that it meets. Stated here once: the document prints it, and the suite fails on any other difference.
 */
export const rulesBeyondSchemas: readonly RuleBeyondSchemas[] = [
  {
    rule:
      'Numbers are 0 or between 1e-130 and 9e125 in size. Text holds no lone surrogate. Keys of free values have 1 to ' +
      '1,024 bytes, at any depth, and are not `__proto__` or `constructor`. A body has at most 28 levels. A schema of ' +
      'free values would be recursive, which generators drop.',
    refusals: [
      /^has an empty key$/,
      /^has a key (longer than 1024 bytes|with a lone surrogate)$/,
      /^is not a usable key$/,
      /^is a number too large or too small to store$/,
      /^is nested deeper than 28 levels$/,
      /^holds a lone surrogate, which is not text$/,
    ],
  },
  {
    rule: 'The length of a text is counted in UTF-16 units: most emoji count as two.',
    refusals: [/^Too big: expected string to have <=\d+ characters$/],
  },
  {
    rule: 'Calendar: a date exists (30 February is refused), and an instant lies in the years 2000 to 9999 of UTC.',
    refusals: [
      /^names a day that the calendar does not have$/,
      /^must not be (before 2000|after 9999)$/,
      /^Invalid ISO date$/,
    ],
  },
  {
    rule:
      'Time: an instant lies at most five minutes ahead, `from` not after `to` and not beside `windowDays`, a period not in ' +
      'the future, an outcome not before its decision.',
    refusals: [
      /^must not lie more than 5 minutes ahead$/,
      /^must not (be|lie) (after|before) (`?to`?|from|the decision)$/,
      /^must not lie in the future$/,
      /^is needed: the id does not say when the record was made$/,
      /^and from exclude each other$/,
      /^must not lie (after the period begins|more than \d+ days before the (end|period))$/,
    ],
  },
  {
    rule: 'A `nextToken` comes from an answer to the same query.',
    refusals: [/^(is not a token of this service|belongs to another query)$/],
  },
  {
    rule: 'A trade agrees with itself: it ends after it began, and pnl and pnlPct follow from prices, size and fees.',
    refusals: [/^must not lie before entryTime$/, /^must be .*: (pnl in percent|\(exitPrice − entryPrice\))/],
  },
  {
    rule: 'To prolong a claim its `leaseId` is needed.',
    refusals: [/^is required to prolong a claim$/],
  },
  {
    rule: 'No name twice: in `providers`, in `groupBy`, in `agentIds`.',
    refusals: [/^must name (each provider|each agent) once$/, /^must name two different things$/],
  },
  {
    rule:
      'A hypothesis has a condition or an action, none twice, and ranges that are not empty; sequences are for patterns; ' +
      'a situation holds a value to compare by, and weights are of its paths.',
    refusals: [
      /^(must have one condition, or name an action|is stated already|must be above min)$/,
      /patterns\/test has its numbers$/,
      /^must (hold a value|leave something) to compare by$/,
      /^is no path of the situation$/,
      /^needs the path it is a value of$/,
    ],
  },
  {
    rule:
      'Sizes are counted in bytes as stored: a signal 32 KB, an agent’s profile 32 KB, a working value 100 KB, a session’s ' +
      'metadata 2 KB, anything else 400 KB, a body 1 MB; else TooLarge. A chain has 200 decisions at most, and a period ' +
      'as many as are read at once.',
    refusals: [/^covers more than \d+ /, /^is \d+ deep, /, /^belongs to a chain of /],
  },
  {
    rule: 'What a request refers to exists and is not its sender: agents, decisions, sessions, patterns, subscribers.',
    refusals: [
      /^is no (session of this agent|decision of that agent|pattern of this agent and type)$/,
      /^is no (signal this agent was sent|exposure of this agent)$/,
      /^has no decision with an outcome in the window$/,
      /^(no agent .* is registered|names no registered agent|is the owner itself)$/,
      /has no decision /,
      /^nobody is subscribed to /,
      /^no category /,
    ],
  },
];
