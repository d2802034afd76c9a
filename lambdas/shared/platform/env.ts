import * as z from 'zod';

/** The environment that `readEnvironment` returns for a shape. */
export type EnvironmentOf<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

/**
 * Reads the environment once, at cold start, into a typed object. A resource name has no default: a function that is
 * missing one stops here and says which.
 */
export function readEnvironment<Shape extends z.ZodRawShape>(shape: Shape): EnvironmentOf<Shape> {
  const parsed = z.object(shape).safeParse(process.env);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new Error(`environment not usable: ${missing}`);
}

/** A name of a table, queue, bus or function. */
export const resourceName = z.string({ error: 'is missing' }).min(1, 'is empty');

/** A variable that holds JSON of this shape; anything else stops the function at its start. */
export const json = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string({ error: 'is missing' })
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** `iam` refuses requests without an IAM identity; `none` is for one machine only. */
export const authMode = z.enum(['iam', 'none'], { error: 'must be iam or none' });
