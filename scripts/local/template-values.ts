export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

/** Account and region every local ARN is in. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Region': REGION,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'localhost',
};

/** What one kind of resource is called on this machine: its `Ref`, and its `Fn::GetAtt` values. */
export interface LocalIdentity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export type Identify = (
  resource: TemplateResource,
  logicalId: string,
  resolve: (value: unknown) => unknown,
) => LocalIdentity | undefined;

interface Export {
  readonly stack: string;
  readonly value: unknown;
}

/** Resolves the intrinsic functions of synthesized templates to what they mean on this machine. */
export class TemplateValues {
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #identify: Identify;
  readonly #exports = new Map<string, Export>();

  constructor(templates: ReadonlyMap<string, Template>, identify: Identify) {
    this.#templates = templates;
    this.#identify = identify;
    for (const [stack, template] of templates)
      for (const output of Object.values(template.Outputs ?? {})) {
        const name = output.Export && this.resolve(stack, output.Export.Name);
        if (typeof name === 'string') this.#exports.set(name, { stack, value: output.Value });
      }
  }

  /** @throws Error naming the intrinsic function or the reference that has no local meaning */
  resolve(stack: string, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.resolve(stack, item));
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value);
    const [name, argument] = entries[0] ?? ['', undefined];
    if (entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::')))
      return this.#intrinsic(stack, name, argument);
    return Object.fromEntries(entries.map(([key, item]) => [key, this.resolve(stack, item)]));
  }

  text(stack: string, value: unknown): string {
    const resolved = this.resolve(stack, value);
    if (typeof resolved === 'string' || typeof resolved === 'number' || typeof resolved === 'boolean')
      return String(resolved);
    throw new Error(`${stack}: ${JSON.stringify(value)} is no text`);
  }

  #intrinsic(stack: string, name: string, argument: unknown): unknown {
    const list = () => this.resolve(stack, argument) as unknown[];
    switch (name) {
      case 'Ref':
        return this.#reference(stack, String(argument));
      case 'Fn::GetAtt': {
        const [logicalId, attribute] = Array.isArray(argument) ? argument : String(argument).split(/\.(.*)/s);
        return this.#attribute(stack, String(logicalId), String(attribute));
      }
      case 'Fn::ImportValue':
        return this.#import(this.text(stack, argument));
      case 'Fn::GetStackOutput': {
        // Every stack is on this machine: the region and the role it may also name mean nothing here.
        const { StackName, OutputName } = argument as {
          readonly StackName: unknown;
          readonly OutputName: unknown;
        };
        return this.#output(this.text(stack, StackName), this.text(stack, OutputName));
      }
      case 'Fn::Join': {
        const [separator, parts] = list() as [string, unknown[]];
        return parts.join(separator);
      }
      case 'Fn::Select': {
        const [index, parts] = list() as [number | string, unknown[]];
        return parts[Number(index)];
      }
      case 'Fn::Split': {
        const [separator, text] = list() as [string, string];
        return text.split(separator);
      }
      case 'Fn::Sub':
        return this.#substitute(stack, argument);
      default:
        throw new Error(`${stack}: ${name} is not understood by the local service`);
    }
  }

  #substitute(stack: string, argument: unknown): string {
    const [text, variables] = Array.isArray(argument)
      ? [String(argument[0]), argument[1] as Record<string, unknown>]
      : [String(argument), {}];
    return text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (name in variables) return this.text(stack, variables[name]);
      const [logicalId, attribute] = name.split(/\.(.*)/s);
      return attribute ? this.#attribute(stack, logicalId!, attribute) : this.#reference(stack, name);
    });
  }

  #import(name: string): unknown {
    const found = this.#exports.get(name);
    if (!found) throw new Error(`no stack exports '${name}'`);
    return this.resolve(found.stack, found.value);
  }

  #output(stack: string, name: string): unknown {
    const found = this.#templates.get(stack)?.Outputs?.[name];
    if (!found) throw new Error(`stack '${stack}' has no output '${name}'`);
    return this.resolve(stack, found.Value);
  }

  #reference(stack: string, logicalId: string): string {
    const pseudo = pseudoParameters[logicalId];
    if (pseudo !== undefined) return pseudo;
    if (logicalId === 'AWS::StackName') return stack;
    const parameter = this.#templates.get(stack)?.Parameters?.[logicalId];
    if (parameter) return String(parameter.Default ?? '');
    return this.#identity(stack, logicalId).ref;
  }

  #attribute(stack: string, logicalId: string, attribute: string): string {
    const value = this.#identity(stack, logicalId).attributes[attribute];
    // What has no local twin (a role, a log group) still needs a name where it is mentioned.
    return value ?? `arn:aws:local:${REGION}:${ACCOUNT}:${logicalId}/${attribute}`;
  }

  #identity(stack: string, logicalId: string): LocalIdentity {
    const resource = this.#templates.get(stack)?.Resources?.[logicalId];
    if (!resource) throw new Error(`${stack}: there is no resource '${logicalId}'`);
    const resolve = (value: unknown) => this.resolve(stack, value);
    return this.#identify(resource, logicalId, resolve) ?? { ref: logicalId, attributes: {} };
  }
}
