import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { methodsOf, type Routes } from '../../lambdas/shared/http/contract.ts';
import type { StageConfig } from '../config.ts';
import { STAGE_NAME } from './agent-grant.ts';

export interface AgentApiProps {
  readonly config: StageConfig;
}

/** What one line of the access log says. The caller's ARN is in every line: it is who wrote. */
const accessLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    time: '$context.requestTime',
    requestId: '$context.requestId',
    caller: '$context.identity.userArn',
    ip: '$context.identity.sourceIp',
    routeKey: '$context.routeKey',
    path: '$context.path',
    status: '$context.status',
    responseLength: '$context.responseLength',
    latency: '$context.responseLatency',
    error: '$context.error.message',
    integrationError: '$context.integrationErrorMessage',
  }),
);

/** The HTTP API: its routes come from the contracts of the rooms, signed with IAM unless the contract is open. */
export class AgentApi extends Construct {
  readonly api: HttpApi;
  readonly accessLogs: LogGroup;
  readonly #iam = new HttpIamAuthorizer();

  constructor(scope: Construct, id: string, props: AgentApiProps) {
    super(scope, id);
    const { config } = props;
    this.api = new HttpApi(this, 'Api', {
      apiName: `agent-memory-${config.stage}`,
      createDefaultStage: false,
      defaultAuthorizer: this.#iam,
    });
    this.accessLogs = new LogGroup(this, 'AccessLogs', {
      retention: config.logRetentionDays,
      removalPolicy: config.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: STAGE_NAME,
      autoDeploy: true,
      throttle: config.throttle,
      accessLogSettings: {
        destination: new LogGroupLogDestination(this.accessLogs),
        format: accessLogFormat,
      },
      detailedMetricsEnabled: false,
    });
  }

  /**
   * Routes contracts to their function: one integration and one permission for all of them.
   *
   * @param answersUnrouted the function also gets what no route takes. Such requests are signed, too. No grant names
   * this route: if IAM does not judge them by their own method and path, they are 403.
   */
  addRoutes(id: string, routes: Routes, handler: IFunction, answersUnrouted = false): void {
    const parent = new Construct(this, id);
    const integration = new HttpLambdaIntegration('Integration', handler, { scopePermissionToRoute: false });
    for (const [name, contract] of Object.entries(routes))
      for (const method of methodsOf(contract)) {
        const { path, audience } = contract;
        const route = new HttpRoute(parent, method === contract.method ? name : `${name}${method}`, {
          httpApi: this.api,
          routeKey: HttpRouteKey.with(path, HttpMethod[method]),
          integration,
          authorizer: audience === 'open' ? new HttpNoneAuthorizer() : this.#iam,
        });
        if (audience === 'open')
          Validations.of(route).acknowledge({
            id: 'AwsSolutions-APIG4',
            reason:
              'Health is open by contract: load balancers and monitors do not sign, and it says nothing but ok.',
          });
      }
    if (!answersUnrouted) return;
    new HttpRoute(parent, 'Unrouted', {
      httpApi: this.api,
      routeKey: HttpRouteKey.DEFAULT,
      integration,
      authorizer: this.#iam,
    });
    // The ARN of this route has no path, so that the permission of the others does not cover it.
    handler.addPermission('Unrouted', {
      principal: new ServicePrincipal('apigateway.amazonaws.com'),
      sourceArn: Stack.of(this).formatArn({
        service: 'execute-api',
        resource: this.api.apiId,
        resourceName: '*/$default',
      }),
    });
  }
}
