import type { openApiDocument } from './document.ts';
import { COMPONENTS, type JsonSchema } from './schemas.ts';

type Document = ReturnType<typeof openApiDocument>;

/** The operations a model is given as tools, and what each is for. */
const tools: Readonly<Record<string, string>> = {
  assembleContext: 'Call before you decide: what is known now, as text within a budget of tokens.',
  matchPatterns:
    'Call with the situation before you decide: the tested patterns that hold in it. Name the exposureId in the decision.',
  findSimilar: 'Call before you decide: past decisions in a situation like this one, and how they ended.',
  logDecision: 'Call for every decision you make, with all you knew in context. Keep the decisionId.',
  recordOutcome: 'Call as soon as you know how a decision ended. Only outcomes make patterns.',
  listDecisions: 'With outcome=pending: the decisions that still need an outcome.',
  saveMemory: 'Keep something worth knowing later, in one or two sentences.',
  searchMemories: 'Find what was kept, by words.',
  publishSignal: 'Tell other agents something they should know now.',
  listInbox: 'What other agents told you and you have not dealt with. Reading takes nothing out.',
  acknowledgeSignal:
    'Close a signal you dealt with: PROCESSED, FAILED or IGNORED, with decisionId and note. Or claim it first: ' +
    'PROCESSING, with leaseSeconds or prolong. leaseId goes with both.',
};

/** At most: every tool costs the model tokens. */
export const MAX_GATEWAY_OPERATIONS = 12;

export interface GatewayTarget {
  /** Stands in every path, so that a model cannot speak for another agent. */
  readonly agentId: string;
  /** https, without placeholders: AgentCore Gateway calls it as it is. */
  readonly server: string;
}

/** Of the committed file. */
export const exampleTarget: GatewayTarget = {
  agentId: 'my-agent',
  server: 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com',
};

/** Keywords of a schema that the gateway and the models behind it understand. */
const KEYWORDS: ReadonlySet<string> = new Set([
  'type',
  'description',
  'enum',
  'default',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'required',
  'additionalProperties',
]);

/** Schemas without references and unions. All but a merged one accept only what the original accepts. */
class PlainSchemas {
  readonly #components: Readonly<Record<string, JsonSchema>>;

  constructor(components: Readonly<Record<string, JsonSchema>>) {
    this.#components = components;
  }

  plain(schema: JsonSchema): JsonSchema {
    const { $ref, oneOf, anyOf, ...own } = schema as JsonSchema & { $ref?: string } & Unions;
    if ($ref) return this.plain({ ...this.#components[$ref.slice(COMPONENTS.length)], ...own });
    const branches = (oneOf ?? anyOf)?.filter(({ type }) => type !== 'null').map((one) => this.plain(one));
    if (branches) return { ...this.#chosen(branches), ...this.plain(own) };
    const { properties, items, const: only } = own as Parts;
    const plain: JsonSchema = Object.fromEntries(Object.entries(own).filter(([key]) => KEYWORDS.has(key)));
    if (only !== undefined) plain.enum = [only];
    if (items) plain.items = this.plain(items);
    if (properties)
      plain.properties = Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, this.plain(property)]),
      );
    if (typeof plain.additionalProperties === 'object')
      plain.additionalProperties = this.plain(plain.additionalProperties as JsonSchema);
    return plain;
  }

  /** A list says what a single value says; text is what a model writes best. Objects become one with all fields. */
  #chosen(branches: readonly JsonSchema[]): JsonSchema {
    if (branches.every(({ properties }) => properties)) return merged(branches);
    const chosen = ['array', 'string'].map((type) => branches.find((branch) => branch.type === type));
    return chosen.find((branch) => branch !== undefined) ?? branches[0]!;
  }
}

interface Unions {
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}
interface Parts {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly const?: unknown;
}

/** One object for several: required is what all require, and a field that differs takes the values of all. */
function merged(branches: readonly JsonSchema[]): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const branch of branches as readonly Parts[])
    for (const [name, property] of Object.entries(branch.properties ?? {})) {
      const known = properties[name] as { enum?: readonly unknown[] } | undefined;
      properties[name] =
        known?.enum && property.enum
          ? { ...property, enum: [...new Set([...known.enum, ...(property.enum as unknown[])])] }
          : (known ?? property);
    }
  const required = branches.map((branch) => new Set(branch.required as string[] | undefined));
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => required.every((names) => names.has(name))),
    additionalProperties: false,
  };
}

/**
 * The OpenAPI document for a target of AgentCore Gateway: few operations, of one agent, without references and unions.
 * Answers are handed on as they come, so their shape is left to the whole document.
 */
export function gatewayDocument(document: Document, { agentId, server }: GatewayTarget) {
  const schemas = new PlainSchemas(document.components.schemas);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, described] of Object.entries(methods)) {
      const operation = described as Operation;
      const use = tools[operation.operationId];
      if (use === undefined) continue;
      const parameters = operation.parameters
        ?.filter(({ name }) => name !== 'agentId')
        .map(({ name, in: place, required, schema }) => ({
          name,
          in: place,
          required,
          schema: schemas.plain(schema),
        }));
      (paths[path.replace('{agentId}', agentId)] ??= {})[method] = {
        operationId: operation.operationId,
        summary: operation.summary,
        description: use,
        ...(parameters && parameters.length > 0 && { parameters }),
        ...(operation.requestBody && {
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema: schemas.plain(operation.requestBody.content['application/json'].schema),
              },
            },
          },
        }),
        responses: {
          [Object.keys(operation.responses).find((status) => status.startsWith('2'))!]: {
            description: 'Done',
            content: { 'application/json': { schema: { type: 'object' } } },
          },
          '4XX': {
            description: 'Refused: `error.code`, `error.message` and, of a request, `error.issues` say why.',
            content: { 'application/json': { schema: { type: 'object' } } },
          },
        },
      };
    }
  return {
    openapi: '3.1.0',
    info: {
      title: 'agent-memory-gateway',
      version: document.info.version,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        `The memory of the agent \`${agentId}\`, as tools. Requests are signed (SigV4, service \`execute-api\`) by the ` +
        'credentials that the gateway is given for this target.',
    },
    servers: [{ url: server }],
    paths,
  };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: {
    readonly content: { readonly 'application/json': { readonly schema: JsonSchema } };
  };
  readonly responses: Readonly<Record<string, unknown>>;
}
