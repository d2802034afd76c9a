import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CfnFunction, Function } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.ts';
import { ServiceFunction } from './service-function.ts';

/** Removes an agent or a user from tables and archive. What takes longer than an invocation goes on in the next. */
export class Eraser extends Construct {
  readonly function: Function;

  constructor(scope: Construct, id: string, deployment: Deployment) {
    super(scope, id);
    this.function = new ServiceFunction(this, 'Eraser', { name: 'eraser', deployment }).function;
    // It calls itself on purpose, and counts how often; Lambda would otherwise stop it at the sixteenth time.
    (this.function.node.defaultChild as CfnFunction).recursiveLoop = 'Allow';
    // A policy of its own: in the role's, function and policy would each wait for the other.
    new Policy(this, 'GoOn', {
      statements: [
        new PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          resources: [this.function.functionArn],
        }),
      ],
      roles: [this.function.role!],
    });
  }
}
