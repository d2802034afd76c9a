import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageName } from '../../lib/config.ts';
import { ASSEMBLIES, workDirectory } from './paths.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- templates are asserted on, field by field
type Json = any;

export interface Resource {
  readonly id: string;
  readonly stack: string;
  readonly type: string;
  readonly properties: Json;
  readonly deletionPolicy?: string;
  readonly updateReplacePolicy?: string;
  readonly dependsOn: readonly string[];
}

interface Template {
  readonly Resources: Record<string, Json>;
  readonly Outputs?: Record<string, { readonly Value: Json }>;
}

/** Every stack of one stage, as synthesized at the start of this test run. */
export class Assembly {
  readonly resources: readonly Resource[];
  /** By stack name and output name. */
  readonly #outputs = new Map<string, Json>();

  constructor(stage: StageName) {
    const directory = join(workDirectory(), ASSEMBLIES, stage);
    const resources: Resource[] = [];
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.template.json'))) {
      const stackName = file.slice(0, -'.template.json'.length);
      const stack = stackName.slice(`agent-memory-${stage}-`.length);
      const template = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Template;
      for (const [id, resource] of Object.entries(template.Resources))
        resources.push({
          id,
          stack,
          type: resource.Type,
          properties: resource.Properties ?? {},
          deletionPolicy: resource.DeletionPolicy,
          updateReplacePolicy: resource.UpdateReplacePolicy,
          dependsOn: [resource.DependsOn ?? []].flat(),
        });
      for (const [name, { Value }] of Object.entries(template.Outputs ?? {}))
        this.#outputs.set(`${stackName}.${name}`, Value);
    }
    this.resources = resources;
  }

  /** Resources of a type. @throws Error when there is none, so that no test over them passes for want of any */
  ofType(type: string): Resource[] {
    const found = this.resources.filter((resource) => resource.type === type);
    if (found.length === 0) throw new Error(`no ${type} was synthesized`);
    return found;
  }

  /** A value as text: references become `{logical id}` or `{logical id.attribute}`, also across stacks. */
  text(value: Json): string {
    if (value === null || typeof value !== 'object') return String(value);
    if ('Ref' in value) return `{${value.Ref}}`;
    if ('Fn::GetAtt' in value) return `{${value['Fn::GetAtt'].join('.')}}`;
    if ('Fn::Join' in value)
      return value['Fn::Join'][1].map((part: Json) => this.text(part)).join(value['Fn::Join'][0]);
    if ('Fn::Sub' in value) return value['Fn::Sub'];
    if ('Fn::GetStackOutput' in value) {
      const { StackName, OutputName } = value['Fn::GetStackOutput'];
      const output = this.#outputs.get(`${StackName}.${OutputName}`);
      if (output === undefined) throw new Error(`${StackName} has no output ${OutputName}`);
      return this.text(output);
    }
    return JSON.stringify(value);
  }

  /** Statements of every IAM policy that hangs on a role, with the role's logical id. */
  statements(): Statement[] {
    return this.ofType('AWS::IAM::Policy').flatMap(({ properties }) =>
      (properties.PolicyDocument.Statement as Json[]).flatMap((statement) =>
        (properties.Roles as Json[]).map((role) => ({
          role: this.text(role).slice(1, -1),
          effect: statement.Effect,
          actions: [statement.Action].flat(),
          resources: [statement.Resource].flat().map((resource) => this.text(resource)),
        })),
      ),
    );
  }

  /** The functions, each under the name its logs and metrics carry. */
  functions(): { readonly name: string; readonly role: string; readonly resource: Resource }[] {
    return this.ofType('AWS::Lambda::Function').map((resource) => ({
      name: resource.properties.Environment.Variables.POWERTOOLS_SERVICE_NAME,
      role: this.text(resource.properties.Role).slice(1, -'.Arn}'.length),
      resource,
    }));
  }
}

export interface Statement {
  readonly role: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}
