import {
  type CreateTableCommandInput,
  CreateTableCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';

/** The part of a synthesized template that makes a table. */
export interface TableResource {
  readonly logicalId: string;
  readonly properties: {
    readonly KeySchema: CreateTableCommandInput['KeySchema'];
    readonly AttributeDefinitions: CreateTableCommandInput['AttributeDefinitions'];
    readonly GlobalSecondaryIndexes?: CreateTableCommandInput['GlobalSecondaryIndexes'];
    readonly StreamSpecification?: { readonly StreamViewType: 'NEW_IMAGE' | 'NEW_AND_OLD_IMAGES' };
    readonly TimeToLiveSpecification?: { readonly AttributeName: string; readonly Enabled: boolean };
  };
}

interface Template {
  readonly Resources?: Record<string, { readonly Type: string; readonly Properties?: unknown }>;
}

export const tableResources = (template: Template): TableResource[] =>
  Object.entries(template.Resources ?? {})
    .filter(([, resource]) => resource.Type === 'AWS::DynamoDB::GlobalTable')
    .map(([logicalId, resource]) => ({
      logicalId,
      properties: resource.Properties as TableResource['properties'],
    }));

/** Creates the table a template describes: the emulator has no schema of its own. A table that exists is kept. */
export async function createTable(
  client: DynamoDBClient,
  name: string,
  resource: TableResource,
): Promise<void> {
  const {
    KeySchema,
    AttributeDefinitions,
    GlobalSecondaryIndexes,
    StreamSpecification,
    TimeToLiveSpecification,
  } = resource.properties;
  try {
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema,
        AttributeDefinitions,
        GlobalSecondaryIndexes,
        ...(StreamSpecification && { StreamSpecification: { StreamEnabled: true, ...StreamSpecification } }),
      }),
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceInUseException') return;
    throw error;
  }
  if (TimeToLiveSpecification)
    await client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }));
}
