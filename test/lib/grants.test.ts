import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type RouteContract, routeKeyOf } from '../../lambdas/shared/http/contract.ts';
import { createHttpHandler } from '../../lambdas/shared/http/handler.ts';
import { allRoutes } from '../../scripts/openapi/routes.ts';
import { eventOf, lambdaContext } from '../support/api.ts';
import { matchesPattern } from '../support/iam.ts';
import { createTestRuntime } from '../support/runtime.ts';
import { specimen } from '../support/specimens.ts';

const ARN = 'arn:{AWS::Partition}:execute-api:{AWS::Region}:{AWS::AccountId}:api1';

interface Synthesized {
  readonly refused?: string;
  readonly statements: readonly { readonly Action: string; readonly Resource: object | object[] }[];
}

interface Specimen extends Record<'me' | 'operator' | 'deregistration', Synthesized> {
  readonly impossible: readonly (Synthesized & { readonly agentId: string })[];
}

/** The resources a grant allows, as the synthesized policy has them. */
const granted = ({ statements }: Synthesized): string[] =>
  statements.flatMap(({ Action, Resource }) => {
    expect(Action).toBe('execute-api:Invoke');
    return [Resource]
      .flat()
      .map((resource) =>
        (resource as { 'Fn::Join': [string, (string | { Ref: string })[]] })['Fn::Join'][1]
          .map((part) => (typeof part === 'string' ? part : `{${part.Ref}}`))
          .join(''),
      );
  });

let synthesized: Specimen;
let me: string[];
beforeAll(async () => {
  synthesized = await specimen('grants');
  me = granted(synthesized.me);
});

const allows = (resources: readonly string[], method: string, path: string, stage = '$default'): boolean =>
  resources.some((resource) => matchesPattern(resource, `${ARN}/${stage}/${method}${path}`));

describe('an agent', () => {
  it('gets one ARN per method, on the one stage, with nothing wild left of its id', () => {
    expect(me.map((arn) => arn.slice(ARN.length)).sort()).toEqual(
      [
        '/$default/DELETE/agents/me/*',
        '/$default/GET/agents/me',
        '/$default/GET/agents/me/*',
        '/$default/PATCH/agents/me/*',
        '/$default/POST/agents/me/*',
        '/$default/PUT/agents/me',
        '/$default/PUT/agents/me/*',
      ].sort(),
    );
  });

  it('reaches every one of its own routes', () => {
    const own = allRoutes.filter(({ audience }) => audience === 'agent');
    for (const route of own)
      expect([
        routeKeyOf(route),
        allows(me, route.method, route.path.replace('{agentId}', 'me').replace(/\{\w+\}/g, 'x')),
      ]).toEqual([routeKeyOf(route), true]);
  });

  it.each([
    ['GET', '/agents/other'],
    ['GET', '/agents/other/'],
    ['GET', '/agents/other/state'],
    ['PUT', '/agents/other/state'],
    ['GET', '//agents/other'],
    ['GET', '//agents/me/state'],
    ['GET', '/agents//me/state'],
    ['GET', '/AGENTS/other'],
    ['GET', '/AGENTS/me/state'],
    ['GET', '/agents/ME/state'],
    ['GET', '/agents/meother'],
    ['GET', '/agents/meother/state'],
    ['GET', '/agents/m'],
    ['GET', '/agents/*'],
    ['GET', '/agents/*/state'],
    ['GET', '/agents/%6De/state'],
    ['GET', '/agents/other/decisions/agents/me/x'],
    ['GET', '/agents/other/agents/me/state'],
    ['GET', '/agents/other%2F..%2Fme/state'],
    ['GET', '/agents/other/../me/state'],
    ['GET', '/agents/me%2Fstate'],
    ['GET', '/agents/me%2F..%2Fother/state'],
    ['GET', '/agents/me%252Fother/state'],
    ['GET', '/agents/me;/state'],
    ['GET', '/agents/me?/state'],
    ['GET', '/agents'],
    ['GET', '/agents/'],
    ['GET', '/decisions'],
    ['GET', '/decisions/agents/me/x'],
    ['POST', '/consolidations'],
    ['POST', '/erasures'],
    ['POST', '/agents/me'],
    ['DELETE', '/agents/me'],
    ['PATCH', '/agents/me'],
    ['OPTIONS', '/agents/me/state'],
  ])('is refused %s %s', (method, path) => {
    expect(allows(me, method, path)).toBe(false);
  });

  it('is refused its own paths on any other stage', () => {
    expect(allows(me, 'GET', '/agents/me/state')).toBe(true);
    for (const stage of ['$Default', 'prod', 'x/$default', '$default/x'])
      expect(allows(me, 'GET', '/agents/me/state', stage)).toBe(false);
  });

  it('cannot have an id that means something to IAM, or to a path', () => {
    expect(synthesized.impossible.length).toBeGreaterThan(20);
    for (const { agentId, refused, statements } of synthesized.impossible) {
      expect([agentId, refused]).toEqual([agentId, expect.stringContaining('not a valid agent id')]);
      expect(statements).toEqual([]);
    }
  });
});

describe('an operator', () => {
  let operator: string[];
  beforeAll(() => {
    operator = granted(synthesized.operator);
  });
  const routes = allRoutes.filter(
    ({ audience, path }) => audience === 'operator' && !path.startsWith('/agents/'),
  );

  it('reaches every route that belongs to no agent, by its own method', () => {
    expect(routes.length).toBeGreaterThan(0);
    for (const { method, path } of routes)
      expect(allows(operator, method, path.replace(/\{\w+\}/g, 'x'))).toBe(true);
    expect(operator).toHaveLength(routes.length);
  });

  it('reaches nothing of an agent', () => {
    for (const route of allRoutes.filter(({ path }) => path.startsWith('/agents/')))
      expect([
        routeKeyOf(route),
        allows(operator, route.method, route.path.replace(/\{\w+\}/g, 'x')),
      ]).toEqual([routeKeyOf(route), false]);
  });

  it('takes an agent off the registry by a grant that names the agent', () => {
    const grant = granted(synthesized.deregistration);
    expect(grant).toEqual([`${ARN}/$default/DELETE/agents/me`]);
    expect(allows(grant, 'DELETE', '/agents/me/working/x')).toBe(false);
  });
});

/**
 * IAM alone cannot hold everything: `/agents/me/*` also matches `/agents/me/../other/state`. What it lets through, the
 * handlers must refuse or serve as `me`, whichever of the two spellings (as sent, decoded) API Gateway shows to IAM,
 * matches its routes by and passes on.
 */
describe('a path in disguise', () => {
  // Reads only: a body would be refused for reasons of its own.
  const reads = allRoutes.filter(
    ({ audience, method, body }) => audience === 'agent' && method === 'GET' && !body,
  );
  const byName = Object.fromEntries(reads.map((route) => [routeKeyOf(route), route]));
  let handler: ReturnType<typeof createHttpHandler>;

  beforeAll(() => {
    handler = createHttpHandler(
      createTestRuntime('agents'),
      'iam',
      byName,
      Object.fromEntries(
        reads.map((route) => [
          routeKeyOf(route),
          async ({ params }: { params: Record<string, unknown> }) => ({ agentId: params['agentId'] }),
        ]),
      ) as never,
    );
  });

  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };

  /** What API Gateway does: the route whose segments fit, ids filled with the decoded segments. */
  function routed(path: string): { route: RouteContract; params: Record<string, string> }[] {
    const segments = path.split('/');
    return reads.flatMap((route) => {
      const wanted = route.path.split('/');
      if (wanted.length !== segments.length) return [];
      const params: Record<string, string> = {};
      for (const [i, part] of wanted.entries()) {
        const id = /^\{(\w+)\}$/.exec(part)?.[1];
        if (id) params[id] = decode(segments[i]!);
        else if (part !== segments[i]) return [];
      }
      return [{ route, params }];
    });
  }

  /** Agents served in answer to a path that the policy of `me` lets through. */
  async function servedAs(path: string): Promise<string[]> {
    const sent = [...new Set([path, decode(path)])];
    // Gateways may tidy doubled and trailing slashes before they match, but pass on what came.
    const matched = [...new Set([...sent, path.replace(/\/{2,}/g, '/'), path.replace(/\/$/, '')])];
    if (!matched.some((spelling) => allows(me, 'GET', spelling))) return [];
    const served: string[] = [];
    for (const { route, params } of matched.flatMap(routed))
      for (const rawPath of sent) {
        const answer = await handler(eventOf(route, { params, rawPath }), lambdaContext);
        if (answer.statusCode === 200) served.push(JSON.parse(answer.body!).agentId);
        else expect([400, 403, 404]).toContain(answer.statusCode);
      }
    return served;
  }

  it('is served when it is none', async () => {
    const plain = reads.find(({ path }) => path === '/agents/{agentId}/state')!;
    expect(await servedAs(plain.path.replace('{agentId}', 'me'))).toEqual(['me']);
  });

  it.each([
    '/agents/me/../other/state',
    '/agents/me/..%2Fother/state',
    '/agents/me/%2e%2e/other/state',
    '/agents/me%2F..%2Fother/state',
    '/agents/me/..%2f..%2fagents%2fother/state',
    '/agents/me/state/../../other/state',
    '/agents/me//state',
    '/agents/me/state/',
    '/agents/me/./state',
    '/agents/me/State',
    '/agents/me/state%2F',
    '/agents/me/state%00',
    '/agents/other/decisions/agents/me/x',
  ])('%s is answered for nobody', async (path) => {
    expect(await servedAs(path)).toEqual([]);
  });

  it('is answered for nobody else, however it is put together', async () => {
    const pieces = fc.constantFrom(
      ...['agents', 'AGENTS', 'me', 'other', 'state', 'decisions', 'inbox', 'x', '..', '.', '', '*', '?'],
      ...['%2F', '%2f', '%2e%2e', '%252F', 'me%2F..%2Fother', 'other%2Fme', '%00', ';', '%', '\u00e9'],
    );
    const glue = fc.constantFrom('/', '/', '/', '//', '%2F', '');
    const path = fc
      .array(fc.tuple(glue, pieces), { minLength: 0, maxLength: 5 })
      .map((parts) => `/agents/me${parts.map((part) => part.join('')).join('')}`);
    await fc.assert(
      fc.asyncProperty(path, async (hostile) => {
        for (const agentId of await servedAs(hostile)) expect(agentId).toBe('me');
      }),
      { numRuns: 500 },
    );
  });
});
