import { writeFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { HttpApi, type IHttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { grantAgent, grantDeregistration, grantOperator } from '../../../lib/constructs/agent-grant.ts';
import { allRoutes } from '../../../scripts/openapi/routes.ts';

type Grant = (role: Role, api: IHttpApi) => void;

/** The policy statements a grant synthesizes, or what it throws. */
function synthesize(grant: Grant) {
  const app = new App();
  const stack = new Stack(app, 'Test');
  try {
    const role = new Role(stack, 'Role', { assumedBy: new AccountRootPrincipal() });
    grant(role, HttpApi.fromHttpApiAttributes(stack, 'Api', { httpApiId: 'api1' }));
  } catch (error) {
    return { refused: String(error), statements: [] };
  }
  const resources: { Type: string; Properties: { PolicyDocument: { Statement: unknown[] } } }[] =
    Object.values(app.synth().getStackArtifact(stack.artifactId).template.Resources ?? {});
  return {
    statements: resources
      .filter(({ Type }) => Type === 'AWS::IAM::Policy')
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement),
  };
}

const impossible = [
  '*',
  'a*',
  'me/*',
  'a?',
  '',
  '.',
  '..',
  '-a',
  'a b',
  '${aws:userid}',
  'a/b',
  'a#b',
  'a'.repeat(129),
];

writeFileSync(
  process.argv[2]!,
  JSON.stringify({
    me: synthesize((role, api) => grantAgent(role, api, 'me')),
    operator: synthesize((role, api) => grantOperator(role, api, allRoutes)),
    deregistration: synthesize((role, api) => grantDeregistration(role, api, 'me')),
    impossible: impossible.flatMap((agentId) => [
      { agentId, ...synthesize((role, api) => grantAgent(role, api, agentId)) },
      { agentId, ...synthesize((role, api) => grantDeregistration(role, api, agentId)) },
    ]),
  }),
);
