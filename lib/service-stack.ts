import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { RouteContract } from '../lambdas/shared/http/contract.ts';
import { AgentApi } from './constructs/agent-api.ts';
import { grantAgent, grantDeregistration, grantOperator } from './constructs/agent-grant.ts';
import { Archiver } from './constructs/archiver.ts';
import { Eraser } from './constructs/eraser.ts';
import { ServiceFunction } from './constructs/service-function.ts';
import { SessionKeeping } from './constructs/session-keeping.ts';
import { SignalRelay } from './constructs/signal-relay.ts';
import type { Deployment } from './deployment.ts';

export interface ServiceStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly planner: IFunction;
}

/** The API, one function for each set of routes, and the functions that streams and schedules start. */
export class ServiceStack extends Stack {
  readonly api: AgentApi;
  readonly relay: SignalRelay;
  readonly archiver: Archiver;
  readonly eraser: Eraser;
  readonly sessions: SessionKeeping;
  /** Functions that answer requests. */
  readonly functions: readonly { readonly name: string; readonly function: Function }[];
  readonly #routes: readonly RouteContract[];

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const { deployment, planner } = props;
    this.eraser = new Eraser(this, 'Erasing', deployment);
    const startable: Readonly<Record<string, IFunction>> = { planner, eraser: this.eraser.function };
    const answering = Object.entries(deployment.functions).flatMap(([name, { routes, ...rest }]) =>
      routes ? [{ name, routes, ...rest }] : [],
    );
    this.#routes = answering.flatMap(({ routes }) => Object.values(routes));
    this.api = new AgentApi(this, 'Http', { config: deployment.config });
    this.functions = answering.map(({ name, routes, starts, answersUnrouted }) => {
      const isSigned = Object.values(routes).some(({ audience }) => audience !== 'open');
      const started = starts && startable[starts.name];
      if (starts && !started)
        throw new Error(`${name} starts '${starts.name}', which no stack lets be started`);
      // Routes below it have logical ids made of it. Renamed, a route would be created before the old one is deleted,
      // which API Gateway refuses.
      const constructId = `${name[0]!.toUpperCase()}${name.slice(1)}`;
      const { function: handler } = new ServiceFunction(this, constructId, {
        name,
        deployment,
        environment: {
          ...(isSigned && { AUTH_MODE: 'iam' }),
          ...(starts && started && { [starts.variable]: started.functionName }),
        },
        statements: started
          ? [new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [started.functionArn] })]
          : [],
      });
      this.api.addRoutes(constructId, routes, handler, answersUnrouted);
      return { name, function: handler };
    });
    this.relay = new SignalRelay(this, 'Signalling', deployment);
    this.archiver = new Archiver(this, 'Archiving', deployment);
    this.sessions = new SessionKeeping(this, 'Sessioning', deployment);
    new CfnOutput(this, 'ApiUrl', { value: this.api.api.apiEndpoint });
    new CfnOutput(this, 'SignalBus', { value: this.relay.bus.eventBusName });
  }

  /** Lets a role act as one agent and no other. @throws Error on an id no agent can have */
  grantAgent(grantee: IGrantable, agentId: string): void {
    grantAgent(grantee, this.api.api, agentId);
  }

  /** Lets a role call the routes that belong to no single agent. */
  grantOperator(grantee: IGrantable): void {
    grantOperator(grantee, this.api.api, this.#routes);
  }

  /** Lets a role take one agent off the registry. @throws Error on an id no agent can have */
  grantDeregistration(grantee: IGrantable, agentId: string): void {
    grantDeregistration(grantee, this.api.api, agentId);
  }
}
