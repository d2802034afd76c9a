import { at, COLD_SHARE, context, CPU, pick, rereadsOf, SMALL, subject, type Kind, types } from './kind.ts';

const CONTEXTS = 10_000;
const SEARCHES = 9_000;

/** A month's reads. */
export const reads: readonly Kind[] = [
  {
    name: 'assemble a context',
    count: CONTEXTS,
    kind: 'read',
    gigabytes: CPU,
    rereads: { count: rereadsOf(CONTEXTS, 15), with: 'decisions of a week' },
    call: (i, { sessions }) => {
      const { agentId, sessionId } = sessions[i % sessions.length]!;
      return {
        method: 'POST',
        path: `/agents/${agentId}/context`,
        body: {
          sessionId,
          situation: context(i),
          decisionType: types[i % 3],
          query: `What is known of ${subject(i)} and its spread?`,
        },
      };
    },
  },
  {
    name: 'search memories',
    count: SEARCHES,
    kind: 'read',
    gigabytes: CPU,
    rereads: { count: Math.round(SEARCHES * COLD_SHARE), with: 'memories' },
    call: (i) => ({
      method: 'POST',
      path: `${at(i)}/memories/search`,
      body: { query: `${subject(i)} spread after news`, topK: 5 },
    }),
  },
  {
    name: 'find similar decisions',
    count: 500,
    kind: 'read',
    gigabytes: CPU,
    call: (i) => ({ method: 'POST', path: `${at(i)}/decisions/similar`, body: { situation: context(i) } }),
  },
  {
    name: 'ask for performance',
    count: 500,
    kind: 'read',
    gigabytes: CPU,
    call: (i) => ({ method: 'GET', path: `${at(i)}/performance?groupBy=decisionType&windowDays=90` }),
  },
  {
    name: 'look into the inbox',
    count: 31_000,
    kind: 'read',
    gigabytes: SMALL,
    call: (i) => ({ method: 'GET', path: `${at(i)}/inbox?maxResults=10` }),
  },
  {
    name: 'ask which patterns match',
    count: 13_000,
    kind: 'read',
    gigabytes: CPU,
    call: (i) => ({
      method: 'POST',
      path: `${at(i)}/patterns/match`,
      body: { decisionType: types[i % 3], context: context(i), record: i % 2 === 0 },
    }),
  },
  {
    name: 'read a decision',
    count: 14_000,
    kind: 'read',
    gigabytes: SMALL,
    call: (i, { decisions }) => {
      const { agentId, decisionId } = pick(decisions, i);
      return { method: 'GET', path: `/agents/${agentId}/decisions/${decisionId}` };
    },
  },
  {
    name: 'list the last 20 decisions',
    count: 8_000,
    kind: 'read',
    gigabytes: SMALL,
    call: (i) => ({ method: 'GET', path: `${at(i)}/decisions?term=stm&maxResults=20` }),
  },
  {
    name: 'resume a session',
    count: 8_000,
    kind: 'read',
    gigabytes: SMALL,
    call: (i, { sessions }) => {
      const { agentId, sessionId } = pick(sessions, i);
      return { method: 'GET', path: `/agents/${agentId}/sessions/${sessionId}` };
    },
  },
  {
    name: 'get a working value',
    count: 6_000,
    kind: 'read',
    gigabytes: SMALL,
    call: (i) => ({ method: 'GET', path: `${at(i)}/working/focus` }),
  },
];
