import { Stack } from 'aws-cdk-lib';
import type { IHttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Method, RouteContract } from '../../lambdas/shared/http/contract.ts';
import { ID_PATTERN } from '../../lambdas/shared/schema/fields.ts';

/** The only stage of the API; it is part of every ARN, so that a stage added later is not granted along. */
export const STAGE_NAME = '$default';

const AGENT_ROOT = '/agents/{agentId}';
const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

const allow = (grantee: IGrantable, api: IHttpApi, paths: readonly (readonly [Method, string])[]): void => {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['execute-api:Invoke'],
      resources: paths.map(([method, path]) =>
        Stack.of(api).formatArn({
          service: 'execute-api',
          resource: api.apiId,
          resourceName: `${STAGE_NAME}/${method}${path}`,
        }),
      ),
    }),
  );
};

/**
 * Lets a role act as one agent: read and register it (`/agents/{agentId}`), and everything below
 * (`/agents/{agentId}/*`). IAM's `*` spans `/`, so nothing is wild left of the id, and ids hold no character that
 * means something to IAM. Taking an agent off the registry is not included: that is an operator's.
 *
 * @throws Error when no agent can have that id
 */
export function grantAgent(grantee: IGrantable, api: IHttpApi, agentId: string): void {
  if (!ID_PATTERN.test(agentId)) throw new Error(`not a valid agent id: '${agentId}'`);
  const self = `/agents/${agentId}`;
  allow(grantee, api, [
    ['GET', self],
    ['PUT', self],
    ...METHODS.map((method) => [method, `${self}/*`] as const),
  ]);
}

/**
 * Lets a role call the operators' routes: those outside `/agents/{agentId}`, each with its own method. What stands in
 * the last place of a path (a run's id) is open, nothing else.
 */
export function grantOperator(grantee: IGrantable, api: IHttpApi, routes: readonly RouteContract[]): void {
  const operatorRoutes = routes.filter(
    ({ audience, path }) =>
      audience === 'operator' && path !== AGENT_ROOT && !path.startsWith(`${AGENT_ROOT}/`),
  );
  if (operatorRoutes.length === 0) return;
  allow(
    grantee,
    api,
    operatorRoutes.map(({ method, path }) => {
      const open = path.replace(/\{\w+\}$/, '*');
      if (/[{}]/.test(open)) throw new Error(`${path} has an id before its end: '*' there would span others`);
      return [method, open] as const;
    }),
  );
}

/** Lets a role take one agent off the registry (`DELETE /agents/{agentId}`). @throws Error on an id no agent can have */
export function grantDeregistration(grantee: IGrantable, api: IHttpApi, agentId: string): void {
  if (!ID_PATTERN.test(agentId)) throw new Error(`not a valid agent id: '${agentId}'`);
  allow(grantee, api, [['DELETE', `/agents/${agentId}`]]);
}
